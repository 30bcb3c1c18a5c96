"""Checks of exercise 02: what recv() says. The other tasks are beside it."""

from __future__ import annotations

import random
import secrets
import socket
from collections.abc import Callable
from typing import Any, Final

from . import Answer, Fd, Raised, Wrong, ch02_chain, ch02_connect, ch02_half, ch02_lookups, task
from .idling import spent_in
from .never_waits import TRIES, waited
from .witness import reset, tcp_pair

__all__ = ["ch02_chain", "ch02_connect", "ch02_half", "ch02_lookups"]  # each registers tasks of its own

AT_ONCE: Final = 3.0  # seconds: what takes longer waits for something

# take

MOST_TAKEN: Final = 4096  # bytes


@task("take", seconds=20)
def check_take(answer: Answer) -> None:
    for blocking in random.sample([True, False], 2):
        ours, sock = _pair(answer, blocking)
        _check_data(answer, ours, sock)
        _check_wait(answer, sock)
        ours.sendall(b"bye")
        if blocking:
            ours.close()
        else:
            ours.shutdown(socket.SHUT_WR)  # it sends no more, and is still there
        _expect(answer, sock, ["data", b"bye"], _about_data)
        _expect(answer, sock, ["end", b""], _about_end)
        _expect(answer, sock, ["end", b""], _about_end)
        ours, sock = _pair(answer, blocking)
        sent = secrets.token_bytes(random.randint(1, 100))
        ours.sendall(sent)
        reset(ours)
        _expect(answer, sock, ["data", sent], _about_data)  # which had come before
        _expect(answer, sock, ["broken", b""], _about_reset)


def _check_data(answer: Answer, ours: socket.socket, sock: Fd) -> None:
    """What has come is taken, by any number of calls, and at most 4,096 bytes by each."""
    sent = secrets.token_bytes(random.randint(1000, 3000))
    ours.sendall(sent)
    _expect(answer, sock, ["data", sent], _about_data)
    sent = secrets.token_bytes(MOST_TAKEN + random.randint(1, 3000))
    ours.sendall(sent)
    _expect(answer, sock, ["data", sent[:MOST_TAKEN]], _about_data)
    _expect(answer, sock, ["data", sent[MOST_TAKEN:]], _about_data)


def _check_wait(answer: Answer, sock: Fd) -> None:
    """A wait that ends by itself is one, too: whoever waits goes to sleep, or keeps the processor busy."""

    def ask() -> None:
        _expect(answer, sock, ["nothing now", b""], _about_nothing)

    spent = [spent_in(answer.pid, ask) for _ in range(TRIES)]
    answer.expect_to_be_alone()
    if waited(spent):
        hints = [
            "A time limit only makes the wait shorter, and a loop that asks again is a wait as well.",
            "The flag socket.MSG_DONTWAIT, or sock.setblocking(False): recv() says at once that nothing has come.",
        ]
        say = f"Nothing had come, and of {TRIES} calls several waited before they said so."
        raise Wrong("waits-a-while", expected=("nothing now", b""), say=say, hints=hints)


def _pair(answer: Answer, blocking: bool) -> tuple[socket.socket, Fd]:
    """Our end of a TCP connection, and the learner's."""
    theirs, ours = tcp_pair()
    theirs.setblocking(blocking)
    given: Fd = answer.give(theirs, as_socket=True)
    theirs.close()
    return ours, given


Mistake = tuple[str, str, list[str]]  # code, what is wrong, hints


def _expect(answer: Answer, sock: Fd, expected: list[Any], about: Callable[[Any, Any], Mistake]) -> None:
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
        code, say, hints = about(yours, expected)
        shown = tuple(yours) if isinstance(yours, list) else yours
        raise Wrong(code, yours=shown, expected=tuple(expected), say=say, hints=hints)


def _kind(yours: Any) -> Any:
    return yours[0] if isinstance(yours, list) and yours else yours


def _about_data(yours: Any, expected: Any) -> Mistake:
    if _kind(yours) == "data" and len(yours) == 2 and isinstance(yours[1], bytes) and yours[1] != expected[1]:
        if yours[1].startswith(expected[1]):
            hints = ["At most 4,096 bytes at a time, so that one client cannot keep you busy.", "recv(4096), once"]
            return "too-much", "More was taken than 4,096 bytes.", hints
        return "too-little", "Not all that had come was taken.", ["How many bytes do you ask for?", "recv(4096)"]
    hints = ["The other side may have sent, and then closed: first come the bytes, then the end.", "Let recv() say it."]
    return "loses-bytes", "Bytes had come.", hints


def _about_nothing(yours: Any, _: Any) -> Mistake:
    if yours == "BlockingIOError":
        hints = ["In Python, EAGAIN is an exception.", "except BlockingIOError:"]
        return "raises-for-nothing", "Nothing had come: that is no error.", hints
    hints = ["The other side is there, and may send at any moment.", 'EAGAIN is "nothing now", b"" is "end".']
    return "ends-too-early", "Nothing had come, and the other side was still there.", hints


def _about_end(yours: Any, _: Any) -> Mistake:
    if _kind(yours) == "data":
        return (
            "no-bytes-are-data",
            "The other side has closed.",
            ['recv() gives b"" then. Is that data?', 'It is "end".'],
        )
    hints = ["The other side will never send again.", 'EAGAIN is "nothing now", b"" is "end".']
    return "waits-for-the-dead", "The other side has closed.", hints


def _about_reset(yours: Any, _: Any) -> Mistake:
    hints = ["recv() raises ConnectionResetError for it.", "except ConnectionError: beside the other except."]
    if yours == "ConnectionResetError":
        return "raises-for-reset", "The other side has reset the connection, and take() raised.", hints
    if _kind(yours) == "nothing now":
        first = "Nothing will ever come from this one. An except without a name catches more than EAGAIN."
        return "reset-is-something-else", "The other side has reset the connection.", [first, hints[-1]]
    hints = ['A reset is no end: at the end recv() returns b"", at a reset it raises ConnectionResetError.', hints[-1]]
    return "reset-is-something-else", "The other side has reset the connection.", hints
