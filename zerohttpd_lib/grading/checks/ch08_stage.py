"""An `Outbox` of the answer's on a real connection with small buffers, and the judge at both ends of it."""

from __future__ import annotations

import fcntl
import secrets
import socket
import struct
import termios
import time
from typing import Any, Final

from . import Answer, Remote, Wrong

BUFFER: Final = 4096  # bytes, asked for at both ends; the kernel takes more
CALL: Final = 3.0  # seconds: a call that takes longer waits
TELLING: Final = 5  # random bytes, which nothing else begins with; the shortest piece that is written has not many more
PIECE: Final = 2_000  # bytes


class Stage:
    """An `Outbox` of the answer's on a real connection, and the judge at both ends of it."""

    def __init__(self, answer: Answer, high: int, low: int) -> None:
        self.server, self.client = pair()
        self.pid = answer.pid
        self.box: Remote = answer.make("Outbox", answer.give(self.server, as_socket=True), high, low)
        self.written, self.received = bytearray(), bytearray()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()
        self.client.close()

    def write(self, size: int) -> None:
        data = secrets.token_bytes(size)
        self.written += data
        self._call("write", data)

    def ready(self) -> None:
        self._call("ready")

    def ask(self, method: str) -> bool:
        yours = self._call(method)
        if not isinstance(yours, bool):
            hints = [f"{method}() says True or False."]
            raise Wrong("no-bool", yours=yours, expected=True, say=f"What {method}() returns.", hints=hints)
        return yours

    def _call(self, method: str, *arguments: Any) -> Any:
        try:
            return self.box.call(method, *arguments, seconds=CALL)
        except Wrong as wrong:
            if wrong.code != "too-slow":
                raise
            say = f"{method}() does not return while the client does not read."
            raise Wrong("waits", say=say, hints=WAITS) from None

    def read(self) -> None:
        """All that the kernel has been given, and nothing is on its way any more."""
        while True:
            unsent = _unsent(self.server)
            try:
                self.received += self.client.recv(1_000_000, socket.MSG_DONTWAIT)
            except BlockingIOError:
                if not unsent:
                    break
                time.sleep(0.001)
        if not self.written.startswith(self.received):
            raise _garbled(bytes(self.written), bytes(self.received))

    @property
    def kept(self) -> int:
        """What the answer must have, after `read`."""
        return len(self.written) - len(self.received)

    def fill(self) -> None:
        """Write pieces until the kernel takes no more, and the answer has something to keep."""
        for _ in range(2 * capacity() // PIECE + 10):
            self.write(PIECE)
            if self.ask("wants_out"):
                return
        self.read()
        if self.kept:
            hints = [
                "send() returns how many bytes it has taken. What becomes of the others?",
                "self.kept += data[sent:]",
            ]
            say = f"So many bytes of {len(self.written):,} are not in the kernel, and not wanted to be sent either."
            raise Wrong("loses-bytes", yours=self.kept, expected=0, hints=hints, say=say)
        raise Wrong("waits", say="The client does not read, and each piece was taken all the same.", hints=WAITS)


def pair() -> tuple[socket.socket, socket.socket]:
    """The server's side of a connection with small buffers, and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return server, client


def capacity() -> int:
    """How many bytes such a connection takes while nobody reads."""
    server, client = pair()
    taken = 0
    with server, client:
        try:
            while True:
                taken += server.send(bytes(PIECE), socket.MSG_DONTWAIT)
        except BlockingIOError:
            return taken


def _unsent(sock: socket.socket) -> int:
    """Bytes that the kernel has been given, and that the other end has not acknowledged (man 7 tcp, SIOCOUTQ)."""
    (number,) = struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))
    return int(number)


def _garbled(written: bytes, received: bytes) -> Wrong:
    at = next((i for i, (a, b) in enumerate(zip(written, received, strict=False)) if a != b), len(written))
    again = received[at : at + TELLING]
    if again and written.find(again) in range(at):
        hints = ["Of what send() has taken, nothing may be kept: cut off exactly as many bytes as it returned."]
        code, say = "sends-twice", f"After {at:,} bytes, some came that had come before."
    elif again and written.find(again) > at:
        hints, code, say = OVERTAKES, "overtakes", f"After {at:,} bytes, some came that were written later."
    else:
        hints = ["What comes must be what was written, byte for byte."]
        code, say = "other-bytes", f"After {at:,} bytes, others came than were written."
    return Wrong(code, say=say, hints=hints)


# What is said of it.

WAITS: Final = [
    "The socket is in blocking mode: sendall(), and send() without a flag, sleep until the client reads.",
    "sockets.send_now(self.sock, data) takes what fits, and returns how much: all, some or 0.",
]
OVERTAKES: Final = [
    "While something is kept, a new piece goes behind it, and nowhere else.",
    "Give the kernel something in write() only if nothing is kept.",
]
