"""A client of the check of "lasting": it asks more than once on a connection, and can tell where an answer ends."""

from __future__ import annotations

import re
import socket
from typing import Final, NamedTuple

from ...lab.server import Server

PATIENCE: Final = 2.0  # seconds for an answer
STATUS: Final = re.compile(rb"HTTP/1\.1 (\d+) ")
LENGTH: Final = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.I)
CONNECTION: Final = re.compile(rb"\r\nConnection: ([\w-]+)", re.I)


class Got(NamedTuple):
    """One answer. `says`: of the connection, "close" or "keep-alive"."""

    status: int
    says: str
    body: bytes


class Client:
    """Of the check's own, which can tell where one answer ends."""

    def __init__(self, server: Server) -> None:
        self.sock = socket.create_connection(server.address, timeout=PATIENCE)
        self._data = b""

    def ask(self, *paths: str, version: str = "1.1", says: str = "") -> None:
        """All of these requests, in one send()."""
        line = f"Connection: {says}\r\n" if says else ""
        requests = (f"GET {path} HTTP/{version}\r\nHost: check\r\n{line}\r\n" for path in paths)
        self.sock.sendall("".join(requests).encode())

    def answer(self) -> Got | None:
        """The next one; None when the server has closed, or does not answer."""
        while b"\r\n\r\n" not in self._data or len(self._data) < (length := self._length()):
            if not self._more():
                return None
        whole, self._data = self._data[:length], self._data[length:]
        head, _, body = whole.partition(b"\r\n\r\n")
        says, status = CONNECTION.search(head + b"\r\n"), STATUS.match(head)
        return Got(int(status[1]) if status else 0, says[1].decode().lower() if says else "", body)

    def is_closed(self) -> bool:
        """Has the server ended it, with nothing more to say?"""
        return not self._data and not self._more() and self._ended

    _ended = False

    def _length(self) -> int:
        head = self._data.index(b"\r\n\r\n") + 4
        length = LENGTH.search(self._data[:head])
        return head + (int(length[1]) if length else 0)

    def _more(self) -> bool:
        try:
            chunk = self.sock.recv(65_536)
        except TimeoutError:
            return False
        except OSError:  # reset: ended, too
            chunk = b""
        self._ended = not chunk
        self._data += chunk
        return bool(chunk)
