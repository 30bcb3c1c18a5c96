"""How busy were they? CPU time of the processes of a load test, read from /proc (man 5 proc)."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from time import perf_counter as clock
from typing import Final

PROC: Final = Path("/proc")
TICKS: Final = os.sysconf("SC_CLK_TCK")  # of /proc/PID/stat, per second
LISTEN: Final = "0A"  # the state in /proc/net/tcp
BUSY: Final = 0.9  # of the time: then a process was what the others waited for
_MOST_THREADS: Final = 64  # more are not asked one by one how long they waited for a CPU


def listeners(port: int) -> list[int]:
    """The processes that hold the listening socket of this port; all of them, if it is shared."""
    inodes = {f"socket:[{inode}]" for inode, _ in _listening(port)}
    return [pid for pid in _processes() if inodes & _links(pid)]


def accept_queue(port: int) -> int:
    """Connections to this port that the kernel has made and the server has not accepted yet."""
    return sum(queue for _, queue in _listening(port))


def dropped_connections() -> int:
    """How often, since this machine started, a connection found an accept queue full (man 2 listen)."""
    try:
        names, values = [
            line.split() for line in (PROC / "net/netstat").read_text().splitlines() if line.startswith("TcpExt:")
        ]
    except (OSError, ValueError):
        return 0
    return int(dict(zip(names, values, strict=True)).get("ListenOverflows", 0))


def redis_beside(servers: list[int]) -> int | None:
    """The Redis that these servers use, as well as can be told from outside: the one they have
    started, or else the only one on this machine. None when that does not settle it."""
    redises = [pid for pid in _processes() if _name_and_parent(pid)[0] == "redis-server"]
    theirs = [pid for pid in redises if set(servers) & _ancestors(pid)]
    candidates = theirs or redises
    return candidates[0] if len(candidates) == 1 else None


def _name_and_parent(pid: int) -> tuple[str, int]:
    try:
        before, _, after = (PROC / str(pid) / "stat").read_text().rpartition(")")
    except OSError:  # it has ended
        return "", 0
    return before.partition("(")[2], int(after.split()[1])


def _ancestors(pid: int) -> set[int]:
    found = set()
    while pid := _name_and_parent(pid)[1]:
        found.add(pid)
    return found


def _listening(port: int) -> list[tuple[str, int]]:
    """The listening sockets of this port: inode, and length of the accept queue.

    The kernel lists them before all others (tcp_get_idx in net/ipv4/tcp_ipv4.c), and writes a table
    only as far as it is read: after many connections the rest of it is long.
    """
    found = []
    for table in ("net/tcp", "net/tcp6"):
        with suppress(OSError), open(PROC / table) as file:
            next(file)  # the names of the columns
            for line in takewhile(lambda line: f" {LISTEN} " in line, file):
                _, local, _, _, queues, *rest = line.split()
                if int(local.rpartition(":")[2], 16) == port:
                    found.append((rest[4], int(queues.rpartition(":")[2], 16)))
    return found


def _processes() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _links(pid: int) -> set[str]:
    """What the descriptors of a process lead to; empty if it is not ours to see, or gone."""
    links = set()
    try:
        for entry in os.scandir(PROC / str(pid) / "fd"):
            with suppress(OSError):  # closed since
                links.add(os.readlink(entry.path))
    except OSError:
        pass
    return links


@dataclass
class Usage:
    """What a group of processes has used, in seconds: running, and ready but waiting for a CPU."""

    running: float = 0.0
    waiting: float = 0.0


def usage(pids: list[int]) -> Usage:
    """The sum over these processes, their threads, and their children that have ended."""
    total = Usage()
    for pid in pids:
        try:
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            total.running += sum(int(ticks) for ticks in fields[11:15]) / TICKS
            threads = list((PROC / str(pid) / "task").iterdir())
            if len(threads) <= _MOST_THREADS:
                for thread in threads:
                    # schedstat: time running and time on the run queue, in nanoseconds
                    total.waiting += int((thread / "schedstat").read_text().split()[1]) / 1e9
        except OSError:  # it has ended
            continue
    return total


@dataclass
class Meter:
    """Measures one side of a load test ("server", "generator", "redis") from now on."""

    pids: list[int]
    started: float = field(default_factory=clock)

    def __post_init__(self) -> None:
        self.at_start = usage(self.pids)
        self.last, self.last_at = self.at_start, self.started

    def cores(self) -> float:
        """CPU used since the last call, in cores: 1.0 is one core all of the time."""
        now, at = usage(self.pids), clock()
        used = (now.running - self.last.running) / max(at - self.last_at, 1e-9)
        self.last, self.last_at = now, at
        return used

    def share(self) -> Share:
        """From the start until now."""
        now, elapsed = usage(self.pids), max(clock() - self.started, 1e-9)
        running = (now.running - self.at_start.running) / elapsed
        waiting = (now.waiting - self.at_start.waiting) / elapsed
        return Share(running, min(1.0, (running + waiting) / max(1, len(self.pids))))


@dataclass(frozen=True)
class Share:
    """`cores`: CPU used, 1.0 is one core. `busy`: the share of the time, for each process, in
    which it ran or was ready to run. Near 1 it had more to do than it could: others waited for it."""

    cores: float
    busy: float


def bottleneck(shares: dict[str, Share]) -> str:
    """The side that the others waited for: the busiest, if it was busy nearly all of the time.

    "none" means that nobody was: they waited for time-outs, sleeps or a disk, or the load was light.
    """
    busiest = max(shares, key=lambda name: shares[name].busy, default="none")
    return busiest if shares and shares[busiest].busy >= BUSY else "none"
