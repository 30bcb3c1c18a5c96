"""Who is at the other end of a descriptor, and since when; and how a server waits.

A descriptor's number says little: the kernel gives it to the next one as soon as it is closed. So
whenever one is watched, we ask the kernel for the address of the other end (man 2 getpeername).
"""

from __future__ import annotations

import os
import select
import selectors
import socket
from collections.abc import Sequence
from typing import Any, Final

from ..kernel.watched import watched_by
from . import layout
from .writer import TraceWriter

REDIS: Final = "redis"  # a role whose address is known: the kernel need not be asked


class Peers:
    """Keeps the table of descriptors in a trace's memory."""

    def __init__(self) -> None:
        self._alive: dict[int, tuple[int, int, int]] = {}  # number, code, and which entry told of it last
        self._hosts: dict[str, int] = {}

    def begin(self, fd: int, role: str, code: int, trace: TraceWriter) -> Sequence[int]:
        """`fd` is watched from now on. Returns the entry that says who is there; nothing if nobody is."""
        host, port = (0, 0) if role == REDIS else self._peer(fd)
        if 0 <= fd < layout.DESCRIPTORS:
            place = layout.LIVES_AT + fd * layout.LIFE.size
            layout.LIFE.pack_into(trace.memory, place, trace.waits + 1, host, port, code >> 8 & 0xFF)
        if not port:
            self._alive.pop(fd, None)
            return ()
        words = code & 0xFF00 | port << 16 | layout.PEER
        self._alive[fd] = host, words, trace.entries
        return fd, host, words

    def end(self, fd: int, trace: TraceWriter) -> Sequence[int]:
        """It is forgotten. What was said at the beginning is said again if it may be lost by now."""
        host, words, told = self._alive.pop(fd, (0, 0, trace.entries))
        return (fd, host, words) if trace.entries - told > layout.ENTRIES // 2 else ()

    def _peer(self, fd: int) -> tuple[int, int]:
        """Address and port of the other end, as numbers; (0, 0) where there is none to name."""
        try:
            sock = socket.SocketType(socket.AF_INET, socket.SOCK_STREAM, 0, fd)
        except OSError:  # a pipe, perhaps
            return 0, 0
        try:
            peer = sock.getpeername()
        except OSError:  # a listener
            return 0, 0
        finally:
            sock.detach()  # it is the server's, not ours to close
        if not isinstance(peer, tuple):  # a socket of the machine's own, without a port
            return 0, 0
        return self._number(peer[0]), peer[1]

    def _number(self, host: str) -> int:
        if host not in self._hosts:
            if len(self._hosts) > 1000:
                self._hosts.clear()
            self._hosts[host] = 0 if ":" in host else int.from_bytes(socket.inet_aton(host), "big")
        return self._hosts[host]


def watched_already(waiter: Any) -> list[tuple[int, int]]:
    """(descriptor, events) of what it watches now, if it waits by epoll: the kernel can be asked. Else nothing.

    An event loop has its own socket watched, and a link to Redis, before there is anything to attach to.
    """
    for value in (waiter, *getattr(waiter, "__dict__", {}).values()):
        if isinstance(value, select.epoll | selectors.EpollSelector):
            return watched_by(value.fileno())
    return []


def how_it_waits(waiter: Any) -> str:
    """ "poll", "epoll", "edge" (epoll, and it is told once only), or "unknown"."""
    if getattr(waiter, "must_drain", False):
        return "edge"
    kept = [type(value).__name__ for value in getattr(waiter, "__dict__", {}).values()]
    if isinstance(waiter, select.epoll) or "epoll" in kept or "EpollSelector" in kept:
        return "epoll"
    if "poll" in kept or "PollSelector" in kept:
        return "poll"
    links = (_link(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd"))
    return "epoll" if "anon_inode:[eventpoll]" in links else "unknown"


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:  # the descriptor of the folder we have just listed
        return ""
