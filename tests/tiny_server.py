"""A TCP server in this process, to play the part of a Redis or a web server that misbehaves."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType


class TinyServer:
    """Runs `handle(sock)` in a thread for each connection, and keeps every socket until the end.

    A connection is closed when its `handle` returns True, and else when the block ends.
    """

    def __init__(self, handle: Callable[[socket.socket], object] = lambda sock: None, host: str = "127.0.0.1") -> None:
        self.handle = handle
        self.listener = socket.create_server((host, 0), backlog=1024)
        self.address: tuple[str, int] = self.listener.getsockname()
        self.url = f"http://{host}:{self.address[1]}"
        self.accepted: list[socket.socket] = []
        self.peers: list[tuple[str, int]] = []  # their addresses

    def __enter__(self) -> TinyServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # which wakes the accept() below
        self.listener.close()
        for sock in self.accepted:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, peer = self.listener.accept()
                self.accepted.append(sock)
                self.peers.append(peer)
                threading.Thread(target=self._handle, args=(sock,), daemon=True).start()

    def _handle(self, sock: socket.socket) -> None:
        with suppress(OSError):  # the other side has gone, or the block has ended
            if self.handle(sock) is True:
                sock.close()


def answers(data: bytes) -> Callable[[socket.socket], bool]:
    """A handler: read what comes first, answer with `data`, close."""

    def handle(sock: socket.socket) -> bool:
        sock.recv(65_536)
        sock.sendall(data)
        return True

    return handle


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])
