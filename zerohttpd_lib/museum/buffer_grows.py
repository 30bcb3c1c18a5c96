"""News for somebody who does not read them."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Final

from ..app.messages import Request
from ..kernel import sockets
from .small_server import Client, SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit

PERIOD: Final = 0.01  # seconds
NEWS: Final = b"all is well\n" * 40_000  # 480 kB
BEHIND: Final = 65_536  # bytes: who is so far behind gets no more for the moment
MOST: Final = 200  # of the news: this is a museum, and is to be left standing


class NewsServer(SmallServer):
    """/news never ends: each listener is sent the news a hundred times a second."""

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.listeners: list[Client] = []
        self.sent = 0

    def respond(self, client: Client, request: Request) -> None:
        if request.path != "/news":
            return super().respond(client, request)
        client.keep = True
        client.output += b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
        self.listeners.append(client)
        if len(self.listeners) == 1:
            self.broadcast()

    def broadcast(self) -> None:
        for client in self.listeners:
            if client.state != "finished" and self.wants_more(client):
                client.output += NEWS
                client.write()
        self.sent += 1
        if self.sent < MOST:
            self.timers.call_in(PERIOD, self.broadcast)

    def wants_more(self, client: Client) -> bool:
        return len(client.output) < BEHIND


class Broken(NewsServer):
    def wants_more(self, client: Client) -> bool:
        return True  # "they will read it when they have time"


Mended = NewsServer


def visit(place: Visit) -> None:
    """A client asks for the news, and does not read them."""
    before = place.memory()
    place.client("/news")
    time.sleep(1.0)
    place.notes["the greeting, asked for by somebody else"] = place.asks("/")
    place.notes["bytes of memory more than before"] = place.memory() - before


def is_ill(notes: Notes) -> bool:
    return int(str(notes["bytes of memory more than before"])) > 4_000_000
