"""Meet epoll: how a connection has ended, the kernel's list. (The other tasks are in the files beside.)"""

from __future__ import annotations

import fcntl
import os
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

Pair = tuple[Any, Any]  # our side, and theirs


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


def no_reader() -> Pair:
    """Our end of a pipe that nobody reads any more: an error without HUP (man 2 epoll_ctl)."""
    reads, writes = os.pipe()
    os.close(reads)
    return writes, None


# What happens, what it is to be called, what is asked for at least and at most, and how to make it happen.
IN, OUT, RDHUP = select.EPOLLIN, select.EPOLLOUT, select.EPOLLRDHUP
ENDINGS: Final[list[tuple[str, str, int, int, Callable[[], Pair]]]] = [
    ("A TCP client has sent something.", "there", IN, OUT | RDHUP, lambda: left_by(lambda them: them.send(b"hello"))),
    ("A socket may be written to.", "there", OUT, IN | RDHUP, socket.socketpair),
    ("A TCP client has shut down its sending side.", "half", RDHUP, IN | OUT, lambda: left_by(shut)),
    ("A TCP client has shut down its sending side.", "half", RDHUP, 0, lambda: left_by(shut)),
    ("A TCP client has sent something and closed.", "half", BOTH, OUT, lambda: left_by(say_and_close)),
    ("One side of a pair has closed.", "gone", 0, BOTH | OUT, lambda: left_by(socket.socket.close, socket.socketpair)),
    ("A TCP client has closed, and we have shut down our side.", "gone", 0, BOTH | OUT, gone_over_tcp),
    ("One side of a pair has closed.", "gone", 0, 0, lambda: left_by(socket.socket.close, socket.socketpair)),
    ("A TCP client has reset its connection.", "broken", 0, BOTH | OUT, lambda: left_by(reset)),
    ("A connect was refused.", "broken", OUT, BOTH, refused),
    ("Nobody reads our pipe any more.", "broken", OUT, 0, no_reader),
]
ROUNDS: Final = 4
WORDS: Final = ("broken", "gone", "half", "there")


@task("left", seconds=15)
def check_left(answer: Answer) -> None:
    for say, expected, least, more, happen in ENDINGS * ROUNDS:
        pair = happen()
        events = events_of(pair[0], least | random.choice((0, IN, OUT, RDHUP, IN | OUT, BOTH, more)) & more)
        if isinstance(pair[0], int):
            os.close(pair[0])
        yours = answer.call("how_it_left", events)
        if yours != expected:
            raise not_how_it_left(yours, expected, f"{say} epoll reported {event_names(events)}.")


def events_of(ours: socket.socket | int, asked: int) -> int:
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
    ("half", "there"): [
        "The end of file can be read, so IN may be set as well. Look for RDHUP, alone or not.",
        MANY_BITS,
    ],
    ("there", "broken"): ["Neither ERR nor HUP is set here."],
    ("there", "gone"): ["HUP is not set here. IN alone is something to read, OUT is room to write."],
    ("there", "half"): ["RDHUP is not set here. IN alone is something to read, OUT is room to write."],
}


# What is on the list.

ASKED: Final = (IN, OUT, RDHUP, select.EPOLLPRI, select.EPOLLRDNORM, select.EPOLLET, select.EPOLLONESHOT)


@task("fdinfo", seconds=10)
def check_fdinfo(answer: Answer) -> None:
    compare_interest_list(answer, [0, IN, IN | select.EPOLLET, OUT, IN | OUT | RDHUP | select.EPOLLONESHOT])
    compare_interest_list(answer, [sum(random.sample(ASKED, random.randint(1, 5))) for _ in range(8)], far=True)
    compare_interest_list(answer, [IN | select.EPOLLEXCLUSIVE, OUT])
    compare_interest_list(answer, [])


def compare_interest_list(answer: Answer, asked: list[int], far: bool = False) -> None:
    """`far`: with large numbers, too."""
    pairs = [socket.socketpair() for _ in asked]
    with select.epoll() as epoll:
        expected = {}
        for (ours, _), events in zip(pairs, random.sample(asked, len(asked)), strict=True):
            fd = fcntl.fcntl(ours, fcntl.F_DUPFD_CLOEXEC, random.randint(90, 900)) if far else ours.detach()
            epoll.register(fd, events)
            expected[fd] = events
        with open(f"/proc/self/fdinfo/{epoll.fileno()}") as file:
            text = file.read()
        for fd in expected:
            os.close(fd)
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
