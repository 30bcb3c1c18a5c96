"""Inside poll(): the last words of somebody who leaves, and how they are waited for."""

from __future__ import annotations

import random
import socket
import threading
import time
from typing import Any, Final

from . import Answer, Raised, Wrong, task
from .effort import Effort, effort_within
from .idling import sleepers
from .witness import reset, tcp_pair

SHORT: Final = 0.05  # seconds between two things that a peer does
SILENCE: Final = 1.3  # seconds, once
WATCHED: Final = 0.8  # seconds in the midst of it
BUSY: Final = 0.02  # seconds of processor time in these: who sleeps uses none
MOST: Final = 3  # times that it may go to sleep meanwhile: on a busy machine, it may be late for the last event


@task("last_words", seconds=25)
def check_last_words(answer: Answer) -> None:
    def words(number: int) -> list[bytes]:
        return [random.randbytes(random.randint(500, 4000)) for _ in range(number)]

    check_words(answer, Conversation(socket.socketpair(), words(1), "closed"))
    check_words(answer, Conversation(tcp_pair(), words(2), "closed"))
    check_words(answer, Conversation(tcp_pair(), words(2), "reset"))
    check_words(answer, Conversation(tcp_pair(), [], "reset"))
    check_words(answer, Conversation(tcp_pair(), words(random.randint(3, 5)), "ended", blocking=False))
    check_long_silence(answer, words(2))


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
    try:
        yours = answer.call("last_words", fd, seconds=5)
    except Raised as raised:
        if raised.kind == "ConnectionResetError":
            raise Wrong(
                "reset-escapes",
                say="The client reset its connection, and last_words() raised ConnectionResetError.",
                hints=["recv() raises it: put a try around recv(), and return what you have with 'reset'."],
            ) from None
        if raised.kind == "BlockingIOError":
            raise Wrong(
                "reads-without-asking",
                say="The socket was in non-blocking mode, and last_words() raised BlockingIOError.",
                hints=[
                    "Who waits, poll() or recv()? After each recv() ask poll() again.",
                    "One poll() and one recv() each time through the loop; poll() promises no more than that.",
                ],
            ) from None
        raise
    if yours != it.expected:
        raise not_the_last_words(yours, it.expected)


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
    seen.limits = tuple(sleeper.limit for sleeper in sleepers(pid) if sleeper.limit is not None)


WAKES: Final = [
    "Whoever looks again and again has not handed the waiting over. What does poll() do with -1 milliseconds?",
    "poll(array, milliseconds=-1) sleeps until something happens: no time limit, no sleep(), and no end by silence.",
]


def not_the_last_words(yours: Any, expected: list[Any]) -> Wrong:
    words, how = expected
    if not isinstance(yours, list) or len(yours) != 2 or not isinstance(yours[0], bytes):
        return Wrong(
            "no-pair",
            yours=yours,
            expected=(b"...", how),
            hints=["Return two things: all bytes that came, and a word for how it ended."],
        )
    shown: dict[str, Any] = {
        "yours": (f"{len(yours[0]):,} bytes", yours[1]),
        "expected": (f"{len(words):,} bytes", how),
    }
    if yours[0] == words:
        return Wrong(
            "how-it-ended",
            **shown,
            hints=["An end of file is 'closed'. recv() tells a reset by an exception, ConnectionResetError."],
        )
    if how == "reset":
        return Wrong(
            "lost-at-reset",
            **shown,
            say="The client sent, and then reset its connection. What had arrived is missing.",
            hints=["What came before the reset has come. Keep it, and return it with 'reset'."],
        )
    if not yours[0]:
        return Wrong(
            "leaves-at-hup",
            **shown,
            say="The other side sent something and closed, all before you asked. None of it was read.",
            hints=[
                "poll() said IN|HUP. Does HUP mean that there is nothing left to read?",
                "Read until recv() returns no bytes. Only that is the end.",
            ],
        )
    return Wrong(
        "stops-early",
        **shown,
        say="Not all of it was read.",
        hints=[
            "One recv() returns what is there, up to the size that you give it. More may come.",
            "Wait and read in a loop, until recv() returns no bytes.",
        ],
    )
