"""Is this machine quiet enough to measure anything on it?

The load average tells of the last minutes, and of processes that wait for a disk, too. So it is looked at
for a moment: what do the cores do while nothing of ours runs?
"""

from __future__ import annotations

import os
import time
from typing import Final

from zerohttpd_lib.load.cpu import Machine

LOOK: Final = 2.0  # seconds
MOST: Final = 0.15  # cores that others may use


def busy_cores(seconds: float = LOOK) -> float:
    """How many cores are busy while we do nothing: from 0 to as many as there are."""
    machine = Machine()
    time.sleep(seconds)
    return machine.share() * (os.cpu_count() or 1)


def refusal(busy: float) -> str:
    """Why not to measure here and now, and how to go on; empty: go on."""
    if busy <= MOST:
        return ""
    return (
        f"This machine is busy: for {LOOK:g} s, while nothing of ours ran, {busy:.2f} of {os.cpu_count()} cores had "
        f"something else to do, and a benchmark allows for {MOST:g}. `top` shows who that is, and come again once it "
        "has ended; or measure all the same, for yourself: make bench ARGS=--anyway"
    )


class Stolen:
    """The share of its time that this machine, a virtual one, was not given (`steal`, man 5 proc_stat)."""

    def __init__(self) -> None:
        self.at_start = self._look()

    def share(self) -> float:
        """Since this was made."""
        (stolen, total), (stolen_before, total_before) = self._look(), self.at_start
        return (stolen - stolen_before) / max(total - total_before, 1)

    @staticmethod
    def _look() -> tuple[int, int]:
        with open("/proc/stat") as file:
            ticks = [int(number) for number in file.readline().split()[1:9]]
        return ticks[7], sum(ticks)
