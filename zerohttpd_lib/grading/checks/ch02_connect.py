"""Check of the task "connect": a connect that does not wait."""

from __future__ import annotations

import select
import socket
import time
from typing import Any, Final

from . import Answer, Raised, Remote, Wrong, task
from .idling import descriptors, spent_in
from .never_waits import TRIES, waited

AT_ONCE: Final = 3.0  # seconds: what takes longer waits for something
CONNECTED: Final = 6.0  # seconds for a connect that the kernel has to try again


@task("connect", seconds=28, network=True)
def check_connect(answer: Answer) -> None:
    answer.make_sure_of("start")
    answer.run(AS_A_PAIR)
    before = len(descriptors(answer.pid))
    with socket.create_server(("127.0.0.1", 0), backlog=0) as door:
        first = socket.create_connection(door.getsockname())  # and now it is full
        sock = _check_wait_to_connect(answer, door)
        if (yours := _state(answer, sock)) != "under way":
            hints = [
                "SO_ERROR is 0, too, while the connect is under way.",
                "Ask first whether the socket is writable, without waiting: poll(0).",
            ]
            raise Wrong("too-early", yours=yours, expected="under way", say="Nobody has let it in yet.", hints=hints)
        door.listen(TRIES)  # now there is room for all of them
        _ends_as("connected", answer, sock)
        first.close()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = _start(answer, listener)
        _ends_as("connected", answer, sock)
        if not _is_readable(listener):
            raise Wrong("not-connected", say="You say that it is connected, and nobody came.", hints=_EX)
    _ends_as("ECONNREFUSED", answer, _start(answer, listener))  # which is closed by now
    if (more := len(descriptors(answer.pid)) - before) > STARTED:
        hints = ["What a call of state() opens, it has to close: an epoll object, or a copy of the socket."]
        say = f"Descriptors that are open now, after {STARTED} calls of start():"
        raise Wrong("leaves-descriptors", yours=more, expected=STARTED, say=say, hints=hints)


STARTED: Final = TRIES + 2  # sockets that a learner's answer is asked for


def _check_wait_to_connect(answer: Answer, door: socket.socket) -> Remote:
    """Both functions say at once how it stands, also while it stands badly. Returns one of the sockets."""
    started = [spent_in(answer.pid, lambda: _start(answer, door)) for _ in range(TRIES)]
    sock: Remote = started[0].result
    asked = [spent_in(answer.pid, lambda: _state(answer, sock)) for _ in range(TRIES)]
    answer.expect_to_be_alone()
    for name, spent in (("start", started), ("state", asked)):
        if waited(spent):
            hints = [
                "A wait with a time limit is a wait all the same: a server with many clients would stand still for it.",
                "setblocking(False) before connect_ex(), and poll(0): both return at once.",
            ]
            say = f"The door is full, and of {TRIES} calls of {name}() several waited for a while."
            raise Wrong("waits-a-while", say=say, hints=hints)
    return sock


_EX: Final = [
    "connect() of a non-blocking socket raises; another method returns the number.",
    "sock.connect_ex(address)",
]


# JSON has lists only, and connect() takes none of them.
AS_A_PAIR: Final = "def start_as_a_pair(host, port): return start((host, port))"


def _start(answer: Answer, listener: socket.socket) -> Remote:
    address = listener.getsockname() if listener.fileno() >= 0 else _nobody()
    try:
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
