"""One request to a server, and its answer as a page: all of it within a time, however it comes."""

from __future__ import annotations

import socket
import time
from http.client import HTTPConnection
from typing import Any, Final

from ..kernel.sockets import Address
from .page import Page

LONGEST_PAGE: Final = 16 * 1_048_576  # bytes; of a longer one the rest is not read


class _InTime(socket.socket):
    """A socket's own time limit is for each call, and begins anew with each byte. This one is for all of them."""

    deadline: float

    def recv_into(self, *arguments: Any, **more: Any) -> int:
        if (left := self.deadline - time.monotonic()) <= 0:
            raise TimeoutError
        self.settimeout(left)
        return super().recv_into(*arguments, **more)


def ask(address: Address, method: str, path: str, form: str | None, timeout: float) -> Page:
    """Raises TimeoutError when the whole answer is not there after `timeout` seconds, OSError, and HTTPException."""
    connection = HTTPConnection(*address, timeout=timeout)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
    deadline = time.monotonic() + timeout
    try:
        connection.connect()
        sock = connection.sock = _InTime(fileno=connection.sock.detach())
        sock.settimeout(timeout)
        sock.deadline = deadline
        connection.request(method, path, form, headers)
        response = connection.getresponse()
        return Page(response.status, response.reason, dict(response.headers), response.read(LONGEST_PAGE))
    finally:
        connection.close()
