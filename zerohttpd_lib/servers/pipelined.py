"""Rung 9: one connection to Redis. Read nonblocking.py first: `RedisLink` takes the place of many.

No request pays for a connect any more. The questions of many clients are under way at once, and
all those of one batch of events leave in one send(). Redis answers in order, so the first reply
belongs to whoever asked first (see redis_connection.py).

A page asks for LRANGE and INCR together, and takes its number from the reply to INCR. That is one
round trip in place of three, and no two pages can show the same number any more.
"""

from __future__ import annotations

import socket

from ..app import guestbook
from ..app.messages import Wanted
from ..kernel import sockets
from .http_connection import HttpConnection, HttpServer
from .redis_connection import RedisLink


class Connection(HttpConnection):
    __slots__ = ()
    server: PipelinedServer

    def ask(self, wanted: Wanted) -> None:
        self.server.redis.ask(wanted, self.replied)


class PipelinedServer(HttpServer):
    connection_class = Connection
    respond = staticmethod(guestbook.respond_in_one_trip)

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.redis = RedisLink(self, redis_address, self.patience)
