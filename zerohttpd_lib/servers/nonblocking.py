"""Rung 8: nothing blocks. Read epoll.py first: its first read and its writes move into the loop.

The article ends on a conjecture: were the first read and the writes non-blocking too, the epoll
server should do even better. This is that server. All else is as it was: the same questions to
Redis, one after the other, on a connection of their own for each request.

What it takes is memory of where one was: `requests` and `output` in http_connection.py. That file
is shared by rungs 8 to 12, and so are the loop (event_loop.py), the door (accepting.py) and what
talks to Redis (redis_connection.py). What a rung does differently is in its own file.
"""

from __future__ import annotations

import socket

from ..app import guestbook
from ..app.messages import Conversation, Request, Wanted
from .http_connection import HttpConnection, HttpServer
from .redis_connection import RedisConnection


class Connection(HttpConnection):
    __slots__ = ("redis",)

    def __init__(self, server: NonblockingServer, sock: socket.socket) -> None:
        self.redis: RedisConnection | None = None
        super().__init__(server, sock)

    # A connection to Redis for each request, from its first question until it is answered.

    def ask(self, wanted: Wanted) -> None:
        if self.redis is None:
            self.redis = RedisConnection(self.server, self.server.redis_address, self.server.patience)
        self.redis.ask(wanted, self.replied)

    def done_asking(self) -> None:
        if self.redis is not None:
            self.redis.close()
            self.redis = None

    def time_is_up(self) -> None:
        super().time_is_up()
        if self.redis is not None:
            self.redis.lose_patience()


class NonblockingServer(HttpServer):
    connection_class = Connection
    accepts_at_once = 64  # each will want a descriptor more, and Redis's time: let a crowd wait at the door

    def respond(self, request: Request) -> Conversation:
        return guestbook.respond(request)
