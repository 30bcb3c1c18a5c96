"""A door that is looked at when there is nothing else to do."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ..kernel import sockets
from .small_server import Client, SmallServer

if TYPE_CHECKING:
    import socket

    from .visit import Notes, Visit

PIECE: Final = 512  # bytes that one client may hand over before the others have their turn


class UploadClient(Client):
    """What comes after PUT is thrown away as it comes, for as long as it comes."""

    uploads = False

    def read(self) -> None:
        data = sockets.receive_now(self.sock, PIECE)
        self.uploads = self.uploads or (data or b"").startswith(b"PUT ")
        if data is not None and (not data or not self.uploads):
            self.take_in(data)


class UploadServer(SmallServer):
    client_class = UploadClient


class Broken(UploadServer):
    def run_once(self) -> None:
        ready = self.poller.wait(self.timers.seconds_left())
        door = self.listener.fileno()
        inside = [(fd, events) for fd, events in ready if fd != door]
        for fd, events in inside or ready:  # "first those who are inside"
            if fd in self.handlers:
                self.handlers[fd](events)
        self.timers.call_due()
        self.end_of_batch()


Mended = UploadServer


def visit(place: Visit) -> None:
    """Three clients upload without a pause; four others come and ask for the greeting."""
    senders = [place.client("/", method="PUT") for _ in range(3)]
    for sender in senders:
        threading.Thread(target=send_on, args=(sender,), daemon=True).start()
    place.settle()
    newcomers = [place.client("/") for _ in range(4)]
    place.notes["the first of four newcomers is answered"] = place.answer(newcomers[0])
    place.notes["waits of the server until then"] = len(place.server.trace)
    place.look_at_the_door()


def send_on(sender: socket.socket) -> None:
    with suppress(OSError):  # closed: the visit is over
        while True:
            sender.sendall(b"x" * 65_536)


def is_ill(notes: Notes) -> bool:
    return notes["the first of four newcomers is answered"] == "nothing"
