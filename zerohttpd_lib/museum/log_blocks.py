"""A log that is written into a pipe, and whoever reads the pipe is slow."""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from ..app.messages import Request
from ..kernel import sockets
from .small_server import Client, SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit

ROOM: Final = 4096  # bytes that the pipe holds
SLOWNESS: Final = 0.25  # seconds in which the collector takes a kilobyte


class LoggingServer(SmallServer):
    """Each request leaves a line in the log, which a collector at the other end of a pipe takes away."""

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.taken, self.log = os.pipe()
        fcntl.fcntl(self.log, fcntl.F_SETPIPE_SZ, ROOM)
        os.set_blocking(self.log, False)
        threading.Thread(target=collect, args=(self.taken,), daemon=True).start()

    def respond(self, client: Client, request: Request) -> None:
        self.write_log(f"{request.method} {request.path} {request.headers}".ljust(1024).encode())
        super().respond(client, request)

    def write_log(self, line: bytes) -> None:
        try:
            os.write(self.log, line)
        except BlockingIOError:
            self.lost = getattr(self, "lost", 0) + 1  # a line less: the clients come first


def collect(pipe: int) -> None:
    while os.read(pipe, 1024):
        time.sleep(SLOWNESS)


class Broken(LoggingServer):
    def write_log(self, line: bytes) -> None:
        os.set_blocking(self.log, True)  # "not a line may be lost"
        os.write(self.log, line)


Mended = LoggingServer


def visit(place: Visit) -> None:
    """Eight clients come at the same moment."""
    start = time.monotonic()
    clients = [place.client("/") for _ in range(8)]
    answers = [place.answer(client) for client in clients]
    place.notes["answered within a second each, of eight"] = sum("200" in answer for answer in answers)
    place.notes["seconds that all of it took"] = round(time.monotonic() - start, 2)
    place.notes["longest that one event kept the loop, in ms"] = place.longest_handling()


def is_ill(notes: Notes) -> bool:
    return float(str(notes["longest that one event kept the loop, in ms"])) >= 200
