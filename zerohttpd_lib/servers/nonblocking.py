"""Rung 8: nothing blocks. Read epoll.py first: its first read and its writes move into the loop.

The article ends on a conjecture: were the first read and the writes non-blocking too, the epoll
server should do even better. This is that server. It asks Redis the same questions, one after the
other, on a connection of their own for each request.

What it takes is memory of where one was. So each part of epoll.py has grown, and has moved into a
file that rungs 8 to 12 share. What a rung does differently is in its own file.

    run, wait, close_finished                     event_loop.py, with timers and signals
    watch, modify, forget                         pollers.py
    accept_clients                                accepting.py, which also dismisses the silent
    read_request, converse, send_response, ...    http_connection.py: `requests` and `output`
    connect_to_redis, redis_replied, ...          redis_connection.py, with a queue of questions

A server that can wait for everybody lets everybody in, and with a connection to Redis for each
request not all of them can ask at once: turns.py says why, and lets the others wait.
"""

from __future__ import annotations

import socket

from ..app import guestbook
from ..app.messages import Wanted
from ..kernel import sockets
from .http_connection import HttpConnection, HttpServer
from .redis_connection import RedisConnection
from .turns import Turns


class Connection(HttpConnection):
    __slots__ = ("redis",)
    server: NonblockingServer

    def __init__(self, server: NonblockingServer, sock: socket.socket) -> None:
        self.redis: RedisConnection | None = None
        super().__init__(server, sock)

    # A connection to Redis for each request, from its first question until it is answered.

    def ask(self, wanted: Wanted) -> None:
        if self.redis is None:
            self.server.turns.wait(self, wanted)
        else:
            self.redis.ask(wanted, self.replied)

    def take_turn(self, wanted: Wanted) -> None:
        self.redis = RedisConnection(self.server, self.server.redis_address, self.server.patience)
        self.redis.ask(wanted, self.replied)

    def done_asking(self) -> None:
        if self.redis is not None:
            self.redis.close()
            self.redis = None
            self.server.turns.end()

    def time_is_up(self) -> None:
        super().time_is_up()
        if self.redis is not None:
            self.redis.lose_patience()
            if self.redis is None:  # Redis is silent
                self.server.turns.turn_away()


class NonblockingServer(HttpServer):
    connection_class = Connection
    respond = staticmethod(guestbook.respond)
    asks_at_once = 256  # enough to keep Redis busy

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.turns = Turns(self, self.asks_at_once)
