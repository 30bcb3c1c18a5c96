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


_poll: Final = select.poll  # whatever becomes of the module in a learner's process


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
    """One end of a stream socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._received = b""
        self.descriptors: list[int] = []  # that came beside the messages, and were not taken yet

    def send(self, message: dict[str, Any], descriptors: tuple[int, ...] = (), deadline: float | None = None) -> None:
        """Raises Closed, and TimeoutError when the other side does not read."""
        data = json.dumps(message).encode() + b"\n"
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        try:
            while data:
                self._wait(select.POLLOUT, deadline)
                # MSG_DONTWAIT: "writable" promises room for some of it, not for all of it (man 2 send).
                sent = self.sock.sendmsg([data[:CHUNK]], beside, socket.MSG_DONTWAIT)
                data, beside = data[sent:], []
        except (BrokenPipeError, ConnectionResetError):
            raise Closed from None

    def receive(self, deadline: float | None = None) -> dict[str, Any]:
        """The next message. Raises Closed, Garbled, TooLong, and TimeoutError at `deadline` (time.monotonic)."""
        while b"\n" not in self._received:
            self._wait(select.POLLIN, deadline)
            try:
                data, descriptors, _, _ = socket.recv_fds(self.sock, CHUNK, 16)
            except ConnectionResetError:
                raise Closed from None
            self.descriptors += descriptors
            if not data:
                raise Closed
            self._received += data
            if len(self._received) > LONGEST_MESSAGE:
                raise TooLong
        line, _, self._received = self._received.partition(b"\n")
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise Garbled(line[:SHOWN]) from None
        if not isinstance(message, dict):
            raise Garbled(line[:SHOWN])
        return message

    def _wait(self, events: int, deadline: float | None) -> None:
        waiting = _poll()
        waiting.register(self.sock, events)
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        if not waiting.poll(left):
            raise TimeoutError
