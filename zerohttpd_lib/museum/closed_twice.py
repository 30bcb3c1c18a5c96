"""A number that is closed twice: the second time it is somebody else's."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from .small_server import Client, SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit


class Broken(SmallServer):
    def leave(self, client: Client) -> None:
        self.clients.pop(client, None)
        self.forget(client.sock)
        number = client.sock.detach()
        os.close(number)
        self.at_end_of_batch.append(lambda: close_by_number(number))  # "to be sure"


def close_by_number(number: int) -> None:
    with suppress(OSError):  # "closed already: so much the better"
        os.close(number)


Mended = SmallServer


def visit(place: Visit) -> None:
    """A client leaves and another one comes, at the same moment."""
    leaver = place.client("/")
    place.answer(leaver)
    with place.frozen():
        leaver.close()
        newcomer = place.client("/")
    place.notes["the newcomer is answered"] = place.answer(newcomer)
    place.notes["somebody who comes later is answered"] = place.asks("/")


def is_ill(notes: Notes) -> bool:
    return "200" not in str(notes["the newcomer is answered"])
