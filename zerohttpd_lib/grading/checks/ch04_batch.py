"""Meet epoll: events that come too late for whom they were meant.

All that counts is seen from here: the callbacks are the judge's own functions, so that nothing in the learner's process
tells what they are for, and who was closed when is seen at the other sides of the sockets.
"""

from __future__ import annotations

import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from . import Answer, Fd, Raised, Wrong, task
from .ch04_interest import newcomer_with
from .effort import BUSY, effort_of, effort_within
from .idling import sleeper_in

LONGEST_WAIT: Final = 1.0  # seconds, the task's own
LOOKING: Final = 0.2  # seconds
MOST_SLEEPS: Final = 3  # in that time
TIME_TO_CLOSE: Final = 1.0  # seconds


class Batches:
    """A `Loop` of the answer's, with callbacks of ours. `greeted`: who was called, and had something to read."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self._loop = answer.make("Loop")
        self._greet = answer.callback(self.greet)
        self._leave = answer.callback(self.leave)
        self.greeted: list[Fd] = []
        self.pair: list[Fd] = []  # the two that are ready at first
        self.called: list[Fd] = []  # of them
        self.finished: Fd | None = None  # the other one
        self.newcomers_side: socket.socket | None = None
        self.wakes: socket.socket | None = None  # by which one more becomes ready while the first is handled

    def add_pair(self, ours: list[socket.socket]) -> None:
        """Two, of which the first that is called ends the other, and adds a newcomer."""
        first = self.answer.callback(self.first)
        self.pair = [self.answer.give(sock, as_socket=True) for sock in ours]
        for fd in self.pair:
            self._loop.call("add", fd, first)

    def first(self, fd: Any) -> None:
        if fd == self.finished or fd not in self.pair:
            say = "The first of a batch finished another one that was ready as well. That one was called all the same."
            raise Wrong("calls-finished", say=say, hints=FINISHED)
        self.answer.on(fd, "recv", 1)
        self.called.append(fd)
        if self.finished is None:
            self.finished = self.pair[1 - self.pair.index(fd)]
            self._loop.call("finish", self.finished)
            newcomer, self.newcomers_side = newcomer_with(self.answer, self.finished.number)
            self.add(newcomer)

    def add(self, fd: Fd) -> None:
        self._loop.call("add", fd, self._greet)

    def greet(self, fd: Any) -> None:
        """One that is called has something to read, and reads a byte of it."""
        try:
            data = self.answer.on(fd, "recv", 1, socket.MSG_DONTWAIT) if isinstance(fd, Fd) else b""
        except Raised as raised:
            if raised.kind != "BlockingIOError":
                raise
            say = "A newcomer got the number of one that was finished in the same batch, and was called for its event."
            raise Wrong("stranger", say=say, hints=STRANGER) from None
        if not data:
            return self._loop.call("finish", fd)  # type: ignore[no-any-return]
        self.greeted.append(fd)
        if self.wakes is not None:
            self.wakes.send(b"xx")
            self.wakes = None

    def add_leaver(self, fd: Fd) -> None:
        """One that finishes itself when it is called."""
        self._loop.call("add", fd, self._leave)

    def leave(self, fd: Any) -> None:
        self._loop.call("finish", fd)

    def run_once(self) -> list[Fd]:
        """Who was greeted."""
        self.greeted.clear()
        try:
            self._loop.call("run_once", seconds=5)
        except Raised as raised:
            if raised.kind == "KeyError":
                say = (
                    "The first of a batch finished another one that was ready as well, and run_once() raised KeyError."
                )
                raise Wrong("key-error", say=say, hints=KEY_ERROR) from None
            raise
        return list(self.greeted)


@task("batch", seconds=28)
def check_batch(answer: Answer) -> None:
    batches = Batches(answer)
    ours, theirs = map(list, zip(*(socket.socketpair() for _ in range(2)), strict=True))
    batches.add_pair(ours)
    for sock in (*ours, *theirs):
        if sock in ours:
            sock.close()
        else:
            sock.send(b"x")
    batches.run_once()
    if len(batches.called) != 1 or batches.finished is None or batches.newcomers_side is None:
        say = f"Two were ready, and the first one finished the other. Of the two, {len(batches.called)} were called."
        raise Wrong("not-called", say=say, hints=["Every descriptor of the batch that is not finished is called."])
    finished = theirs[batches.pair.index(batches.finished)]
    closed_in_time, greeted = wait_for_newcomer(batches, batches.newcomers_side, finished)
    if not greeted:
        say = "A newcomer that was added in the batch before has sent something, and was not called."
        raise Wrong("newcomer-unheard", say=say, hints=NEWCOMER)
    check_closed(finished, closed_in_time)
    check_all(batches)
    if answer.most_closings() > 1:
        say = "A socket that was finished and closed was closed again after a later batch."
        raise Wrong("never-cleared", say=say, hints=["Once they are closed, forget them: self.finished.clear()."])
    check_ghost(batches)


def wait_for_newcomer(batches: Batches, newcomer: socket.socket, finished: socket.socket) -> tuple[bool, list[Fd]]:
    """A wait in which at first nobody is ready. Whether the finished one was closed by then, and who was greeted."""
    pid = batches.answer.pid
    before, started = effort_of(pid), time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(batches.run_once)
        try:
            sleeper = sleeper_in(pid, waiting.done)
            woken = effort_within(pid, LOOKING).sleeps if sleeper else 0
            closed, lasted = is_closed(finished), time.monotonic() - started
        finally:
            newcomer.send(b"x")
        greeted = waiting.result()
    if sleeper is None and lasted < 0.9 * LONGEST_WAIT:
        say = "run_once() was called, nobody was ready, and it was back at once."
        raise Wrong("does-not-wait", say=say, hints=["Wait for a second at most: epoll.poll(1)."])
    spent = effort_of(pid).since(before)
    never_slept = spent.sleeps < 2 or spent.seconds > BUSY * lasted  # one sleep was to wait for this call
    if woken > MOST_SLEEPS or (sleeper is None and never_slept):
        say = "run_once() was called, nobody was ready, and it asked again and again."
        raise Wrong("keeps-asking", say=say, hints=ASKING)
    if sleeper is not None and (sleeper.limit is None or sleeper.limit > LONGEST_WAIT):
        say = "run_once() waits with another time limit."
        limit = "none" if sleeper.limit is None else f"{sleeper.limit:g} s"
        raise Wrong("no-limit", yours=limit, expected="1 s", say=say, hints=NO_LIMIT)
    return closed, greeted


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


def check_all(batches: Batches) -> None:
    """Several at once: are all of them handled in one go, and only they? The first one makes another one ready."""
    number, answer = random.randint(4, 9), batches.answer
    ours, theirs = map(list, zip(*(socket.socketpair() for _ in range(number)), strict=True))
    several = [answer.give(sock, as_socket=True) for sock in ours]
    batches.wakes, late = socket.socketpair()
    for fd in several:
        batches.add(fd)
    late_one = answer.give(late, as_socket=True)
    batches.add(late_one)
    for sock in theirs:
        sock.send(b"x")
    greeted = batches.run_once()
    called = sum(fd in greeted for fd in several)
    if called != number:
        say = f"{number} were ready at once, and run_once() called {called} of them."
        raise Wrong("not-all", yours=called, expected=number, say=say, hints=["Go through the whole batch."])
    if late_one in greeted:
        say = "While a batch was handled, one more became ready, and was called by the same run_once()."
        raise Wrong("waits-again", say=say, hints=AGAIN)
    for what in ("has become ready", "had two bytes, and its callback has read one"):
        if late_one not in batches.run_once():
            say = f"One that {what} was not called by the next run_once()."
            raise Wrong("told-once", say=say, hints=ONCE_TOLD)


def check_ghost(batches: Batches) -> None:
    """One that finishes itself with its byte unread, while we have it open, too. Then a newcomer gets its number."""
    answer = batches.answer
    ours, theirs = socket.socketpair()
    leaves = answer.give(ours, as_socket=True)
    batches.add_leaver(leaves)
    theirs.send(b"x")
    batches.run_once()
    newcomer, other_side = newcomer_with(answer, leaves.number)
    batches.add(newcomer)
    busy, busys_other_side = socket.socketpair()
    batches.add(answer.give(busy, as_socket=True))
    busys_other_side.send(b"x")  # so that there is a batch without the newcomer
    try:
        batches.run_once()
    except Wrong as wrong:
        if wrong.code != "stranger":
            raise
        say = "One was finished while a copy of it was open elsewhere. Its event came to a newcomer with its number."
        raise Wrong("ghost", say=say, hints=GHOST) from None
    other_side.send(b"x")
    if newcomer not in batches.run_once():
        say = "A newcomer with the number of one that has finished itself has sent something, and was not called."
        raise Wrong("newcomer-unheard", say=say, hints=NEWCOMER)


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
