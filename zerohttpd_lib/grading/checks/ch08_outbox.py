"""The check of the task "outbox": what is kept, for how long, in which order, and that nothing waits."""

from __future__ import annotations

import fcntl
import random
import secrets
import socket
import struct
import termios
import time
from typing import Any, Final

from . import Answer, Remote, Wrong, task
from .idling import spent_in
from .never_waits import TRIES, waited

BUFFER: Final = 4096  # bytes, asked for at both ends; the kernel takes more
CALL: Final = 3.0  # seconds: a call that takes longer waits
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


WAITS: Final = [
    "The socket is in blocking mode: sendall(), and send() without a flag, sleep until the client reads.",
    "sockets.send_now(self.sock, data) takes what fits, and returns how much: all, some or 0.",
]
OVERTAKES: Final = [
    "While something is kept, a new piece goes behind it, and nowhere else.",
    "Give the kernel something in write() only if nothing is kept.",
]


@task("outbox", seconds=25)
def check_outbox(answer: Answer) -> None:
    compare_small(answer)
    compare_full(answer)
    compare_limits(answer)
    compare_zero(answer)


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
    size = min(64, len(received) - at)
    again = received[at : at + size]
    if again and written.find(again) in range(at):
        hints = ["Of what send() has taken, nothing may be kept: cut off exactly as many bytes as it returned."]
        code, say = "sends-twice", f"After {at:,} bytes, some came that had come before."
    elif again and written.find(again) > at:
        hints, code, say = OVERTAKES, "overtakes", f"After {at:,} bytes, some came that were written later."
    else:
        hints = ["What comes must be what was written, byte for byte."]
        code, say = "other-bytes", f"After {at:,} bytes, others came than were written."
    return Wrong(code, say=say, hints=hints)


def compare_small(answer: Answer) -> None:
    """Nobody is slow: each piece is sent at once, and nothing is left to be done."""
    with Stage(answer, 1000, 100) as stage:
        for _ in range(3):
            stage.write(random.randint(5, 50))
            stage.read()
            if stage.kept:
                hints = [
                    "If nothing is kept, give the kernel the new piece at once. Only what it does not take is kept."
                ]
                say = "The client reads, and this many bytes of a small piece have not come."
                raise Wrong("not-at-once", yours=stage.kept, expected=0, hints=hints, say=say)
        if stage.ask("wants_out"):
            hints = ["OUT is for as long as something is kept. A socket is nearly always writable: the loop spins."]
            raise Wrong("always-wants-out", yours=True, expected=False, hints=hints, say="All is sent. wants_out()?")
        if not stage.ask("source_may_go_on"):
            hints = ["Nothing is kept: there is no reason to stop the source."]
            raise Wrong(
                "stops-at-once", yours=False, expected=True, hints=hints, say="All is sent. source_may_go_on()?"
            )


def compare_full(answer: Answer) -> None:
    """The kernel takes no more. Nothing waits, and the order stays."""
    with Stage(answer, 10_000_000, 0) as stage:
        stage.fill()
        stage.write(20 * capacity())  # so that some of it is kept whatever room the kernel still finds
        before = len(stage.written)
        writes = [spent_in(stage.pid, lambda: stage.write(7)) for _ in range(TRIES)]
        readies = [spent_in(stage.pid, stage.ready) for _ in range(TRIES)]
        for method, spent in (("write", writes), ("ready", readies)):
            if waited(spent):
                raise Wrong("waits", say=f"The client does not read. {method}() goes to sleep for it.", hints=WAITS)
        answer.expect_to_be_alone()
        stage.read()
        received = len(stage.received)
        stage.write(PIECE)
        stage.read()
        if len(stage.received) > received:
            say = "Something was kept, the socket was writable again, and write() was called before ready()."
            raise Wrong("does-not-wait-for-ready", say=f"{say} It gave the kernel some.", hints=OVERTAKES[::-1])
        if stage.kept < len(stage.written) - before:
            raise Wrong("overtakes", say="What was written last has come first.", hints=OVERTAKES)
        _empty(stage)


def _empty(stage: Stage) -> None:
    """Have all that is kept sent."""
    while stage.kept:
        if not stage.ask("wants_out"):
            hints = ["As long as one byte is kept, the loop has to hear of the next room for it."]
            say = "So many bytes are kept, and wants_out() is False."
            raise Wrong("forgets-the-rest", yours=stage.kept, expected=0, hints=hints, say=say)
        before = stage.kept
        stage.ready()
        stage.read()
        if stage.kept == before:
            hints = ["ready() is called when there is room: send what is kept."]
            raise Wrong("never-sends", say="The socket is writable, and ready() sends nothing.", hints=hints)
    if stage.ask("wants_out"):
        hints = ["What was sent has to be taken away from what is kept."]
        raise Wrong("always-wants-out", yours=True, expected=False, hints=hints, say="All is sent. wants_out()?")


HYSTERESIS: Final = [
    "Two limits: False when more than `high` are kept, True when `low` or fewer are. Between them it stays "
    "what it was.",
    "So it has to be remembered: an attribute that only those two cases change.",
]


def compare_limits(answer: Answer) -> None:
    """Up to the high limit and over it, down between the two, below the low one, and up between the two."""
    room = capacity()
    high, low = 4 * room + random.randint(0, 999), room // 2 + random.randint(0, 999)
    with Stage(answer, high, low) as stage:
        stage.fill()
        stage.read()
        stage.write(high - stage.kept)
        _expect(stage, True, "stops-too-early", "exactly `high` bytes are kept")
        stage.write(1)
        _expect(stage, False, "never-stops", "one byte more than `high` is kept")
        while stage.kept > low:
            stage.ready()
            stage.read()
            if low < stage.kept <= high:
                _expect(stage, False, "goes-on-too-early", "fewer than `high` are kept, and more than `low`")
        _expect(stage, True, "stays-stopped", "fewer than `low` are kept")
        if stage.kept:
            stage.write((low + high) // 2 - stage.kept)
            _expect(stage, True, "stops-below-high", "it is not more than `high` again")
        _empty(stage)


def _expect(stage: Stage, expected: bool, code: str, when: str) -> None:
    if stage.ask("source_may_go_on") is not expected:
        hints = [SAYS[code], *HYSTERESIS]
        say = f"source_may_go_on(), when {when}."
        raise Wrong(code, yours=not expected, expected=expected, hints=hints, say=say)


SAYS: Final = {
    "stops-too-early": "More than `high`: `high` itself is not too much.",
    "never-stops": "Count what is kept, and not what was written in one piece: is that more than `high`?",
    "goes-on-too-early": "It is below `high` again, but the source may go on only at `low`.",
    "stays-stopped": "ready() can bring it below `low`, too: look at the limits there as well.",
    "stops-below-high": "It has been at `low` or below, so it may go on up to `high`.",
}


def compare_zero(answer: Answer) -> None:
    """With a low limit of 0 the source may go on when all is sent."""
    with Stage(answer, random.randint(1, 99), 0) as stage:
        stage.fill()
        stage.write(PIECE)
        _expect(stage, False, "never-stops", "a whole piece more than `high` is kept")
        stage.read()
        _empty(stage)
        if not stage.ask("source_may_go_on"):
            hints = ["`low` or fewer: with low=0 that is when nothing is kept."]
            raise Wrong("never-at-low", yours=False, expected=True, hints=hints, say="low is 0, and nothing is kept.")
