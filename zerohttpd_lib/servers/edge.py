"""Rung 11: edge-triggered. Read keepalive.py first: another poller, and what it asks of us.

A descriptor is reported once, when something new has happened to it. So whoever is told must
go on until nothing is left: until recv() gives less than it was asked for, or EAGAIN (`receive`;
the one in redis_connection.py always does), and until nobody waits at the door (`accept_clients`).

What is won is epoll_ctl: a descriptor is put on the interest list once, for reading and for
writing, and never changed. What is lost is the second chance: forget to drain, and the
client waits for ever.
"""

from __future__ import annotations

import socket
from typing import Final

from ..app import guestbook
from ..app.messages import Wanted
from ..kernel import sockets
from .http_connection import MOVES, HttpConnection, HttpServer
from .pollers import READ_ON, READABLE, EdgeEpoll
from .redis_connection import RedisLink

ANSWERS_AT_ONCE: Final = 16  # to one client, before the others have their turn


class Connection(HttpConnection):
    __slots__ = ("left_unread",)
    keep_alive = True
    server: EdgeServer
    moves = MOVES | {
        "reading": MOVES["reading"] | {"pausing"},
        "pausing": {"reading", "finished"},  # it goes on when the others have had their turn
        "writing": MOVES["writing"] | {"reading"},
    }

    def __init__(self, server: EdgeServer, sock: socket.socket) -> None:
        self.left_unread = False
        super().__init__(server, sock)

    def receive(self, events: int) -> None:
        """Take all that is there, as long as there is room for it."""
        self.left_unread = False
        while self.wants_input():
            data = sockets.receive_now(self.sock)
            if data is None:
                return
            self.take_in(data)
            # Less than we asked for is all there was (man 7 epoll, question 9), but for two cases.
            if len(data) < sockets.CHUNK_NOW and not events & READ_ON:
                return
        self.left_unread = True

    def wait_for_more(self) -> None:
        """Nothing to change for the kernel. But of what was left for want of room it will not tell us again."""
        while self.left_unread and self.wants_input():
            self.receive(READ_ON)
            if self.state == "reading":
                self.take_up_requests()

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


class EdgeServer(HttpServer):
    connection_class = Connection
    respond = staticmethod(guestbook.respond_in_one_trip)
    poller_class = EdgeEpoll

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.redis = RedisLink(self, redis_address, self.patience)

    def accept_clients(self, events: int) -> None:
        """If more are waiting than were taken now, nobody tells us again."""
        if self.accept_some():
            self.timers.call_in(0, lambda: self.accept_clients(READABLE))
