"""Rung 11: edge-triggered. Read keepalive.py first: one more line, and what it asks of the rest.

A descriptor is reported once, when something new has happened to it. So whoever is told must
go on until recv() says that there is nothing left, and must accept until nobody is waiting:
the loops that ask `must_drain` in http_connection.py, redis_connection.py and event_loop.py.

What is won is epoll_ctl: a descriptor is put on the interest list once, for reading and for
writing, and never changed. What is lost is the second chance: forget to drain, and the
client waits for ever.
"""

from __future__ import annotations

import socket

from .. import guestbook, sockets
from ..messages import PipelinedConversation, Request
from ..polling import EdgeEpoll
from .event_loop import EventLoop
from .redis_connection import RedisConnection, RedisLink


class EdgeServer(EventLoop):
    keep_alive = True
    poller_class = EdgeEpoll

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.redis = RedisLink(self, redis_address)

    def redis_for_a_request(self) -> RedisConnection:
        return self.redis

    def respond(self, request: Request) -> PipelinedConversation:
        return guestbook.respond_in_one_trip(request)
