"""A server and clients of every kind, for as long as you like. In the end it has what it had before.

    python tests/soak.py [RUNG ...] [--seconds 600]

What is watched is what leaks: the descriptors and the memory of the server's processes. Once its clients
have left, a server must have exactly the descriptors that it began with. Its memory may grow while
caches, tables and the allocator's pools fill, which is the warm-up, a fifth of the time. From then on
it may grow by MARGIN: a hundred bytes lost for each request would be more than that within a minute.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from arena import sockets_when_quiet, start
from fault_outcomes import EVENT_LOOPS
from faulty_clients import POST, connect_with_tiny_window
from proc import descendants, open_descriptors, sockets_of
from raw_client import PAGE, STATIC, ask, connect, leave_with_reset, read_to_end, status
from waiting import wait_until

from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.redis_server import Redis

MARGIN: Final = 8.0  # MB that a server may grow by after the warm-up
WARM_UP: Final = 0.2  # of the time
SAMPLES: Final = 60
PAUSE: Final = 0.002  # seconds between two clients of a kind, so that the quickest kind is not all there is
SILENCE: Final = 2.0  # seconds after which the event loops dismiss a client
LAST = PAGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


class Sample(NamedTuple):
    seconds: float
    megabytes: float
    descriptors: int


# Clients. Each does what it does once; whether that went well is for it to say, by an AssertionError.


def fast(url: str) -> None:
    assert status(ask(url, LAST)) == 200


def lasting(url: str) -> None:
    """Many requests on one connection, if the server has it so; no two of them are the same."""
    with connect(url) as sock, suppress(ConnectionError):
        for number in range(50):
            request = PAGE.replace(b" HTTP", b"?%d HTTP" % number).replace(b"\r\n\r\n", b"\r\nX: %d\r\n\r\n" % number)
            sock.sendall(request)
            if b"\r\nConnection: keep-alive\r\n" not in sock.recv(100_000):
                return


def pipelining(url: str) -> None:
    answers = ask(url, PAGE * 39 + LAST)
    assert answers.count(b"HTTP/1.1 200 OK") in (1, 40)


def slow(url: str) -> None:
    with connect(url) as sock:
        for byte in LAST:
            sock.send(bytes([byte]))
            time.sleep(0.002)
        assert status(read_to_end(sock)) == 200


def half(url: str) -> None:
    with connect(url) as sock:
        sock.sendall(random.choice([PAGE, POST])[: random.randrange(1, 40)])


def aborting(url: str) -> None:
    sock = connect(url)
    sock.sendall(random.choice([PAGE, STATIC, POST, PAGE * 3]))
    time.sleep(random.choice([0, 0, 0.001]))
    leave_with_reset(sock)


def silent(url: str) -> None:
    """Until it is dismissed, or tired of it."""
    with connect(url) as sock:
        sock.settimeout(2 * SILENCE)
        with suppress(TimeoutError):
            assert sock.recv(1) == b""


def signing(url: str) -> None:
    assert status(ask(url, POST)) == 200


def talking_garbage(url: str) -> None:
    with suppress(ConnectionError):
        ask(url, random.randbytes(random.randrange(1, 3000)) + b"\r\n\r\n\r\n\r\n")


def not_reading(url: str) -> None:
    """More than the kernel holds for it: the server has to wait for it, with an answer half sent."""
    with connect_with_tiny_window(url) as sock:
        sock.settimeout(0.2)
        with suppress(OSError):
            sock.sendall(PAGE * 2000)
            time.sleep(0.2)


def half_closed(url: str) -> None:
    with connect(url) as sock:
        sock.sendall(LAST)
        sock.shutdown(socket.SHUT_WR)
        assert status(read_to_end(sock)) == 200


CLIENTS: Final[tuple[Callable[[str], None], ...]] = (
    fast, lasting, pipelining, slow, half, aborting, silent, signing, talking_garbage, not_reading, half_closed,
)  # fmt: skip


class Soak:
    """`run()` it. Raises AssertionError when something has grown; `samples` and `done` say what was seen."""

    def __init__(self, server: Server, workers: int, redis: Redis, seconds: float) -> None:
        self.server = server
        self.workers = workers
        self.redis = redis
        self.seconds = seconds
        self.done: Counter[str] = Counter()
        self.samples: list[Sample] = []

    def run(self, say: Callable[[str], None] = lambda text: None) -> None:
        self.began = time.monotonic()
        wait_until(self.is_quiet)
        before = self.sample()
        with ThreadPoolExecutor(len(CLIENTS)) as pool:
            clients = [pool.submit(self.go_on, client) for client in CLIENTS]
            for sample in self.watch():
                say(f"{sample.seconds:5.0f} s  {sample.megabytes:6.1f} MB  {sample.descriptors:4} descriptors")
        for client in clients:
            client.result()
        wait_until(lambda: self.is_quiet() and self.sample().descriptors == before.descriptors)
        warm = max(one.megabytes for one in self.samples if one.seconds <= WARM_UP * self.seconds)
        after = self.sample()
        say(f"in the end {after.megabytes:.1f} MB, {warm:.1f} when warm; {after.descriptors} descriptors")
        assert after.megabytes <= warm + MARGIN, (warm, after.megabytes)

    def is_quiet(self) -> bool:
        """All workers are there, and have as many sockets as without clients."""
        serving = descendants(self.server.pid) or [self.server.pid]
        sockets = {sockets_of(pid) for pid in serving}
        return len(serving) == self.workers and sockets == {sockets_when_quiet(self.server)}

    def go_on(self, client: Callable[[str], None]) -> None:
        while time.monotonic() < self.began + self.seconds:
            client(self.server.url)
            self.done[client.__name__] += 1  # each has a thread of its own
            time.sleep(PAUSE)
            if client is signing:  # a page of always the same length, or it would be that what grows
                self.redis.client.ltrim("guestbook_remarks", -5, -1)

    def watch(self) -> Iterator[Sample]:
        while time.monotonic() < self.began + self.seconds:
            self.samples.append(self.sample())
            yield self.samples[-1]
            time.sleep(self.seconds / SAMPLES)

    def sample(self) -> Sample:
        """Now, for all of the server's processes together."""
        pids = [self.server.pid, *descendants(self.server.pid)]
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
        descriptors = sum(len(open_descriptors(pid)) for pid in pids)
        return Sample(time.monotonic() - self.began, pages * os.sysconf("SC_PAGE_SIZE") / 1e6, descriptors)


def soak(rung: str, redis: Redis, seconds: float, say: Callable[[str], None] = lambda text: None) -> Soak:
    workers = 2 if rung == "multiprocess" else 1
    server = start(rung, redis.address, workers, silence=SILENCE)
    try:
        soak = Soak(server, workers, redis, seconds)
        soak.run(say)
        return soak
    finally:
        server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description="Clients of every kind, and a server that must not grow.")
    parser.add_argument("rungs", nargs="*", metavar="RUNG", default=["edge", "multiprocess"], choices=EVENT_LOOPS)
    parser.add_argument("--seconds", type=float, default=600, help="for each rung")
    options = parser.parse_args()
    for rung in options.rungs:
        print(rung, flush=True)
        with Redis() as redis:
            found = soak(rung, redis, options.seconds, lambda text: print(text, flush=True))
        print(", ".join(f"{number:,} {kind}" for kind, number in found.done.items()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
