"""Meet epoll: events that come too late for whom they were meant.

All that counts is seen from here, at the other sides of the learner's sockets: who was called, who
was closed, and what was said on a socket of its own for what must not happen.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any, Final

from . import Answer, Raised, Wrong, task

# Runs in the learner's process. `first` ends the other one of the two that are ready, and adds a
# newcomer. It has filled all lower numbers before, so that the newcomer gets the number of the one
# that was finished, if that is free.
DRIVER: Final = """
import os
import socket

def prepare(a, b, spare, tell):
    global loop, pair, tell_it, spare_number, finished
    loop, finished, spare_number = Loop(), [], spare
    tell_it = socket.socket(fileno=tell)
    pair = [socket.socket(fileno=a), socket.socket(fileno=b)]
    for sock in pair:
        loop.add(sock, first)

def first(sock):
    if sock in finished:
        tell_it.send(b"finished")
        return
    sock.recv(1)
    sock.send(b"called")
    other = pair[1] if sock is pair[0] else pair[0]
    if not finished:
        finished.append(other)
        while (filler := os.dup(spare_number)) < max(one.fileno() for one in pair):
            pass
        os.close(filler)
        loop.finish(other)
        loop.add(socket.socket(fileno=os.dup(spare_number)), greet)

def greet(sock):
    sock.setblocking(False)
    try:
        sock.recv(1)
    except BlockingIOError:
        tell_it.send(b"newcomer")
    else:
        sock.send(b"hello")

def once():
    loop.run_once()

def more(numbers):
    for number in numbers:
        loop.add(socket.socket(fileno=number), greet)
"""


@task("batch", seconds=25)
def check_batch(answer: Answer) -> None:
    answer.run(DRIVER)
    ours, theirs = map(list, zip(*(socket.socketpair() for _ in range(4)), strict=True))
    numbers = [answer.give(sock) for sock in ours]
    for sock in ours:
        sock.close()
    a, b, newcomer, tell = theirs
    answer.call("prepare", *numbers)
    for sock in (a, b):
        sock.send(b"x")
    once(answer)
    check_told(tell)
    called = [sock for sock in (a, b) if heard(sock) == b"called"]
    if len(called) != 1:
        say = f"Two were ready, and the first one finished the other. Of the two, {len(called)} were called."
        raise Wrong("not-called", say=say, hints=["Every descriptor of the batch that is not finished is called."])
    newcomer.send(b"x")
    once(answer)
    check_told(tell)
    if heard(newcomer) != b"hello":
        say = "A newcomer that was added in the batch before has sent something, and was not called."
        raise Wrong("newcomer-unheard", say=say, hints=NEWCOMER)
    check_closed(b if called[0] is a else a)
    check_all(answer)


def check_closed(finished: socket.socket) -> None:
    finished.settimeout(1)
    try:
        with suppress(ConnectionResetError):
            finished.recv(1)
    except TimeoutError:
        say = "A socket was finished, and two batches later its other side has seen no end."
        raise Wrong(
            "never-closed", say=say, hints=["Whoever is finished has to be closed when the batch is done."]
        ) from None


def check_all(answer: Answer) -> None:
    """Three at once: are all of them handled in one go?"""
    ours, theirs = map(list, zip(*(socket.socketpair() for _ in range(3)), strict=True))
    answer.call("more", [answer.give(sock) for sock in ours])
    for sock in theirs:
        sock.send(b"x")
    once(answer)
    called = sum(heard(sock) == b"hello" for sock in theirs)
    if called != 3:
        say = f"Three were ready at once, and run_once() called {called} of them."
        raise Wrong("not-all", yours=called, expected=3, say=say, hints=["Go through the whole batch."])


def once(answer: Answer) -> None:
    try:
        answer.call("once", seconds=5)
    except Raised as raised:
        if raised.kind == "KeyError":
            say = "The first of a batch finished another one that was ready as well, and run_once() raised KeyError."
            raise Wrong("key-error", say=say, hints=KEY_ERROR) from None
        raise


def check_told(tell: socket.socket) -> None:
    told = heard(tell)
    if told.startswith(b"finished"):
        say = "The first of a batch finished another one that was ready as well. That one was called all the same."
        raise Wrong("calls-finished", say=say, hints=FINISHED)
    if told.startswith(b"newcomer"):
        say = "A newcomer got the number of one that was finished in the same batch, and was called for its event."
        raise Wrong("stranger", say=say, hints=STRANGER)


def heard(sock: socket.socket) -> Any:
    """What has come until now; b"" for nothing, and for the end."""
    sock.setblocking(False)
    try:
        return sock.recv(100)
    except (BlockingIOError, ConnectionResetError):  # reset: closed with our byte unread (man 7 unix)
        return b""
    finally:
        sock.setblocking(True)


KEY_ERROR: Final = ["Its entry is gone, and its event is still in the batch. Look whether there is an entry at all."]
FINISHED: Final = [
    "The batch is a list of what was true before the first callback. Look each one up only when its turn comes."
]
STRANGER: Final = [
    "A number that is free is given to the next socket at once. When does it become free?",
    "Close those that are finished when the whole batch is done. Until then nobody else can have their numbers.",
]
NEWCOMER: Final = [
    "Whatever you remember about the finished ones must be forgotten when the batch is done.",
    "Its number was that of a finished one. In a later batch that number means the newcomer.",
]
