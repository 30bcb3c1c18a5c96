"""Checks of exercise 02: what recv() says, and a connect that does not wait. The other tasks are beside it."""

from __future__ import annotations

import secrets
import select
import socket
import time
from collections.abc import Callable
from typing import Any, Final

from . import Answer, Fd, Raised, Remote, Wrong, ch02_chain, ch02_half, ch02_lookups, task
from .witness import reset, tcp_pair

__all__ = ["ch02_chain", "ch02_half", "ch02_lookups"]  # each registers tasks of its own

AT_ONCE: Final = 3.0  # seconds: what takes longer waits for something
CONNECTED: Final = 6.0  # seconds for a connect that the kernel has to try again

# take


@task("take", seconds=20)
def check_take(answer: Answer) -> None:
    for blocking in (True, False):
        ours, sock = _pair(answer, blocking)
        sent = secrets.token_hex(1000).encode()
        ours.sendall(sent)
        _expect(answer, sock, ["data", sent], _about_data)
        _expect(answer, sock, ["nothing now", b""], _about_nothing)
        ours.sendall(b"bye")
        ours.close()
        _expect(answer, sock, ["data", b"bye"], _about_data)
        _expect(answer, sock, ["end", b""], _about_end)
        ours, sock = _pair(answer, blocking)
        reset(ours)
        _expect(answer, sock, ["broken", b""], _about_reset)


def _pair(answer: Answer, blocking: bool) -> tuple[socket.socket, Fd]:
    """Our end of a TCP connection, and the learner's."""
    theirs, ours = tcp_pair()
    theirs.setblocking(blocking)
    given: Fd = answer.give(theirs, as_socket=True)
    theirs.close()
    return ours, given


Mistake = tuple[str, str, list[str]]  # code, what is wrong, hints


def _expect(answer: Answer, sock: Fd, expected: list[Any], about: Callable[[Any], Mistake]) -> None:
    try:
        yours = answer.call("take", sock, seconds=AT_ONCE)
    except Raised as raised:
        if raised.kind not in ("BlockingIOError", "ConnectionResetError"):
            raise
        yours = raised.kind
    except Wrong as wrong:
        if wrong.code != "too-slow":
            raise
        hints = [
            "A socket may come in blocking mode, and then recv() waits until something comes.",
            "sock.setblocking(False) for good, or the flag socket.MSG_DONTWAIT for one call.",
        ]
        raise Wrong(
            "waits", expected=tuple(expected), say="Nothing had come, and take() waited.", hints=hints
        ) from None
    if yours != expected:
        code, say, hints = about(yours)
        shown = tuple(yours) if isinstance(yours, list) else yours
        raise Wrong(code, yours=shown, expected=tuple(expected), say=say, hints=hints)


def _kind(yours: Any) -> Any:
    return yours[0] if isinstance(yours, list) and yours else yours


def _about_data(yours: Any) -> Mistake:
    if _kind(yours) == "data":
        return "too-little", "Not all that had come was taken.", ["How many bytes do you ask for?", "recv(4096)"]
    hints = ["The other side may have sent, and then closed: first come the bytes, then the end.", "Let recv() say it."]
    return "loses-bytes", "Bytes had come.", hints


def _about_nothing(yours: Any) -> Mistake:
    if yours == "BlockingIOError":
        hints = ["In Python, EAGAIN is an exception.", "except BlockingIOError:"]
        return "raises-for-nothing", "Nothing had come: that is no error.", hints
    hints = ["The other side is there, and may send at any moment.", 'EAGAIN is "nothing now", b"" is "end".']
    return "ends-too-early", "Nothing had come, and the other side was still there.", hints


def _about_end(yours: Any) -> Mistake:
    if _kind(yours) == "data":
        return (
            "no-bytes-are-data",
            "The other side has closed.",
            ['recv() gives b"" then. Is that data?', 'It is "end".'],
        )
    hints = ["The other side will never send again.", 'EAGAIN is "nothing now", b"" is "end".']
    return "waits-for-the-dead", "The other side has closed.", hints


def _about_reset(yours: Any) -> Mistake:
    hints = ["recv() raises ConnectionResetError for it.", "except ConnectionError: beside the other except."]
    if yours == "ConnectionResetError":
        return "raises-for-reset", "The other side has reset the connection, and take() raised.", hints
    if _kind(yours) == "nothing now":
        first = "Nothing will ever come from this one. An except without a name catches more than EAGAIN."
        return "reset-is-something-else", "The other side has reset the connection.", [first, hints[-1]]
    hints = ['A reset is no end: at the end recv() returns b"", at a reset it raises ConnectionResetError.', hints[-1]]
    return "reset-is-something-else", "The other side has reset the connection.", hints


# connect


@task("connect", seconds=28, network=True)
def check_connect(answer: Answer) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as door:
        first = socket.create_connection(door.getsockname())  # and now it is full
        sock = _start(answer, door)
        if (yours := _state(answer, sock)) != "under way":
            hints = [
                "SO_ERROR is 0, too, while the connect is under way.",
                "Ask first whether the socket is writable, without waiting: poll(0).",
            ]
            raise Wrong("too-early", yours=yours, expected="under way", say="Nobody has let it in yet.", hints=hints)
        door.accept()[0].close()
        _ends_as("connected", answer, sock)
        first.close()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = _start(answer, listener)
        _ends_as("connected", answer, sock)
        if not _is_readable(listener):
            raise Wrong("not-connected", say="You say that it is connected, and nobody came.", hints=_EX)
    _ends_as("ECONNREFUSED", answer, _start(answer, listener))  # which is closed by now


_EX: Final = [
    "connect() of a non-blocking socket raises; another method returns the number.",
    "sock.connect_ex(address)",
]


# JSON has lists only, and connect() takes none of them.
AS_A_PAIR: Final = "def start_as_a_pair(host, port): return start((host, port))"


def _start(answer: Answer, listener: socket.socket) -> Remote:
    address = listener.getsockname() if listener.fileno() >= 0 else _nobody()
    try:
        answer.make_sure_of("start")
        answer.run(AS_A_PAIR)
        return answer.make("start_as_a_pair", *address, seconds=AT_ONCE)
    except Raised as raised:
        if raised.kind not in ("BlockingIOError", "ConnectionRefusedError"):
            raise
        say = f"start() raised {raised.kind}, and should return the socket."
        raise Wrong("raises", say=say, hints=_EX) from None
    except Wrong as wrong:
        if wrong.code != "too-slow":
            raise
        hints = [
            "connect() of a blocking socket waits until it is over.",
            "sock.setblocking(False), before you connect.",
        ]
        raise Wrong("waits", say="start() waited for the connect to end.", hints=hints) from None


def _nobody() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()


def _state(answer: Answer, sock: Remote) -> Any:
    try:
        return answer.call("state", sock, seconds=AT_ONCE)
    except Raised as raised:
        if raised.kind != "KeyError":
            raise
        hints = ["How often do you read SO_ERROR? Reading it clears it.", "Read it once, and keep the number."]
        say = f"state() raised KeyError: {raised.text}."
        raise Wrong("reads-twice", say=say, hints=hints) from None
    except Wrong as wrong:
        if wrong.code != "too-slow":
            raise
        hints = ["poll() without an argument waits for as long as it takes.", "poll(0)"]
        raise Wrong("state-waits", say="state() waited for the connect to end.", hints=hints) from None


def _ends_as(expected: str, answer: Answer, sock: Remote) -> None:
    deadline = time.monotonic() + CONNECTED
    while (yours := _state(answer, sock)) == "under way" and time.monotonic() < deadline:
        time.sleep(0.02)
    if yours == expected:
        return
    if yours == "under way":
        hints = ["For which event do you ask?", "A connect that is over makes the socket writable: POLLOUT."]
        raise Wrong("never-over", yours=yours, expected=expected, say="The connect is over.", hints=hints)
    if yours == "connected":
        hints = ["Writable means that the connect is over, not that it went well.", "getsockopt(SOL_SOCKET, SO_ERROR)"]
        raise Wrong("writable-is-connected", yours=yours, expected=expected, say="Nobody listens there.", hints=hints)
    hints = ["SO_ERROR is a number, and 0 is no error.", "errno.errorcode[number] is the name of one that is not 0."]
    raise Wrong("not-the-name", yours=yours, expected=expected, hints=hints)


def _is_readable(sock: socket.socket) -> bool:
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return bool(poller.poll(AT_ONCE * 1000))
