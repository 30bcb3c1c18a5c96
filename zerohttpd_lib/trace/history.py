"""The lives of a descriptor number: the kernel gives a number that is closed to the next one."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from . import layout
from .waits import Waits

MOST: Final = 1000  # lives of one number


@dataclass(frozen=True)
class Life:
    """What a descriptor number stood for, from the wait in which it was watched to that in which it was forgotten."""

    fd: int
    role: str
    peer: str  # HOST:PORT at the other end; "" where nobody is
    born: int | None  # number of a wait; -1: before the first of all; None: before the oldest recorded
    died: int | None  # None: it is watched still
    reused: int | None = None  # the wait in which the number was given to another
    waits_ready: list[int] = field(default_factory=list)  # the waits in which it was ready

    def __str__(self) -> str:
        who = " ".join(word for word in (self.role, self.peer) if word)
        verb = "accepted" if self.role == "client" else "watched"
        born = "before the oldest wait recorded" if self.born is None else f"in wait {self.born}"
        said = [f"{verb} {'before the first wait' if self.born == -1 else born}"]
        end = "closed" if self.role == "client" else "forgotten"
        said.append("watched still" if self.died is None else f"{end} in wait {self.died}")
        if self.reused is not None:
            said.append(f"reused in wait {self.reused}")
        return f"fd {self.fd}: {who}, {', '.join(said)}"

    __repr__ = __str__


def lives_of(trace: Waits, fd: int) -> list[Life]:
    """The lives of `fd` that fall into these waits, the oldest first; of very many, the newest."""
    records = trace.records
    entries = records.entries
    bounds = records.bounds_of(fd)
    is_watch = entries["kind"][bounds] == layout.WATCH
    starts, ends = bounds[is_watch].tolist(), bounds[~is_watch]
    ready = np.flatnonzero((entries["fd"] == fd) & (entries["kind"] == layout.READY))
    if (len(ready) and (not len(bounds) or ready[0] < bounds[0])) or (len(bounds) and not is_watch[0]):
        starts.insert(0, -1)  # it was there before our first entry
    elif not starts and _in_table(trace, fd):
        starts = [-1]  # and nothing has happened to it since
    waits = records.first_wait + np.searchsorted(records.waits["first"], ready, "right") - 1
    found = []
    for start, following in pairwise([*starts, len(entries)][-MOST - 1 :]):
        at = int(np.searchsorted(ends, start, "right"))
        end = int(ends[at]) if at < len(ends) and ends[at] < following else None
        mine = slice(*np.searchsorted(ready, [start + 1, following if end is None else end]).tolist())
        known = start if start >= 0 else int(ready[mine][0]) if len(ready[mine]) else end
        role = records.names[entries["role"][known] if known is not None else records.lives[fd]["role"]]
        born = records.wait_of(start) if start >= 0 else _born_before(trace, fd, len(bounds) > 0)
        died = None if end is None else records.wait_of(end)
        reused = records.wait_of(following) if following < len(entries) else None
        peer = records.peer_at(fd, known or 0)
        found.append(Life(fd, role, peer, born, died, reused, sorted(set(waits[mine].tolist()))))
    return [life for life in found if _touches(life, trace)]


def _born_before(trace: Waits, fd: int, has_bounds: bool) -> int | None:
    """Whoever is watched still stands in the table of descriptors."""
    return None if has_bounds or not _in_table(trace, fd) else int(trace.records.lives[fd]["born"]) - 2


def _in_table(trace: Waits, fd: int) -> bool:
    lives = trace.records.lives
    return 0 <= fd < len(lives) and bool(lives[fd]["born"])


def _touches(life: Life, trace: Waits) -> bool:
    born = -1 if life.born is None else life.born
    return born < trace.end and (life.died is None or life.died >= trace.first)
