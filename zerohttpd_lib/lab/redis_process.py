"""Which process of this machine is the Redis that we talk to, if it is one of this machine.

What Redis says of itself (INFO, process_id) is a number in its own world: in a container, or on
another machine, the process of that number is a stranger here. The kernel is the witness: it has
both ends of a connection within one machine in /proc/net/tcp (man 5 proc), each with the inode of
its socket, and /proc/PID/fd says who holds it.
"""

from __future__ import annotations

import os
import re
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from ..sockets import Address

PATIENCE: Final = 5.0  # seconds for Redis to answer
_SAID = re.compile(rb"\bprocess_id:(\d{1,9})\r\n")


class Process(NamedTuple):
    """Two processes may have the same number, one after the other, but not the same start."""

    pid: int
    started: str  # clock ticks after the machine was started, as in /proc/PID/stat


def find_redis_process(address: Address) -> Process | None:
    """The process that holds the other end of a connection to `address`; None if that is not known for sure.

    Raises OSError when nobody answers there.
    """
    with socket.create_connection(address, PATIENCE) as sock:
        sock.sendall(b"INFO server\r\nPING\r\n")
        said = b""
        while not said.endswith(b"+PONG\r\n") and (data := sock.recv(65_536)):
            said += data
        found = _SAID.search(said)
        if found is None:  # it may refuse to say
            return None
        pid = int(found[1])
        with suppress(OSError):  # there is none of that number, or it is none of our business
            process = Process(pid, start_of(pid))
            if _other_end(sock) & _sockets_of(pid):
                return process
    return None


def start_of(pid: int) -> str:
    """When it was started. Raises OSError when there is no such process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def _other_end(sock: socket.socket) -> set[str]:
    """The inode of the socket at the other end; empty when that is on another machine, or in another namespace."""
    here, there = _as_in_proc(sock.getsockname()), _as_in_proc(sock.getpeername())
    inodes = set()
    for table in ("tcp", "tcp6"):
        with suppress(FileNotFoundError):
            for line in Path(f"/proc/self/net/{table}").read_text().splitlines():
                _, local, remote, *rest = line.split(None, 10)
                # An IPv4 address in the table of IPv6 has a prefix (RFC 4291, 2.5.5.2).
                if local.endswith(there) and remote.endswith(here):
                    inodes.add(rest[6])
    return inodes - {"0"}


def _as_in_proc(name: tuple[str | int, ...]) -> str:
    """ "127.0.0.1", 80 is 0100007F:0050: words of 32 bits, each as this machine has it in memory."""
    host, port = str(name[0]).partition("%")[0], int(name[1])
    packed = socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"


def _sockets_of(pid: int) -> set[str]:
    """The inodes of the sockets that a process holds."""
    inodes = set()
    for entry in os.scandir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):  # closed since
            inodes.add(os.readlink(entry.path).removeprefix("socket:[").rstrip("]"))
    return inodes
