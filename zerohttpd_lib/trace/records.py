"""The records of a trace as numpy arrays, and how one entry becomes a plain value.

All the traces that are cut from one share its records.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import Any, Final

import numpy as np

from ..kernel.events import event_names
from . import layout
from .wait import THE_END, Call, Entry, Turn

WAIT: Final = np.dtype(
    [
        ("called", "<f8"), ("returned", "<f8"), ("done", "<f8"),
        ("watched", "<i4"), ("ready", "<i4"), ("first", "<i8"), ("entries", "<i8"),
    ]
)  # fmt: skip
ENTRY: Final = np.dtype([("fd", "<i4"), ("events", "<u4"), ("kind", "u1"), ("role", "u1"), ("step", "<u2")])
LIFE: Final = np.dtype([("born", "<i8"), ("host", "<u4"), ("port", "<u2"), ("role", "u1"), ("", "u1")])


def list_after(listed: np.ndarray, entries: np.ndarray) -> np.ndarray:
    """The interest list that was `listed` once, after what these entries changed."""
    kind = entries["kind"]
    changes: np.ndarray = np.concatenate([listed, entries[(kind >= layout.WATCH) & (kind <= layout.FORGET)]])
    changes["kind"][: len(listed)] = layout.WATCH
    marks = np.flatnonzero(changes["kind"] != layout.MODIFY)
    marks = marks[np.argsort(changes["fd"][marks], kind="stable")]  # those of one descriptor together, in order
    fds, kind = changes["fd"][marks], changes["kind"][marks]
    is_last, was_off = np.ones(len(marks), bool), np.ones(len(marks), bool)
    is_last[:-1] = fds[1:] != fds[:-1]
    was_off[1:] = is_last[:-1] | (kind[:-1] == layout.FORGET)
    began = np.maximum.accumulate(np.where((kind == layout.WATCH) & was_off, np.arange(len(marks)), 0))
    is_there = is_last & (kind == layout.WATCH)
    in_order = np.argsort(marks[began[is_there]])
    newest = dict(zip(changes["fd"].tolist(), range(len(changes)), strict=True))  # what it is watched for now
    return changes[[newest[fd] for fd in fds[is_there][in_order].tolist()]]  # type: ignore[no-any-return]


class Records:
    """Every wait and every entry that was found, and what is known about the descriptors.

    `listed` is the interest list from before the first of the entries: an ENTRY for each descriptor, in the
    order in which they were put on it; None, where older entries are lost.
    """

    def __init__(
        self,
        waits: np.ndarray,
        entries: np.ndarray,
        lives: np.ndarray,
        first_wait: int,
        about: dict[str, Any],
        listed: np.ndarray | None = None,
    ) -> None:
        self.waits = waits  # their `first` counts from the first of `entries`
        self.entries = entries
        self.lives = lives
        self.first_wait = first_wait
        self.listed = listed
        self.names: list[str] = about.get("names", [])
        self.how: str = about.get("how", "unknown")
        self.details: bool = about.get("details", False)
        self._began_with: dict[int, str] = {
            int(fd): peer for fd, peer in about.get("peers", {}).items()
        }  # of `listed`, as far as known

    def about(self) -> dict[str, Any]:
        return {"names": self.names, "how": self.how, "details": self.details}

    def role_is(self, role: str) -> Any:
        """For each entry, whether it is of this role."""
        if role not in self.names:
            return np.zeros(len(self.entries), dtype=bool)
        return self.entries["role"] == self.names.index(role)

    def wait_of(self, place: int) -> int:
        """The number of the wait to which the entry at `place` belongs; -1: before the first of all."""
        return self.first_wait + int(np.searchsorted(self.waits["first"], place, "right")) - 1

    def listed_at(self, place: int) -> np.ndarray | None:
        """The interest list from before the entry at `place`, as `listed` has it; None: it is not known."""
        return None if self.listed is None else list_after(self.listed, self.entries[:place])

    # Who was at the other end.

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Where descriptors are watched and forgotten: (descriptor, place), in that order."""
        kind = self.entries["kind"]
        places = np.flatnonzero((kind == layout.WATCH) | (kind == layout.FORGET))
        fds = self.entries["fd"][places]
        order = np.argsort(fds, kind="stable")
        return fds[order], places[order]

    def bounds_of(self, fd: int) -> Any:
        """The places where this descriptor is watched or forgotten, in order."""
        fds, places = self._bounds
        start, stop = np.searchsorted(fds, [fd, fd + 1])
        return places[start:stop]

    def peer_at(self, fd: int, place: int, before_it_is_watched: bool = False) -> str:
        """Who was at the other end of `fd` at that place: HOST:PORT, or ""."""
        bounds = self.bounds_of(fd)
        at = bisect_right(bounds, place) - 1
        if before_it_is_watched and at + 1 < len(bounds) and (at < 0 or not self._is_watch(bounds[at])):
            at += 1
        if at >= 0 and not self._is_watch(bounds[at]):
            at -= 1  # forgotten there: who was there until then
        if at >= 0 and self._is_watch(bounds[at]):
            return self._told_before(fd, int(bounds[at]))
        if at < 0 and fd in self._began_with:
            return str(self._began_with[fd])
        if at + 1 < len(bounds):  # it was there before our first entry, and we see it go
            told = self._told_before(fd, int(bounds[at + 1]))
            if told or any(self._is_watch(place) for place in bounds):
                return told
        if not 0 <= fd < len(self.lives):  # the table knows who was watched last
            return ""
        return _address(int(self.lives[fd]["host"]), int(self.lives[fd]["port"]))

    def _is_watch(self, place: int) -> bool:
        return bool(self.entries["kind"][place] == layout.WATCH)

    def _told_before(self, fd: int, place: int) -> str:
        entry = self.entries[place - 1] if place else None
        if entry is None or entry["kind"] != layout.PEER or entry["fd"] != fd:
            return ""
        return _address(int(entry["events"]), int(entry["step"]))

    # Plain values.

    def values(self, start: int, stop: int) -> tuple[list[Entry], list[Entry], list[Call], list[Turn]]:
        """The entries from `start` to `stop`: ready ones, changes, calls, and all of them by turns."""
        ready: list[Entry] = []
        changes: list[Entry] = []
        calls: list[Call] = []
        turns: list[Turn] = []
        took = 0.0
        rows = self.entries[start:stop].tolist()
        for place in range(stop - 1, start - 1, -1):  # backwards: how long a call took is said after it
            fd, number, kind, role, step = rows[place - start]
            if kind == layout.TOOK:
                took = number / 1e6
            elif kind >= layout.FIRST_CALL:
                calls.append(self._call(place, fd, number, kind, role, took))
                took = 0.0
            elif kind <= layout.FORGET:
                entry = Entry(
                    fd, event_names(number), self.names[role], self.names[step], layout.KINDS[kind],
                    self.peer_at(fd, place),
                )  # fmt: skip
                (changes if kind else ready).append(entry)
        for each in (ready, changes, calls):
            each.reverse()  # type: ignore[attr-defined]
        if self.details:
            turns = self._turns(rows, ready, changes, calls)
        return ready, changes, calls, turns

    def _call(self, place: int, fd: int, number: int, kind: int, role: int, took: float) -> Call:
        name = layout.CALLS[kind - layout.FIRST_CALL]
        problem = layout.error_name(number & 0xFFFF) if number & layout.FAILED else ""
        count = 0 if problem else number & ~layout.FULL
        peer = self.peer_at(fd, place, name not in ("close", "shut down"))
        return Call(fd, name, count, problem, bool(number & layout.FULL) and not problem, took, self.names[role], peer)

    def _turns(
        self, rows: list[tuple[int, ...]], ready: list[Entry], changes: list[Entry], calls: list[Call]
    ) -> list[Turn]:
        """Nothing when the server took the whole list before it did anything: then nobody knows."""
        turns: list[Turn] = []
        change, call = iter(changes), iter(calls)
        for _, number, kind, *_ in rows:
            if kind == layout.TURN:
                turns.append(Turn(ready[number] if number < len(ready) else THE_END))
            elif kind in (layout.WATCH, layout.MODIFY, layout.FORGET) or kind >= layout.FIRST_CALL:
                each = next(call) if kind >= layout.FIRST_CALL else next(change)
                if turns:
                    turns[-1].done.append(each)
        if turns and turns[-1].entry is THE_END:
            if len(turns) > 2 and turns[-1].done and not any(turn.done for turn in turns[:-1]):
                return []
            if not turns[-1].done:
                turns.pop()
        return turns


def _address(host: int, port: int) -> str:
    if not port:
        return ""
    return f"{'.'.join(str(byte) for byte in host.to_bytes(4, 'big'))}:{port}" if host else f"[::1]:{port}"


def parse_address(address: str) -> tuple[int, int]:
    """The other way round: host and port as numbers; (0, 0) for ""."""
    host, _, port = address.rpartition(":")
    parts = [] if host in ("", "[::1]") else [int(part) for part in host.split(".")]
    return int.from_bytes(bytes(parts), "big"), int(port or 0)
