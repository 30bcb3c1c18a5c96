"""Read a trace: a snapshot of what the recorder has written so far."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np

from . import layout

_WAIT = np.dtype(
    {
        "names": ["called", "returned", "done", "watched", "ready", "first", "entries"],
        "formats": ["<f8", "<f8", "<f8", "<i4", "<i4", "<i8", "<i4"],
        "itemsize": layout.WAIT.size,
    }
)
_ENTRY = np.dtype([("fd", "<i4"), ("events", "<u4"), ("kind", "u1"), ("role", "u1"), ("step", "<u2")])

# The bits are the same for poll and epoll on Linux (man 2 poll, man 2 epoll_ctl).
_EVENT_NAMES = {0x1: "IN", 0x2: "PRI", 0x4: "OUT", 0x8: "ERR", 0x10: "HUP", 0x20: "NVAL", 0x2000: "RDHUP"}
_FLAG_NAMES = {1 << 28: "EXCLUSIVE", 1 << 30: "ONESHOT", 1 << 31: "ET"}


def event_names(events: int) -> str:
    """Event bits as words: 0x11 is "IN|HUP"; no bit at all is "none"."""
    names = [name for bit, name in (_EVENT_NAMES | _FLAG_NAMES).items() if events & bit]
    return "|".join(names) or "none"


@dataclass(frozen=True)
class Entry:
    """One descriptor of a ready list (kind "ready"), or one change to the interest list
    (kind "watch", "modify" or "forget"), with its events by name."""

    fd: int
    events: str
    role: str  # "listener", "client", "redis", or what the server's describe() said
    step: str  # what the server was going to do next for it
    kind: str

    def __str__(self) -> str:
        return f"{self.kind:6} {self.fd:5}  {self.events:10} {self.role:9} {self.step}"


@dataclass(frozen=True)
class Wait:
    """One call of wait(): how many descriptors were watched, which were ready, how long it took."""

    number: int  # counted from the start of the server
    watched: int
    ready: list[Entry]
    changes: list[Entry]  # made to the interest list while the ready ones were handled
    waited: float  # seconds inside wait()
    handling: float | None  # seconds until the server came back to wait(); None: it has not yet

    @property
    def watched_after(self) -> int:
        """Descriptors watched once these changes were made: so many the next wait() is given."""
        kinds = [change.kind for change in self.changes]
        return self.watched + kinds.count("watch") - kinds.count("forget")

    def __str__(self) -> str:
        took = "not back yet" if self.handling is None else f"handled in {self.handling * 1e3:.3f} ms"
        head = f"wait {self.number}: {len(self.ready)} ready of {self.watched} watched, "
        head += f"waited {self.waited * 1e3:.3f} ms, {took}"
        return "\n".join([head, *_shortened(self.ready), *_shortened(self.changes)])

    __repr__ = __str__


def _shortened(entries: list[Entry], most: int = 10) -> list[str]:
    lines = [f"  {entry}" for entry in entries[:most]]
    return lines if len(entries) <= most else [*lines, f"  ... and {len(entries) - most:,} more"]


class Trace(Sequence[Wait]):
    """The waits that were recorded, oldest first; `len`, index and loop over them.

    The same as numpy arrays, one element a wait: `watched` and `ready` (descriptors), `waited`
    and `handling` (seconds; nan: not back yet), `times` (seconds since the first of them).
    `lost` counts older waits that the ring no longer holds.
    """

    def __init__(
        self, waits: np.ndarray, entries: np.ndarray, first_entry: int, names: list[str], first: int, lost: int
    ) -> None:
        self._waits = waits
        self._entries = entries
        self._first_entry = first_entry
        self._names = names
        self._first = first  # the number of the first wait
        self.lost = lost

    @property
    def watched(self) -> Any:
        return self._waits["watched"]

    @property
    def ready(self) -> Any:
        return self._waits["ready"]

    @property
    def waited(self) -> Any:
        return self._waits["returned"] - self._waits["called"]

    @property
    def handling(self) -> Any:
        done = self._waits["done"]
        return np.where(done > 0, done - self._waits["returned"], np.nan)

    @property
    def times(self) -> Any:
        called = self._waits["called"]
        return called - called[0] if len(called) else called

    @property
    def end(self) -> int:
        """The number that the next wait will have: a mark for `since`."""
        return self._first + len(self)

    def since(self, mark: int) -> Trace:
        """The waits from number `mark` on, as far as they are here."""
        return self[max(0, mark - self._first) :]

    def total(self, kind: str) -> int:
        """How many entries of these waits are of this kind: "ready", "watch", "modify" or "forget"."""
        return int(self._per_wait(self._entries["kind"] == layout.KINDS.index(kind)).sum())

    def ready_by_role(self, role: str) -> Any:
        """For each wait, how many descriptors of this role were in its ready list."""
        if role not in self._names:
            return np.zeros(len(self), dtype=int)
        is_ready = self._entries["kind"] == layout.READY
        return self._per_wait(is_ready & (self._entries["role"] == self._names.index(role)))

    def _per_wait(self, chosen: np.ndarray) -> Any:
        """For each wait, how many of its entries are among the chosen ones (True for each of all)."""
        before = np.concatenate([[0], np.cumsum(chosen)])
        first = self._waits["first"] - self._first_entry
        return before[first + self._waits["entries"]] - before[first]

    def __len__(self) -> int:
        return len(self._waits)

    @overload
    def __getitem__(self, index: int) -> Wait: ...
    @overload
    def __getitem__(self, index: slice) -> Trace: ...
    def __getitem__(self, index: int | slice) -> Wait | Trace:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                raise ValueError("a trace can be cut, but not thinned out: leave out the step")
            waits = self._waits[start:stop]
            return Trace(waits, self._entries, self._first_entry, self._names, self._first + start, self.lost)
        position = range(len(self))[index]
        row = self._waits[position]
        first = int(row["first"]) - self._first_entry
        entries = [self._entry(e) for e in self._entries[first : first + int(row["entries"])]]
        return Wait(
            number=self._first + position,
            watched=int(row["watched"]),
            ready=[entry for entry in entries if entry.kind == "ready"],
            changes=[entry for entry in entries if entry.kind != "ready"],
            waited=float(row["returned"] - row["called"]),
            handling=float(row["done"] - row["returned"]) if row["done"] else None,
        )

    def __iter__(self) -> Iterator[Wait]:
        return (self[i] for i in range(len(self)))

    def _entry(self, row: np.void) -> Entry:
        name = self._names
        events = event_names(int(row["events"]))
        return Entry(int(row["fd"]), events, name[row["role"]], name[row["step"]], layout.KINDS[row["kind"]])

    def __repr__(self) -> str:
        if not len(self):
            return "a trace with no wait in it yet"
        lost = f" ({self.lost:,} older ones lost)" if self.lost else ""
        return (
            f"a trace of {len(self):,} waits{lost}: "
            f"watched {self.watched.min():,} to {self.watched.max():,}, "
            f"ready {self.ready.min():,} to {self.ready.max():,}, mean {self.ready.mean():.2f}"
        )


class TraceFile:
    """A trace file, mapped into memory. It can be read long after the server and the file are gone."""

    def __init__(self, path: Path) -> None:
        with open(path, "rb") as file:
            self._memory = mmap.mmap(file.fileno(), layout.FILE_SIZE, prot=mmap.PROT_READ)

    def snapshot(self) -> Trace:
        """What is in the file now. The server may go on writing meanwhile."""
        magic, waits, entries = layout.HEADER.unpack_from(self._memory, 0)
        if magic != layout.MAGIC:
            raise ValueError("This file is not a trace.")
        all_waits = np.frombuffer(self._memory, _WAIT, layout.WAITS, layout.WAITS_AT)
        all_entries = np.frombuffer(self._memory, _ENTRY, layout.ENTRIES, layout.ENTRIES_AT)
        first_wait = max(0, waits - layout.WAITS)
        first_entry = max(0, entries - layout.ENTRIES)
        kept_waits = all_waits[np.arange(first_wait, waits) % layout.WAITS]
        kept_entries = all_entries[np.arange(first_entry, entries) % layout.ENTRIES]
        text = self._memory[layout.NAMES_AT :].partition(b"\0")[0]
        names = json.loads(text) if text else []
        # While we copied, the server went on. Drop the waits at the old end that it could have
        # reached by now, or whose entries are gone. The newest may have grown: show it as it was.
        _, waits_now, entries_now = layout.HEADER.unpack_from(self._memory, 0)
        first_safe_entry = max(first_entry, entries_now + 4 * layout.UNCOUNTED - layout.ENTRIES)
        start = max(0, waits_now + 256 - layout.WAITS - first_wait)
        start += int(np.searchsorted(kept_waits["first"][start:], first_safe_entry))
        kept_waits = kept_waits[start:]
        grown = kept_waits["first"] + kept_waits["entries"] > entries
        kept_waits["entries"][grown] = entries - kept_waits["first"][grown]
        kept_waits["done"][grown] = 0
        return Trace(kept_waits, kept_entries, first_entry, names, first_wait + start, first_wait + start)
