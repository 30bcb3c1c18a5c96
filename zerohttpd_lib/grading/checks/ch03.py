"""Inside poll(): what comes out of the array. (A poller of one's own, and density, are in the files beside.)"""

from __future__ import annotations

import os
import random
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from . import Answer, Raised, Wrong, ch03_array, ch03_density, task
from .witness import reported, reset, tcp_pair

__all__ = ["ch03_array", "ch03_density"]

SHORT: Final = 0.05  # seconds between two things that a peer does


# What comes unasked: the kernel itself is asked.


def after(leave: Callable[[socket.socket], None], pair: tuple[socket.socket, socket.socket], asked: int) -> str:
    ours, theirs = pair
    leave(theirs)
    with ours:
        return reported(ours.fileno(), asked)


def closed_number() -> str:
    ours, theirs = socket.socketpair()
    with theirs:
        number = os.dup(ours.fileno())
        os.close(number)
        with ours:
            return reported(number, select.POLLIN)


UNASKED: Final[
    dict[str, tuple[str, Callable[[], str], list[str]]]
] = {  # by question: the code, how to measure it, and the hints
    "a": (
        "pair-closed",
        lambda: after(socket.socket.close, socket.socketpair(), select.POLLIN),
        [
            "Two things are true of a pair whose other side is closed. You asked for one of them.",
            "A read would not block: it returns the end of file. And both directions are shut, which is told unasked.",
        ],
    ),
    "b": (
        "close-unasked",
        lambda: after(socket.socket.close, tcp_pair(), 0),
        [
            "Over TCP a close() shuts one direction only: the client's. Yours is still open.",
            "HUP means that both are shut. A close is an end of file, for those who ask to read.",
        ],
    ),
    "c": (
        "close-asked",
        lambda: after(socket.socket.close, tcp_pair(), select.POLLIN),
        [
            "You asked for IN. What else do you get only if you ask for it?",
            "RDHUP has to be asked for, HUP needs both directions shut. There is an end of file to read: no more.",
        ],
    ),
    "d": (
        "reset-unasked",
        lambda: after(reset, tcp_pair(), 0),
        [
            "Two of the events are reported whether you ask or not: man 2 poll.",
            "A reset is an error, and it shuts both directions at once.",
        ],
    ),
    "e": (
        "closed-number",
        closed_number,
        [
            "A number that is no open descriptor is neither skipped nor an exception.",
            "There is an event of its own for an invalid number: man 2 poll, near the end of the list of events.",
        ],
    ),
}
KNOWN: Final = {"none", "IN", "PRI", "OUT", "ERR", "HUP", "NVAL", "RDHUP"}


@task("unasked", seconds=15)
def check_unasked(answer: Answer) -> None:
    yours = answer.value("revents")
    if not isinstance(yours, dict) or set(yours) != set(UNASKED) or not all(map(are_events, yours.values())):
        raise Wrong(
            "no-names",
            yours=yours,
            say="revents has to have the names of events for each of a to e, joined by |, such as 'IN|OUT' or 'none'.",
            hints=["Fill in all five. Where you do not know, predict: the check tells you what the kernel says."],
        )
    for letter, (code, measure, hints) in UNASKED.items():
        measured = measure()
        if set(yours[letter].split("|")) != set(measured.split("|")):
            say = f"The kernel was asked about {letter} just now, and says otherwise."
            shown = {"yours": f"{letter}: {yours[letter]}", "expected": f"{letter}: {measured}"}
            raise Wrong(code, hints=hints, say=say, **shown)


def are_events(text: Any) -> bool:
    return isinstance(text, str) and set(text.split("|")) <= KNOWN


# The last words.


@task("last_words", seconds=20)
def check_last_words(answer: Answer) -> None:
    words = [random.randbytes(random.randint(2500, 4000)) for _ in range(2)]
    check_words(answer, socket.socketpair(), words[:1], socket.socket.close, "closed")
    check_words(answer, tcp_pair(), words, socket.socket.close, "closed")
    check_words(answer, tcp_pair(), words, reset, "reset")


def check_words(
    answer: Answer,
    pair: tuple[socket.socket, socket.socket],
    words: list[bytes],
    leave: Callable[[socket.socket], None],
    how: str,
) -> None:
    ours, theirs = pair
    fd = answer.give(ours, as_socket=True)
    ours.close()
    speaker = threading.Thread(target=speak, args=(theirs, words, leave))
    if len(words) == 1:  # all of it is over before the function is called
        speak(theirs, words, leave)
    else:
        speaker.start()
    try:
        yours = answer.call("last_words", fd, seconds=5)
    except Raised as raised:
        if raised.kind == "ConnectionResetError":
            raise Wrong(
                "reset-escapes",
                say="The client reset its connection, and last_words() raised ConnectionResetError.",
                hints=["recv() raises it: put a try around recv(), and return what you have with 'reset'."],
            ) from None
        raise
    expected = [b"".join(words), how]
    if yours != expected:
        raise not_the_last_words(yours, expected)


def speak(theirs: socket.socket, words: list[bytes], leave: Callable[[socket.socket], None]) -> None:
    for number, piece in enumerate(words):
        if number:
            time.sleep(SHORT)
        theirs.sendall(piece)
    leave(theirs)


def not_the_last_words(yours: Any, expected: list[Any]) -> Wrong:
    words, how = expected
    if not isinstance(yours, list) or len(yours) != 2 or not isinstance(yours[0], bytes):
        return Wrong(
            "no-pair",
            yours=yours,
            expected="(bytes, 'closed') or (bytes, 'reset')",
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
