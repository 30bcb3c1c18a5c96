"""What does one wait cost? Measured without a server: connections, and a call that finds something ready.

The model is a sum, for poll and for epoll alike:

    seconds = base + per_watched x watched + per_ready x ready (+ per_rebuilt x watched, if the list has changed)

The last term is CPython's: `select.poll` keeps the descriptors in a dict, and makes an array of
all of them anew at the first wait after each register or unregister.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter as clock
from typing import Any, Final

import numpy as np

from .sockets import raise_descriptor_limit

SWEPT: Final = 64 * 1_048_576  # bytes: many times what a core keeps in caches of its own
Pair = tuple[socket.socket, socket.socket]  # the server's side of a connection, and the client's


@dataclass(frozen=True)
class WaitTime:
    """The time of one wait, in seconds: the median of many."""

    how: str  # "poll" or "epoll"
    watched: int
    ready: int
    changed: bool  # was one descriptor taken off the list and put back, just before?
    seconds: float


@dataclass(frozen=True)
class CostModel:
    """The fitted sum. All in seconds; `per_...` for one descriptor."""

    how: str
    base: float
    per_watched: float
    per_ready: float
    per_rebuilt: float

    def seconds(self, watched: float, ready: float, changed: bool = False) -> float:
        """What a wait costs, by this model."""
        rebuilt = self.per_rebuilt * watched if changed else 0.0
        return self.base + self.per_watched * watched + self.per_ready * ready + rebuilt

    def __repr__(self) -> str:
        return (
            f"{self.how:5}: {self.base * 1e6:.2f} µs for the call, {self.per_watched * 1e9:.1f} ns for each watched, "
            f"{self.per_ready * 1e9:.0f} ns for each ready, "
            f"{self.per_rebuilt * 1e9:.1f} ns more for each watched if the list has changed"
        )


def measure_grid(
    how: str,
    watched: Sequence[int],
    ready: Sequence[int],
    repeats: int = 100,
    *,
    may_sleep: bool = False,
    cold: bool = False,
) -> list[WaitTime]:
    """Every combination of so many watched and so many ready, with the list unchanged and changed.

    What is watched are TCP connections over loopback, as in a server. The time limit is 0, and the ready
    ones are spread over the list. With `may_sleep` there is no limit, and they are at its end: as in a
    server whose silent clients came long ago. The kernel then leaves the caller's name with each
    descriptor before them, to be woken by it (fs/select.c).

    Wait upon wait, all that the kernel looks at may stay in the processor's caches. With `cold`, 64 MB of something
    else go through them before each wait, as if a server had been busy meanwhile; that takes milliseconds.
    """
    swept = np.zeros(SWEPT if cold else 0, dtype=np.uint8)
    with _connections(max(watched)) as pairs:
        grid = [(pairs[:w], r) for w in watched for r in ready if r <= w]
        return [_measure(how, *each, changed, repeats, may_sleep, swept) for each in grid for changed in (False, True)]


def _measure(
    how: str, pairs: list[Pair], ready: int, changed: bool, repeats: int, may_sleep: bool, swept: np.ndarray
) -> WaitTime:
    fds = [server_side.fileno() for server_side, _ in pairs]
    step = len(pairs) // ready
    senders = pairs[-ready:] if may_sleep else pairs[: step * ready : step]
    for _, client_side in senders:
        client_side.send(b"x")
    limit = None if may_sleep else 0
    times = []
    with _poller(how) as (poller, readable):
        for fd in fds:
            poller.register(fd, readable)
        poller.poll(0)
        for _ in range(repeats):
            if changed:
                poller.unregister(fds[-1])
                poller.register(fds[-1], readable)
            if swept.size:
                swept += 1  # reads and writes all of it
            start = clock()
            poller.poll(limit)
            times.append(clock() - start)
    for server_side, _ in senders:
        server_side.recv(1)
    return WaitTime(how, len(pairs), ready, changed, float(np.median(times)))


@contextmanager
def _poller(how: str) -> Iterator[tuple[Any, int]]:
    if how == "poll":
        yield select.poll(), select.POLLIN
    else:
        with select.epoll() as epoll:
            yield epoll, select.EPOLLIN


@contextmanager
def _connections(number: int) -> Iterator[list[Pair]]:
    raise_descriptor_limit()
    pairs: list[Pair] = []
    try:
        with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
            for _ in range(number):
                client_side = socket.create_connection(listener.getsockname())
                pairs.append((listener.accept()[0], client_side))
        yield pairs
    finally:
        for server_side, client_side in pairs:
            server_side.close()
            client_side.close()


def fit(times: Sequence[WaitTime]) -> CostModel:
    """The model that fits these best: least squares of the *relative* errors, so that the small count too."""
    terms = np.array([[1, t.watched, t.ready, t.watched * t.changed] for t in times], dtype=float)
    seconds = np.array([t.seconds for t in times])
    weights = 1 / seconds
    found, *_ = np.linalg.lstsq(terms * weights[:, None], seconds * weights, rcond=None)
    return CostModel(times[0].how, *(float(max(value, 0.0)) for value in found))
