"""Connections to Redis that are lent, and not given back."""

from __future__ import annotations

import socket
import struct
from collections import deque
from typing import TYPE_CHECKING, Final

from ..app.messages import Command, Replies, Request
from ..kernel import sockets
from ..servers.redis_connection import RedisConnection
from .counting import PATIENCE, page_of
from .small_server import Client, SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit

LENT: Final = 3  # connections to Redis


class PoolServer(SmallServer):
    """/guestbook needs one of three connections to Redis; whoever finds none waits for one."""

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.free = [RedisConnection(self, redis_address, PATIENCE) for _ in range(LENT)]
        self.queue: deque[Client] = deque()

    def respond(self, client: Client, request: Request) -> None:
        if request.path != "/guestbook":
            return super().respond(client, request)
        self.queue.append(client)
        self.lend()

    def lend(self) -> None:
        while self.free and self.queue:
            self.ask(self.queue.popleft(), self.free.pop())

    def ask(self, client: Client, connection: RedisConnection) -> None:
        def replied(reply: Replies, failed: bool) -> None:
            self.give_back(client, connection)
            client.answer(page_of(reply, failed))

        connection.ask(Command(b"INCR", (b"museum",)), replied)

    def give_back(self, client: Client, connection: RedisConnection) -> None:
        self.free.append(connection)
        self.lend()


class Broken(PoolServer):
    def give_back(self, client: Client, connection: RedisConnection) -> None:
        if client.state == "finished":
            return  # "nobody is left whom this concerns"
        super().give_back(client, connection)


Mended = PoolServer


def visit(place: Visit) -> None:
    """Redis is slow for half a second; three clients lose patience. Then all is well again."""
    place.lab.redis.client.client_pause(500)  # milliseconds
    impatient = [place.client("/guestbook") for _ in range(LENT)]
    place.settle()
    for client in impatient:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    place.lab.redis.client.ping()  # is answered when the pause is over
    place.settle()
    place.notes["the greeting, which needs no Redis"] = place.asks("/")
    place.notes["the guestbook"] = place.asks("/guestbook")
    place.notes["the server's connections to Redis"] = place.server.interest_list().count_by_role().get("redis", 0)


def is_ill(notes: Notes) -> bool:
    return notes["the guestbook"] == "nothing"
