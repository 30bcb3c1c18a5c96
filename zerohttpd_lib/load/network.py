"""What the kernel says of TCP: who listens where, who waits to be accepted, what was dropped.

From /proc/net (man 5 proc_net). It tells of one network namespace: that of the process that asks.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
LISTEN: Final = "0A"  # the state in /proc/net/tcp


def listeners(port: int) -> list[int]:
    """The processes that hold the listening socket of this port; all of them, if it is shared."""
    inodes = {f"socket:[{inode}]" for inode, _ in _listening(port)}
    return [pid for pid in processes() if inodes & _links(pid)]


def accept_queue(port: int) -> int:
    """Connections to this port that the kernel has made and the server has not accepted yet."""
    return sum(queue for _, queue in _listening(port))


@dataclass(frozen=True)
class Counters:
    """How often, since this machine started: `dropped`: a connection found an accept queue full (man 2
    listen); `syn_retransmits`: a SYN was sent again, a second or more later, as nobody had answered it."""

    dropped: int = 0
    syn_retransmits: int = 0

    @classmethod
    def now(cls) -> Counters:
        try:
            names, values = [
                line.split() for line in (PROC / "net/netstat").read_text().splitlines() if line.startswith("TcpExt:")
            ]
        except (OSError, ValueError):
            return cls()
        found = dict(zip(names, values, strict=True))
        return cls(int(found.get("ListenOverflows", 0)), int(found.get("TCPSynRetrans", 0)))

    def __sub__(self, other: Counters) -> Counters:
        return Counters(self.dropped - other.dropped, self.syn_retransmits - other.syn_retransmits)


def processes() -> list[int]:
    """All that can be seen from here."""
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


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


def _links(pid: int) -> set[str]:
    """What the descriptors of a process lead to; empty if it is not ours to see, or gone."""
    links = set()
    with suppress(OSError):
        for entry in os.scandir(PROC / str(pid) / "fd"):
            with suppress(OSError):  # closed since
                links.add(os.readlink(entry.path))
    return links
