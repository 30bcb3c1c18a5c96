"""A trace file that a server is writing, read from another process."""

from __future__ import annotations

import errno
import json
import mmap
import os
import stat
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from . import layout
from .reader import Trace
from .records import ENTRY, LIFE, WAIT, Records, list_after

_IN_FILE: Final = np.dtype(
    {
        "names": ["called", "returned", "done", "watched", "ready", "first"],
        "formats": ["<f8", "<f8", "<f8", "<i4", "<i4", "<i8"],
        "itemsize": layout.WAIT.size,
    }
)


def _open(path: Path) -> int:
    """No link is followed, and nobody is waited for: a server could have put one, or a FIFO, in the file's place."""
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as problem:
        if problem.errno == errno.ELOOP:
            raise ValueError("This file is not a trace.") from None
        raise


class TraceFile:
    """A trace file, mapped into memory. It can be read long after the server and the file are gone."""

    def __init__(self, path: Path) -> None:
        self._descriptor = _open(path)
        weakref.finalize(self, os.close, self._descriptor)
        self._expect_all_of_it()
        self._memory = mmap.mmap(self._descriptor, layout.FILE_SIZE, prot=mmap.PROT_READ)
        self._waits = np.frombuffer(self._memory, _IN_FILE, layout.WAITS, layout.WAITS_AT)
        self._entries = np.frombuffer(self._memory, ENTRY, layout.ENTRIES, layout.ENTRIES_AT)
        self._lives = np.frombuffer(self._memory, LIFE, layout.DESCRIPTORS, layout.LIVES_AT)
        self._listed: tuple[int, np.ndarray] = 0, np.zeros(0, ENTRY)  # before which entry, and the list there

    def snapshot(self, newest: int | None = None, now: float | None = None, with_list: bool = False) -> Trace:
        """What is in the file now. The server may go on writing meanwhile.

        `newest`: that many waits are enough; what it costs is in proportion to them and their entries. They have the
        interest list that they began with if that is wanted, `with_list`: that costs what has changed in between.
        `now`: the time, if the server is running. Raises ValueError when it is no trace, or none any more.
        """
        self._expect_all_of_it()
        magic, waits, entries = layout.HEADER.unpack_from(self._memory, 0)
        if magic != layout.MAGIC:
            raise ValueError("This file is not a trace.")
        first_wait = max(0, waits - min(layout.WAITS, newest or layout.WAITS))
        kept_waits = _cut(self._waits, first_wait, waits)
        first_entry = max(0, entries - layout.ENTRIES)
        if newest and first_wait and len(kept_waits):
            first_entry = min(entries, max(first_entry, int(kept_waits["first"][0])))
        kept_entries = _cut(self._entries, first_entry, entries)
        about, lives = self._about(), self._known_lives()
        # While we copied, the server went on. Drop the waits at the old end that it could have
        # reached by now, or whose entries are gone. The newest may have grown: show it as it was.
        _, waits_now, entries_now = layout.HEADER.unpack_from(self._memory, 0)
        first_safe_entry = max(first_entry, entries_now + 4 * layout.UNCOUNTED - layout.ENTRIES)
        start = max(0, waits_now + 256 - layout.WAITS - first_wait)
        start += int(np.searchsorted(kept_waits["first"][start:], first_safe_entry))
        first_wait += start
        whole = _with_lengths(kept_waits[start:], first_entry, entries)
        if len(whole):
            _end_newest(whole[-1:], kept_entries, entries_now != entries)
        listed = self._listed_at(first_entry) if with_list or not first_entry else None
        records = Records(whole, kept_entries, lives, first_wait, about, listed)
        return Trace(records, lost=0 if newest else first_wait, now=now)

    def _expect_all_of_it(self) -> None:
        """Who reads memory behind a file's end is ended by SIGBUS (man 2 mmap), and a server may have cut it off."""
        about = os.fstat(self._descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size < layout.FILE_SIZE:
            raise ValueError("This file is not a trace.")

    def _listed_at(self, entry: int) -> np.ndarray | None:
        """The interest list from before this entry; None where entries are lost that we had not seen before.

        Whoever looks often needs to go through no more than what is new since the last time.
        """
        start, listed = self._listed if self._listed[0] <= entry else (0, np.zeros(0, ENTRY))
        if entry == start:
            return listed
        if entry - start > layout.ENTRIES:
            return None
        listed = list_after(listed, _cut(self._entries, start, entry))
        _, _, entries_now = layout.HEADER.unpack_from(self._memory, 0)
        if entries_now + 4 * layout.UNCOUNTED - layout.ENTRIES > start:
            return None
        self._listed = entry, listed
        return listed

    def _known_lives(self) -> Any:
        """The table of descriptors up to the highest one that was ever watched: the kernel gives out the lowest."""
        known = np.flatnonzero(self._lives["born"])
        return self._lives[: known[-1] + 1 if len(known) else 0].copy()

    def _about(self) -> dict[str, Any]:
        for _ in range(100):
            text = self._memory[layout.NAMES_AT :].partition(b"\0")[0]
            with suppress(ValueError):  # it is being written just now
                about: dict[str, Any] = json.loads(text)
                return about
        raise ValueError("The names in this trace cannot be read.")


def _cut(ring: np.ndarray, start: int, stop: int) -> Any:
    """A copy of the records number `start` to `stop` of a ring."""
    first, last = start % len(ring), stop % len(ring)
    if first < last or start == stop:
        return ring[first:last].copy()
    return np.concatenate([ring[first:], ring[:last]])


def _with_lengths(waits: np.ndarray, first_entry: int, entries: int) -> np.ndarray:
    """How many entries each wait has: up to the first one of the next wait."""
    whole = np.zeros(len(waits), WAIT)
    for name in _IN_FILE.names or ():
        whole[name] = waits[name]
    whole["first"] -= first_entry
    if len(whole):
        # The newest may have been begun after we had read how many entries there are.
        np.minimum(whole["first"], entries - first_entry, out=whole["first"])
        whole["entries"] = np.diff(whole["first"], append=entries - first_entry)
    return whole


def _end_newest(wait: np.ndarray, entries: np.ndarray, has_moved: bool) -> None:
    """The ready list of the wait after the newest may be here already, and that wait not."""
    behind = int(wait["first"][0] + wait["ready"][0])
    of_the_next = np.flatnonzero(entries["kind"][behind:] == layout.READY)
    if len(of_the_next):
        wait["entries"] = wait["ready"] + of_the_next[0]
    elif has_moved:
        wait["done"] = 0  # if it is done, then with entries that we do not have
