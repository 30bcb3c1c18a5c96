"""Checks of exercise 05: what is reported for a closed descriptor, two look-ups, a trace, and the port."""

from __future__ import annotations

import re
import select
import socket
from typing import Any, Final

from ...kernel.events import event_names
from ..recorded import recorded_trace
from . import Answer, Wrong, ch05_contexts, ch05_port, task
from .filled_in import expect_dict, expect_filled_in, expect_number, letter

__all__ = ["ch05_contexts", "ch05_port"]  # each registers tasks of its own

# closed


def measured_reports() -> dict[int, str]:
    """What this kernel reports in the cases of the task."""
    return {
        1: _report(select.poll()),
        2: _report(select.epoll()),
        3: _report(select.epoll(), copied=True),
        4: _report(select.epoll(), copied=True, forgotten=True),
        5: _report(select.epoll(), copied=True, leaves=True),
        6: _report(select.epoll(), copied=True, copy_closed=True),
    }


def _report(
    waiter: Any, *, copied: bool = False, forgotten: bool = False, leaves: bool = False, copy_closed: bool = False
) -> str:
    ours, theirs = socket.socketpair()
    copy = ours.dup() if copied else None
    waiter.register(ours, select.POLLIN)
    theirs.send(b"hello")
    if forgotten:
        waiter.unregister(ours)
    ours.close()
    if leaves:
        theirs.close()
    if copy is not None and copy_closed:
        copy.close()
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
    5: (
        "leaving-is-not-seen",
        "The entry is there as in 3, and it goes on telling what happens to the connection.",
        "What has come can be read still; and that both directions are shut is told unasked.",
    ),
    6: (
        "last-copy-is-missed",
        "How many descriptors refer to the connection by now?",
        "Once nobody has it open any more, no interest list has it either.",
    ),
}


@task("closed", seconds=15)
def check_closed(answer: Answer) -> None:
    because = answer.value("because")
    reported = expect_dict("reported", answer.value("reported"), CLOSED)
    for case, expected in measured_reports().items():
        yours = reported[case]
        if _words(yours) != _words(expected):
            code, *hints = CLOSED[case]
            # What it is instead is for the learner to find: a measured answer would end the exercise.
            raise Wrong(code, yours=yours, expected="something else", hints=hints, say=f"Case {case} is not right.")
    expect_filled_in("because", because)
    if letter(because) != "b":
        hints = [
            "In case 3 the number that was registered means nothing any more, and the copy has another one.",
            "man 7 epoll, questions and answers: does closing a descriptor take it off all interest lists?",
        ]
        raise Wrong("wrong-reason", yours=because, expected="another reason", hints=hints, say="The events are right.")


def _words(yours: Any) -> set[str]:
    """The names of the events; POLLIN, EPOLLIN and their number are IN, and "" is nothing."""
    text = event_names(yours) if isinstance(yours, int) else yours if isinstance(yours, str) else repr(yours)
    return set(re.sub("E?POLL| ", "", text.upper()).replace(",", "|").split("|")) - {"", "NOTHING", "NONE"}


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
    for name, value in (("mistake", mistake), ("descriptor", yours), ("wait_number", wait_number)):
        expect_filled_in(name, value)
    if mistake != "write-kept":
        default = ("no-such-kind", "Choose one of the five words.")
        code, hint = KINDS.get(mistake, default) if isinstance(mistake, str) else default
        nudge = "One wait was handled for far longer than the others. What was ready in it?"
        raise Wrong(code, yours=mistake, expected="another kind", hints=[hint, nudge])
    for name, value in (("descriptor", yours), ("wait_number", wait_number)):
        expect_number(name, value)
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
