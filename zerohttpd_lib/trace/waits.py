"""The waits of a trace, as a sequence and as arrays: what all that is told about a trace is told from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, overload

import numpy as np

from . import layout
from .records import Records
from .wait import Wait

W = TypeVar("W", bound="Waits")


class Waits(Sequence[Wait]):
    """The waits that were recorded, oldest first; `len`, index and loop over them.

    The same as numpy arrays, one element a wait: `watched` and `ready` (descriptors), `waited`
    and `handling` (seconds; nan: not back yet), `times` (seconds since the first of them).
    `lost` counts older waits that the ring no longer holds. `how` says how the server waits ("poll",
    "epoll", "edge" or "unknown"), and `details` whether calls on sockets were recorded, too.
    """

    def __init__(
        self, records: Records, start: int = 0, stop: int | None = None, lost: int = 0, now: float | None = None
    ) -> None:
        self.records = records
        self._start = start
        self._waits = records.waits[start:stop]
        self._first = records.first_wait + start  # the number of the first wait
        self.lost = lost
        self.now = now  # when this was read, if the server was running: seconds of time.perf_counter()
        self.how = records.how
        self.details = records.details

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
    def rows(self) -> Any:
        """The waits as they were recorded: a numpy array with named fields; see records.py."""
        return self._waits

    @property
    def listed(self) -> Any:
        """The interest list when the first of these waits was called, in the order in which descriptors were put
        on it: rows of records.ENTRY. None where it was not recorded."""
        return self.records.listed_at(self.span.start)

    @property
    def first(self) -> int:
        """The number of the first wait that is here."""
        return self._first

    @property
    def end(self) -> int:
        """The number that the next wait will have: a mark for `since`."""
        return self._first + len(self)

    def since(self: W, mark: int) -> W:
        """The waits from number `mark` on, as far as they are here."""
        return self[max(0, mark - self._first) :]

    def at(self, number: int) -> Wait:
        """The wait of this number. Raises KeyError, in words, when it is not here."""
        if not self._first <= number < self.end:
            here = f"{self._first} to {self.end - 1}" if len(self) else "none"
            raise KeyError(f"there is no wait {number} in this trace; it has {here}")
        return self[number - self._first]

    def total(self, kind: str) -> int:
        """How many entries of these waits are of this kind: "ready", "watch", "modify" or "forget"."""
        return int(self.per_wait(self.records.entries["kind"] == layout.KINDS.index(kind)).sum())

    def ready_by_role(self, role: str) -> Any:
        """For each wait, how many descriptors of this role were in its ready list."""
        if role not in self.records.names:
            return np.zeros(len(self), dtype=int)
        return self.per_wait((self.records.entries["kind"] == layout.READY) & self.records.role_is(role))

    def per_wait(self, chosen: np.ndarray) -> Any:
        """For each wait, how many of its entries are among the chosen ones (True for each of all)."""
        before = np.concatenate([[0], np.cumsum(chosen)])
        first = self._waits["first"]
        return before[first + self._waits["entries"]] - before[first]

    @property
    def span(self) -> slice:
        """Where the entries of these waits are among all of them."""
        if not len(self):
            return slice(0, 0)
        last = self._waits[-1]
        return slice(int(self._waits[0]["first"]), int(last["first"] + last["entries"]))

    def descriptors(self) -> list[int]:
        """The numbers of all descriptors that these waits tell of."""
        entries = self.records.entries[self.span]
        return [int(fd) for fd in np.unique(entries["fd"][entries["kind"] <= layout.FORGET])]

    def __len__(self) -> int:
        return len(self._waits)

    @overload
    def __getitem__(self, index: int) -> Wait: ...
    @overload
    def __getitem__(self: W, index: slice) -> W: ...
    def __getitem__(self: W, index: int | slice) -> Wait | W:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                raise ValueError("a trace can be cut, but not thinned out: leave out the step")
            start, stop = self._start + start, self._start + max(start, stop)
            return type(self)(self.records, start, stop, self.lost, self.now)
        position = range(len(self))[index]
        row = self._waits[position]
        first = int(row["first"])
        ready, changes, calls, turns = self.records.values(first, first + int(row["entries"]))
        return Wait(
            number=self._first + position,
            watched=int(row["watched"]),
            ready=ready,
            changes=changes,
            waited=float(row["returned"] - row["called"]),
            handling=float(row["done"] - row["returned"]) if row["done"] else None,
            calls=calls,
            turns=turns,
        )

    def __iter__(self) -> Iterator[Wait]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        if not len(self):
            return "a trace with no wait in it yet"
        lost = f" ({self.lost:,} older ones lost)" if self.lost else ""
        return (
            f"a trace of {len(self):,} waits{lost}: "
            f"watched {self.watched.min():,} to {self.watched.max():,}, "
            f"ready {self.ready.min():,} to {self.ready.max():,}, mean {self.ready.mean():.2f}"
        )
