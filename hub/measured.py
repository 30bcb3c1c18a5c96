"""Memory of a user's processes, and how many such users a machine can hold."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

SIZES: Final = (8, 16, 32, 64)  # GiB of a machine
KEPT: Final = 1 / 16  # of the machine: below that, the guard ends what it guards


def processes_of(uid: int) -> list[Path]:
    """Their folders in /proc, but for zombies'."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended since
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            found += [folder] if folder.stat().st_uid == uid and state != "Z" else []
    return found


def memory_of(uid: int) -> int:
    """In MB: what they hold, shared pages by their share (man 5 proc, smaps_rollup, Pss)."""
    held = 0
    for folder in processes_of(uid):
        if int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            lines = (folder / "smaps_rollup").read_text().splitlines()
            held += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return round(held / 1024)


def holds(each: int, hub: int) -> str:
    """A sentence: `each` learner's MB, and the hub's with all that is root's."""
    numbers = [f"{int((size * 1024 * (1 - KEPT) - hub) / each)} in {size} GiB" for size in SIZES]
    return f"The hub, the proxy, and what guards the rooms: {hub} MB. By memory, learners: {', '.join(numbers)}."
