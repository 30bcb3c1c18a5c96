"""Meet epoll: put descriptors on the interest list, and take them off it."""

from __future__ import annotations

import select
import socket
from typing import Any, Final

from ...kernel.events import event_names
from . import Answer, Fd, Raised, Remote, Wrong, task

MOST_GIVEN: Final = 50  # sockets, until one gets a certain number


@task("interest", seconds=20)
def check_interest(answer: Answer) -> None:
    # Here and below the judge's own descriptor of a socket stays open unless it is closed: another
    # process that has the same connection open.
    listed = answer.make("Interest")
    ours, theirs = socket.socketpair()
    fd = answer.give(ours, as_socket=True)
    theirs.send(b"x")
    do(listed, "want", fd, select.EPOLLIN)
    expect(listed, [[fd.number, select.EPOLLIN]], "not-listed", "A new one was wanted for IN, and has a byte.", LISTED)
    do(listed, "want", fd, select.EPOLLOUT)
    say = "It was then wanted for OUT. Its byte is still there."
    expect(listed, [[fd.number, select.EPOLLOUT]], "other-events", say, OTHER_EVENTS)
    do(listed, "want", fd, select.EPOLLIN)
    check_release(listed, fd, theirs)
    check_that_it_closes(answer, listed)
    check_closed_behind(answer, listed)


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
    do(listed, "want", fd, select.EPOLLIN)
    do(listed, "release", fd)
    theirs.settimeout(1)
    try:
        theirs.recv(1)
    except TimeoutError:
        say = "A socket was released, and a second later its other side had not seen the end of it."
        raise Wrong("not-closed", say=say, hints=["release() has to close the socket, too."]) from None


def check_closed_behind(answer: Answer, listed: Remote) -> None:
    answer.run("def close_behind_your_back(sock):\n    sock.close()")
    ours, _theirs = socket.socketpair()
    first = answer.give(ours, as_socket=True)
    ours.close()
    do(listed, "want", first, select.EPOLLIN)
    answer.call("close_behind_your_back", first)
    fd, theirs = newcomer_with(answer, first.number)
    theirs.send(b"x")
    try:
        listed.call("want", fd, select.EPOLLIN)
    except Raised as raised:
        say = f"A socket was closed behind your back, a new one got its number, and want() raised {raised.kind}."
        raise Wrong("stale-notes", say=say, hints=STALE) from None
    say = "A socket was closed behind your back, and a new one with its number was wanted."
    hint = "The number is in your notes, and the socket it stood for is gone from the kernel's list."
    expect(listed, [[fd.number, select.EPOLLIN]], "newcomer-missing", say, [hint, *STALE[1:]])


def newcomer_with(answer: Answer, number: int) -> tuple[Fd, socket.socket]:
    """A socket in the learner's process under this number: the kernel gives the lowest that is free."""
    for _ in range(MOST_GIVEN):
        ours, theirs = socket.socketpair()
        fd = answer.give(ours, as_socket=True)
        if fd.number == number:
            return fd, theirs
    return fd, theirs


# What is said of it.

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
