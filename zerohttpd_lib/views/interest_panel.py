"""The interest list twice: as the kernel has it, and as the program believes it to be."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import numpy as np
import traitlets

from ..kernel.events import event_names
from ..kernel.interest import Interest, interest_list
from ..lab.errors import LabError
from ..lab.server import Server
from ..trace import layout
from ..trace.reader import Trace
from .component import Component, component
from .picture import COLOURS, INK, LOCK, Picture, new_figure
from .sampler import SAMPLER

CTL: Final = {"watch": "epoll_ctl ADD", "modify": "epoll_ctl MOD", "forget": "epoll_ctl DEL"}
HEAD: Final = ("fd", "the kernel watches for", "the program asked for", "whose", "other end", "do they agree?")
HEAD_OF_ITS_OWN: Final = ("fd", "the kernel keeps", "is handed over, for", "whose", "other end", "whose list is it?")
SHOWN: Final = 16  # changes, the newest
NOT_RECORDED: Final = "not recorded"
MOMENTS: Final = 5  # at most, to find one in which a server is through with its ready list
LOOK_EVERY: Final = 1.0  # seconds, when it looks by itself: the server is stopped while it is looked at


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
    """The kernel's list (None: it keeps none) and the trace, both of one moment: the server stands still.

    What a server does with a ready list is written down when it is done with it. So it is looked at again, if it
    stands in the middle of one, but not for ever: a busy server is hardly ever anywhere else.
    """
    server.check_alive()
    for _ in range(MOMENTS):
        with server.frozen() as pids:
            trace = server.trace
            kernel = _kernels_list(server, pids)
        if not len(trace) or trace[-1].handling is not None:
            break
    return kernel, trace


def _kernels_list(server: Server, pids: list[int]) -> dict[int, Interest] | None:
    for pid in pids:
        with suppress(ProcessLookupError, FileNotFoundError):
            if (found := interest_list(pid, server.address[1], server.redis_address[1])) is not None:
                return {interest.fd: interest for interest in found}
    return None


class InterestPanel(Component):
    """See `interest_panel`. `kernel` and `own` are the lists as last looked at, by descriptor."""

    _esm = component("interest")
    shown = ("lists", "is_live", "always", "trouble")
    lists: Any = traitlets.Dict().tag(sync=True)
    is_live: Any = traitlets.Bool().tag(sync=True)
    always: Any = traitlets.Bool(False).tag(sync=True)
    trouble: Any = traitlets.Unicode().tag(sync=True)

    def __init__(self, server: Server | None, kernel: dict[int, Interest] | None, trace: Trace) -> None:
        self.server = server
        self._hold(kernel, trace)
        super().__init__(is_live=server is not None, lists=self._lists())
        self.on_msg(lambda _, message, __: self.look() if message.get("act") == "look" else None)
        self.observe(lambda change: SAMPLER.add(self) if change["new"] else None, "always")

    def _hold(self, kernel: dict[int, Interest] | None, trace: Trace) -> None:
        self.kernel, self.trace, self.own = kernel, trace, own_list(trace)
        self._looked = monotonic()

    @property
    def _keeps_its_own(self) -> bool:
        """The program's list is the only one: poll() is handed it anew with each call."""
        return self.kernel is None and (self.server is not None or self.trace.how == "poll")

    def look(self) -> None:
        """Read both lists once more. What goes wrong is said in the panel."""
        if self.server is None:
            return
        try:
            found = both_lists(self.server)
        except LabError as problem:
            self.trouble, self.always = str(problem), False
            return
        with LOCK:
            self._hold(*found)
            self.trouble, self.lists = "", self._lists()

    def refresh(self) -> bool:
        """Called by the sampler. Returns whether there is more to come."""
        if self.always and monotonic() > self._looked + LOOK_EVERY:
            self.look()
        return bool(self.always)

    def close(self) -> None:
        """Look no more, and take it off the page. May be repeated."""
        self.always = False
        SAMPLER.remove(self)
        super().close()

    def _lists(self) -> dict[str, Any]:
        """What the component shows."""
        changes, title = self.changes()
        head = list(HEAD_OF_ITS_OWN if self._keeps_its_own else HEAD)
        return {"words": self.words(), "head": head, "rows": self.rows(), "changes": changes, "title": title}

    def words(self) -> str:
        """What the two lists come to, in a sentence or two."""
        if self.kernel is None:
            whose = (
                "The kernel keeps no list for this server, which hands over its own with each call."
                if self._keeps_its_own
                else "What the kernel had on its list was not recorded."
            )
            return f"{whose} On the program's list: {len(self.own):,}."
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
            watched = theirs.events if theirs else "nothing" if self._keeps_its_own else "–"
            rows.append([str(fd), watched, asked, role, peer or "–", self._verdict(fd)])
        return rows

    def _verdict(self, fd: int) -> str:
        if self.kernel is None:
            return "the program's" if self._keeps_its_own else NOT_RECORDED
        theirs, ours = self.kernel.get(fd), self.own.get(fd)
        if theirs is None:
            return "⚠ the program alone"
        if ours is None:
            return NOT_RECORDED if self.trace.records.listed is None else "⚠ the kernel alone"
        asked, watched = set(ours.events.split("|")), set(theirs.events.split("|"))
        if self.trace.how == "edge" and "ET" in watched:  # its poller always asks for more: see servers/pollers.py
            watched &= asked
        return "yes" if watched == asked else "⚠ other events"

    def changes(self) -> tuple[list[list[str]], str]:
        """The newest calls of epoll_ctl, each with what it changed, newest last; and what they are, in words."""
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
            rows.append([at, f"{call} fd {fd}", records.names[row["role"]], f"{was} → {now}"])
        title = f"The newest changes, of {len(places):,} that were recorded; the newest is at the bottom"
        return rows[-SHOWN:], title

    def picture(self) -> Picture:
        """How many of each role are on both lists."""
        lists: dict[str, list[Interest | Own]] = {"program": [*self.own.values()]}
        if self.kernel is not None:
            lists = {"kernel": [*self.kernel.values()], **lists}
        roles = sorted({each.role for members in lists.values() for each in members}, reverse=True)
        names = [(role, who) for role in roles for who in reversed(lists)]
        counts = [sum(each.role == role for each in lists[who]) for role, who in names]
        figure, ax = new_figure(9.0, 1.2 + 0.3 * len(names))
        bars = ax.barh([f"{role}: {who}" for role, who in names], counts, height=0.6,
                       color=[COLOURS.get(role, INK) for role, _ in names])  # fmt: skip
        ax.bar_label(bars, fmt="{:,.0f}", padding=4)
        ax.grid(visible=False)
        ax.margins(x=0.1)
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set_xlabel("descriptors")
        ax.set_title("How many descriptors are on the list?", loc="left", color=INK, fontsize=11)
        return Picture(figure, self.words())


def interest_panel(server: Server) -> InterestPanel:
    """The kernel's interest list of a running server beside what the program believes it to be. Raises LabError."""
    return InterestPanel(server, *both_lists(server))
