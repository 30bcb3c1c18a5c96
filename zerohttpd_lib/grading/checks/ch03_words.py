"""Inside poll(): the last words of somebody who leaves, and how they are waited for."""

from __future__ import annotations

import random
import socket
import threading
import time
from typing import Any, Final

from . import Answer, Wrong, task
from .ch03_limit import check_end, check_nothing_said, check_trickle, waits_beside_silence
from .ch03_said import ask, not_the_last_words, waits_once
from .effort import Effort, effort_within
from .idling import sleepers
from .witness import reset, tcp_pair

SHORT: Final = 0.05  # seconds between two things that a peer does
SILENCE: Final = 1.3  # seconds, once
WATCHED: Final = 0.8  # seconds in the midst of it
BUSY: Final = 0.02  # seconds of processor time in these: who sleeps uses none
MOST: Final = 3  # times that it may go to sleep meanwhile: on a busy machine, it may be late for the last event
LONG: Final = 30  # seconds that it may take at most, where that does not matter
SHORTER: Final = 10.0  # seconds: whoever sleeps with a limit below this one wakes up for nothing


@task("last_words", seconds=25)
def check_last_words(answer: Answer) -> None:
    def words(number: int) -> list[bytes]:
        return [random.randbytes(random.randint(500, 4000)) for _ in range(number)]

    check_words(answer, Conversation(socket.socketpair(), words(1), "closed"))
    check_words(answer, Conversation(tcp_pair(), words(2), "closed"))
    check_words(answer, Conversation(tcp_pair(), words(2), "reset"))
    check_words(answer, Conversation(tcp_pair(), [], "reset"))
    check_words(answer, Conversation(tcp_pair(), words(random.randint(3, 5)), "ended", blocking=False))
    check_nothing_said(answer, blocking=True)
    check_nothing_said(answer, blocking=False)
    check_trickle(answer)
    check_long_silence(answer, words(2))
    check_end(answer)


class Conversation:
    """A pair of connected sockets; and what one side will say before it leaves, with a pause before each but the first.

    `how`: "closed", "reset", or "ended" for one that only says that it will send no more (man 2 shutdown).
    """

    def __init__(
        self, pair: tuple[socket.socket, socket.socket], words: list[bytes], how: str, *, blocking: bool = True
    ) -> None:
        self.ours, self.theirs = pair
        self.words, self.how = words, how
        self.pause = SHORT
        self.ours.setblocking(blocking)

    @property
    def expected(self) -> list[Any]:
        return [b"".join(self.words), "reset" if self.how == "reset" else "closed"]

    def speak(self) -> None:
        for number, piece in enumerate(self.words):
            if number:
                time.sleep(self.pause)
            self.theirs.sendall(piece)
        if self.how == "ended":
            self.theirs.shutdown(socket.SHUT_WR)
        else:
            (reset if self.how == "reset" else socket.socket.close)(self.theirs)


def check_words(answer: Answer, it: Conversation) -> None:
    fd = answer.give(it.ours, as_socket=True)
    it.ours.close()
    speaker = threading.Thread(target=it.speak)
    speaker.start()
    if len(it.words) < 2:  # all of it is over before the function is called
        speaker.join()
    yours = ask(answer, fd, LONG)
    if yours != it.expected:
        wrong = not_the_last_words(yours, it.expected)
        raise waits_once(wrong) if wrong.code == "leaves-early" and waits_beside_silence(answer) else wrong


def check_long_silence(answer: Answer, words: list[bytes]) -> None:
    """Beside somebody who says nothing for a while there is nothing to do but to sleep."""
    it = Conversation(tcp_pair(), words, "closed", blocking=False)
    it.pause = SILENCE
    silence = threading.Thread(target=watch_silence, args=(answer.pid, seen := Silence()))
    silence.start()
    check_words(answer, it)
    silence.join()
    if seen.effort.sleeps > MOST or seen.effort.seconds > BUSY or seen.limits:
        often = f"It woke up {seen.effort.sleeps} times, and" if seen.effort.sleeps > MOST else "It"
        say = (
            f"For {WATCHED:g} seconds nobody said anything. {often} used {seen.effort.seconds:.2f} s of the processor."
        )
        if seen.limits:
            say = f"For {WATCHED:g} seconds nobody said anything, and it slept for {max(seen.limits):g} s at most."
        raise Wrong("wakes-up", say=say, hints=WAKES)


class Silence:
    """What is seen of the learner's process while nobody speaks to it."""

    effort = Effort(0, 0.0)
    limits: tuple[float, ...] = ()


def watch_silence(pid: int, seen: Silence) -> None:
    time.sleep((SILENCE - WATCHED) / 2)
    seen.effort = effort_within(pid, WATCHED)
    limits = (sleeper.limit for sleeper in sleepers(pid) if sleeper.limit is not None)
    seen.limits = tuple(limit for limit in limits if limit < SHORTER)


WAKES: Final = [
    "Whoever looks again and again has not handed the waiting over. How many milliseconds may poll() sleep at most?",
    "poll() sleeps until something happens, or for all of the time that is left: no shorter limit, and no sleep().",
]
