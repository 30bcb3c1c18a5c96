"""Which process of this machine is the Redis that we talk to, if it is one of this machine.

What Redis says of itself (INFO, process_id) is a number in its own world: in a container, or on
another machine, the process of that number is a stranger here. The kernel is the witness: of a connection
within this machine it knows both ends, each with the inode of its socket (man 7 sock_diag), and
/proc/PID/fd says who holds it. The table /proc/net/tcp has the same, but to read it takes seconds
after a load test, which leaves a hundred thousand connections in TIME_WAIT.
"""

from __future__ import annotations

import os
import re
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from ..kernel.sockets import Address

PATIENCE: Final = 5.0  # seconds for Redis to answer
# From linux/netlink.h, linux/sock_diag.h and linux/inet_diag.h: a header, and a question for one socket,
# which is named by its own port and address and those of the other end.
SOCK_DIAG: Final = 4  # a protocol of netlink
BY_FAMILY: Final = 20  # a kind of message
REQUEST: Final = 1
ANY: Final = 0xFFFF_FFFF
_QUESTION = struct.Struct("=IHHII BBBxI HH16s16sIII")
_KIND = struct.Struct("=4xH")
_INODE = struct.Struct("=84xI")
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
            if f"socket:[{_other_end(sock)}]" in _held_by(pid):
                return process
    return None


def start_of(pid: int) -> str:
    """When it was started. Raises OSError when there is no such process."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


def _other_end(sock: socket.socket) -> int:
    """The inode of the socket at the other end. Raises OSError when that is not on this machine, or the kernel
    does not say."""
    (there, port), (here, own_port) = sock.getpeername()[:2], sock.getsockname()[:2]
    question = _QUESTION.pack(
        _QUESTION.size, BY_FAMILY, REQUEST, 1, 0, sock.family, socket.IPPROTO_TCP, 0, ANY,
        *_in_network_order(port, own_port), _packed(sock, there), _packed(sock, here), 0, ANY, ANY,
    )  # fmt: skip
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as kernel:
        kernel.send(question)
        answer = kernel.recv(8192)
    if _KIND.unpack_from(answer)[0] != BY_FAMILY:
        raise FileNotFoundError("no such socket here")
    return int(_INODE.unpack_from(answer)[0])


def _in_network_order(*ports: int) -> tuple[int, ...]:
    return tuple(map(socket.htons, ports))


def _packed(sock: socket.socket, host: str) -> bytes:
    return socket.inet_pton(sock.family, host.partition("%")[0])


def _held_by(pid: int) -> set[str]:
    """What a process has open."""
    held = set()
    for entry in os.scandir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):  # closed since
            held.add(os.readlink(entry.path))
    return held
