"""A write interest that is never taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kernel import sockets
from ..servers.pollers import READABLE, WRITABLE
from .small_server import BIG, Client, SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit


class BrokenClient(Client):
    def write(self) -> None:
        del self.output[: sockets.send_now(self.sock, self.output)]
        if self.output:
            self.watch_for(READABLE | WRITABLE)  # "for the rest of this answer, and for the next request"
        elif self.keep:
            self.state = "reading"
            self.watch_for(self.asked | READABLE)
        else:
            self.finish()


class Broken(SmallServer):
    client_class = BrokenClient


Mended = SmallServer


def visit(place: Visit) -> None:
    """A client takes a big page, stays, and says nothing more."""
    client = place.client("/big")
    place.settle()
    place.notes["bytes of a big page that came"] = place.take(client, len(BIG))
    place.settle()
    place.look_at_effort()


def is_ill(notes: Notes) -> bool:
    return int(str(notes["waits while nobody wanted anything"])) > 50
