"""Meet epoll: events that come too late for whom they were meant.

All that counts is seen from here, at the other sides of the learner's sockets: who was called, who
was closed and when, and what was said on a socket of its own for what must not happen.
"""

from __future__ import annotations

import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from . import Answer, Raised, Wrong, task
from .ch04_interest import newcomer_with
from .effort import BUSY, effort_of, effort_within
from .idling import sleeper_in

LONGEST_WAIT: Final = 1.0  # seconds, the task's own
LOOKING: Final = 0.2  # seconds
MOST_SLEEPS: Final = 3  # in that time
TIME_TO_CLOSE: Final = 1.0  # seconds

# Runs in the learner's process. `first` ends the other one of the two that are ready, and adds a
# newcomer. It has filled all lower numbers before, so that the newcomer gets the number of the one
# that was finished, if that is free.
DRIVER: Final = """
import os
import socket

def _counting():
    counted = {}

    class Counting(socket.socket):
        closings = property(lambda self: counted.get(id(self), 0))  # which is for nobody to set

        def close(self):
            counted[id(self)] = self.closings + 1
            super().close()

    return Counting

Counting = _counting()

def most_closings():
    return max(sock.closings for sock in pair)

def prepare(a, b, spare, tell):
    global loop, pair, tell_it, spare_number, finished
    loop, finished, spare_number = Loop(), [], spare
    tell_it = socket.socket(fileno=tell)
    pair = [Counting(fileno=a), Counting(fileno=b)]
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
        data = sock.recv(1)
    except BlockingIOError:
        tell_it.send(b"newcomer")
    else:
        sock.send(b"hello") if data else loop.finish(sock)

def greet_and_wake(sock):
    global waker
    greet(sock)
    if waker is not None:
        waker.send(b"xx")
        waker = None

def once():
    loop.run_once()

def more(numbers, wakes):
    global waker
    waker = socket.socket(fileno=wakes)
    for number in numbers:
        loop.add(socket.socket(fileno=number), greet_and_wake)

def one(sock):
    loop.add(sock, greet)

def one_that_leaves(sock):
    loop.add(sock, loop.finish)
"""


@task("batch", seconds=28)
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
    finished = b if called[0] is a else a
    closed_in_time = wait_for_newcomer(answer, newcomer, finished, tell)
    if heard(newcomer) != b"hello":
        say = "A newcomer that was added in the batch before has sent something, and was not called."
        raise Wrong("newcomer-unheard", say=say, hints=NEWCOMER)
    check_closed(finished, closed_in_time)
    check_all(answer)
    if answer.call("most_closings") > 1:
        say = "A socket that was finished and closed was closed again after a later batch."
        raise Wrong("never-cleared", say=say, hints=["Once they are closed, forget them: self.finished.clear()."])
    check_ghost(answer, tell)


def wait_for_newcomer(answer: Answer, newcomer: socket.socket, finished: socket.socket, tell: socket.socket) -> bool:
    """A wait in which at first nobody is ready. Returns whether the finished one was closed by then."""
    before, started = effort_of(answer.pid), time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(once, answer)
        try:
            sleeper = sleeper_in(answer.pid, waiting.done)
            woken = effort_within(answer.pid, LOOKING).sleeps if sleeper else 0
            closed, lasted = is_closed(finished), time.monotonic() - started
        finally:
            newcomer.send(b"x")
        waiting.result()
    check_told(tell)
    if sleeper is None and lasted < 0.9 * LONGEST_WAIT:
        say = "run_once() was called, nobody was ready, and it was back at once."
        raise Wrong("does-not-wait", say=say, hints=["Wait for a second at most: epoll.poll(1)."])
    spent = effort_of(answer.pid).since(before)
    never_slept = spent.sleeps < 2 or spent.seconds > BUSY * lasted  # one sleep was to wait for this call
    if woken > MOST_SLEEPS or (sleeper is None and never_slept):
        say = "run_once() was called, nobody was ready, and it asked again and again."
        raise Wrong("keeps-asking", say=say, hints=ASKING)
    if sleeper is not None and (sleeper.limit is None or sleeper.limit > LONGEST_WAIT):
        say = "run_once() waits with another time limit."
        limit = "none" if sleeper.limit is None else f"{sleeper.limit:g} s"
        raise Wrong("no-limit", yours=limit, expected="1 s", say=say, hints=NO_LIMIT)
    return closed


def is_closed(sock: socket.socket) -> bool:
    try:
        return sock.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:  # closed with our byte unread (man 7 unix)
        return True


def check_closed(finished: socket.socket, closed_in_time: bool) -> None:
    finished.settimeout(TIME_TO_CLOSE)
    try:
        with suppress(ConnectionResetError):
            finished.recv(1)
    except TimeoutError:
        say = "A socket was finished, and two batches later its other side has seen no end."
        raise Wrong(
            "never-closed", say=say, hints=["Whoever is finished has to be closed when the batch is done."]
        ) from None
    if not closed_in_time:
        say = "A socket was finished, and while run_once() waited for the next batch it was open still."
        raise Wrong("closes-late", say=say, hints=LATE)


def check_all(answer: Answer) -> None:
    """Several at once: are all of them handled in one go, and only they? The first one makes another one ready."""
    number = random.randint(4, 9)
    ours, theirs = map(list, zip(*(socket.socketpair() for _ in range(number)), strict=True))
    wakes, late = socket.socketpair()  # both of them go there; here we hear what the late one's callback says
    answer.call("more", [answer.give(sock) for sock in ours], answer.give(wakes))
    answer.call("one", answer.give(late, as_socket=True))
    for sock in theirs:
        sock.send(b"x")
    once(answer)
    called = sum(heard(sock) == b"hello" for sock in theirs)
    if called != number:
        say = f"{number} were ready at once, and run_once() called {called} of them."
        raise Wrong("not-all", yours=called, expected=number, say=say, hints=["Go through the whole batch."])
    if heard(wakes):
        say = "While a batch was handled, one more became ready, and was called by the same run_once()."
        raise Wrong("waits-again", say=say, hints=AGAIN)
    for what in ("has become ready", "had two bytes, and its callback has read one"):
        once(answer)
        if heard(wakes) != b"hello":
            say = f"One that {what} was not called by the next run_once()."
            raise Wrong("told-once", say=say, hints=ONCE_TOLD)


def check_ghost(answer: Answer, tell: socket.socket) -> None:
    """One that finishes itself with its byte unread, while we have it open, too. Then a newcomer gets its number."""
    ours, theirs = socket.socketpair()
    leaves = answer.give(ours, as_socket=True)
    answer.call("one_that_leaves", leaves)
    theirs.send(b"x")
    once(answer)
    newcomer, other_side = newcomer_with(answer, leaves.number)
    answer.call("one", newcomer)
    busy, busys_other_side = socket.socketpair()
    answer.call("one", answer.give(busy, as_socket=True))
    busys_other_side.send(b"x")  # so that there is a batch without the newcomer
    once(answer)
    if heard(tell):
        say = "One was finished while a copy of it was open elsewhere. Its event came to a newcomer with its number."
        raise Wrong("ghost", say=say, hints=GHOST)
    other_side.send(b"x")
    once(answer)
    if heard(other_side) != b"hello":
        say = "A newcomer with the number of one that has finished itself has sent something, and was not called."
        raise Wrong("newcomer-unheard", say=say, hints=NEWCOMER)


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


def heard(sock: socket.socket) -> bytes:
    """What has come until now; b"" for nothing, and for the end."""
    try:
        return sock.recv(100, socket.MSG_DONTWAIT)
    except (BlockingIOError, ConnectionResetError):  # reset: closed with our byte unread (man 7 unix)
        return b""


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
LATE: Final = [
    "Before the next wait at the latest: who has ended should not have to wait until somebody else is ready.",
    "Close them when the loop over the batch is done, or before you call epoll.poll().",
]
ASKING: Final = [
    "Let the kernel wake you: one epoll.poll(1), which sleeps until somebody is ready or a second is over."
]
NO_LIMIT: Final = ["At most a second: epoll.poll() takes the time limit in seconds."]
AGAIN: Final = [
    "One batch: what becomes ready while you handle it is for the next run_once().",
    "Call epoll.poll() once, and go through what it returned.",
]
ONCE_TOLD: Final = [
    "add() promises to call it whenever its socket is readable: as long as there is something to read.",
    "That is level-triggered: no EPOLLET, no EPOLLONESHOT.",
]
GHOST: Final = [
    "close() takes it off the list only when no other descriptor refers to the same connection (man 7 epoll).",
    "finish() has to unregister it, before it is closed.",
]
