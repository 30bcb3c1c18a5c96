"""Hold N connections open and say nothing on them.

    python -m zerohttpd_lib.load.idle PLAN      (a Plan as JSON; `idle` is N)

Prints {"open": N} when all are open and accepted, and again whenever the server has closed some. It runs
until it is ended, and the connections end with it.
"""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import sys
import time
from typing import Final

from ..kernel.sockets import raise_descriptor_limit
from .network import accept_queue
from .plan import Plan
from .sources import Sources

AT_ONCE: Final = 200  # connections begun before the first of them is open: half of a small backlog
ACCEPT_TIME: Final = 0.5  # seconds in which the server must accept at least one of them
CONNECT_TIME: Final = 10.0  # seconds for each batch


class IdleConnections:
    """`opened` in all; `open_now` of them still are. `problem`: why they are fewer than wanted."""

    def __init__(self, plan: Plan) -> None:
        self.address = plan.address
        self.family = socket.AF_INET6 if ":" in plan.address[0] else socket.AF_INET
        self.number = plan.idle
        self.sources = Sources(plan.address[0], plan.first, plan.idle)
        self.epoll = select.epoll()
        self.sockets: dict[int, socket.SocketType] = {}
        self.open_now = 0
        self.problem = ""

    def open_all(self) -> None:
        """Open them, some at a time. Stops early, with a `problem`, when something runs out."""
        opened = 0
        while opened < self.number and not self.problem:
            batch = min(AT_ONCE, self.number - opened)
            self.open_batch([fd for i in range(batch) if (fd := self.start_one(opened + i)) is not None])
            opened += batch

    def open_batch(self, connecting: list[int]) -> None:
        waiting = set(connecting)
        deadline = time.monotonic() + CONNECT_TIME
        while waiting and time.monotonic() < deadline:
            for fd, events in self.epoll.poll(0.1):
                if events & ~select.EPOLLOUT:
                    self.problem = "the server refuses or closes them"
                    self.open_now -= fd not in waiting
                    self.lost(fd)
                elif fd in waiting:
                    self.open_now += 1
                    # Connected: from now on only its end is of interest.
                    self.epoll.modify(fd, select.EPOLLIN | select.EPOLLRDHUP)
                waiting.discard(fd)
        if waiting:
            self.problem = "the server does not accept any more"

    def wait_until_accepted(self) -> None:
        """An open connection may still wait in the kernel for the server's accept().

        A server that accepts no more of them, because all its workers are taken, is not waited for.
        """
        left, shrunk = accept_queue(self.address[1]), time.monotonic()
        while left and time.monotonic() < shrunk + ACCEPT_TIME:
            time.sleep(0.01)
            now = accept_queue(self.address[1])
            if now < left:
                left, shrunk = now, time.monotonic()

    def start_one(self, number: int) -> int | None:
        """Begin to connect; returns the descriptor, or None and a `problem`."""
        try:
            sock = socket.SocketType(self.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            self.problem = error.strerror or str(error)
            return None
        try:
            self.sources.bind(sock, number)
            if (error_number := sock.connect_ex(self.address)) not in (0, errno.EINPROGRESS):
                raise OSError(error_number, os.strerror(error_number))
            self.epoll.register(sock.fileno(), select.EPOLLOUT)
        except OSError as error:
            sock.close()
            self.problem = error.strerror or str(error)
            return None
        self.sockets[sock.fileno()] = sock
        return sock.fileno()

    def report_closings(self) -> None:
        """Until we are ended: tell when the server closes connections."""
        while True:
            before = self.open_now
            for fd, _ in self.epoll.poll():
                self.open_now -= 1
                self.lost(fd)
            if self.open_now != before:
                self.tell()

    def lost(self, fd: int) -> None:
        self.sockets.pop(fd).close()

    def tell(self) -> None:
        print(json.dumps({"open": self.open_now, "problem": self.problem}), flush=True)


def main() -> None:
    raise_descriptor_limit()
    connections = IdleConnections(Plan.from_json(sys.argv[1]))
    connections.open_all()
    connections.wait_until_accepted()
    connections.tell()
    connections.report_closings()


if __name__ == "__main__":
    main()
