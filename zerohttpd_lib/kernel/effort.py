"""What a process spends, as the kernel counts it: how often it went to sleep, and its processor time.

Neither depends on how busy the machine is. A server that wakes up for every client goes to sleep as often, and one
that asks again and again is never asleep.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

TICK: Final = 1 / os.sysconf("SC_CLK_TCK")  # seconds


class Effort(NamedTuple):
    """`sleeps` of its own will, `seconds` of processor time."""

    sleeps: int
    seconds: float

    def since(self, before: Effort) -> Effort:
        return Effort(self.sleeps - before.sleeps, self.seconds - before.seconds)


def effort_of(pid: int) -> Effort:
    """Since the process has started; of those of its threads that still live."""
    return Effort(_sleeps(pid), _processor_time(pid))


def effort_within(pid: int, seconds: float) -> Effort:
    """Of the time from now on."""
    before = effort_of(pid)
    time.sleep(seconds)
    return effort_of(pid).since(before)


def _sleeps(pid: int) -> int:
    """Of all its threads (man 5 proc, status, voluntary_ctxt_switches)."""
    number = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/status"):
        with suppress(OSError):  # ended since
            number += sum(int(line.split()[1]) for line in thread.read_text().splitlines() if line.startswith("vol"))
    return number


def _processor_time(pid: int) -> float:
    """In seconds, to the nanosecond where the kernel tells it for each thread (schedstat): its ticks, of which there
    are a hundred a second, miss whoever runs between two of them."""
    nanoseconds = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # ended since
            nanoseconds += int(thread.read_text().split()[0])
    return nanoseconds / 1e9 if nanoseconds else _ticks(pid) * TICK


def _ticks(pid: int) -> int:
    """(man 5 proc, stat: utime and stime are the 14th and the 15th, and only the 2nd has spaces in it)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # ended since
        return 0
    return int(fields[11]) + int(fields[12])
