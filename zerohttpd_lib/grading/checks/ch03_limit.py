"""Inside poll(): somebody who does not leave, and how long last_words() waits for that."""

from __future__ import annotations

import random
import socket
import threading
import time
from contextlib import suppress
from typing import Any, Final

from . import Answer, Wrong
from .ch03_said import EARLY, ask, not_the_last_words
from .effort import effort_of
from .witness import tcp_pair

GONE_AT: Final = 2.0  # seconds after which somebody leaves who has been given less time than that
EVERY: Final = 0.1  # seconds from one byte to the next, of one who never stops
SHORTLY: Final = 0.3  # seconds
MOMENT: Final = 0.0009  # seconds
MOMENTS: Final = 300
LATE: Final = 0.4  # seconds before the end from which on a byte may be missing: on a busy machine it may come late


def check_nothing_said(answer: Answer, *, blocking: bool) -> None:
    """Somebody is there and says nothing, for longer than there is time."""
    ours, theirs = tcp_pair()
    ours.setblocking(blocking)
    fd = answer.give(ours, as_socket=True)
    ours.close()
    leaving = threading.Timer(GONE_AT, theirs.close)
    leaving.start()
    limit, started = random.uniform(0.3, 0.5), time.monotonic()
    yours, took = ask(answer, fd, limit), time.monotonic() - started
    leaving.cancel()
    theirs.close()
    shown: dict[str, Any] = {"yours": (in_short(yours), f"{took:.1f} s"), "expected": ("still there", f"{limit:.1f} s")}
    if took >= GONE_AT:
        say = f"last_words(sock, {limit:.1f}): nobody said anything, and it waited until the other side had left."
        raise Wrong("no-limit", **shown, say=say, hints=NO_LIMIT)
    expect_time(took, limit, shown)
    if yours != [b"", "still there"]:
        raise not_the_last_words(yours, [b"", "still there"])


def check_trickle(answer: Answer) -> None:
    """Somebody sends a byte now and then, and does not stop: that buys no time."""
    ours, theirs = tcp_pair()
    fd = answer.give(ours, as_socket=True)
    ours.close()
    sent: list[float] = []
    is_over = threading.Event()
    speaker = threading.Thread(target=trickle, args=(theirs, sent, is_over))
    limit, started = random.uniform(0.7, 0.9), time.monotonic()
    speaker.start()
    yours, took = ask(answer, fd, limit), time.monotonic() - started
    is_over.set()
    speaker.join()
    due = sum(at < started + limit - LATE for at in sent)
    shown: dict[str, Any] = {"yours": (in_short(yours), f"{took:.1f} s"), "expected": ("still there", f"{limit:.1f} s")}
    if took >= GONE_AT:
        say = f"last_words(sock, {limit:.1f}): a byte came every {EVERY:g} s, and it waited on and on."
        raise Wrong("starts-again", **shown, say=say, hints=STARTS_AGAIN)
    expect_time(took, limit, shown)
    if not isinstance(yours, list) or len(yours) != 2 or yours[1] != "still there":
        raise not_the_last_words(yours, [yours[0] if isinstance(yours, list) and yours else b"", "still there"])
    if not isinstance(yours[0], bytes) or not ALPHABET.startswith(yours[0]) or len(yours[0]) < due:
        say = f"When the time was up, {due} bytes or more had come."
        raise Wrong("lost-at-the-end", yours=yours[0], expected=ALPHABET[:due], say=say, hints=LOST)


def waits_beside_silence(answer: Answer) -> bool:
    """Whether it takes all of its time where nobody says anything: then it knows its unit."""
    ours, theirs = tcp_pair()
    ours.setblocking(False)
    with ours, theirs:
        started = time.monotonic()
        ask(answer, answer.give(ours, as_socket=True), SHORTLY)
        return time.monotonic() - started > 0.8 * SHORTLY


SPINS: Final = """
def _last_moments():
    import socket
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for _ in range(%d):
            last_words(ours, %g)
"""


def check_end(answer: Answer) -> None:
    """Less than a millisecond is left, which is how every wait ends: many times, so that it can be seen."""
    answer.run(SPINS % (MOMENTS, MOMENT))
    before = effort_of(answer.pid)
    answer.call("_last_moments")
    spent = effort_of(answer.pid).since(before)
    if spent.seconds > MOMENTS * MOMENT / 2 and spent.sleeps < MOMENTS / 2:
        say = f"{MOMENTS} times it was given {MOMENT * 1e3:g} ms, and nobody said anything. In all it slept"
        say += f" {spent.sleeps} times, and used {spent.seconds:.2f} s of the processor."
        raise Wrong("spins-at-the-end", say=say, hints=SPINS_AT_THE_END)


ALPHABET: Final = b"abcdefghijklmnopqrstuvwxyz"


def trickle(sock: socket.socket, sent: list[float], is_over: threading.Event) -> None:
    """One letter after the other, with the time of each, until it leaves, or nobody listens any more."""
    with sock, suppress(OSError):  # the answer may have closed its side
        for number in range(int(GONE_AT / EVERY)):
            sock.send(ALPHABET[number : number + 1])
            sent.append(time.monotonic())
            if is_over.wait(EVERY):
                break


def expect_time(took: float, limit: float, shown: dict[str, Any]) -> None:
    if took < 0.8 * limit:
        say = f"It was given {limit:.1f} s, the other side was still there, and it did not wait for so long."
        raise Wrong("leaves-early", **shown, say=say, hints=EARLY)


def in_short(yours: Any) -> Any:
    return yours[1] if isinstance(yours, list) and len(yours) == 2 else yours


NO_LIMIT: Final = [
    "`seconds` is the longest that it may take. Is poll() told? And a recv() in blocking mode knows no limit.",
    "poll() returns 0 when its time is up: then nobody is ready, and there is nothing to read.",
]
STARTS_AGAIN: Final = [
    "Does each byte give the other side all of the time once more?",
    "Work out the end once, before the loop: time.monotonic() + seconds. Each poll() gets what is left until then.",
]
LOST: Final = ["What has come by then is returned, also when the time is up."]
SPINS_AT_THE_END: Final = [
    "In its last millisecond it asks again and again: int(left * 1000) is 0 then, and poll() with 0 does not sleep.",
    "Round up: int(left * 1000) + 1.",
]
