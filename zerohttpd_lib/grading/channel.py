"""Messages between the judge and the learner's process: a line of JSON each, and descriptors beside it."""

from __future__ import annotations

import array
import json
import select
import socket
import time
from typing import Any, Final

LONGEST_MESSAGE: Final = 16 * 1_048_576  # bytes
CHUNK: Final = 65_536
SHOWN: Final = 80  # bytes of what is no message
MOST_DESCRIPTORS: Final = 16  # beside one message
READABLE: Final = select.POLLIN
WRITABLE: Final = select.POLLOUT


class Closed(Exception):
    """The other side has closed the channel."""


class Garbled(Exception):
    """What has arrived is no message of ours. `data`: how it begins."""

    def __init__(self, data: bytes) -> None:
        super().__init__(f"{data!r} is no message")
        self.data = data


class TooLong(Exception):
    """A message has more than `LONGEST_MESSAGE` bytes."""


class Channel:
    """One end of a stream socket. Descriptors that come beside the messages are kept, or else not even taken."""

    def __init__(self, sock: socket.socket, *, takes_descriptors: bool = False) -> None:
        self.sock = sock
        self._most_beside = MOST_DESCRIPTORS if takes_descriptors else 0
        self._waiting = select.poll()  # made now, whatever becomes of the module in a learner's process
        self._waiting.register(sock, READABLE)
        self._received = bytearray()
        self.descriptors: list[int] = []  # that came beside the messages, and were not taken yet

    def send(self, message: dict[str, Any], descriptors: tuple[int, ...] = (), deadline: float | None = None) -> None:
        """Raises Closed, and TimeoutError when the other side does not read."""
        data = json.dumps(message).encode() + b"\n"
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            while data:
                self._wait(WRITABLE, deadline)
                # MSG_DONTWAIT: "writable" promises room for some of it, not for all of it (man 2 send).
                sent = self.sock.sendmsg([data[:CHUNK]], beside, socket.MSG_DONTWAIT)
                data, beside = data[sent:], []
        except (BrokenPipeError, ConnectionResetError):
            raise Closed from None

    def receive(self, deadline: float | None = None) -> dict[str, Any]:
        """The next message. Raises Closed, Garbled, TooLong, and TimeoutError at `deadline` (time.monotonic)."""
        looked_at = 0
        while (end := self._received.find(b"\n", looked_at)) < 0:
            looked_at = len(self._received)
            self._wait(READABLE, deadline)
            try:
                data, descriptors, _, _ = socket.recv_fds(self.sock, CHUNK, self._most_beside)
            except ConnectionResetError:
                raise Closed from None
            self.descriptors += descriptors
            if not data:
                raise Closed
            self._received += data
            if len(self._received) > LONGEST_MESSAGE:
                raise TooLong
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise Garbled(line[:SHOWN]) from None
        if not isinstance(message, dict):
            raise Garbled(line[:SHOWN])
        return message

    def _wait(self, events: int, deadline: float | None) -> None:
        self._waiting.modify(self.sock, events)
        left = None if deadline is None else (deadline - time.monotonic()) * 1000
        # Too late is too late, also for one who sends a byte from time to time.
        if (left is not None and left <= 0) or not self._waiting.poll(left):
            raise TimeoutError
