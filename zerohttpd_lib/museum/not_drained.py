"""Edge-triggered, and read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel import sockets
from ..servers.pollers import EdgeEpoll
from .small_server import Client, SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit


class BrokenClient(Client):
    def read(self) -> None:
        data = sockets.receive_now(self.sock, 2048)  # "no request of ours is longer"
        if data is not None:
            self.take_in(data)


class EdgeClient(Client):
    def read(self) -> None:
        while self.state == "reading" and (data := sockets.receive_now(self.sock, 2048)) is not None:
            self.take_in(data)


class Broken(SmallServer):
    poller_class = EdgeEpoll
    client_class = BrokenClient


class Mended(SmallServer):
    poller_class = EdgeEpoll
    client_class = EdgeClient


def visit(place: Visit) -> None:
    """Two clients send a form: a short one, and one of 5,000 bytes."""
    for length in (500, 5000):
        client = place.client("/", method="POST", rest=b"x" * length)
        place.notes[f"a form of {length:,} bytes is answered"] = place.answer(client)


def is_ill(notes: Notes) -> bool:
    return notes["a form of 5,000 bytes is answered"] == "nothing"
