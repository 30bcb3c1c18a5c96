"""A client that has gone while its answer was being made, and nobody looks."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from ..servers.pollers import READABLE, WRITABLE
from .counting import CountingServer
from .small_server import Client

if TYPE_CHECKING:
    from .visit import Notes, Visit


class BrokenClient(Client):
    def ready(self, events: int) -> None:
        try:
            if events & WRITABLE:
                self.write()
            if events & READABLE:
                self.read()
        except OSError:
            self.finish()


class Broken(CountingServer):
    client_class = BrokenClient


Mended = CountingServer


def visit(place: Visit) -> None:
    """While Redis is slow, a client that has asked for the guestbook breaks its connection off."""
    place.lab.redis.client.client_pause(900)  # milliseconds
    client = place.client("/guestbook")
    place.settle()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not a goodbye
    client.close()
    place.settle()
    place.look_at_effort()


def is_ill(notes: Notes) -> bool:
    return int(str(notes["waits while nobody wanted anything"])) > 50
