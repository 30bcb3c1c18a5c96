"""Meet epoll: how a connection has ended, the kernel's list. (The other tasks are in the files beside.)"""

from __future__ import annotations

import random
import select
import socket
import time
from collections.abc import Callable
from typing import Any, Final

from ...kernel.events import event_names
from . import Answer, Raised, Wrong, ch04_batch, ch04_edge, ch04_interest, task
from .witness import refused, reset, tcp_pair

__all__ = ["ch04_batch", "ch04_edge", "ch04_interest"]

BOTH: Final = select.EPOLLIN | select.EPOLLRDHUP
UNASKED: Final = select.EPOLLERR | select.EPOLLHUP

Pair = tuple[socket.socket, socket.socket]


def gone_over_tcp() -> Pair:
    """The client has closed, and so has the server its direction."""
    ours, theirs = tcp_pair()
    theirs.close()
    ours.shutdown(socket.SHUT_WR)
    return ours, theirs


def left_by(leave: Callable[[socket.socket], Any], make: Callable[[], Pair] = tcp_pair) -> Pair:
    pair = make()
    leave(pair[1])
    return pair


def say_and_close(client: socket.socket) -> None:
    client.send(b"good-bye")
    client.close()


def shut(client: socket.socket) -> None:
    client.shutdown(socket.SHUT_WR)


# What happens, what it is to be called, what is asked for, and how to make it happen.
ENDINGS: Final[list[tuple[str, str, int, Callable[[], Pair]]]] = [
    ("A TCP client has sent something.", "there", BOTH, lambda: left_by(lambda client: client.send(b"hello"))),
    ("A socket may be written to.", "there", BOTH | select.EPOLLOUT, socket.socketpair),
    ("A TCP client has shut down its sending side.", "half", BOTH, lambda: left_by(shut)),
    ("A TCP client has sent something and closed.", "half", BOTH, lambda: left_by(say_and_close)),
    ("One side of a pair has closed.", "gone", BOTH, lambda: left_by(socket.socket.close, socket.socketpair)),
    ("A TCP client has closed, and we have shut down our side.", "gone", BOTH, gone_over_tcp),
    ("A TCP client has reset its connection.", "broken", BOTH, lambda: left_by(reset)),
    ("A connect was refused.", "broken", select.EPOLLOUT, refused),
]
WORDS: Final = ("broken", "gone", "half", "there")


@task("left", seconds=15)
def check_left(answer: Answer) -> None:
    for say, expected, asked, happen in ENDINGS:
        pair = happen()
        events = events_of(pair[0], asked)
        yours = answer.call("how_it_left", events)
        if yours != expected:
            raise not_how_it_left(yours, expected, f"{say} epoll reported {event_names(events)}.")


def events_of(ours: socket.socket, asked: int) -> int:
    with select.epoll() as epoll:
        epoll.register(ours, asked)
        deadline = time.monotonic() + 2
        while not (ready := epoll.poll(1)) and time.monotonic() < deadline:
            pass
        return ready[0][1]


def not_how_it_left(yours: Any, expected: str, say: str) -> Wrong:
    if yours not in WORDS:
        hints = ["Return one of the four words: 'broken', 'gone', 'half' or 'there'."]
        return Wrong("no-word", yours=yours, expected=expected, say=say, hints=hints)
    return Wrong(f"{expected}-as-{yours}", yours=yours, expected=expected, say=say, hints=LEFT_HINTS[expected, yours])


MANY_BITS: Final = "More than one bit may be set: test each with &, and never compare the whole number with ==."
LEFT_HINTS: Final[dict[tuple[str, str], list[str]]] = {
    ("broken", "gone"): ["After an error HUP is set, too. Which of the two do you ask about first?"],
    ("broken", "half"): ["After a reset RDHUP is set, too. Ask about the strongest first: ERR, HUP, RDHUP."],
    ("broken", "there"): ["After an error there is something to read, or to write: the error. Ask about ERR first."],
    ("gone", "broken"): ["HUP without ERR is no error: both sides have said good-bye."],
    ("gone", "half"): ["With both directions shut RDHUP is set as well as HUP. Ask about the stronger one first."],
    ("gone", "there"): ["HUP comes unasked. It is set here, together with others.", MANY_BITS],
    ("half", "broken"): ["RDHUP is the end of what the other side sends. You may still send."],
    ("half", "gone"): ["RDHUP shuts one direction, HUP means both. Over TCP, even close() is only the first."],
    ("half", "there"): ["IN is set as well, because the end of file can be read. Look for RDHUP.", MANY_BITS],
    ("there", "broken"): ["Neither ERR nor HUP is set here."],
    ("there", "gone"): ["HUP is not set here. IN alone is something to read, OUT is room to write."],
    ("there", "half"): ["RDHUP is not set here. IN alone is something to read, OUT is room to write."],
}


# What is on the list.

ASKED: Final = [
    select.EPOLLIN,
    select.EPOLLOUT,
    select.EPOLLIN | select.EPOLLRDHUP,
    select.EPOLLIN | select.EPOLLET,
    select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET,
    select.EPOLLIN | select.EPOLLONESHOT,
    0,
]


@task("fdinfo", seconds=10)
def check_fdinfo(answer: Answer) -> None:
    pairs = [socket.socketpair() for _ in ASKED]
    with select.epoll() as epoll:
        expected = {}
        for (ours, _), asked in zip(pairs, random.sample(ASKED, len(ASKED)), strict=True):
            epoll.register(ours, asked)
            expected[ours.fileno()] = asked
        with open(f"/proc/self/fdinfo/{epoll.fileno()}") as file:
            text = file.read()
    try:
        yours = answer.call("interest_list", text)
    except Raised as raised:
        if raised.kind == "ValueError" and "base 10" in raised.text:
            raise Wrong("decimal", say=raised.say, hints=DECIMAL) from None
        raise
    if yours != expected:
        raise not_the_list(yours, expected)


DECIMAL: Final = ["The events are a hexadecimal number. int() takes the base as its second argument."]


def not_the_list(yours: Any, expected: dict[int, int]) -> Wrong:
    if not isinstance(yours, dict):
        code, hints = "no-dict", ["Return a dict: {descriptor: events}."]
    elif any(isinstance(key, str) for key in yours):
        code, hints = "text-keys", ["The descriptors are numbers. int() makes a number of a piece of the line."]
    elif set(yours) != set(expected):
        code, hints = "other-descriptors", ["A line for a descriptor begins with tfd: and each of them counts."]
    elif not all(isinstance(value, int) for value in yours.values()):
        code, hints = "no-numbers", ["The events are to be a number, such as select.EPOLLIN | select.EPOLLET."]
    else:
        code, hints = not_the_events(yours, expected)
    return Wrong(code, yours=yours, expected=expected, hints=hints)


def not_the_events(yours: dict[int, int], expected: dict[int, int]) -> tuple[str, list[str]]:
    if yours == {fd: asked | UNASKED for fd, asked in expected.items()}:
        hint = "Take their bits out: events & ~(select.EPOLLERR | select.EPOLLHUP)."
        return "keeps-unasked", ["Nobody asked for ERR and HUP: the kernel has added them to every entry.", hint]
    if all(yours[fd] == asked & 0xFFFF for fd, asked in expected.items()):
        return "drops-flags", ["ET and ONESHOT are high bits of the same number. They were asked for, too."]
    return "other-events", ["Take the events as they are, without the two bits that the kernel has added."]
