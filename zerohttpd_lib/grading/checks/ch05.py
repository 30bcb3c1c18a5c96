"""Checks of exercise 05: what is reported for a closed descriptor, two look-ups, a trace, and the port."""

from __future__ import annotations

import re
import secrets
import select
import socket
from typing import Any, Final

from ...kernel.events import event_names
from ..recorded import recorded_trace
from . import Answer, Fd, Raised, Wrong, ch05_port, task

__all__ = ["ch05_port"]  # each registers tasks of its own

# closed


def measured_reports() -> dict[int, str]:
    """What this kernel reports in the four cases of the task."""
    return {
        1: _report(select.poll()),
        2: _report(select.epoll()),
        3: _report(select.epoll(), copied=True),
        4: _report(select.epoll(), copied=True, forgotten=True),
    }


def _report(waiter: Any, *, copied: bool = False, forgotten: bool = False) -> str:
    ours, theirs = socket.socketpair()
    copy = ours.dup() if copied else None
    waiter.register(ours, select.POLLIN)
    theirs.send(b"hello")
    if forgotten:
        waiter.unregister(ours)
    ours.close()
    try:
        return ", ".join(event_names(events) for _, events in waiter.poll(0)) or "nothing"
    finally:
        for thing in (theirs, copy):
            if thing is not None:
                thing.close()


CLOSED: Final = {  # the mistake that a wrong prediction of each case is, and hints
    1: (
        "poll-is-silent",
        "poll is given a number, and there is no open file under it.",
        "What did the chapter's poll report for a closed descriptor? It begins with N.",
    ),
    2: (
        "epoll-complains",
        "Who closes a socket for good takes it off every interest list.",
        "epoll never hears of the number again: what is left to report?",
    ),
    3: (
        "copy-counts-for-nothing",
        "close() of one descriptor is not the end of the connection while a copy of it is open.",
        "The five bytes are still there to be read, and nobody has left.",
    ),
    4: (
        "forgotten-is-reported",
        "unregister has taken it off the list, copy or no copy.",
        "What is not on the interest list is not reported.",
    ),
}


@task("closed", seconds=15)
def check_closed(answer: Answer) -> None:
    reported, because = answer.value("reported"), answer.value("because")
    if not isinstance(reported, dict):
        hints = ['Keep the braces: reported = {1: "...", 2: "...", 3: "...", 4: "..."}']
        say = "`reported` should have a text for each of 1, 2, 3 and 4."
        raise Wrong("not-a-dict", yours=reported, say=say, hints=hints)
    for case, expected in measured_reports().items():
        yours = reported.get(case)
        if not isinstance(yours, str) or _words(yours) != _words(expected):
            code, *hints = CLOSED[case]
            # What it is instead is for the learner to find: a measured answer would end the exercise.
            raise Wrong(code, yours=yours, expected="something else", hints=hints, say=f"Case {case} is not right.")
    if because != "b":
        hints = [
            "In case 3 the number that was registered means nothing any more, and the copy has another one.",
            "man 7 epoll, questions and answers: does closing a descriptor take it off all interest lists?",
        ]
        raise Wrong("wrong-reason", yours=because, expected="another reason", hints=hints, say="The events are right.")


def _words(text: str) -> set[str]:
    """The names of the events; POLLIN and EPOLLIN are IN."""
    return set(re.sub("E?POLL| ", "", text.upper()).split("|"))


# contexts


class Peers:
    """Sockets in the learner's process, and their other ends here, where one sees them being closed."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._kept: dict[int, socket.socket] = {}

    def new(self) -> Fd:
        given, kept = socket.socketpair()
        with given:
            fd: Fd = self._answer.give(given, as_socket=True)
        self._kept[fd.number] = kept
        return fd

    def is_closed(self, fd: Fd) -> bool:
        try:
            return self._kept[fd.number].recv(1, socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False


@task("contexts", seconds=15)
def check_contexts(answer: Answer) -> None:
    contexts, peers = answer.make("Contexts"), Peers(answer)
    names = [secrets.choice(["Ada", "Bo", "Cy", "Di"]) + f" {number}" for number in range(4)]
    clients = [peers.new() for _ in names]
    redis = [peers.new() for _ in names[:3]]  # the last client has none

    def find(fd: Fd, expected: str | None, code: str, *hints: str) -> None:
        try:
            yours = contexts.call("find", fd.number)
        except Raised as raised:
            if expected is not None:
                raise Wrong(code, say=raised.say, yours=raised.kind, expected=expected, hints=hints) from None
            hint = "Not every event is for somebody who is still here: `dict.get` gives None."
            raise Wrong("stale-raises", say=raised.say, yours=raised.kind, expected=expected, hints=[hint]) from None
        if yours != expected:
            say = f"find({fd.number}) is not right {'for a stale event' if expected is None else ''}".rstrip() + "."
            raise Wrong(code, yours=yours, expected=expected, hints=hints, say=say)

    for client, name in zip(clients, names, strict=True):
        contexts.call("arrive", client, name)
    for client, its_redis in zip(clients, redis, strict=False):
        contexts.call("connect", client, its_redis)
    for client, name in zip(clients, names, strict=True):
        find(client, name, "client-not-found", "`arrive` is told the socket: its number is `client.fileno()`.")
    for its_redis, name in zip(redis, names, strict=False):
        find(its_redis, name, "redis-not-found", "There are two look-ups.", "`find` has to try by_redis as well.")
    contexts.call("end", clients[0])
    if peers.is_closed(clients[0]) or peers.is_closed(redis[0]):
        hints = ["A newcomer would get the number, and the events of the old one with it.", "Keep it in a list."]
        raise Wrong("closes-in-the-batch", say="`end` has closed a socket in mid-batch.", hints=hints)
    find(clients[0], None, "client-kept", "Who has ended is in no look-up.")
    find(redis[0], None, "redis-kept", "The client is gone; what about its second descriptor?", "Delete from by_redis.")
    _end_without_redis(contexts.call, clients[3])
    newcomer = peers.new()
    contexts.call("arrive", newcomer, "a newcomer")
    find(newcomer, "a newcomer", "newcomer-not-found", "Who arrives in the batch in which others end is as good.")
    contexts.call("batch_is_done")
    _compare_closed(peers, ended=[clients[0], clients[3]], redis=redis[0], others=[*clients[1:3], newcomer, *redis[1:]])
    contexts.call("end", clients[1])
    contexts.call("batch_is_done")
    _compare_closed(peers, ended=[clients[1]], redis=redis[1], others=[clients[2], newcomer, redis[2]])


def _end_without_redis(call: Any, client: Fd) -> None:
    try:
        call("end", client)
    except Raised as raised:
        hints = [
            "A client may leave before it has asked for anything.",
            "`pop(key, None)`, and look at what you got before you close it.",
        ]
        raise Wrong("no-redis-raises", say=f"For a client that has no Redis: {raised.say}", hints=hints) from None


def _compare_closed(peers: Peers, ended: list[Fd], redis: Fd, others: list[Fd]) -> None:
    if any(peers.is_closed(fd) for fd in others):
        hints = ["Close those that have ended, and leave all others alone."]
        raise Wrong("closes-too-many", say="`batch_is_done` has closed somebody who is still here.", hints=hints)
    if not all(peers.is_closed(fd) for fd in ended):
        hints = ["Whoever is not closed keeps its number for ever: a leak.", "`sock.close()` for each that has ended."]
        raise Wrong("never-closes", say="After `batch_is_done` a client that has ended is still open.", hints=hints)
    if not peers.is_closed(redis):
        hints = ["Each client that ends has up to two sockets.", "Put the Redis socket among the finished, too."]
        raise Wrong("leaks-redis", say="After `batch_is_done` its connection to Redis is still open.", hints=hints)


# evidence

KINDS: Final = {  # what the trace says against each of the other kinds
    "never-read": (
        "all-is-read",
        "Follow a descriptor that is reported for IN: does it stay in the ready lists, or go when it was handled?",
    ),
    "hup-ignored": ("hup-is-handled", "There is one HUP. Look at the changes that were made in the same wait."),
    "not-forgotten": ("all-are-forgotten", "Every descriptor that was watched is forgotten, but for those that stay."),
    "stale-event": (
        "nobody-took-it",
        "There is an event for a client that has ended in the same batch. What was changed for it? Nothing.",
    ),
}


@task("evidence", seconds=10)
def check_evidence(answer: Answer) -> None:
    trace = recorded_trace()
    bad = [
        (wait.number, entry.fd)
        for wait in trace
        for entry in wait.ready
        if entry.step == "redis_replied" and "OUT" in entry.events
    ]
    number, fd = bad[0]
    mistake, yours, wait_number = (answer.value(name) for name in ("mistake", "descriptor", "wait_number"))
    if mistake != "write-kept":
        default = ("no-such-kind", "Choose one of the five words.")
        code, hint = KINDS.get(mistake, default) if isinstance(mistake, str) else default
        nudge = "One wait was handled for far longer than the others. What was ready in it?"
        raise Wrong(code, yours=mistake, expected="another kind", hints=[hint, nudge])
    _compare_descriptor(yours, fd, {e.fd: e.role for wait in trace for e in wait.ready})
    if wait_number == number:
        return
    if (wait_number, fd) in bad:
        code, hint = "not-the-first", "That is one of them. There is an earlier one."
    elif isinstance(wait_number, int) and any(e.fd == fd and e.events == "OUT" for e in _ready(trace, wait_number)):
        code = "connect-is-right"
        hint = "There OUT is what was asked for: it says that the connect is done. It should have been the last time."
    else:
        code, hint = (
            "another-wait",
            "Print the waits that have this descriptor ready, with its events and step.",
        )
    raise Wrong(code, yours=wait_number, expected="another wait", hints=[hint], say="Kind and descriptor are right.")


def _ready(trace: Any, number: int) -> Any:
    return next((wait.ready for wait in trace if wait.number == number), [])


def _compare_descriptor(yours: Any, fd: int, roles: dict[int, str]) -> None:
    if yours == fd:
        return
    if isinstance(yours, int) and roles.get(yours) == "client":
        code, hint = "a-client", "The server never waits to *write* to a client. Whom does it write to first?"
    else:
        code, hint = "a-sound-one", "For a sound one OUT is reported once, and `modify` to IN comes in the same wait."
    raise Wrong(code, yours=yours, expected="another descriptor", hints=[hint], say="The kind is right.")
