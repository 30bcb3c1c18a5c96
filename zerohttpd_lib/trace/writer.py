"""The trace file from its writer's side: see layout.py for what lies where."""

from __future__ import annotations

import json
import mmap
import os
from array import array
from collections.abc import Callable

from . import layout


class TraceWriter:
    """Writes to `path`, a new file of fixed size (`layout.FILE_SIZE` bytes).

    Raises FileExistsError when there is a file of that name, and OSError when it cannot be made.
    """

    def __init__(self, path: str, details: bool) -> None:
        # Under another name first: whoever finds `path` finds a whole trace, with no wait in it yet.
        unfinished = f"{path}.new"
        with open(unfinished, "w+b") as file:
            try:
                # Room on the disk for all of it. A hole in a file is filled when it is first written to;
                # if the disk is full by then, that ends the process (SIGBUS, man 2 mmap).
                os.posix_fallocate(file.fileno(), 0, layout.FILE_SIZE)
                self.memory = mmap.mmap(file.fileno(), layout.FILE_SIZE)
                layout.HEADER.pack_into(self.memory, 0, layout.MAGIC, 0, 0)
                self.details = details
                self.how = "unknown"
                self.codes = Codes(self._write_names)
                self._write_names()
                os.link(unfinished, path)  # fails, as rename() would not, if there is one already
            finally:
                os.unlink(unfinished)
        # What a reader may look at meanwhile is changed by one store for each number. pack_into()
        # is not for that: it fills the place with zeros first.
        self._counts = memoryview(self.memory)[layout.COUNTS_AT : layout.HEADER.size].cast("Q")
        self._floats = memoryview(self.memory).cast("d")
        self._words = memoryview(self.memory).cast("I")
        self.waits = 0  # begun so far; the newest one may still be handled
        self.entries = 0  # written so far

    def write_entries(self, numbers: list[int]) -> None:
        """`numbers` are three for each entry: see layout.ENTRY."""
        words = array("I", numbers)
        at = 0
        while at < len(words):
            place = self.entries % layout.ENTRIES
            n = min((len(words) - at) // 3, layout.UNCOUNTED, layout.ENTRIES - place)
            first = layout.ENTRIES_AT // 4 + 3 * place
            self._words[first : first + 3 * n] = words[at : at + 3 * n]
            self.entries += n
            self._counts[1] = self.entries
            at += 3 * n

    def write_wait(self, called: float, returned: float, watched: int, ready: int, first: int) -> None:
        """`first`: the number of its first entry."""
        place = layout.WAITS_AT + self.waits % layout.WAITS * layout.WAIT.size
        layout.WAIT.pack_into(self.memory, place, called, returned, 0.0, watched, ready, first)
        self.waits += 1
        self._counts[0] = self.waits

    def write_done(self, done: float) -> None:
        """The newest wait has been handled."""
        place = layout.WAITS_AT + (self.waits - 1) % layout.WAITS * layout.WAIT.size
        self._floats[(place + layout.DONE_AT) // 8] = done

    def write_how(self, how: str) -> None:
        self.how = how
        self._write_names()

    def _write_names(self) -> None:
        known = {"names": list(self.codes.numbers), "how": self.how, "details": self.details}
        table = json.dumps(known).encode() + b"\0"
        if len(table) > layout.NAMES_SIZE:
            raise OverflowError("too many different roles and steps")
        self.memory[layout.NAMES_AT : layout.NAMES_AT + len(table)] = table


class Codes(dict[tuple[str, str], int]):
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
