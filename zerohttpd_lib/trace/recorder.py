"""The recorder: hooks around a server's watch, modify, forget and wait.

The server's code knows nothing of it. `attach` puts a wrapper in front of each of the four
methods; without a recorder there is no wrapper, and no cost. A recorder that fails says so
once and is off from then on; the server does not notice.

What a hook notes goes to a list first. It is packed, all at once, when the server comes back to
wait: to pack twenty entries in one call costs little more than to pack one.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from . import layout
from .peers import Peers, how_it_waits

Ready = list[tuple[int, int]]


class Recorder:
    """Writes a trace to `path`, a new file of fixed size (`layout.FILE_SIZE` bytes).

    With `details` it is to note calls on sockets, too, and to whom the server turns; see calls.py.
    """

    def __init__(self, path: str, *, details: bool = False) -> None:
        # Under another name first: whoever finds `path` finds a whole trace, with no wait in it yet.
        with open(f"{path}.new", "w+b") as file:
            os.ftruncate(file.fileno(), layout.FILE_SIZE)
            self._memory = mmap.mmap(file.fileno(), layout.FILE_SIZE)
        layout.HEADER.pack_into(self._memory, 0, layout.MAGIC, 0, 0)
        # What a reader may look at meanwhile is changed by one store for each number. pack_into()
        # is not for that: it fills the place with zeros first.
        self._counts = memoryview(self._memory)[layout.COUNTS_AT : layout.HEADER.size].cast("Q")
        self._floats = memoryview(self._memory).cast("d")
        self.details = details
        self.how = "unknown"
        self._names = Names(self._write_names)
        self._write_names()
        self._packers = {n: struct.Struct("<" + "iII" * n) for n in range(1, 33)}
        self._is_off = False
        self._waits = 0  # begun so far; the newest one may still be handled
        self._entries = 0  # written so far
        self._pending: list[int] = []  # three numbers for each entry that is not written yet
        self._known: dict[int, int] = {}  # role and step when we last asked, by descriptor
        self._watched: set[int] = set()
        self._peers = Peers(self._memory)
        self._is_handling = False
        self.held = 0.0  # seconds for which this batch was held up: not the server's own
        try:
            os.link(f"{path}.new", path)  # fails, as rename() would not, if there is one already
        finally:
            os.unlink(f"{path}.new")

    def attach(self, server: Any) -> None:
        """Record what `server` waits for from now on.

        It, or its `poller`, must have a method wait() -> [(descriptor, events), ...]; watch, modify
        and forget are used where there are any, and so is the server's describe(fd) -> (role, next step).
        """
        self._describe = getattr(server, "describe", lambda fd: ("unknown", ""))
        waiter = self._waiter = what_waits(server)
        waiter.wait = self._around_wait(waiter.wait)
        for name, kind in (("watch", layout.WATCH), ("modify", layout.MODIFY), ("forget", layout.FORGET)):
            if hasattr(waiter, name) and not _does_nothing(getattr(waiter, name)):
                setattr(waiter, name, self._after_change(getattr(waiter, name), kind))

    def _around_wait(self, wait: Callable[..., Ready]) -> Callable[..., Ready]:
        def recorded_wait(*arguments: Any) -> Ready:
            called = perf_counter()
            self.guarded(self._finish_wait, called)
            ready = wait(*arguments)
            self.guarded(self._start_wait, called, perf_counter(), ready)
            return Turns(ready, self) if self.details else ready

        return recorded_wait

    def _after_change(self, change: Callable[..., None], kind: int) -> Callable[..., None]:
        write = {layout.WATCH: self._watch, layout.MODIFY: self._modify, layout.FORGET: self._forget}[kind]

        def recorded_change(fd: int, *events: int) -> None:
            change(fd, *events)
            if not self._is_off:
                try:  # guarded() once more, for it is called for each request
                    write(fd, events[0] if events else 0)
                except Exception as problem:
                    self._fail(problem)

        return recorded_change

    def guarded(self, hook: Callable[..., None], *arguments: Any) -> None:
        """Call a hook. The first one to fail is the last one called: the server matters more."""
        if self._is_off:
            return
        try:
            hook(*arguments)
        except Exception as problem:
            self._fail(problem)

    def _fail(self, problem: Exception) -> None:
        self._is_off = True
        print(f"the recorder failed and is off: {problem!r}", file=sys.stderr, flush=True)

    # The waits.

    def _start_wait(self, called: float, returned: float, ready: Ready) -> None:
        known, codes, describe, pending, first = self._known, self._names, self._describe, self._pending, self._entries
        for fd, events in ready:
            code = known[fd] = codes[describe(fd)]
            pending += (fd, events, code)  # READY is 0: the code of role and step is all there is to it
        self.write_pending()
        place = layout.WAITS_AT + self._waits % layout.WAITS * layout.WAIT.size
        layout.WAIT.pack_into(self._memory, place, called, returned, 0.0, len(self._watched), len(ready), first)
        self._waits += 1
        self._counts[0] = self._waits
        self._is_handling = True

    def _finish_wait(self, done: float) -> None:
        """The server is back at wait(): now the time it took to handle the last one is known."""
        self.write_pending()
        if self._is_handling:
            place = layout.WAITS_AT + (self._waits - 1) % layout.WAITS * layout.WAIT.size
            self._floats[(place + layout.DONE_AT) // 8] = done - self.held
            self._is_handling = False
            self.held = 0.0
        elif not self._waits:
            self.how = how_it_waits(self._waiter)
            self._write_names()

    def is_back(self) -> None:
        """The server is about to wait, but will be kept from it for some time."""
        self.guarded(self._finish_wait, perf_counter())

    # The entries.

    def _watch(self, fd: int, events: int) -> None:
        role_and_step = self._describe(fd)
        code = self._known[fd] = self._names[role_and_step]
        self._watched.add(fd)
        self._pending += self._peers.begin(fd, role_and_step[0], code, self._waits - 1, self._entries)
        self._pending += (fd, events & 0xFFFF_FFFF, code | layout.WATCH)

    def _modify(self, fd: int, events: int) -> None:
        code = self._known[fd] = self._names[self._describe(fd)]
        self._pending += (fd, events & 0xFFFF_FFFF, code | layout.MODIFY)

    def _forget(self, fd: int, events: int) -> None:
        """The server may know it no more: as it was when we last asked."""
        self._watched.discard(fd)
        self._pending += self._peers.end(fd, self._entries)
        self._pending += (fd, 0, self.code_of(fd) | layout.FORGET)

    def code_of(self, fd: int) -> int:
        """Role and next step of a descriptor as they were when we last asked."""
        code = self._known.get(fd)
        return self._names["unknown", ""] if code is None else code

    def forget_role(self, fd: int) -> None:
        """The number is another's now."""
        self._known.pop(fd, None)

    def note(self, fd: int, number: int, code: int) -> None:
        self._pending += (fd, number, code)
        if len(self._pending) >= 3 * layout.UNCOUNTED:
            self.write_pending()

    def write_pending(self) -> None:
        pending = self._pending
        if not pending:
            return
        at, left = 0, len(pending) // 3
        while left:
            place = self._entries % layout.ENTRIES
            n = min(left, layout.UNCOUNTED, layout.ENTRIES - place)
            packer = self._packers.get(n) or struct.Struct("<" + "iII" * n)
            numbers = pending if n == left and not at else pending[at : at + 3 * n]
            packer.pack_into(self._memory, layout.ENTRIES_AT + place * layout.ENTRY.size, *numbers)
            self._entries += n
            self._counts[1] = self._entries
            at, left = at + 3 * n, left - n
        pending.clear()

    def _write_names(self) -> None:
        known = {"names": list(self._names.numbers), "how": self.how, "details": self.details}
        table = json.dumps(known).encode() + b"\0"
        if len(table) > layout.NAMES_SIZE:
            raise OverflowError("too many different roles and steps")
        self._memory[layout.NAMES_AT : layout.NAMES_AT + len(table)] = table


class Names(dict[tuple[str, str], int]):
    """(role, step) -> its code in an entry. Names are written once, in a table at the end of the file."""

    def __init__(self, write: Callable[[], None]) -> None:
        self.numbers: dict[str, int] = {}
        self._write = write

    def __missing__(self, key: tuple[str, str]) -> int:
        role, step = key
        known = len(self.numbers)
        number = [self.numbers.setdefault(name, len(self.numbers)) for name in (role, step)]
        if number[0] > 0xFF or number[1] > 0xFFFF:
            raise OverflowError("too many different roles and steps")
        if len(self.numbers) > known:
            self._write()
        code = self[key] = number[0] << 8 | number[1] << 16
        return code


class Turns(Ready):
    """A ready list that notes to which of its entries the server has turned."""

    def __init__(self, ready: Ready, recorder: Recorder) -> None:
        super().__init__(ready)
        self._recorder = recorder
        self._is_taken = False

    def __iter__(self) -> Any:
        events = super().__iter__()
        if self._is_taken:
            return events
        self._is_taken = True
        return self._noted(events)

    def _noted(self, events: Any) -> Any:
        recorder = self._recorder
        for number, event in enumerate(events):
            recorder.guarded(recorder.note, event[0], number, layout.TURN)
            yield event
        recorder.guarded(recorder.note, -1, len(self), layout.TURN)  # what follows is for the whole list


def _does_nothing(method: Any) -> bool:
    """A method that names nothing calls nothing: EdgeEpoll.modify. There is no change to write down."""
    code = getattr(method, "__code__", None)
    return code is not None and not code.co_names and not code.co_freevars


def what_waits(server: Any) -> Any:
    """The server itself or its `poller`, whichever has a method `wait`; None when neither has."""
    for waiter in (server, getattr(server, "poller", None)):
        if hasattr(waiter, "wait"):
            return waiter
    return None
