"""The interest list twice: as the kernel has it, and as the program believes it to be."""

from __future__ import annotations

import html
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import ipywidgets as widgets
import numpy as np

from ..kernel.events import event_names
from ..kernel.interest import Interest, interest_list
from ..lab.server import Server
from ..trace import layout
from ..trace.reader import Trace
from .chart import Chart, picture_of
from .panel import Panel, button, table, told_in_words
from .picture import COLOURS, INK, LOCK, Picture
from .wait_table import CTL, role_of

SHOWN: Final = 16  # rows of each table
NOT_RECORDED: Final = "not recorded"
LOOK_EVERY: Final = 1.0  # seconds, when it looks by itself: the server is stopped while it is looked at
WATCHED_HOW: Final = {"poll": "in the array of the program", "unknown": "by the program"}


@dataclass(frozen=True)
class Own:
    """One descriptor as the program told it: what it asked for last."""

    fd: int
    events: str
    role: str
    peer: str


def own_list(trace: Trace) -> dict[int, Own]:
    """What the program has watched and not forgotten at the end of the trace, as far as it was recorded."""
    records = trace.records
    entries = records.entries
    began_with: Any = [] if records.listed is None else records.listed
    changes = np.flatnonzero((entries["kind"] >= layout.WATCH) & (entries["kind"] <= layout.FORGET))
    newest = dict(zip(entries["fd"][changes].tolist(), changes.tolist(), strict=True))
    own = {}
    for row in began_with:
        if (fd := int(row["fd"])) not in newest:
            own[fd] = Own(fd, event_names(int(row["events"])), records.names[row["role"]], records.peer_at(fd, -1))
    for fd, place in newest.items():
        row = entries[place]
        if row["kind"] != layout.FORGET:
            role = records.names[row["role"]]
            own[fd] = Own(fd, event_names(int(row["events"])), role, records.peer_at(fd, place))
    return dict(sorted(own.items()))


def both_lists(server: Server) -> tuple[dict[int, Interest] | None, Trace]:
    """The kernel's list (None: it keeps none) and the trace, both of one moment: the server stands still."""
    kernel = None
    server.check_alive()
    with server.frozen() as pids:
        trace = server.trace
        for pid in pids:
            with suppress(ProcessLookupError, FileNotFoundError):
                if (found := interest_list(pid, server.address[1], server.redis_address[1])) is not None:
                    kernel = {interest.fd: interest for interest in found}
                    break
    return kernel, trace


class InterestPanel(Panel):
    """See `interest_panel`. `kernel` and `own` are the lists as last looked at, by descriptor."""

    name = "interest list"

    def __init__(self, server: Server | None, kernel: dict[int, Interest] | None, trace: Trace) -> None:
        super().__init__()
        self.server, self.kernel, self.trace = server, kernel, trace
        self.own = own_list(trace)
        self._looked = monotonic()
        self._lists, self._log = widgets.HTML(), widgets.HTML()
        self.look = button("Look now", "Stop the server for a moment, and read both lists", self._look)
        self.always = widgets.Checkbox(value=False, description="Look every second", indent=False)
        self.always.observe(lambda _: self.begin_updates() if self.always.value else None, "value")
        controls = [widgets.HBox([self.look, self.always])] if server is not None else []
        self.box.children = [*controls, self._message, self._lists, self._log]
        self._draw_lists()

    @told_in_words
    def _look(self) -> None:
        if self.server is not None:
            kernel, trace = both_lists(self.server)
            with LOCK:
                self.kernel, self.trace, self.own = kernel, trace, own_list(trace)
                self._looked = monotonic()
                self._draw_lists()
                if not self.always.value:
                    self.keep_still()

    def draw(self) -> bool:
        if monotonic() > self._looked + LOOK_EVERY:
            self._looked = monotonic()
            self._look()
        return self.always.value and self.problem is None

    def _draw_lists(self) -> None:
        words = self.words()
        rows = self.rows()
        shown = (
            rows
            if len(rows) <= SHOWN
            else [*rows[: SHOWN - 4], ["…", "", f"and {len(rows) - SHOWN + 1:,} more", "", "", ""], *rows[-3:]]
        )
        head = ["fd", "the kernel watches for", "the program asked for", "whose", "other end", "do they agree?"]
        self._lists.value = (
            f"<div style='color:{INK};background:#fff;line-height:1.5'><p style='margin:4px 0'>{html.escape(words)}</p>"
            f"{table(head, shown, left=6)}</div>"
        )
        self._log.value = self._changes()

    def words(self) -> str:
        """What the two lists come to, in a sentence or two."""
        if self.kernel is None:
            return (
                f"The kernel keeps no list for this server. The {len(self.own):,} descriptors below are those that "
                "the program has in its own memory."
            )
        verdicts = [self._verdict(fd) for fd in {*self.kernel, *self.own}]
        differ, unknown = sum("alone" in verdict for verdict in verdicts), verdicts.count(NOT_RECORDED)
        agree = f"They differ in {differ:,}." if differ else "They agree."
        if unknown:
            agree = f"Of {unknown:,} it was not recorded when they were watched." + (f" {agree}" if differ else "")
        return f"On the kernel's list: {len(self.kernel):,}. The program believes: {len(self.own):,}. {agree}"

    def rows(self) -> list[list[str]]:
        kernel = self.kernel or {}
        rows = []
        for fd in sorted({*kernel, *self.own}):
            theirs, ours = kernel.get(fd), self.own.get(fd)
            role = theirs.role if theirs else ours.role if ours else ""
            peer = (theirs.peer if theirs else "") or (ours.peer if ours else "")
            asked = ours.events if ours else "–"
            rows.append(
                [str(fd), theirs.events if theirs else "–", asked, role_of(role), peer or "–", self._verdict(fd)]
            )
        return rows

    def _verdict(self, fd: int) -> str:
        if self.kernel is None:
            return "the program alone has a list"
        theirs, ours = self.kernel.get(fd), self.own.get(fd)
        if theirs is None:
            return "⚠ the program alone"
        if ours is None:
            return NOT_RECORDED if self.trace.records.listed is None else "⚠ the kernel alone"
        asked, watched = set(ours.events.split("|")), set(theirs.events.split("|"))
        if self.trace.how == "edge" and "ET" in watched:  # its poller always asks for more: see servers/pollers.py
            watched &= asked
        return "yes" if watched == asked else "⚠ other events"

    def _changes(self) -> str:
        """The newest calls of epoll_ctl, each with what it changed."""
        records = self.trace.records
        entries = records.entries
        places = np.flatnonzero((entries["kind"] >= layout.WATCH) & (entries["kind"] <= layout.FORGET))
        before: dict[int, str] = {}
        rows = []
        for place in places[-2000:].tolist():
            row = entries[place]
            fd, kind = int(row["fd"]), layout.KINDS[row["kind"]]
            events = "" if kind == "forget" else event_names(int(row["events"]))
            was, now = before.get(fd, "not on the list" if kind == "watch" else "?"), events or "not on the list"
            before[fd] = now
            wait = records.wait_of(place)
            at = "before the first wait" if wait < 0 else f"{wait:,}"
            call = kind if self.trace.how == "poll" else CTL[kind]
            rows.append([at, f"{call} fd {fd}", role_of(records.names[row["role"]]), f"{was} → <b>{now}</b>"])
        title = f"The newest changes, of {len(places):,} that were recorded; the newest is at the bottom"
        return table(
            ["while handling wait", "call", "whose", "what it changed: events asked for"], rows[-SHOWN:], title, 4
        )

    def picture(self) -> Picture:
        kernel = self.kernel or {}
        roles = sorted({i.role for i in kernel.values()} | {o.role for o in self.own.values()})
        chart = Chart("Descriptors on the interest list, by role", "descriptors", "", height=110 + 34 * len(roles),
                      y_names={float(n): role for n, role in enumerate(roles)}, y_range=(-0.7, len(roles) - 0.3),
                      whole="x")  # fmt: skip
        most = max([1, *(sum(i.role == role for i in kernel.values()) for role in roles), len(self.own)])
        chart._x_range = (0.0, most * 1.1)
        for n, role in enumerate(roles):
            counts = [sum(i.role == role for i in kernel.values()), sum(o.role == role for o in self.own.values())]
            for count, shift, who in ((counts[0], 0.16, "kernel"), (counts[1], -0.16, "program")):
                style = "-" if who == "kernel" else ":"
                if who == "program" or self.kernel is not None:
                    colour = COLOURS.get(role, INK)
                    chart.add([0, count], [n + shift] * 2, colour, f"{who}: {count:,}", style, 4.0)
        return picture_of([chart], self.words())


def interest_panel(server: Server) -> InterestPanel:
    """The kernel's interest list of a running server beside what the program believes it to be. Raises LabError."""
    return InterestPanel(server, *both_lists(server))
