"""A TCP connection to a client that acknowledges late, and what the kernel says of it (man 7 tcp)."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
import time
from types import TracebackType
from typing import Final

from . import Answer, Wrong
from .witness import tcp_pair

SIOCOUTQNSD: Final = 0x894B  # bytes that have not been sent yet (linux/sockios.h)
TOTAL_RETRANSMITS, BYTES_ACKED, DATA_SEGMENTS_IN = 100, 120, 152  # where in a tcp_info (linux/tcp.h)
ARRIVES: Final = 2.0  # seconds, on loopback, until what has left is here
SWITCHES: Final = {"TCP_NODELAY": socket.TCP_NODELAY, "TCP_CORK": socket.TCP_CORK}


class Connection:
    """Of the learner's: `given` is in their process, and `client` is the judge's, which acknowledges late."""

    def __init__(self, answer: Answer) -> None:
        self._ours, self.client = tcp_pair()
        self.given = answer.give(self._ours, as_socket=True)
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)

    def segments(self, expected: int = 0) -> int:
        """With data, that have arrived; as soon as they are so many, or after a while."""
        deadline = time.monotonic() + ARRIVES
        while (number := self._segments()) < expected and time.monotonic() < deadline:
            time.sleep(0.005)
        return number

    def _segments(self) -> int:
        """Without those that the kernel has sent twice, because nothing was acknowledged for so long."""
        return _info(self.client, "=I", DATA_SEGMENTS_IN) - _info(self._ours, "=I", TOTAL_RETRANSMITS)

    def kept_back(self) -> int:
        """Bytes that the kernel has been given, and has not sent."""
        return self._queued(SIOCOUTQNSD)

    def under_way(self) -> int:
        """Bytes that were sent, and are not acknowledged."""
        return self._queued(termios.TIOCOUTQ) - self.kept_back()

    def taken(self) -> int:
        """Bytes that the kernel has been given, so far."""
        return _info(self._ours, "=Q", BYTES_ACKED) + self._queued(termios.TIOCOUTQ)

    def _queued(self, request: int) -> int:
        return int(struct.unpack("i", fcntl.ioctl(self._ours, request, b"\0" * 4))[0])

    def options(self) -> list[str]:
        return [name for name, switch in SWITCHES.items() if self._ours.getsockopt(socket.IPPROTO_TCP, switch)]

    def received(self, size: int) -> bytes:
        """So many bytes; fewer if no more come."""
        data = b""
        self.client.settimeout(ARRIVES)
        try:
            while len(data) < size and (chunk := self.client.recv(1 << 20)):
                data += chunk
        except TimeoutError:
            pass
        return data

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self._ours.close()
        self.client.close()


def _info(sock: socket.socket, kind: str, at: int) -> int:
    return int(struct.unpack_from(kind, sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), at)[0])


def compare_left(connection: Connection, segments: int, say: str) -> None:
    """The kernel has kept nothing back, and so many segments have come, since the connection was made."""
    kept = connection.kept_back()
    if kept and "TCP_CORK" in connection.options():
        raise Wrong("corked", yours=f"{kept:,} bytes kept back", say=f"{say} TCP_CORK is on.", hints=CORKED)
    if kept and not connection.under_way():
        say += " The kernel has more, and nothing under way for which it could wait."
        raise Wrong("more-was-promised", yours=f"{kept:,} bytes kept back", say=say, hints=PROMISED)
    if kept:
        say += " The kernel keeps a part back: it waits for an acknowledgement."
        raise Wrong("waits-for-ack", yours=f"{kept:,} bytes kept back", expected="none", say=say, hints=IN_PIECES)
    if (yours := connection.segments(segments)) > segments:
        say += " So many segments have come."
        raise Wrong("many-segments", yours=yours, expected=segments, say=say, hints=SEGMENTS)


def compare_options(connection: Connection, say: str) -> None:
    if options := connection.options():
        raise Wrong("leaves-options", yours=options[0], say=f"{say} An option is on that was not.", hints=OPTIONS)


def compare_data(connection: Connection, data: bytes, say: str) -> None:
    received = connection.received(len(data))
    if received == data:
        return
    if data.startswith(received):
        yours, expected = f"{len(received):,} bytes", f"{len(data):,} bytes"
        raise Wrong("sends-a-part", yours=yours, expected=expected, say=f"{say} This has come.", hints=PART)
    raise Wrong("other-bytes", yours=received[:60], expected=data[:60], say=f"{say} It begins so.", hints=OTHER)


# What is said of it.

CORKED: Final = [
    "A cork keeps back what is no full segment, until it is pulled or for 200 ms (man 7 tcp).",
    "Set TCP_CORK to 0 when the last piece is in.",
]
OPTIONS: Final = [
    "Others use this socket after you. What you switch on is to be switched off.",
    "However it ends: try: ... finally: sock.setsockopt(...)",
]
PROMISED: Final = [
    "MSG_MORE promises that more will come, and the kernel waits for it. Which piece is the last one?",
    "To send b'' says nothing to the kernel at all. The last piece that has bytes in it goes without MSG_MORE.",
]
IN_PIECES: Final = [
    "A small piece after another one that is not acknowledged waits: that is Nagle's algorithm.",
    "What belongs together, give to the kernel in one call. And where two calls are needed, it must not wait either.",
    "TCP_NODELAY can be switched on while you send, and off again: what is there leaves at once (man 7 tcp).",
]
SEGMENTS: Final = [
    "Without Nagle's algorithm each send() is a segment, with a head of its own.",
    "It should be in the kernel's hands as a whole before anything leaves: one call for all of it.",
]
PART: Final = [
    "send() and sendmsg() return how many bytes were taken. With a time limit on the socket that may be a part.",
    "Go on with the rest, or let sendall() do so.",
]
OTHER: Final = ["All pieces, each of them once, in the order of the list."]
