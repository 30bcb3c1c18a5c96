"""The check of the task "segment": how many segments a page travels in, as the kernel has counted them (man 7 tcp)."""

from __future__ import annotations

import fcntl
import random
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from . import Answer, Raised, Wrong, task
from .witness import tcp_pair

SIOCOUTQNSD: Final = 0x894B  # bytes that have not been sent yet (linux/sockios.h)
DATA_SEGMENTS_IN: Final = 152  # where in a tcp_info (linux/tcp.h)
ARRIVES: Final = 2.0  # seconds, on loopback, until what has left is here
MOST: Final = 16_000  # bytes that fit into one segment on loopback, whose largest has 65,536
LARGE: Final = 6_000_000  # bytes, more than a socket's buffers hold
CALL: Final = 6.0  # seconds
LATER: Final = 0.4  # seconds until the client of a large page begins to read
SWITCHES: Final = {"TCP_NODELAY": socket.TCP_NODELAY, "TCP_CORK": socket.TCP_CORK}

DRIVER: Final = """
def send_with_a_time_limit(sock, pieces):
    sock.settimeout(5)
    send_page(sock, pieces)


def send_as_often(sock, piece, number):
    send_with_a_time_limit(sock, [piece] * number)
"""


@task("segment", seconds=25)
def check_segment(answer: Answer) -> None:
    answer.run(DRIVER)
    # The first are so few that each could leave by itself: a new connection has ten segments under way at most.
    for pieces in (few(), *random.sample([few(), few(last=b""), many(), nearly_full()], 4)):
        check_one_segment(answer, pieces)
    check_many(answer)
    check_large(answer)


def few(last: bytes | None = None) -> list[bytes]:
    """A head, some parts, and among them one that is empty."""
    parts = [random.randbytes(random.randint(1, 900)) for _ in range(random.randint(3, 8))]
    parts.insert(random.randint(1, len(parts) - 1), b"")
    return parts if last is None else [*parts, last]


def many() -> list[bytes]:
    return [random.randbytes(random.randint(1, 5)) for _ in range(300)]


def nearly_full() -> list[bytes]:
    """Nearly as much as surely fits."""
    return [random.randbytes(random.randint(1_400, 1_600)) for _ in range(10)]


class Connection:
    """Of the learner's: `given` is in their process, and `client` is the judge's, which acknowledges late."""

    def __init__(self, answer: Answer) -> None:
        self._ours, self.client = tcp_pair()
        self.given = answer.give(self._ours, as_socket=True)
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)

    def segments(self) -> int:
        """With data, that have arrived."""
        info = self.client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return int(struct.unpack_from("=I", info, DATA_SEGMENTS_IN)[0])

    def kept_back(self) -> int:
        """Bytes that the learner's socket has taken, and not sent."""
        return int(struct.unpack("i", fcntl.ioctl(self._ours, SIOCOUTQNSD, b"\0" * 4))[0])

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

    def close(self) -> None:
        self._ours.close()
        self.client.close()


def check_one_segment(answer: Answer, pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert len(data) <= MOST
    connection = Connection(answer)
    call(answer, "send_with_a_time_limit", connection.given, pieces)
    kept, options = connection.kept_back(), connection.options()
    segments = connection.segments()
    say = f"{len(pieces)} pieces, {len(data):,} bytes in all."
    if "TCP_CORK" in options and kept:
        raise Wrong("corked", yours=f"{kept:,} bytes kept back", say=f"{say} TCP_CORK is still on.", hints=CORKED)
    if options:
        raise Wrong("leaves-options", yours=options[0], say=f"{say} An option is on that was not.", hints=OPTIONS)
    if kept and not segments:
        say += " When send_page() had returned, the kernel had sent none of it yet."
        raise Wrong("more-was-promised", yours=f"{kept:,} bytes kept back", say=say, hints=PROMISED)
    if kept:
        say += " When send_page() had returned, the kernel kept a part back: it waits for an acknowledgement."
        raise Wrong("waits-for-ack", yours=f"{kept:,} bytes kept back", expected="none", say=say, hints=IN_PIECES)
    compare_data(connection, data, say)
    if connection.segments() > 1:
        hints = SEGMENTS
        raise Wrong(
            "many-segments", yours=connection.segments(), expected=1, say=f"{say} So many segments.", hints=hints
        )
    connection.close()


def compare_data(connection: Connection, data: bytes, say: str) -> None:
    received = connection.received(len(data))
    if received == data:
        return
    if data.startswith(received):
        yours, expected = f"{len(received):,} bytes", f"{len(data):,} bytes"
        raise Wrong("sends-a-part", yours=yours, expected=expected, say=f"{say} This has come.", hints=PART)
    raise Wrong("other-bytes", yours=received[:60], expected=data[:60], say=f"{say} It begins so.", hints=OTHER)


def check_many(answer: Answer) -> None:
    """More pieces than one system call takes buffers (man 2 sendmsg, IOV_MAX)."""
    connection, number = Connection(answer), random.randint(2000, 4000)
    call(answer, "send_as_often", connection.given, b"abc", number)
    compare_data(connection, b"abc" * number, f"{number:,} pieces of three bytes.")
    connection.close()


def check_large(answer: Answer) -> None:
    """Larger than the buffers, to a client that begins to read a moment later."""
    connection = Connection(answer)
    piece = random.randbytes(100_000)
    number = LARGE // len(piece)
    say = f"{LARGE:,} bytes in all, and a client that takes a moment to read them."
    is_back = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(received_later, connection, is_back)
        try:
            call(answer, "send_as_often", connection.given, piece, number)
        finally:
            is_back.set()
            data = received.result()
    if data == piece * number:
        return connection.close()
    if (piece * number).startswith(data):
        raise Wrong("sends-a-part", yours=f"{len(data):,} bytes", expected=f"{LARGE:,} bytes", say=say, hints=PART)
    raise Wrong("scrambled", yours=f"{len(data):,} bytes", expected=f"{LARGE:,} bytes", say=say, hints=SCRAMBLED)


def received_later(connection: Connection, is_back: threading.Event) -> bytes:
    """Whoever is back before anybody reads has not sent all of it: the buffers do not hold that much."""
    is_back.wait(LATER)
    return connection.received(LARGE)


def call(answer: Answer, name: str, *arguments: Any) -> None:
    try:
        answer.call(name, *arguments, seconds=CALL)
    except Raised as raised:
        if raised.kind == "OSError" and "Message too long" in raised.text:
            say = "send_page() raised OSError: Message too long."
            raise Wrong("too-many-buffers", say=say, hints=BUFFERS) from None
        if raised.kind == "BlockingIOError":
            raise Wrong("does-not-wait", say=raised.say, hints=DOES_NOT_WAIT) from None
        raise
    if answer.has_threads():
        raise Wrong("returns-early", say="send_page() has returned, and a thread of yours still sends.", hints=EARLY)


# What is said of it.

CORKED: Final = [
    "A cork keeps back what is no full segment, until it is pulled or for 200 ms (man 7 tcp).",
    "Set TCP_CORK to 0 when the last piece is in.",
]
OPTIONS: Final = [
    "Others use this socket after you. What you switch on is to be switched off.",
    "It can be done without any option: what is handed over in one call is not cut into pieces.",
]
PROMISED: Final = [
    "MSG_MORE promises that more will come, and the kernel waits for it. Which piece is the last one?",
    "To send b'' says nothing to the kernel at all. The last piece that has bytes in it goes without MSG_MORE.",
]
IN_PIECES: Final = [
    "A small piece after another one that is not acknowledged waits: that is Nagle's algorithm.",
    "Let the kernel have all of it in one call. What makes one bytes object of a list of them?",
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
SCRAMBLED: Final = [
    "When only a part was taken, go on with what follows it: neither from the beginning, nor with the next piece.",
]
BUFFERS: Final = ["One sendmsg() takes 1,024 buffers at most (man 2 sendmsg). There may be more pieces than that."]
EARLY: Final = [
    "Whoever has called it believes that the page has left. Send it in the function itself, and wait there."
]
DOES_NOT_WAIT: Final = ["Here you may wait for the client to take it, within the time limit: no MSG_DONTWAIT."]
