"""A loop that turns and does nothing, and one that does not turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from .. import layout
from ..waits import Waits
from .finding import BROKEN, IN, OUT, Finding, runs, who

AGAIN: Final = 50  # waits in a row with nothing done: a busy loop
EAGAIN: Final = 11


def busy_loops(trace: Waits) -> Iterator[Finding]:
    if trace.how == "edge":  # told once only
        return
    entries, start = trace.records.entries[trace.span], trace.span.start
    waits = np.searchsorted(trace.rows["first"], np.arange(len(entries)) + start, "right") - 1
    wanted = IN | OUT | BROKEN if trace.details else OUT | BROKEN
    ready = (entries["kind"] == layout.READY) & (entries["events"] & wanted > 0)
    if not trace.details:
        ready &= entries["events"] & IN == 0
    for fd, times in zip(*np.unique(entries["fd"][ready], return_counts=True), strict=True):
        if times < AGAIN:
            continue
        of_fd = entries["fd"] == fd
        something_done = (entries["kind"] != layout.READY) & (entries["kind"] < layout.TURN)
        something_done |= (entries["kind"] >= layout.FIRST_CALL) & (entries["events"] != layout.FAILED | EAGAIN)
        acted = np.unique(waits[of_fd & something_done])
        told = np.setdiff1d(waits[of_fd & ready], acted)
        for first, last in runs(told):
            if last - first + 1 >= AGAIN:
                yield _busy_loop(trace, int(fd), int(first), int(last))
                break


def _busy_loop(trace: Waits, fd: int, first: int, last: int) -> Finding:
    row = trace.rows[first]
    place = int(row["first"]) + next(
        i for i, e in enumerate(trace.records.entries[int(row["first"]) :]) if e["fd"] == fd and e["kind"] == 0
    )
    events = int(trace.records.entries["events"][place])
    seconds = float(trace.rows[last]["returned"] - row["returned"])
    first, last = first + trace.first, last + trace.first
    if events & BROKEN:
        ready, why = "hung up", "that is reported whatever was asked for, until it is closed or forgotten"
    elif events & OUT:
        ready, why = "writable", "the interest in writing was never taken back"
    else:
        ready, why = "readable", "nobody read"
    return Finding(
        "busy loop",
        f"Busy loop: {who(trace.records, fd, place)} was reported {ready} in {last - first + 1:,} waits in a row "
        f"({first} to {last}, {seconds * 1e3:,.0f} ms), and nothing was done about it: {why}.",
        (first, last),
        (fd,),
    )


def blocked_loops(trace: Waits, blocked: float) -> Iterator[Finding]:
    """Those that took long for each of their events: a long list may well take long."""
    rows = trace.rows
    handling = np.array(trace.handling)
    if trace.now is not None and np.isnan(handling[-1]):
        handling[-1] = trace.now - rows["returned"][-1]
    long = np.flatnonzero(np.nan_to_num(handling) / np.maximum(rows["ready"], 1) > blocked)
    worst = long[np.argsort(-handling[long], kind="stable")]
    for at in worst:
        wait = trace[int(at)]
        who = ", ".join(f"fd {e.fd} ({' '.join(w for w in (e.role, e.peer) if w)})" for e in wait.ready[:3])
        calls = sorted((call for call in wait.calls if call.took), key=lambda call: -call.took)
        why = f" Of that, {calls[0].took * 1e3:,.0f} ms in {calls[0].name} of fd {calls[0].fd}." if calls else ""
        still = " and is not done yet" if wait.handling is None else ""
        yield Finding(
            "blocked",
            f"Blocked: what was ready in wait {wait.number} ({who or 'nothing'}) kept the loop for "
            f"{handling[at] * 1e3:,.0f} ms{still}.{why} Nobody else was served meanwhile.",
            (wait.number,),
            tuple(entry.fd for entry in wait.ready[:3]),
        )
