"""A connection that is forgotten, and not closed."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ..kernel import sockets
from .small_server import Client, SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit


class Broken(SmallServer):
    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.history: list[Client] = []  # of everybody who was here, for the statistics

    def leave(self, client: Client) -> None:
        self.clients.pop(client, None)
        self.forget(client.sock)  # "Python closes it, when nobody refers to it any more"
        self.history.append(client)


Mended = SmallServer


def visit(place: Visit) -> None:
    """Thirty clients come, one after the other, are answered, and leave."""
    place.asks("/")
    before = place.descriptors()
    for _ in range(30):
        client = place.client("/")
        place.answer(client)
        client.close()
    place.settle()
    place.notes["clients that came, were answered and left"] = 30
    place.notes["descriptors more than before"] = place.descriptors() - before
    place.notes["waits meanwhile"] = len(place.server.trace)


def is_ill(notes: Notes) -> bool:
    return int(str(notes["descriptors more than before"])) >= 25
