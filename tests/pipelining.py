"""A client that keeps its connection: it can tell where one answer ends and the next begins."""

from __future__ import annotations

import re
import socket

from raw_client import status

KEPT_STATIC = b"GET /style.css HTTP/1.1\r\nHost: test\r\n\r\n"
KEPT_PAGE = b"GET /guestbook HTTP/1.1\r\nHost: test\r\n\r\n"
LENGTH = re.compile(rb"Content-Length: ([0-9]+)\r\n")
NUMBER = re.compile(rb"<strong> *([0-9,]+)</strong>")


class Answers:
    """Reads one answer after the other."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.data = b""

    def next(self, head_only: bool = False) -> bytes:
        """The next answer, all of it; b"" when the server has closed."""
        while b"\r\n\r\n" not in self.data:
            if not self.read():
                return b""
        length = self.data.index(b"\r\n\r\n") + 4
        if not head_only:
            length += int(LENGTH.search(self.data)[1])
        while len(self.data) < length:
            assert self.read(), "an answer that is cut short"
        answer, self.data = self.data[:length], self.data[length:]
        assert head_only or status(answer)
        return answer

    def read(self) -> bool:
        chunk = self.sock.recv(65_536)
        self.data += chunk
        return bool(chunk)

    def all(self, number: int) -> list[bytes]:
        answers = [self.next() for _ in range(number)]
        assert all(answers), f"{answers.count(b'')} of {number} answers are missing"
        return answers

    def numbers(self, number: int) -> list[int]:
        """The visitor's numbers on so many pages."""
        return [number_on(page) for page in self.all(number)]


def number_on(page: bytes) -> int:
    return int(NUMBER.search(page)[1].replace(b",", b""))
