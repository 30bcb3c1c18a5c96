"""A server that takes uploads, and says how large they were. No rung: lessons about reading build upon it.

There is no protocol in the way. A client sends what it likes, and ends its side. The answer is the number of
bytes, as text, and then the connection is closed. When to read, and how much, is for a subclass of `Upload` to
say, in `ready`.
"""

from __future__ import annotations

import socket

from ..kernel import sockets
from .accepting import AcceptingServer
from .pollers import READABLE


class Upload:
    """One client. `taken`: bytes so far."""

    role = "client"

    def __init__(self, server: UploadServer, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.taken = 0
        self.state = "reading"
        server.watch(sock, READABLE, self.ready)

    def ready(self, events: int) -> None:
        """What the loop calls with the events of its socket."""
        raise NotImplementedError

    def read(self, size: int = sockets.CHUNK_NOW) -> int | None:
        """One recv() of at most `size` bytes, which are counted. Never waits.

        Returns how many there were; None when there is nothing now; 0 at the end, when the client has been
        told how many it has sent, and has been forgotten.
        """
        if self.state == "finished":
            return 0
        try:
            data = sockets.receive_now(self.sock, size)
        except OSError:  # reset: there is nobody to tell
            self.finish()
            return 0
        if data is None:
            return None
        self.taken += len(data)
        if data:
            self.server.has_stirred(self)
        else:
            self.answer()
        return len(data)

    def answer(self) -> None:
        """It is so short that the kernel has room for it."""
        try:
            sockets.send_now(self.sock, b"%d\n" % self.taken)
        finally:
            self.finish()

    def finish(self) -> None:
        if self.state != "finished":
            self.state = "finished"
            self.server.remove(self)

    def time_is_up(self) -> None:
        self.finish()

    def finish_if_quiet(self) -> None:
        self.finish()


class UploadServer(AcceptingServer):
    """Serves on `listener` until it is told to stop. A subclass says how to read, in `upload_class`."""

    upload_class: type[Upload]

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener)

    def make_connection(self, sock: socket.socket) -> Upload:
        return self.upload_class(self, sock)
