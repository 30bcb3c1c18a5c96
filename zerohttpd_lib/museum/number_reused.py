"""An event for somebody who has been sent away in the same batch."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Final

from .small_server import Client, SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit

MOST: Final = 3  # clients at a time


class FullServer(SmallServer):
    """Where there is room for three. Whoever comes next takes the place of the one that came first."""

    def let_in(self, sock: socket.socket) -> None:
        if len(self.clients) == MOST:
            next(iter(self.clients)).finish()
        super().let_in(sock)


class Broken(FullServer):
    def leave(self, client: Client) -> None:
        self.clients.pop(client, None)
        self.forget(client.sock)
        client.sock.close()  # "why wait for the end of the batch?"


Mended = FullServer


def visit(place: Visit) -> None:
    """It is full. Two newcomers are at the door when the one that came first breaks off."""
    first, *_ = [place.client("/") for _ in range(MOST)]
    place.settle()
    with place.frozen():
        newcomers = [place.client("/") for _ in range(2)]
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        first.close()
    for name, client in zip(("first", "second"), newcomers, strict=True):
        place.notes[f"the {name} newcomer is answered"] = place.answer(client)


def is_ill(notes: Notes) -> bool:
    return "200" not in str(notes["the second newcomer is answered"])
