"""Rung 3: processes made beforehand. Read forking.py first: fork() moves out of the loop.

Each worker is an iterative server. They all sleep in accept() on the same listening socket;
when a client connects, the kernel wakes one of them. No fork() for a page, and a worker keeps
its connection to Redis. But there is a fixed number of them: as many silent clients stop the
server. A worker that dies is replaced (see workers.py).
"""

from __future__ import annotations

import socket

from ..kernel import sockets
from . import Pool
from .blocking import next_client, redis_connection, serve_client
from .workers import run_workers


class PreforkedServer:
    """Serves the guestbook on `listener`, with Redis at `redis_address`, until it is killed.

    `workers`: the number of processes. The article has 100. The default is 10, because each is
    a Python interpreter, and because a small pool can be filled with silent clients by hand.
    """

    pool = Pool.ITS_OWN

    def __init__(self, listener: socket.socket, redis_address: sockets.Address, *, workers: int = 10) -> None:
        self.listener = listener
        self.redis_address = redis_address
        self.workers = workers

    def run(self) -> None:
        self.listener.setblocking(True)
        run_workers(self.serve_clients, self.workers)

    def serve_clients(self, worker: int) -> None:
        """What each worker does, until it is killed."""
        redis = redis_connection(self.redis_address)
        while True:
            serve_client(next_client(self.listener), redis)
