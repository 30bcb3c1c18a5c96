"""Rung 10: connections that last. Read pipelined.py first: after an answer, the next request.

HTTP/1.1 keeps a connection open unless one side says "close" (RFC 9112, section 9.3). A client pays
for accept(), epoll_ctl and close() once, not for each request.

What is sent together is answered in order: `HttpConnection` keeps what it is not ready for. One
client that sends a thousand requests at once must not keep the others waiting, so it gets a few
answers, and then it is the others' turn (`take_up_requests`). And a client that stays without
saying anything is dismissed after a while (`dismiss_the_silent`).
"""

from __future__ import annotations

import socket

from .. import guestbook, sockets
from ..messages import PipelinedConversation, Request
from .event_loop import EventLoop
from .redis_connection import RedisConnection, RedisLink


class KeepaliveServer(EventLoop):
    keep_alive = True

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.redis = RedisLink(self, redis_address)

    def redis_for_a_request(self) -> RedisConnection:
        return self.redis

    def respond(self, request: Request) -> PipelinedConversation:
        return guestbook.respond_in_one_trip(request)
