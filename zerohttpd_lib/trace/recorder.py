"""The recorder: hooks around a server's watch, modify, forget and wait.

The server's code knows nothing of it. `attach` puts a wrapper in front of each of the four
methods; without a recorder there is no wrapper, and no cost. A recorder that fails says so
once and is off from then on; the server does not notice.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from . import layout

Ready = list[tuple[int, int]]


class Recorder:
    """Writes a trace to `path`, a new file of fixed size (`layout.FILE_SIZE` bytes)."""

    def __init__(self, path: str) -> None:
        # Under another name first: whoever finds `path` finds a whole trace, with no wait in it yet.
        with open(f"{path}.new", "w+b") as file:
            os.ftruncate(file.fileno(), layout.FILE_SIZE)
            self._memory = mmap.mmap(file.fileno(), layout.FILE_SIZE)
        layout.HEADER.pack_into(self._memory, 0, layout.MAGIC, 0, 0)
        # What a reader may look at meanwhile is changed by one store for each number. pack_into()
        # is not for that: it fills the place with zeros first.
        self._counts = memoryview(self._memory)[layout.COUNTS_AT : layout.HEADER.size].cast("Q")
        self._floats = memoryview(self._memory).cast("d")
        self._ints = memoryview(self._memory).cast("i")
        try:
            os.link(f"{path}.new", path)  # fails, as rename() would not, if there is one already
        finally:
            os.unlink(f"{path}.new")
        self._is_off = False
        self._waits = 0  # begun so far; the newest one may still be handled
        self._entries = 0  # written so far
        self._last_known: dict[int, tuple[str, str]] = {}  # role and step, by descriptor
        self._names: dict[str, int] = {}
        self._first: int | None = None  # number of the first entry of the wait that is being handled

    def attach(self, server: Any) -> None:
        """Record what `server` waits for from now on.

        It, or its `poller`, must have a method wait() -> [(descriptor, events), ...]; watch, modify
        and forget are used where there are any, and so is the server's describe(fd) -> (role, next step).
        """
        self._describe = getattr(server, "describe", lambda fd: ("unknown", ""))
        waiter = what_waits(server)
        waiter.wait = self._around_wait(waiter.wait)
        for name, kind in (("watch", layout.WATCH), ("modify", layout.MODIFY), ("forget", layout.FORGET)):
            if hasattr(waiter, name):
                setattr(waiter, name, self._after_change(getattr(waiter, name), kind))

    def _around_wait(self, wait: Callable[..., Ready]) -> Callable[..., Ready]:
        def recorded_wait(*arguments: Any) -> Ready:
            called = perf_counter()
            self._record(self._finish_wait, called)
            ready = wait(*arguments)
            self._record(self._start_wait, called, perf_counter(), ready)
            return ready

        return recorded_wait

    def _after_change(self, change: Callable[..., None], kind: int) -> Callable[..., None]:
        def recorded_change(fd: int, *events: int) -> None:
            change(fd, *events)
            self._record(self._write_entry, fd, events[0] if events else 0, kind)

        return recorded_change

    def _record(self, hook: Callable[..., None], *arguments: Any) -> None:
        """Call a hook. The first one to fail is the last one called: the server matters more."""
        if self._is_off:
            return
        try:
            hook(*arguments)
        except Exception as problem:
            self._is_off = True
            print(f"the recorder failed and is off: {problem!r}", file=sys.stderr, flush=True)

    def _start_wait(self, called: float, returned: float, ready: Ready) -> None:
        watched, first = len(self._last_known), self._entries
        for fd, events in ready:
            self._write_entry(fd, events, layout.READY)
        place, done, entries = self._place(self._waits), 0.0, self._entries - first
        layout.WAIT.pack_into(self._memory, place, called, returned, done, watched, len(ready), first, entries)
        self._first = first
        self._waits += 1
        self._write_counts()

    def _finish_wait(self, done: float) -> None:
        """The server is back at wait(): now the time it took to handle the last one is known."""
        if self._first is not None:
            place = self._place(self._waits - 1)
            self._ints[(place + layout.COUNT_AT) // 4] = self._entries - self._first
            self._floats[(place + layout.DONE_AT) // 8] = done
            self._write_counts()
            self._first = None

    def _place(self, wait: int) -> int:
        return layout.WAITS_AT + wait % layout.WAITS * layout.WAIT.size

    def _write_entry(self, fd: int, events: int, kind: int) -> None:
        if kind == layout.FORGET:  # the server may know it no more: as it was when we last asked
            role, step = self._last_known.pop(fd, ("unknown", ""))
        else:
            role, step = self._last_known[fd] = self._describe(fd)
        place = layout.ENTRIES_AT + self._entries % layout.ENTRIES * layout.ENTRY.size
        layout.ENTRY.pack_into(self._memory, place, fd, events, kind, self._number(role), self._number(step))
        self._entries += 1
        if self._entries % layout.UNCOUNTED == 0:  # a large batch: tell how far round the ring we are
            self._write_counts()

    def _write_counts(self) -> None:
        self._counts[1] = self._entries  # before the waits: each wait that is counted has its entries
        self._counts[0] = self._waits

    def _number(self, name: str) -> int:
        """Names are written once, in a table at the end of the file; entries hold numbers."""
        number = self._names.get(name)
        if number is None:
            number = self._names[name] = len(self._names)
            table = json.dumps(list(self._names)).encode()
            if number > 255 or len(table) > layout.NAMES_SIZE:
                raise OverflowError("too many different roles and steps")
            self._memory[layout.NAMES_AT : layout.NAMES_AT + len(table)] = table
        return number


def what_waits(server: Any) -> Any:
    """The server itself or its `poller`, whichever has a method `wait`; None when neither has."""
    for waiter in (server, getattr(server, "poller", None)):
        if hasattr(waiter, "wait"):
            return waiter
    return None
