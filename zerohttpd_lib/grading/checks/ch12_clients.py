"""Clients of the chat, for its check: one who speaks, and some who listen, and read when they are told to."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress
from typing import Final

from ...lab.server import Server
from . import Wrong

PATIENCE: Final = 3.0  # seconds
LITTLE: Final = 0.3  # seconds
ROOM: Final = 4096  # bytes that a slow reader's own kernel takes: so it does not take long

HEARS: Final = ["Leave /listen and /say as they are: first of all, who listens hears what is said."]


class Speaker:
    """Says lines, each as a POST on one connection. `said`: all of them, in order."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sock = socket.create_connection(server.address, PATIENCE)
        self.said: list[bytes] = []

    def say(self, length: int) -> None:
        self.begin(length)
        self.expect_to_be_heard()

    def begin(self, length: int) -> None:
        line = (secrets.token_hex(6).encode() + b" " + b"." * length)[: length - 1] + b"\n"
        self.said.append(line)
        head = f"POST /say HTTP/1.1\r\nHost: check\r\nContent-Length: {len(line)}\r\n\r\n".encode()
        with suppress(OSError):
            self.sock.sendall(head + line)

    def expect_to_be_heard(self) -> None:
        with suppress(OSError):
            if self.sock.recv(4096).startswith(b"HTTP/1.1 200"):
                return
        self.server.check_alive(LITTLE)
        hints = [
            "Whoever speaks must not wait for whoever does not read. `client.write()` never waits; sendall does.",
            "What goes wrong with a listener ends with the listener: catch OSError where you tell it.",
        ]
        raise Wrong("speaker-waits", say="Whoever speaks is not told that it was said.", hints=hints)

    def __enter__(self) -> Speaker:
        return self

    def __exit__(self, *about: object) -> None:
        self.sock.close()


class Listener:
    """Reads when it is told to. `slow`: its kernel takes little."""

    def __init__(self, server: Server, *, slow: bool = False, says: str = "") -> None:
        self.sock = socket.socket()
        if slow:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(server.address)
        self.sock.sendall(f"GET /listen HTTP/1.1\r\nHost: check\r\n{says}\r\n".encode())
        self.heard = b""
        while b"\r\n\r\n" not in self.heard:
            with suppress(TimeoutError):
                if data := self.sock.recv(4096):
                    self.heard += data
                    continue
            server.check_alive()
            raise Wrong("hears-nothing", say="Who wants to listen is not let in.", hints=HEARS)
        head, _, self.heard = self.heard.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise Wrong("hears-nothing", yours=head, expected="HTTP/1.1 200", say="This is no head.", hints=HEARS)
        self.missed = 0

    def read(self, number: int) -> bytes:
        """So many bytes, or as many as come."""
        with suppress(OSError):
            while len(self.heard) < number and (data := self.sock.recv(1_000_000)):
                self.heard += data
        data, self.heard = self.heard[:number], self.heard[number:]
        return data

    def take(self) -> None:
        """All that its kernel has, or is sent by the other one within a moment."""
        self.sock.settimeout(LITTLE)
        with suppress(OSError):
            while data := self.sock.recv(1_000_000):
                self.heard += data
        self.sock.settimeout(PATIENCE)

    def expect(self, lines: list[bytes], code: str, hints: list[str]) -> None:
        """All lines from `missed` on, in order."""
        expected = b"".join(lines[self.missed :])
        heard = self.read(len(expected))
        self.missed = len(lines)
        if heard != expected:
            say = "A listener who is not too far behind has not heard every line, in order. It heard so many bytes."
            raise Wrong(code, yours=f"{len(heard):,}", expected=f"{len(expected):,}", hints=hints, say=say)

    def leave(self) -> None:
        self.sock.close()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *about: object) -> None:
        self.leave()
