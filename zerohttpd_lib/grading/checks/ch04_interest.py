"""Meet epoll: put descriptors on the interest list, and take them off it; the kernel's own list is compared."""

from __future__ import annotations

import random
import select
import socket
from typing import Any, Final

from ...kernel.events import event_names
from . import Answer, Fd, Raised, Remote, Wrong, task
from .idling import descriptors, interest_lists, spent_in

MOST_GIVEN: Final = 50  # sockets, until one gets a certain number
IN: Final = select.EPOLLIN
WAIT: Final = 0.3  # seconds, in which nothing comes
MOST_SLEEPS: Final = 3  # in a wait for one time limit; others may have woken it for a moment


@task("interest", seconds=20)
def check_interest(answer: Answer) -> None:
    # Here and below the judge's own descriptor of a socket stays open unless it is closed: another
    # process that has the same connection open.
    listed = answer.make("Interest")
    ours, theirs = socket.socketpair()
    fd = answer.give(ours, as_socket=True)
    theirs.send(b"x")
    do(listed, "want", fd, IN)
    expect(listed, [[fd.number, IN]], "not-listed", "A new one was wanted for IN, and has a byte.", LISTED)
    compare_list(answer, {fd.number: IN})
    do(listed, "want", fd, select.EPOLLOUT)
    say = "It was then wanted for OUT. Its byte is still there."
    expect(listed, [[fd.number, select.EPOLLOUT]], "other-events", say, OTHER_EVENTS)
    do(listed, "want", fd, IN)
    compare_list(answer, {fd.number: IN})
    check_release(listed, fd, theirs)
    check_that_it_closes(answer, listed)
    check_closed_behind(answer, listed)
    check_waiting(answer, listed)
    check_many(answer, listed)


def compare_list(answer: Answer, expected: dict[int, int]) -> None:
    """What the kernel has on the list, between two calls."""
    lists = interest_lists(answer.pid)
    listed = {fd: events for each in lists for fd, events in each.items()}
    if listed == expected:
        return
    if expected and not listed:
        say = "The events were right, and yet the kernel keeps no interest list for you, or an empty one."
        raise Wrong("no-list", yours={}, expected=_asked(expected), say=say, hints=NO_LIST)
    say = "This is on the kernel's interest list."
    if set(listed) == set(expected):
        raise Wrong("asks-for-more", yours=_asked(listed), expected=_asked(expected), say=say, hints=MORE)
    raise Wrong("other-list", yours=_asked(listed), expected=_asked(expected), say=say, hints=OTHER_LIST)


def _asked(listed: dict[int, int]) -> dict[int, str]:
    return {fd: event_names(events) for fd, events in sorted(listed.items())}


def check_waiting(answer: Answer, listed: Remote) -> None:
    """With nothing to tell, `wait` sleeps for as long as it was told to, and only once."""
    spent = spent_in(answer.pid, lambda: listed.call("wait", WAIT))
    say = f"wait({WAIT}) was called, and nothing happened in this time."
    if spent.elapsed < WAIT * 0.9:
        raise Wrong("does-not-wait", yours=f"back after {spent.elapsed:.2f} s", say=say, hints=PASS_ON)
    if not 1 <= spent.sleeps <= MOST_SLEEPS:  # who asks all the time has not slept at all
        yours = f"it went to sleep {spent.sleeps} times"
        raise Wrong("keeps-asking", yours=yours, expected="once", say=say, hints=KEEPS_ASKING)


def check_many(answer: Answer, listed: Remote) -> None:
    """Several of them, in an order drawn by lot."""
    fds = [answer.give(sock, as_socket=True) for _ in range(3) for sock in socket.socketpair()]
    wanted: dict[int, int] = {}
    steps = [(fd, random.choice((IN, select.EPOLLOUT, IN | select.EPOLLRDHUP, 0))) for fd in fds * 3]
    for fd, events in random.sample(steps, len(steps)):
        do(listed, "want", fd, events)
        wanted[fd.number] = events
    do(listed, "want", fds[0], 0)  # which is not the same as to be off the list: HUP and ERR still come
    wanted[fds[0].number] = 0
    compare_list(answer, wanted)
    for fd in random.sample(fds, 4):
        do(listed, "release", fd)
        del wanted[fd.number]
    compare_list(answer, wanted)


def check_release(listed: Remote, fd: Fd, theirs: socket.socket) -> None:
    do(listed, "release", fd)
    say = "It was released with its byte unread, while another process has the same connection open."
    expect(listed, [], "close-only", say, CLOSE_ONLY)
    theirs.close()
    say = "It was released, and then its other side was closed."
    expect(listed, [], "mutes", say, MUTES)


def check_that_it_closes(answer: Answer, listed: Remote) -> None:
    ours, theirs = socket.socketpair()
    fd = answer.give(ours, as_socket=True)
    ours.close()
    do(listed, "want", fd, IN)
    do(listed, "release", fd)
    theirs.settimeout(1)
    try:
        theirs.recv(1)
    except TimeoutError:
        say = "A socket was released, and a second later its other side had not seen the end of it."
        raise Wrong("not-closed", say=say, hints=["release() has to close the socket, too."]) from None
    if fd.number in descriptors(answer.pid):
        say = "A socket was released. Its other side has seen the end, and its number is still taken."
        raise Wrong("shuts-only", say=say, hints=SHUTS) from None


def check_closed_behind(answer: Answer, listed: Remote) -> None:
    ours, _theirs = socket.socketpair()
    first = answer.give(ours, as_socket=True)
    ours.close()
    do(listed, "want", first, IN)
    answer.close_there(first.number)
    fd, theirs = newcomer_with(answer, first.number)
    theirs.send(b"x")
    try:
        listed.call("want", fd, IN)
    except Raised as raised:
        say = f"A socket was closed behind your back, a new one got its number, and want() raised {raised.kind}."
        raise Wrong("stale-notes", say=say, hints=STALE) from None
    say = "A socket was closed behind your back, and a new one with its number was wanted."
    hint = "The number is in your notes, and the socket it stood for is gone from the kernel's list."
    expect(listed, [[fd.number, IN]], "newcomer-missing", say, [hint, *STALE[1:]])
    do(listed, "release", fd)


def newcomer_with(answer: Answer, number: int) -> tuple[Fd, socket.socket]:
    """A socket in the learner's process under this number: the kernel gives the lowest that is free."""
    for _ in range(MOST_GIVEN):
        ours, theirs = socket.socketpair()
        fd = answer.give(ours, as_socket=True)
        if fd.number == number:
            return fd, theirs
    return fd, theirs


# What is said of it.

NO_LIST: Final = [
    "Others are to find there what is wanted now: a list that is made for each wait is as dear as poll's array.",
    "One select.epoll() for the whole life of the object; each want() is one epoll_ctl.",
]
MORE: Final = [
    "These events and no others: what you add of your own changes when you are told.",
    "Hand `events` on as they are. EPOLLET, EPOLLONESHOT and EPOLLRDHUP are for the caller to ask for.",
]
OTHER_LIST: Final = ["Each socket that is wanted, and not yet released, has one entry: no more and no less."]
PASS_ON: Final = ["epoll.poll() takes the seconds that wait() was given."]
KEEPS_ASKING: Final = ["Ask the kernel once, and let it wake you: epoll.poll(seconds)."]
SHUTS: Final = ["shutdown() ends the connection, and only close() gives the descriptor back."]
LISTED: Final = ["What is not on the list yet has to be registered: EPOLL_CTL_ADD."]
OTHER_EVENTS: Final = [
    "What was asked for before is over: IN is no longer wanted.",
    "modify() replaces the events. Give it those that are wanted now, and nothing else.",
]
CLOSE_ONLY: Final = [
    "close() takes it off only when no other descriptor refers to the same connection: man 7 epoll, question 6.",
    "Take it off the list yourself, before you close it.",
]
MUTES: Final = [
    "It is still on the list, asked for nothing. HUP and ERR are reported all the same.",
    "unregister() takes it off: EPOLL_CTL_DEL.",
]
STALE: Final = [
    "The kernel had taken the closed one off the list. Notes of your own said otherwise.",
    "Ask the kernel: try modify() or register(). If it says ENOENT (or EEXIST), it has to be the other.",
]
RAISED: Final = {
    "FileExistsError": ("registers-twice", ["It is on the list already. What is there is changed by modify()."]),
    "FileNotFoundError": ("modifies-unknown", ["It is not on the list yet: register() puts it there."]),
    "ValueError": ("closed-first", ["A closed socket has no number. Take it off the list before you close it."]),
    "OSError": ("closed-first", ["That number is closed. Take it off the list before you close it."]),
}  # fmt: skip


def do(listed: Remote, method: str, *arguments: Any) -> None:
    try:
        listed.call(method, *arguments)
    except Raised as raised:
        if raised.kind in RAISED:
            code, hints = RAISED[raised.kind]
            raise Wrong(code, say=raised.say, hints=hints) from None
        raise


def expect(listed: Remote, expected: list[Any], code: str, say: str, hints: list[str]) -> None:
    yours = listed.call("wait", 0.1 if not expected else 2)
    if yours != expected:
        raise Wrong(code, yours=in_words(yours), expected=in_words(expected), say=say, hints=hints)


def in_words(ready: Any) -> Any:
    try:
        return [(fd, event_names(events)) for fd, events in ready]
    except (TypeError, ValueError):
        return ready
