"""Rung 10: connections that last. Read pipelined.py first: after an answer, the next request.

HTTP/1.1 keeps a connection open unless one side says "close" (RFC 9112, section 9.3). A client pays
for accept(), epoll_ctl and close() once, not for each request.

What is sent together is answered in order (section 9.3.2). One client that sends a thousand
requests at once must not keep the others waiting. While a page waits for Redis, others have their
turn anyway. Of answers that need no Redis it gets a few, and then it is pausing.
"""

from __future__ import annotations

import socket
from typing import Final

from ..app import guestbook
from ..app.messages import Wanted
from ..kernel import sockets
from .http_connection import MOVES, HttpConnection, HttpServer
from .redis_connection import RedisLink

ANSWERS_AT_ONCE: Final = 16  # to one client, before the others have their turn


class Connection(HttpConnection):
    __slots__ = ()
    keep_alive = True
    server: KeepaliveServer
    moves = MOVES | {
        "reading": MOVES["reading"] | {"pausing"},
        "pausing": {"reading", "finished"},  # it goes on when the others have had their turn
        "writing": MOVES["writing"] | {"reading"},
    }

    def ask(self, wanted: Wanted) -> None:
        self.server.redis.ask(wanted, self.replied)

    def answered(self) -> None:
        if self.keep and not self.server.stopping:
            self.state = "reading"
        else:
            super().answered()

    def take_up_requests(self) -> None:
        for _ in range(ANSWERS_AT_ONCE):
            if not self.take_up_request() or self.state != "reading":
                return
        self.state = "pausing"
        self.server.timers.call_in(0, self.resume)

    def resume(self) -> None:
        if self.state == "pausing":
            self.state = "reading"
            self.ready(0)


class KeepaliveServer(HttpServer):
    connection_class = Connection
    respond = staticmethod(guestbook.respond_in_one_trip)

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.redis = RedisLink(self, redis_address, self.patience)
