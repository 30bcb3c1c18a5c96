"""With details: every call on a socket, and how it ended.

The hooks lie around the methods of Python's own `socket.socket`, so they see a class of a learner's
as well as the functions in sockets.py. They are only there where details were asked for.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from . import layout
from .hooks import Method, in_front_of
from .recorder import Recorder

_METHODS: Final = {
    "accept": "accept",
    "recv": "receive",
    "recv_into": "receive",
    "send": "send",
    "sendall": "send",
    "connect": "connect",
    "connect_ex": "connect",
    "close": "close",
    "shutdown": "shut down",
    "setblocking": "set blocking",
    "getsockopt": "get option",
    "setsockopt": "set option",
}


def hook_sockets(recorder: Recorder) -> None:
    """From now on `recorder` is told of every call on a socket in this process."""
    for method, name in _METHODS.items():
        kind = layout.FIRST_CALL + layout.CALLS.index(name)
        setattr(socket.socket, method, _hooked(getattr(socket.socket, method), method, kind, recorder))


def _hooked(method: Method, name: str, kind: int, recorder: Recorder) -> Method:
    outcome: Callable[..., int] = _OUTCOMES.get(name, _nothing)

    def call(sock: socket.socket, /, *arguments: Any, **named: Any) -> Any:
        fd, line = sock.fileno(), recorder.line_of(sys._getframe(1))
        started = _begin(recorder, fd, kind, line)
        try:
            result = method(sock, *arguments, **named)
        except OSError as problem:
            recorder.guarded(_note, recorder, fd, _failed(problem), kind, perf_counter() - started, line)
            recorder.after_each()
            raise
        finally:
            recorder.in_call[0] = 0
        took = perf_counter() - started
        recorder.guarded(lambda: _note(recorder, fd, outcome(result, *arguments, **named), kind, took, line))
        if name == "accept":
            recorder.guarded(lambda: recorder.forget_role(result[0].fileno()))
        recorder.after_each()
        return result

    return in_front_of(method, lambda _: call)


def _begin(recorder: Recorder, fd: int, kind: int, line: int) -> float:
    """Say which call it is, for as long as it takes: one that blocks is not written down before it has returned."""
    if recorder.command[0]:
        recorder.guarded(recorder.write_pending)
    started = perf_counter()
    recorder.in_call[1] = int(started * 1e6)
    recorder.in_call[2] = line
    recorder.in_call[0] = fd << 8 | kind
    return started


def _note(recorder: Recorder, fd: int, number: int, kind: int, took: float, line: int) -> None:
    if fd < 0:  # closed before, and closed again: no call reaches the kernel
        return
    recorder.note(fd, number, recorder.code_of(fd) & 0xFF00 | line | kind)
    if took > layout.LONG:
        recorder.note(fd, min(int(took * 1e6), 0xFFFF_FFFF), layout.TOOK)


def _failed(problem: OSError) -> int:
    """A timeout of Python's own (settimeout) has no errno."""
    number = errno.ETIMEDOUT if isinstance(problem, TimeoutError) else problem.errno or 0
    return layout.FAILED | number & 0xFFFF


# What a call has come to, from what it gave back and what it was given.


def _nothing(result: Any, *arguments: Any, **named: Any) -> int:
    return 0


def _received(result: bytes, size: int, flags: int = 0) -> int:
    return len(result) | (layout.FULL if len(result) == size else 0)


def _received_into(result: int, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
    size = nbytes or memoryview(buffer).nbytes
    return result | (layout.FULL if result == size else 0)


_OUTCOMES: Final[dict[str, Callable[..., int]]] = {
    "accept": lambda result: int(result[0].fileno()),
    "recv": _received,
    "recv_into": _received_into,
    "send": lambda result, *arguments: int(result),
    "sendall": lambda result, data, *flags: memoryview(data).nbytes,
    "connect_ex": lambda result, address: layout.FAILED | result if result else 0,
}
