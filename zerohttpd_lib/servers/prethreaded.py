"""Rung 5: threads made beforehand. Read threaded.py first, and preforked.py: it is both.

Each thread is an iterative server, with a Redis connection that it keeps. They all sleep in
accept() on the same listening socket; when a client connects, the kernel wakes one of them. The
article's threads take a lock before accept(), so that only one is there at a time; Linux does
not need it. They also give up on a client that is silent for 5 seconds; these wait.

A thread that sleeps in accept() has a descriptor set aside for its client: the kernel takes the
number first, and then waits (__sys_accept4 in net/socket.c). It is not in /proc/PID/fd, but it counts. A pool
needs as many descriptors as it has threads, and as many again for Redis.
"""

from __future__ import annotations

import socket
import traceback
from threading import Thread

from ..kernel import sockets
from . import Pool
from .blocking import next_client, redis_connection, serve_client


class PrethreadedServer:
    """Serves the guestbook on `listener`, with Redis at `redis_address`, until it is killed.

    `workers`: the number of threads, 100 by default, as in the article: a thread that waits
    costs little.
    """

    pool = Pool.ITS_OWN

    def __init__(self, listener: socket.socket, redis_address: sockets.Address, *, workers: int = 100) -> None:
        self.listener = listener
        self.redis_address = redis_address
        self.workers = workers

    def run(self) -> None:
        self.listener.setblocking(True)
        threads = [Thread(target=self.serve_clients, daemon=True) for _ in range(self.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:  # they never end: the main thread is there for the signals,
            thread.join()  # whose handlers Python runs in no other

    def serve_clients(self) -> None:
        """What each thread does, until the server is killed."""
        redis = redis_connection(self.redis_address)
        while True:
            client = next_client(self.listener)
            try:
                serve_client(client, redis)
            except Exception:  # a bug of ours: say so, aloud, but the pool must not shrink
                traceback.print_exc()
