"""Clients who are not let in, and those who say nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from .. import layout
from ..history import lives_of
from ..waits import Waits
from .finding import ACCEPT, Finding, runs, who

AT_THE_DOOR: Final = 20  # waits in a row with the listener ready and nobody accepted
AT_ONCE: Final = 0.01  # seconds from one wait to the next
NO_DESCRIPTOR: Final = (23, 24)  # ENFILE, EMFILE


def accept_starvation(trace: Waits) -> Iterator[Finding]:
    entries = trace.records.entries
    is_listener = trace.records.role_is("listener")
    ready = trace.per_wait((entries["kind"] == layout.READY) & is_listener) > 0
    done = entries["kind"] == ACCEPT if trace.details else entries["kind"] == layout.WATCH
    done |= (entries["kind"] == layout.FORGET) & is_listener
    waiting = np.flatnonzero(ready & (trace.per_wait(done) == 0))
    for first, last, seconds in _at_the_door(trace, waiting):
        if trace.how != "edge":
            yield _about_the_door(
                trace,
                "accept starvation",
                f"Accept starvation: the listener was ready in {last - first + 1:,} waits in a row ({first} to {last}, "
                f"{seconds * 1e3:,.0f} ms), and nobody was accepted: new clients wait while others are served.",
                (first, last),
            )


def no_descriptors(trace: Waits) -> Iterator[Finding]:
    entries = trace.records.entries
    failed = [layout.FAILED | number for number in NO_DESCRIPTOR]
    waits = np.flatnonzero(trace.per_wait((entries["kind"] == ACCEPT) & np.isin(entries["events"], failed)))
    for first, last, seconds in _at_the_door(trace, waits):
        if seconds < (last - first) * AT_ONCE:
            yield _about_the_door(
                trace,
                "no descriptor",
                f"No descriptor: accept() failed for want of one in {last - first + 1:,} waits in a row ({first} to "
                f"{last}, {seconds * 1e3:,.0f} ms). Whoever knocks stays at the door, so the listener is ready again "
                "at once.",
                (first, last),
            )


def _at_the_door(trace: Waits, places: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Of the waits at these places, those that follow each other for long: the first number, the last, and the
    seconds from the one to the other."""
    for first, last in runs(places):
        if last - first + 1 >= AT_THE_DOOR:
            seconds = float(trace.rows["returned"][last] - trace.rows["returned"][first])
            yield int(first) + trace.first, int(last) + trace.first, seconds


def _about_the_door(trace: Waits, kind: str, text: str, waits: tuple[int, int]) -> Finding:
    return Finding(kind, text, waits, tuple({e.fd for e in trace.at(waits[0]).ready if e.role == "listener"}))


def silent_clients(trace: Waits, silent: float) -> Iterator[Finding]:
    """One sentence for all of them: who has been watched for so long without a single event."""
    records = trace.records
    end = trace.now or float(np.max(trace.rows["returned"]))
    last_heard: dict[int, int] = {}
    entries = records.entries[: trace.span.stop]
    mine = np.flatnonzero((entries["kind"] <= layout.FORGET) & records.role_is("client")[: trace.span.stop])
    for place, kind in zip(mine.tolist(), entries["kind"][mine].tolist(), strict=True):
        fd = int(entries["fd"][place])
        if kind == layout.FORGET:
            last_heard.pop(fd, None)
        elif kind != layout.MODIFY:
            last_heard[fd] = place
    quiet = []
    for fd, place in last_heard.items():
        at = records.wait_of(place) - records.first_wait
        since = end - float(records.waits["returned"][max(at, 0)])
        if since >= silent:
            quiet.append((since, fd, place))
    if quiet:
        since, fd, place = max(quiet)
        number = "One client has" if len(quiet) == 1 else f"{len(quiet):,} clients have"
        longest = lives_of(trace, fd)[-1:]
        yield Finding(
            "silent client",
            f"Silent: {number} said nothing for {silent:g} s or more. The longest is {who(records, fd, place)}, "
            f"silent for {since:,.1f} s. Each of them holds a descriptor.",
            tuple(life.born for life in longest if life.born is not None and life.born >= 0),
            tuple(sorted(fd for _, fd, _ in quiet)),
        )
