"""The end of the input, taken for a goodbye."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING

from .small_server import Client, SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit


class BrokenClient(Client):
    def __init__(self, server: SmallServer, sock: socket.socket) -> None:
        super().__init__(server, sock)
        self.watch_for(self.asked | select.EPOLLRDHUP)

    def ready(self, events: int) -> None:
        if events & select.EPOLLRDHUP:  # "it has gone: why bother?"
            return self.finish()
        super().ready(events)


class Broken(SmallServer):
    client_class = BrokenClient


Mended = SmallServer


def visit(place: Visit) -> None:
    """Two clients ask. The second says at once that it will send no more, as `nc -N` does, and listens."""
    place.notes["a client that asks is answered"] = place.asks("/")
    with place.frozen():
        client = place.client("/")
        client.shutdown(socket.SHUT_WR)
    place.notes["one that asks and ends its side is answered"] = place.answer(client)


def is_ill(notes: Notes) -> bool:
    return "200" not in str(notes["one that asks and ends its side is answered"])
