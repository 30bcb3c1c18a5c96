"""Rung 1: one client after the other. Read blocking.py first: it has the story of one request.

While this server waits for its client, or for Redis, it does nothing else, and everybody else
waits too: in the kernel's queue of connections that nobody has accepted yet (man 2 listen). One
client that connects and stays silent stops it for all.
"""

from __future__ import annotations

import socket

from ..kernel import sockets
from . import Pool
from .blocking import next_client, redis_connection, serve_client


class IterativeServer:
    """Serves the guestbook on `listener`, with Redis at `redis_address`, until it is killed."""

    pool = Pool.NONE

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        self.listener = listener
        self.redis_address = redis_address

    def run(self) -> None:
        self.listener.setblocking(True)
        redis = redis_connection(self.redis_address)
        while True:
            serve_client(next_client(self.listener), redis)
