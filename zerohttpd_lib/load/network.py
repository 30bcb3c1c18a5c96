"""What the kernel says of TCP: who listens where, who waits to be accepted, what was dropped.

Sockets are asked for by netlink (man 7 sock_diag), and by their port: the kernel then picks them out of a hundred
thousand connections in TIME_WAIT, and answers at once. The table /proc/net/tcp has all of them, and is slow to read.
All this is told of one network namespace: that of the process that asks.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
# From linux/netlink.h, linux/sock_diag.h and linux/inet_diag.h.
SOCK_DIAG: Final = 4  # a protocol of netlink
BY_FAMILY: Final = 20  # a kind of message
REQUEST_ALL: Final = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
LISTENING: Final = 1 << 10  # a set of states: TCP_LISTEN alone
ALL_STATES: Final = 0xFFF & ~LISTENING
STATES: Final = (  # from net/tcp_states.h, numbered from 1, with the names that ss (man 8 ss) gives them
    "ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSE", "CLOSE-WAIT", "LAST-ACK",
    "LISTEN", "CLOSING",
)  # fmt: skip
_QUESTION = struct.Struct("=IHHII BBBxI HH44x")  # a header, then: which sockets; the ports are in network order
_HEADER = struct.Struct("=IHHII")  # how long a message is, of which kind
_ENDS = struct.Struct("=xB2xHH")  # inet_diag_msg: its state, its port and that of its peer, in network order
_STATE = struct.Struct("=56xIIII")  # later in the same: accept queue, its limit, user, inode
_QUEUES = struct.Struct("=56xII")  # of a connection these two are what lies unread, and what is not acknowledged


def listeners(port: int) -> list[int]:
    """The processes that hold the listening socket of this port; all of them, if it is shared."""
    inodes = {f"socket:[{inode}]" for inode, _ in _listening(port)}
    return [pid for pid in processes() if inodes & _links(pid)]


def is_here(address: str) -> bool:
    """Whether an IP address is one of this machine's: only to those can a socket be bound (man 7 ip)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((address, 0))
        except OSError:
            return False
    return True


def accept_queue(port: int) -> int:
    """Connections to this port that the kernel has made and the server has not accepted yet."""
    return sum(queue for _, queue in _listening(port))


@dataclass(frozen=True)
class Connection:
    """One end of a connection, as the kernel has it, whether a process still has a descriptor for it or not.

    `unread`: bytes that have come and were not received yet; `unsent`: bytes that the kernel has been given,
    and that the peer's kernel has not acknowledged. `state` is one of STATES.
    """

    state: str
    local_port: int
    remote_port: int
    unread: int
    unsent: int


def connections(port: int) -> list[Connection]:
    """Both ends, where both are on this machine, of all connections to or from this port; as `ss -tan` has them."""
    found = []
    for family in (socket.AF_INET, socket.AF_INET6):
        here = [*_dump(family, ALL_STATES, local=port)]
        there = [each for each in _dump(family, ALL_STATES, remote=port) if _local_port(each) != port]
        for message in here + there:
            state, local, remote = _ENDS.unpack_from(message)
            ends = socket.ntohs(local), socket.ntohs(remote)
            found.append(Connection(STATES[state - 1], *ends, *_QUEUES.unpack_from(message)))
    return found


def _local_port(message: bytes) -> int:
    _, local, _ = _ENDS.unpack_from(message)
    return socket.ntohs(local)


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

    def __add__(self, other: Counters) -> Counters:
        return Counters(self.dropped + other.dropped, self.syn_retransmits + other.syn_retransmits)

    def __sub__(self, other: Counters) -> Counters:
        return Counters(self.dropped - other.dropped, self.syn_retransmits - other.syn_retransmits)


def processes() -> list[int]:
    """All that can be seen from here."""
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _listening(port: int) -> list[tuple[str, int]]:
    """The listening sockets of this port: inode, and length of the accept queue."""
    found = []
    for family in (socket.AF_INET, socket.AF_INET6):
        for message in _dump(family, LISTENING, local=port):
            queue, _, _, inode = _STATE.unpack_from(message)
            found.append((str(inode), queue))
    return found


def _dump(family: int, states: int, *, local: int = 0, remote: int = 0) -> Iterator[bytes]:
    """An inet_diag_msg for each TCP socket in one of these states with these ports; 0: whichever it has.

    None where the kernel does not say.
    """
    which = (family, socket.IPPROTO_TCP, 0, states, socket.htons(local), socket.htons(remote))
    with suppress(OSError), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as kernel:
        kernel.settimeout(1.0)
        kernel.send(_QUESTION.pack(_QUESTION.size, BY_FAMILY, REQUEST_ALL, 1, 0, *which))
        while True:
            data = kernel.recv(65_536)
            while data:
                length, kind, *_ = _HEADER.unpack_from(data)
                if kind != BY_FAMILY:  # the end of them, or an error
                    return
                yield data[_HEADER.size : length]
                data = data[length:]


def _links(pid: int) -> set[str]:
    """What the descriptors of a process lead to; empty if it is not ours to see, or gone."""
    links = set()
    with suppress(OSError):
        for entry in os.scandir(PROC / str(pid) / "fd"):
            with suppress(OSError):  # closed since
                links.add(os.readlink(entry.path))
    return links
