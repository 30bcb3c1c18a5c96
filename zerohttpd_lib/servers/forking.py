"""Rung 2: a process per client. Read iterative.py first: each client now gets a child of its own.

The child waits for its client, and the parent goes back to accept(). A child that crashes takes
one request with it. But it costs a fork(), and a Redis connection of its own, to serve a page.

A child that has ended remains as a "zombie", an entry in the table of processes, until its
parent asks how it ended (man 2 waitpid). The kernel tells the parent by SIGCHLD, and `reap` asks.
To ignore SIGCHLD would be shorter: then there are no zombies (man 2 sigaction). But we would
not know who is still there when we end, and children in mid-request would outlive the server.
"""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress

from ..kernel import sockets
from . import Pool
from .blocking import next_client, redis_connection, serve_client
from .workers import end, fork


class ForkingServer:
    """Serves the guestbook on `listener`, with Redis at `redis_address`, until it is killed."""

    pool = Pool.NONE

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        self.listener = listener
        self.redis_address = redis_address
        self.children: set[int] = set()  # process ids

    def run(self) -> None:
        self.listener.setblocking(True)
        signal.signal(signal.SIGCHLD, self.reap)
        try:
            while True:
                self.serve_in_a_child(next_client(self.listener))
        finally:
            end(self.children)

    def serve_in_a_child(self, client: socket.socket) -> None:
        def serve() -> None:
            self.listener.close()  # the child's copy
            serve_client(client, redis_connection(self.redis_address))

        # fork() copies the descriptors, too. The connection ends when both copies are closed,
        # so the parent closes its own at once.
        with client, suppress(OSError):  # no process is left: this client goes without an answer
            fork(serve, self.children)

    def reap(self, signum: int, frame: object) -> None:
        """Some children have ended: several may share one signal (man 7 signal)."""
        with suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                self.children.discard(pid)
