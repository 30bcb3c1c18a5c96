"""The kernel's own interest list, read from /proc while the server runs.

`/proc/PID/fdinfo/FD` of an epoll descriptor has a line for each descriptor on its list (man 5
proc), with the inode of its socket; /proc/net/tcp has both ends of each socket, by inode. So
this asks the kernel alone; nothing here is the server's own word.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, overload

from .events import event_names

_TARGET = re.compile(r"tfd:\s*(\d+) events:\s*([0-9a-f]+) .*? ino:([0-9a-f]+)")
BROKEN: Final = 0x18  # HUP and ERR, which the kernel adds to every entry: not said again
_LISTEN: Final = 0x0A  # states in /proc/net/tcp: include/net/tcp_states.h
_STATES: Final = {0x01: "established", 0x02: "connecting", 0x08: "closed by the peer", _LISTEN: "listening"}


@dataclass(frozen=True)
class Interest:
    """One descriptor on an interest list."""

    fd: int
    events: str  # asked for, by name; HUP and ERR are reported always
    role: str  # "listener", "client", "redis", or "other"
    peer: str  # HOST:PORT at the other end
    state: str  # of its connection

    def __str__(self) -> str:
        return f"{self.fd:5}  {self.events:14} {self.role:9} {self.peer:21} {self.state}"


class InterestList(Sequence[Interest]):
    """What an epoll descriptor watches, by descriptor number. `count_by_role()` sums it up."""

    def __init__(self, interests: list[Interest]) -> None:
        self._interests = interests

    def count_by_role(self) -> dict[str, int]:
        """How many descriptors each role has: listener, client, redis and others."""
        roles = [interest.role for interest in self._interests]
        return {role: roles.count(role) for role in sorted(set(roles))}

    def __len__(self) -> int:
        return len(self._interests)

    @overload
    def __getitem__(self, index: int) -> Interest: ...
    @overload
    def __getitem__(self, index: slice) -> list[Interest]: ...
    def __getitem__(self, index: int | slice) -> Interest | list[Interest]:
        return self._interests[index]

    def __repr__(self) -> str:
        roles = ", ".join(f"{number:,} {role}" for role, number in self.count_by_role().items())
        lines = [f"{len(self):,} on the kernel's interest list: {roles}"]
        shown = self._interests if len(self) <= 12 else [*self._interests[:8], None, *self._interests[-3:]]
        lines += [f"  {interest}" if interest else "    ..." for interest in shown]
        return "\n".join(lines)


class _Socket(NamedTuple):
    local_port: int
    peer: str
    peer_port: int
    state: int


def interest_list(pid: int, server_port: int, redis_port: int) -> InterestList | None:
    """The interest list of process `pid`; None when it has no epoll descriptor.

    Raises ProcessLookupError when the process has ended.
    """
    folder = Path(f"/proc/{pid}")
    if not folder.exists():
        raise ProcessLookupError(f"process {pid} has ended")
    epolls = [entry.name for entry in (folder / "fd").iterdir() if _link(entry) == "anon_inode:[eventpoll]"]
    if not epolls:
        return None
    targets = [target for fd in epolls for target in _TARGET.findall((folder / "fdinfo" / fd).read_text())]
    sockets = _sockets(folder)
    interests = [
        _interest(int(fd), int(events, 16), sockets.get(int(inode, 16)), server_port, redis_port)
        for fd, events, inode in targets
    ]
    return InterestList(sorted(interests, key=lambda interest: interest.fd))


def _interest(fd: int, events: int, socket: _Socket | None, server_port: int, redis_port: int) -> Interest:
    names = event_names(events & ~BROKEN)
    if socket is None:
        return Interest(fd, names, "other", "", "")
    if socket.state == _LISTEN:
        role = "listener"
    elif socket.local_port == server_port:
        role = "client"
    else:
        role = "redis" if socket.peer_port == redis_port else "other"
    peer = "" if role == "listener" else f"{socket.peer}:{socket.peer_port}"
    return Interest(fd, names, role, peer, _STATES.get(socket.state, f"state {socket.state:#04x}"))


def _link(entry: Path) -> str:
    try:
        return os.readlink(entry)
    except OSError:  # closed since
        return ""


def _sockets(folder: Path) -> dict[int, _Socket]:
    """Every TCP socket of the machine, by its inode. Those of closed descriptors have none."""
    found = {}
    for table in ("net/tcp", "net/tcp6"):
        try:
            lines = (folder / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            if " 06 " in line:  # TIME_WAIT: nobody's any more, and after a load test there are ten thousands of them
                continue
            _, local, remote, state, *rest = line.split(None, 10)
            host, _, port = remote.partition(":")
            if inode := int(rest[5]):
                local_port = int(local.partition(":")[2], 16)
                found[inode] = _Socket(local_port, _host(host), int(port, 16), int(state, 16))
    return found


def _host(text: str) -> str:
    """ "0100007F" is 127.0.0.1: the address as one number, its first byte the lowest."""
    if len(text) > 8:  # IPv6, of which only loopback matters here
        return "[::1]"
    return ".".join(str(byte) for byte in int(text, 16).to_bytes(4, "little"))
