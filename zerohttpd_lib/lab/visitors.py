"""One client that does what you tell it to, a step at a time."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import Final

from ..kernel.sockets import Address
from .errors import LabError

CONNECT_TIME: Final = 2.0  # seconds; the kernel connects it, whatever the server is doing
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds (man 7 socket)


class Visitor:
    """A real connection to a server. `address` is what a trace calls its `peer`.

    Each of its methods raises LabError, in words, when it makes no sense any more.
    """

    def __init__(self, address: Address) -> None:
        try:
            self._sock = socket.create_connection(address, CONNECT_TIME)
        except OSError as problem:
            raise LabError(f"No client can connect to the server: {problem.strerror or problem}.") from None
        self._sock.settimeout(None)  # with a timeout, recv() would wait for it, MSG_DONTWAIT or not
        host, port = self._sock.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.state = "connected"
        self._rest = b""
        self._received = b""

    def send_half(self, path: str = "/guestbook") -> None:
        """The first half of a request."""
        request = _request(path)
        half = len(request) // 2
        self._send(request[:half])
        self._rest = request[half:]
        self.state = "half a request sent"

    def send_rest(self) -> None:
        """The other half."""
        if not self._rest:
            raise LabError("This client has sent no half of a request: send half of one first.")
        rest, self._rest = self._rest, b""
        self._send(rest)
        self.state = "request sent"

    def send_request(self, path: str = "/guestbook") -> None:
        """A whole request."""
        if self._rest:
            raise LabError("This client has sent half of a request: send the rest of it first.")
        self._send(_request(path))
        self.state = "request sent"

    def shut_down(self) -> None:
        """Say that nothing more will come, and stay to listen."""
        self._check_here()
        with suppress(OSError):  # the server has gone before
            self._sock.shutdown(socket.SHUT_WR)
        self.state = "sends no more"

    def hang_up(self) -> None:
        """Close the connection. May be repeated."""
        self._sock.close()
        self.state = "left"

    def reset(self) -> None:
        """Break the connection off: whatever is under way is lost, and the server is told (RST)."""
        self._check_here()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.hang_up()

    @property
    def answer(self) -> str:
        """The first line of what the server has answered until now; "" if nothing has come. Never waits."""
        with suppress(OSError):
            while data := self._sock.recv(65_536, socket.MSG_DONTWAIT):
                self._received = (self._received + data)[:65_536]
        return self._received.partition(b"\r\n")[0].decode("latin-1")

    def _send(self, data: bytes) -> None:
        self._check_here()
        try:
            self._sock.sendall(data)
        except OSError:
            self.hang_up()
            raise LabError("The server has closed this client's connection.") from None

    def _check_here(self) -> None:
        if self.state == "left":
            raise LabError("This client has left. Add another one.")

    def __repr__(self) -> str:
        return f"client {self.address}: {self.state}" + (f", answered {self.answer}" if self.answer else "")


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
