"""A signal that is heard, and does not wake the loop."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from ..app.messages import Request, Response
from .small_server import Client, SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit


class ReloadingServer(SmallServer):
    """SIGHUP has it read its greeting anew, between two handlers, as servers do with what they are set to."""

    edition = 1
    heard: tuple[int, ...] = ()

    def listen_to_signals(self) -> None:
        self.call_on_signals((signal.SIGHUP, signal.SIGTERM, signal.SIGINT), self.heed)

    def note_signal(self, number: int, frame: object) -> None:
        self.heard += (number,)
        super().note_signal(number, frame)

    def heed(self) -> None:
        heard, self.heard = self.heard, ()
        for number in heard:
            self.reload() if number == signal.SIGHUP else self.stop()

    def reload(self) -> None:
        self.edition += 1

    def respond(self, client: Client, request: Request) -> None:
        client.answer(Response(200, b"Hello, edition %d!\n" % self.edition, "text/plain"))


class Broken(ReloadingServer):
    def listen_to_signals(self) -> None:
        # "Not in the handler, of course: in the loop, with the end of the batch."
        signal.signal(signal.SIGHUP, lambda number, frame: self.at_end_of_batch.append(self.reload))


Mended = ReloadingServer


def visit(place: Visit) -> None:
    """A client reads the greeting, and stays. While the server sleeps, SIGHUP comes. The client asks twice more."""
    client = place.client("/")
    place.notes["it reads at first"] = place.says(client)
    place.settle()
    mark = place.server.trace.end
    os.kill(place.server.pid, signal.SIGHUP)
    place.settle()
    place.notes["waits that the signal ended"] = place.server.trace.end - mark
    for when in ("after the signal", "the next time"):
        client.sendall(b"GET / HTTP/1.1\r\nHost: museum\r\n\r\n")
        place.notes[f"it reads {when}"] = place.says(client)


def is_ill(notes: Notes) -> bool:
    return "edition 2" not in str(notes["it reads after the signal"])
