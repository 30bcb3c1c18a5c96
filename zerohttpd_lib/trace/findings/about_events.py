"""An event that is told once only and not made full use of, and one that is given to the wrong one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import layout
from ..waits import Waits
from .finding import ACCEPT, EDGE, IN, RECEIVE, Finding, who


def not_drained(trace: Waits) -> Iterator[Finding]:
    if not trace.details:
        return
    records, entries, start = trace.records, trace.records.entries, trace.span.start
    stop = trace.span.stop if trace.rows["done"][-1] else int(trace.rows["first"][-1])
    part = entries[start:stop]
    watched = (entries["kind"] == layout.WATCH) & (entries["events"] & EDGE > 0)
    fds = np.unique(part["fd"][part["kind"] == layout.READY])
    if trace.how != "edge":
        fds = np.intersect1d(fds, entries["fd"][watched])
    order = np.argsort(part["fd"], kind="stable")
    sorted_fds = part["fd"][order]
    for fd in fds:
        mine = order[slice(*np.searchsorted(sorted_fds, [fd, fd + 1]))]
        last = _left_over(part[mine])
        if last is not None:
            place = start + int(mine[last])
            wait = records.wait_of(place)
            yield Finding(
                "not drained",
                f"Not drained: {who(records, int(fd), place)} was reported readable in wait {wait}, but it was not "
                "read until EAGAIN. It is edge-triggered: for what was left it will not be reported again.",
                (wait,),
                (int(fd),),
            )


def _left_over(rows: np.ndarray) -> int | None:
    """Of one descriptor: which of its entries reported the input that nobody has taken to its end?"""
    told: int | None = None
    for number, (_, value, kind, _, _) in enumerate(rows.tolist()):
        if kind == layout.READY and value & IN:
            told = number
        elif kind in (layout.WATCH, layout.FORGET) or _drains(kind, value):
            told = None
    return told


def _drains(kind: int, value: int) -> bool:
    """A call after which nothing is left: it failed (EAGAIN), met the end, or got less than it asked for."""
    if kind == ACCEPT:
        return bool(value & layout.FAILED)
    return kind == RECEIVE and (bool(value & layout.FAILED) or not value & layout.FULL)


def stale_events(trace: Waits) -> Iterator[Finding]:
    """Only waits in which a number on the ready list was both forgotten and watched again are looked at."""
    if not trace.details:
        return
    kind = trace.records.entries["kind"]
    both = (trace.per_wait(kind == layout.FORGET) > 0) & (trace.per_wait(kind == layout.WATCH) > 0)
    for at in np.flatnonzero(both):
        wait = trace[int(at)]
        gone: set[int] = set()
        new: dict[int, str] = {}
        for turn in wait.turns:
            if turn.entry.fd in new and turn.done:
                yield Finding(
                    "stale event",
                    f"Stale event: in wait {wait.number} fd {turn.entry.fd} ({turn.entry.role} {turn.entry.peer}) was "
                    f"reported ({turn.entry.events}), and was closed before its turn came. Its number went to a "
                    f"newcomer ({new[turn.entry.fd]}), who was given the event.",
                    (wait.number,),
                    (turn.entry.fd,),
                )
            for each in turn.done:
                if getattr(each, "kind", "") == "forget":
                    gone.add(each.fd)
                elif getattr(each, "kind", "") == "watch" and each.fd in gone:
                    new[each.fd] = f"{each.role} {each.peer}".strip()
