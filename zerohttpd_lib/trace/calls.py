"""With details: every call on a socket, and how it ended.

The hooks lie around the methods of Python's own `socket.socket`, so they see a class of a learner's
as well as the functions in sockets.py. They are only there where details were asked for.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from . import layout
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


def _hooked(method: Callable[..., Any], name: str, kind: int, recorder: Recorder) -> Callable[..., Any]:
    outcome = _OUTCOMES.get(name, _nothing)

    def call(sock: socket.socket, *arguments: Any, **named: Any) -> Any:
        fd = sock.fileno()
        started = perf_counter()
        try:
            result = method(sock, *arguments, **named)
        except OSError as problem:
            recorder.guarded(_note, recorder, fd, layout.FAILED | (problem.errno or 0) & 0xFFFF, kind, started)
            raise
        recorder.guarded(_note, recorder, fd, outcome(result, arguments), kind, started)
        if name == "accept":
            recorder.forget_role(result[0].fileno())
        return result

    return call


def _note(recorder: Recorder, fd: int, number: int, kind: int, started: float) -> None:
    if fd < 0:  # closed before, and closed again: no call reaches the kernel
        return
    took = perf_counter() - started
    recorder.note(fd, number, recorder.code_of(fd) | kind)
    if took > layout.LONG:
        recorder.note(fd, min(int(took * 1e6), 0xFFFF_FFFF), layout.TOOK)


def _nothing(result: Any, arguments: tuple[Any, ...]) -> int:
    return 0


def _received(result: Any, arguments: tuple[Any, ...]) -> int:
    number = result if isinstance(result, int) else len(result)
    size = arguments[0] if isinstance(result, bytes) else len(arguments[0])
    return number | layout.FULL if number == size else number


_OUTCOMES: Final[dict[str, Callable[[Any, tuple[Any, ...]], int]]] = {
    "accept": lambda result, arguments: int(result[0].fileno()),
    "recv": _received,
    "recv_into": _received,
    "send": lambda result, arguments: int(result),
    "sendall": lambda result, arguments: len(arguments[0]),
    "connect_ex": lambda result, arguments: layout.FAILED | result if result else 0,
}
