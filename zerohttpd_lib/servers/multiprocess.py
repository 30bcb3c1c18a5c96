"""Rung 12: one loop for each processor. Read edge.py first: with one process, this is that server.

Several processes (`--workers N`) wait for the same clients. What a new client sets off depends
on how they share the listening socket:

    listener     all watch one socket; a client wakes every process that sleeps, one of them gets
                 it, and the others find nothing: the "thundering herd"
    exclusive    the same, but asked for with EPOLLEXCLUSIVE, so that the kernel wakes one of them,
                 or a few (man 2 epoll_ctl)
    reuseport    a socket for each, all on the same port; the kernel deals the clients out before
                 anybody wakes, by a hash of their addresses (man 7 socket, SO_REUSEPORT)

The last has no herd, but no mercy either: a client that was dealt to a process that is busy waits
for that one, while others may be idle.
"""

from __future__ import annotations

import select
import socket
from typing import Final

from .. import guestbook, sockets
from ..messages import PipelinedConversation, Request
from ..polling import READABLE, EdgeEpoll
from .event_loop import EventLoop
from .redis_connection import RedisConnection, RedisLink

SHARES: Final = ("listener", "exclusive", "reuseport")


class MultiprocessServer(EventLoop):
    """`share`: how several processes share the listening socket; one of SHARES."""

    keep_alive = True
    poller_class = EdgeEpoll
    shares = SHARES

    def __init__(self, listener: socket.socket, redis_address: sockets.Address, *, share: str = "exclusive") -> None:
        super().__init__(listener, redis_address)
        self.redis = RedisLink(self, redis_address)
        if share == "exclusive":
            self.listener_events = READABLE | select.EPOLLEXCLUSIVE

    def redis_for_a_request(self) -> RedisConnection:
        return self.redis

    def respond(self, request: Request) -> PipelinedConversation:
        return guestbook.respond_in_one_trip(request)
