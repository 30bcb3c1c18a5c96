"""A client that can do what no HTTP library does: stop half-way, dribble, hang up rudely."""

from __future__ import annotations

import socket
import struct
from urllib.parse import urlsplit

PATIENCE = 20.0  # seconds: far longer than any answer takes, so that a hang is a failure, not a wait

PAGE = b"GET /guestbook HTTP/1.1\r\nHost: test\r\n\r\n"
STATIC = b"GET /style.css HTTP/1.1\r\nHost: test\r\n\r\n"


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)


def read_to_end(sock: socket.socket) -> bytes:
    """All that comes until the server closes."""
    received = b""
    while chunk := sock.recv(65_536):
        received += chunk
    return received


def ask(url: str, request: bytes) -> bytes:
    """Send these bytes, return everything that comes back."""
    with connect(url) as sock:
        sock.sendall(request)
        return read_to_end(sock)


def status(answer: bytes) -> int:
    """The status of an answer, all of which must be there."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    assert [int(line.split(b":")[1]) for line in lengths] == [len(body)]
    return int(head.split()[1])


def leave_with_reset(sock: socket.socket) -> None:
    """Close so that the other side gets a reset, not a polite end (man 7 socket, SO_LINGER)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
