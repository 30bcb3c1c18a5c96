"""Inside poll(): a poller in the learner's process, what it is asked, and what it should say."""

from __future__ import annotations

import random
import socket
from typing import Any

from ...kernel.events import event_names
from ...kernel.pollfd import PollFd, poll
from . import Answer, Raised, Remote, Wrong


class Watched:
    """Pairs of sockets, of each of which the learner's process has one side, in an order that is not that of numbers.

    `fds`: the numbers there. `theirs`: the other sides. `ours`: the same sides as in the learner's process, kept
    here so that the kernel can be asked about them.
    """

    def __init__(self, answer: Answer, number: int) -> None:
        pairs = [socket.socketpair() for _ in range(number)]
        given = [(answer.give(ours), ours, theirs) for ours, theirs in pairs]
        random.shuffle(given)
        self.fds: list[int] = [fd for fd, _, _ in given]
        self.ours = [ours for _, ours, _ in given]
        self.theirs = [theirs for _, _, theirs in given]


def revents(sock: socket.socket, events: int) -> int:
    array = (PollFd * 1)(PollFd(sock.fileno(), events))
    poll(array, 0)
    return int(array[0].revents)


def expect_ready(poller: Remote, wait: int, expected: list[Any], code: str, say: str, hints: list[str]) -> None:
    yours = poller.call("wait", wait, seconds=10)
    if isinstance(yours, list) and sorted(map(repr, yours)) == sorted(map(repr, expected)):
        if yours == expected:
            return
        code, hints = "out-of-order", ["They are expected in the order in which they came to be watched."]
    raise Wrong(code, yours=in_words(yours), expected=in_words(expected), say=say, hints=hints)


def in_words(ready: Any) -> Any:
    try:
        return [(fd, event_names(events)) for fd, events in ready]
    except (TypeError, ValueError):
        return ready


def expect_key_error(poller: Remote, method: str, *arguments: int) -> None:
    """In a poller that has forgotten this descriptor."""
    hints = ["Whoever asks for that has lost count of its descriptors. KeyError tells them; silence hides it."]
    try:
        poller.call(method, *arguments)
    except Raised as raised:
        if raised.kind == "KeyError":
            return
        say = f"{method}() of a descriptor that is not watched raised {raised.kind}."
        other = ["select.poll() raises KeyError for this, and who uses yours in its place relies on that.", *hints]
        raise Wrong("other-error", yours=raised.kind, expected="KeyError", say=say, hints=other) from None
    say = f"{method}() of a descriptor that is not watched raised nothing."
    raise Wrong("no-error", say=say, expected="KeyError", hints=hints)
