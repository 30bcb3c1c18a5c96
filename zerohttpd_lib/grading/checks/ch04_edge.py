"""Meet epoll: edge-triggered, so all of it has to be taken."""

from __future__ import annotations

import random
import socket
from typing import Any, Final

from . import Answer, Raised, Wrong, task


@task("drain", seconds=20)
def check_drain(answer: Answer) -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # for both processes: the flag belongs to what both of the descriptors refer to
    fd = answer.give(ours, as_socket=True)
    for size in (random.randint(9_000, 15_000), 8192, random.randint(40_000, 90_000), random.randint(1, 100), 0):
        expect(answer, fd, sent(theirs, size), False)
    data = sent(theirs, random.randint(4_000, 7_000))
    theirs.close()
    expect(answer, fd, data, True)
    expect(answer, fd, b"", True)


def sent(sock: socket.socket, size: int) -> bytes:
    data = random.randbytes(size)
    sock.sendall(data)
    return data


def expect(answer: Answer, fd: Any, data: bytes, ended: bool) -> None:
    try:
        yours = answer.call("take_all", fd, seconds=4)
    except Raised as raised:
        if raised.kind == "BlockingIOError":
            say = "take_all() raised BlockingIOError: there was nothing more to read."
            raise Wrong("eagain-escapes", say=say, hints=EAGAIN) from None
        raise
    if yours != [data, ended]:
        raise not_all(yours, data, ended)


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
