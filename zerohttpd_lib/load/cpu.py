"""How busy were they? CPU time of all who took part in a load test, from /proc (man 5 proc).

A side of a load test is one process, or a family: a pool, its workers, the children and threads that
come and go meanwhile. Its CPU time is that of all of them, living and dead: the kernel adds that of
a thread to its process when it ends, and that of a child to its parent when the parent waits for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter as clock
from typing import Final

PROC: Final = Path("/proc")
TICKS: Final = os.sysconf("SC_CLK_TCK")  # of /proc/PID/stat, per second
MOST_THREADS: Final = 2000  # of a family; of more, each is not asked how long it ran
MOST_THREADS_ASKED: Final = 64  # of a process, ten times a second, for their children
ONE_CORE: Final = 1.05  # a process with many threads that never uses more has a lock that lets one run at a time


def children_of(pid: int) -> list[int]:
    """The children of a process, none if it has ended: those of each of its threads, or, where they are
    many, of the first one."""
    found: list[int] = []
    with suppress(OSError):
        threads = os.listdir(PROC / str(pid) / "task")
        for thread in threads if len(threads) <= MOST_THREADS_ASKED else [str(pid)]:
            with suppress(OSError):  # ended since
                children = (PROC / str(pid) / "task" / thread / "children").read_text()
                found += [int(child) for child in children.split()]
    return found


def family(roots: Iterable[int], without: Iterable[int] = ()) -> list[int]:
    """These processes and all their descendants, but for those `without` and theirs."""
    found, left_out = list(dict.fromkeys(roots)), set(without)
    for pid in found:  # grows while we go
        found += [child for child in children_of(pid) if child not in left_out and child not in found]
    return found


def redis_of(servers: Iterable[int]) -> list[int]:
    """The Redis that these servers have started themselves, as `zerohttpd serve` does. Of others nothing is
    known for certain."""
    return [pid for pid in family(servers) if _name(pid) in ("redis-server", "valkey-server")]


def _name(pid: int) -> str:
    with suppress(OSError):
        return (PROC / str(pid) / "comm").read_text().strip()
    return ""


@dataclass
class Used:
    """What one process has used until now, in seconds. `running`: all its threads, and its children that have
    ended; `own`: without those; `threads`: how long each thread ran, and waited for a CPU while it could run."""

    running: float
    own: float
    threads: dict[int, tuple[float, float]] = field(default_factory=dict)


def used(pid: int, threads: bool = False) -> Used | None:
    """None if it has ended. `threads`: ask each of them, too."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        own, children = [sum(int(ticks) for ticks in fields[i : i + 2]) / TICKS for i in (11, 13)]
        found = Used(own + children, own)
        for thread in os.listdir(PROC / str(pid) / "task") if threads else ():
            with suppress(OSError):  # ended since
                ran, waited, _ = (PROC / str(pid) / "task" / thread / "schedstat").read_text().split()
                found.threads[int(thread)] = (int(ran) / 1e9, int(waited) / 1e9)
    except OSError:
        return None
    return found


@dataclass(frozen=True)
class Share:
    """`cores`: CPU used, 1.0 is one core. Of the busiest process, or thread where several run at a time:
    `ran`, the share of the time in which it ran, and `busy`, in which it ran or waited for a CPU."""

    cores: float
    ran: float = 0.0
    busy: float = 0.0


class Meter:
    """Measures one side, from when it is made. `roots` are its processes as far as they are known;
    their descendants belong to it, but for those `without`."""

    def __init__(self, roots: Iterable[int], without: Iterable[int] = ()) -> None:
        self.roots, self.without = list(roots), list(without)
        self.started = self.last_at = clock()
        self.at_start = self._look(threads=True)
        self.last = self._total(self.at_start)

    def cores(self) -> float:
        """CPU used since the last call, in cores."""
        now, total = clock(), self._total(self._look())
        used, self.last = max(0.0, total - self.last), total
        elapsed, self.last_at = max(now - self.last_at, 1e-9), now
        return used / elapsed

    def share(self) -> Share:
        """From the start until now."""
        now, elapsed = self._look(threads=True), max(clock() - self.started, 1e-9)
        cores = max(0.0, self._total(now) - self._total(self.at_start)) / elapsed
        ran, busy = 0.0, 0.0
        for pid, used_now in now.items():
            before = self.at_start.get(pid) or Used(0.0, 0.0)
            own = (used_now.own - before.own) / elapsed
            waited = [0.0]
            each = [0.0]
            for thread, (running, waiting) in used_now.threads.items():
                running_before, waiting_before = before.threads.get(thread, (0.0, 0.0))
                each.append((running - running_before) / elapsed)
                waited.append((waiting - waiting_before) / elapsed)
            if own <= ONE_CORE:
                ran, busy = max(ran, own), max(busy, own + sum(waited))
            else:
                ran, busy = max(ran, *each), max(busy, *(sum(pair) for pair in zip(each, waited, strict=True)))
        return Share(cores, min(ran, 1.0), min(busy, 1.0))

    def _look(self, threads: bool = False) -> dict[int, Used]:
        pids = family(self.roots, self.without)
        if threads and sum(_threads(pid) for pid in pids) > MOST_THREADS:
            threads = False
        looked = {pid: used(pid, threads) for pid in pids}
        return {pid: found for pid, found in looked.items() if found is not None}

    @staticmethod
    def _total(looked: dict[int, Used]) -> float:
        return sum(found.running for found in looked.values())


def _threads(pid: int) -> int:
    with suppress(OSError):
        return len(os.listdir(PROC / str(pid) / "task"))
    return 0


class Machine:
    """How busy all cores of this machine were, with whatever runs on it, from when this is made."""

    def __init__(self) -> None:
        self.at_start = self._look()

    def share(self) -> float:
        """1.0: no core had a moment to spare."""
        (idle, total), (idle_before, total_before) = self._look(), self.at_start
        return 1 - (idle - idle_before) / max(total - total_before, 1)

    @staticmethod
    def _look() -> tuple[int, int]:
        """Ticks, of all cores: idle or waiting for a disk, and in all. Guests' are in `user` already."""
        with open(PROC / "stat") as file:
            ticks = [int(number) for number in file.readline().split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)
