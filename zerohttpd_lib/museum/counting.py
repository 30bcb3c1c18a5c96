"""The small server with a page that has to ask Redis: /guestbook counts its visitors."""

from __future__ import annotations

import socket

from ..app.messages import Command, Replies, Request, Response
from ..kernel import sockets
from ..servers.redis_connection import RedisLink
from .small_server import Client, SmallServer

PATIENCE = 5.0  # seconds that Redis may take


class CountingServer(SmallServer):
    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.redis = RedisLink(self, redis_address, PATIENCE)

    def respond(self, client: Client, request: Request) -> None:
        if request.path != "/guestbook":
            return super().respond(client, request)
        self.redis.ask(Command(b"INCR", (b"museum",)), lambda reply, failed: client.answer(page_of(reply, failed)))


def page_of(reply: Replies, failed: bool) -> Response:
    """What the client is shown for Redis's reply."""
    if failed or not isinstance(reply, int):
        return Response(503, b"Redis is away.\n")
    return Response(200, b"Visitor %d\n" % reply)
