"""A connection that is tried again at once, and again."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from ..kernel import sockets
from ..servers.redis_connection import RedisLink
from .counting import PATIENCE, CountingServer

if TYPE_CHECKING:
    from .visit import Notes, Visit

NOBODY: Final = ("127.0.0.1", 1)  # an address where Redis was until it was moved


class MovedServer(CountingServer):
    """Redis is no longer where this server looks for it."""

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, NOBODY)


class Impatient(RedisLink):
    def failed(self) -> None:
        self.delay = 0.0  # "the sooner the better"
        super().failed()


class Broken(CountingServer):
    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, NOBODY)
        self.redis = Impatient(self, NOBODY, PATIENCE)


Mended = MovedServer


def visit(place: Visit) -> None:
    """Redis has been moved, and nobody has told the server."""
    place.notes["the guestbook"] = place.asks("/guestbook")
    before = place.failed_connects()
    place.look_at_effort()
    place.notes["connections that the kernel saw fail meanwhile"] = place.failed_connects() - before


def is_ill(notes: Notes) -> bool:
    return int(str(notes["connections that the kernel saw fail meanwhile"])) > 50
