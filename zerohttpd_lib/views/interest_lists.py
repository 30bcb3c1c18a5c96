"""The interest list twice, as tables and in words: as the kernel has it, and as the program believes it to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..kernel.events import event_names
from ..kernel.interest import Interest
from ..trace import layout
from ..trace.reader import Trace

CTL: Final = {"watch": "epoll_ctl ADD", "modify": "epoll_ctl MOD", "forget": "epoll_ctl DEL"}
HEAD: Final = ("fd", "the kernel watches for", "the program asked for", "whose", "other end", "do they agree?")
HEAD_OF_ITS_OWN: Final = ("fd", "the kernel keeps", "is handed over, for", "whose", "other end", "whose list is it?")
SHOWN: Final = 16  # changes, the newest
NOT_RECORDED: Final = "not recorded"


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


class InterestLists:
    """Both lists of one moment, by descriptor. `kernel`: None where the kernel keeps none, or where its list was not
    recorded; `is_live`: the server was there to be asked, so that it is the former."""

    def __init__(self, kernel: dict[int, Interest] | None, trace: Trace, *, is_live: bool) -> None:
        self.kernel, self.trace, self.own = kernel, trace, own_list(trace)
        self.keeps_its_own = kernel is None and (is_live or trace.how == "poll")  # poll() is handed it with each call

    def shown(self) -> dict[str, Any]:
        """What web/lists.js takes."""
        changes, title = self.changes()
        head = list(HEAD_OF_ITS_OWN if self.keeps_its_own else HEAD)
        return {"words": self.words(), "head": head, "rows": self.rows(), "changes": changes, "title": title}

    def words(self) -> str:
        """What the two lists come to, in a sentence or two."""
        if self.kernel is None:
            whose = (
                "The kernel keeps no list for this server, which hands over its own with each call."
                if self.keeps_its_own
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
            watched = theirs.events if theirs else "nothing" if self.keeps_its_own else "–"
            rows.append([str(fd), watched, asked, role, peer or "–", self._verdict(fd)])
        return rows

    def _verdict(self, fd: int) -> str:
        if self.kernel is None:
            return "the program's" if self.keeps_its_own else NOT_RECORDED
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
