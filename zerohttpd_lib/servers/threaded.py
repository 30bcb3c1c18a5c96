"""Rung 4: a thread per client. Read forking.py first: the child becomes a thread.

A thread costs less than a process: it shares the memory and the descriptors, so nothing is
copied, nothing has to be closed twice, and nobody has to be reaped. What is shared is also the
risk: a thread that crashes the interpreter takes every client with it. (An exception does not:
it ends its thread, and Python prints it.)

Python runs one thread at a time: the global interpreter lock. A thread that waits in recv() or
in accept() has let go of it, so waiting goes on side by side; computing does not. The article's
threads, in C, use every core. These use one.
"""

from __future__ import annotations

import socket
from threading import Thread

from ..kernel import sockets
from . import Pool
from .blocking import next_client, redis_connection, serve_client


class ThreadedServer:
    """Serves the guestbook on `listener`, with Redis at `redis_address`, until it is killed."""

    pool = Pool.NONE

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        self.listener = listener
        self.redis_address = redis_address

    def run(self) -> None:
        self.listener.setblocking(True)
        while True:
            client = next_client(self.listener)
            # A daemon: Python does not wait for it when the server is told to stop.
            thread = Thread(target=self.serve, args=(client,), daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no thread is left (man 3 pthread_create, EAGAIN)
                client.close()  # this client goes without an answer

    def serve(self, client: socket.socket) -> None:
        """What each thread does."""
        redis = redis_connection(self.redis_address)
        try:
            serve_client(client, redis)
        finally:
            redis.disconnect()
