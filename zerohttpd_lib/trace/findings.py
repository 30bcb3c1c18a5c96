"""What looks wrong in a trace, in plain words, each with its evidence.

    busy loop           ready again and again, and nothing is done about it: a write interest that is
                        never taken back (a socket is nearly always writable), input never read, or a
                        hang-up never answered by close()
    not drained         edge-triggered: told once about input, left some of it in the kernel, and so
                        will not be told again
    blocked             one event kept the loop, and with it everybody else, from going on
    stale event         an event of a descriptor that was closed earlier in the same batch is given to
                        whoever has its number now
    accept starvation   clients wait at the door while the server does other things
    no descriptor       accept() fails for want of a descriptor, and is called again at once
    silent client       one that holds a descriptor and says nothing

Of a trace without details the first can be told for output and hang-ups alone; "not drained", "stale event"
and "no descriptor" cannot be told at all: they show in what was called, and in whose turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from . import layout
from .history import lives_of
from .records import Records
from .waits import Waits

AGAIN: Final = 50  # waits in a row with nothing done: a busy loop
AT_THE_DOOR: Final = 20  # waits in a row with the listener ready and nobody accepted
AT_ONCE: Final = 0.01  # seconds from one wait to the next
IN, OUT, BROKEN, EDGE = 0x1, 0x4, 0x18, 1 << 31
RECEIVE: Final = layout.FIRST_CALL + layout.CALLS.index("receive")
ACCEPT: Final = layout.FIRST_CALL + layout.CALLS.index("accept")
SEND: Final = layout.FIRST_CALL + layout.CALLS.index("send")
EAGAIN: Final = 11
NO_DESCRIPTOR: Final = (23, 24)  # ENFILE, EMFILE
MOST: Final = 20  # of one kind: more would say no more


@dataclass(frozen=True)
class Finding:
    """Something that looks wrong: what kind of thing, a sentence with the evidence, and where to look."""

    kind: str
    text: str
    waits: tuple[int, ...] = ()  # numbers; the first is the one to look at
    fds: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.text


def find_all(trace: Waits, blocked: float, silent: float) -> list[Finding]:
    """All of them, by kind. `blocked` and `silent`: seconds that are too long."""
    if not len(trace):
        return []
    kinds = (
        busy_loops(trace),
        not_drained(trace),
        blocked_loops(trace, blocked),
        stale_events(trace),
        accept_starvation(trace),
        no_descriptors(trace),
        silent_clients(trace, silent),
    )
    return [finding for kind in kinds for _, finding in zip(range(MOST), kind, strict=False)]


def _who(records: Records, fd: int, place: int) -> str:
    role = records.names[records.entries["role"][place]]
    peer = records.peer_at(fd, place)
    return f"fd {fd} ({role}{' ' * bool(peer)}{peer})"


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
        for first, last in _runs(told):
            if last - first + 1 >= AGAIN:
                yield _busy_loop(trace, int(fd), int(first), int(last))
                break


def _runs(numbers: np.ndarray) -> Iterator[tuple[int, int]]:
    """The first and the last of each stretch of numbers without a gap."""
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
        if len(run):
            yield run[0], run[-1]


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
        f"Busy loop: {_who(trace.records, fd, place)} was reported {ready} in {last - first + 1:,} waits in a row "
        f"({first} to {last}, {seconds * 1e3:,.0f} ms), and nothing was done about it: {why}.",
        (first, last),
        (fd,),
    )


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
                f"Not drained: {_who(records, int(fd), place)} was reported readable in wait {wait}, but it was not "
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


def accept_starvation(trace: Waits) -> Iterator[Finding]:
    entries = trace.records.entries
    is_listener = trace.records.role_is("listener")
    ready = trace.per_wait((entries["kind"] == layout.READY) & is_listener) > 0
    done = entries["kind"] == ACCEPT if trace.details else entries["kind"] == layout.WATCH
    done |= (entries["kind"] == layout.FORGET) & is_listener
    waiting = np.flatnonzero(ready & (trace.per_wait(done) == 0))
    for first, last in _runs(waiting):
        if last - first + 1 >= AT_THE_DOOR and trace.how != "edge":
            seconds = float(trace.rows["returned"][last] - trace.rows["returned"][first])
            a, b = int(first) + trace.first, int(last) + trace.first
            yield Finding(
                "accept starvation",
                f"Accept starvation: the listener was ready in {b - a + 1:,} waits in a row ({a} to {b}, "
                f"{seconds * 1e3:,.0f} ms), and nobody was accepted: new clients wait while others are served.",
                (a, b),
                tuple({e.fd for e in trace.at(a).ready if e.role == "listener"}),
            )


def no_descriptors(trace: Waits) -> Iterator[Finding]:
    entries = trace.records.entries
    failed = [layout.FAILED | number for number in NO_DESCRIPTOR]
    waits = np.flatnonzero(trace.per_wait((entries["kind"] == ACCEPT) & np.isin(entries["events"], failed)))
    for first, last in _runs(waits):
        seconds = float(trace.rows["returned"][last] - trace.rows["returned"][first])
        if last - first + 1 >= AT_THE_DOOR and seconds < (last - first) * AT_ONCE:
            a, b = int(first) + trace.first, int(last) + trace.first
            yield Finding(
                "no descriptor",
                f"No descriptor: accept() failed for want of one in {b - a + 1:,} waits in a row ({a} to {b}, "
                f"{seconds * 1e3:,.0f} ms). Whoever knocks stays at the door, so the listener is ready again at once.",
                (a, b),
                tuple({e.fd for e in trace.at(a).ready if e.role == "listener"}),
            )


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
            f"Silent: {number} said nothing for {silent:g} s or more. The longest is {_who(records, fd, place)}, "
            f"silent for {since:,.1f} s. Each of them holds a descriptor.",
            tuple(life.born for life in longest if life.born is not None and life.born >= 0),
            tuple(sorted(fd for _, fd, _ in quiet)),
        )
