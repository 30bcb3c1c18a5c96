"""Meet epoll: edge-triggered, so all of it has to be taken, and nothing is waited for."""

from __future__ import annotations

import random
import socket
from typing import Any, Final

from . import Answer, Raised, Wrong, task
from .idling import Spent, spent_in
from .never_waits import TRIES, waited
from .witness import tcp_pair

LARGEST: Final = 150_000  # bytes: what a socket's buffer takes on every machine
SHORT_REPLY: Final = 20_000  # bytes
BUFFER: Final = 212_992  # bytes, net.core.wmem_default


@task("drain", seconds=20)
def check_drain(answer: Answer) -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # for both processes: the flag belongs to what both of the descriptors refer to
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    fd = answer.give(ours, as_socket=True)
    more = random.sample([8192, random.randint(130_000, LARGEST), random.randint(1, 100), 0], 4)
    spent = [expect(answer, fd, sent(theirs, size), False) for size in (random.randint(9_000, 15_000), *more)]
    spent += [expect(answer, fd, b"", False) for _ in range(TRIES)]
    answer.expect_to_be_alone()
    # A long reply has to wait for us to read it: that sleep is not the answer's.
    compare_waiting([each for each in spent if len(each.result[0]) <= SHORT_REPLY])
    data = sent(theirs, random.randint(4_000, 7_000))
    theirs.close()
    expect(answer, fd, data, True)
    expect(answer, fd, b"", True)
    check_marked(answer)


def check_marked(answer: Answer) -> None:
    """No read goes past urgent data (man 7 tcp): the end comes with the third, however large the others are."""
    ours, theirs = tcp_pair()
    ours.setblocking(False)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    before, after = random.randbytes(random.randint(10, 2000)), random.randbytes(random.randint(10, 2000))
    theirs.sendall(before)
    theirs.send(b"!", socket.MSG_OOB)
    theirs.sendall(after)
    theirs.close()
    try:
        expect(answer, answer.give(ours, as_socket=True), before + b"!" + after, True)
    except Wrong as wrong:
        if wrong.code not in ("misses-end", "leaves-some"):
            raise
        say = "The other side has sent something urgent in between, which no read goes past, and has closed."
        raise Wrong("counts-reads", yours=wrong.yours, expected=wrong.expected, say=say, hints=COUNTS) from None


def sent(sock: socket.socket, size: int) -> bytes:
    data = random.randbytes(size)
    sock.sendall(data)
    return data


def expect(answer: Answer, fd: Any, data: bytes, ended: bool) -> Spent:
    try:
        spent = spent_in(answer.pid, lambda: answer.call("take_all", fd, seconds=4))
    except Raised as raised:
        if raised.kind == "BlockingIOError":
            say = "take_all() raised BlockingIOError: there was nothing more to read."
            raise Wrong("eagain-escapes", say=say, hints=EAGAIN) from None
        if ended and raised.kind == "OSError" and "Errno 9" in raised.text:
            hints = ["Whose socket is it? Say that it has ended, and leave it to the caller to close it."]
            say = "take_all() was asked once more about a socket that it had closed."
            raise Wrong("closes", say=say, hints=hints) from None
        raise
    except Wrong as wrong:
        if wrong.code == "too-slow" and ended:
            raise Wrong("never-ends", say=f"{wrong.say} The other side had ended.", hints=NEVER_ENDS) from None
        raise
    if spent.result != [data, ended]:
        raise not_all(spent.result, data, ended)
    return spent


def compare_waiting(spent: list[Spent]) -> None:
    """All of it was there. Who goes to sleep, or asks again and again, waits for more, or gives it time to come."""
    if waited(spent):
        say = (
            "All of it was there, and nothing more was to come. All the same, take_all() waited a while at many calls."
        )
        raise Wrong("waits", say=say, hints=WAITS)


NEVER_ENDS: Final = [
    'After the end recv() returns b"" at once, each time that it is asked. Does your loop take that for more bytes?',
    'b"" is the end: return what you have, and True.',
]
WAITS: Final = [
    "No time limit, sleep or select() is needed: a non-blocking recv() says at once that there is nothing now.",
    "What comes later is reported later. BlockingIOError is the signal to return.",
]
COUNTS: Final = [
    "How many reads it takes is not yours to know, and a read that was short does not say that it was the last.",
    "Go on until recv() raises BlockingIOError or returns b''.",
]
EAGAIN: Final = [
    "EAGAIN is how a non-blocking socket says that this was all. It is no mistake.",
    "Catch BlockingIOError around recv(), and return what you have got until then.",
]


def not_all(yours: Any, data: bytes, ended: bool) -> Wrong:
    if not isinstance(yours, list) or len(yours) != 2 or not isinstance(yours[0], bytes):
        hints = ["Return two things: the bytes, and True or False."]
        return Wrong("no-pair", yours=yours, expected="(bytes, True or False)", hints=hints)
    got, said = yours
    still = "has closed" if ended else "is still there"
    shown: dict[str, Any] = {
        "yours": (f"{len(got):,} bytes", said),
        "expected": (f"{len(data):,} bytes", ended),
        "say": f"The other side has sent {len(data):,} bytes and {still}.",
    }
    if not isinstance(said, bool):
        return Wrong("no-answer", **shown, hints=["The second of the two is True or False: has it ended?"])
    if got == data and said and not ended:
        hints = ["Nothing more to read *now* is not the end. Only recv() returning b'' is."]
        return Wrong("eagain-is-no-end", **shown, hints=hints)
    if got == data:
        return Wrong("misses-end", **shown, hints=MISSES)
    if got and data.endswith(got):
        return Wrong("last-piece", **shown, hints=["Each recv() gives you another piece. Keep them all."])
    return Wrong("leaves-some", **shown, hints=LEAVES)


MISSES: Final = [
    "The end of file is behind the last byte. An edge-triggered epoll will not tell you of it again.",
    "Do not stop at a short read. Go on until recv() raises BlockingIOError or returns b''; the latter is the end.",
]
LEAVES: Final = [
    "What you leave unread is reported again only when something new comes, if ever: man 7 epoll.",
    "One recv() returns no more than it was asked for. Call it until it raises BlockingIOError.",
]
