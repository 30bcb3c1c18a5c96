"""How a check asks several servers at once, and keeps clients that say nothing."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from ...lab import Lab
from ...lab.server import Server

NEWS_TIME: Final = 0.01  # seconds between two looks at a load test
PATIENCE: Final = 2.0  # seconds without news from anybody: who has not answered by then is stuck
REQUEST: Final = b"GET /guestbook HTTP/1.1\r\nHost: check\r\n\r\n"


def silent_client(server: Server) -> socket.socket:
    """A client that connects and says nothing, for as long as the socket is kept."""
    return socket.create_connection(server.address, timeout=5)


def who_answers(servers: Mapping[str, Server], patience: float = PATIENCE) -> set[str]:
    """The names of the servers that answer a request for the guestbook; all are asked at the same time."""
    waiting: dict[int, tuple[str, socket.socket]] = {}
    poller = select.poll()
    for name, server in servers.items():
        with suppress(OSError):  # it has ended, and answers nobody
            sock = socket.create_connection(server.address, timeout=5)
            sock.sendall(REQUEST)
            waiting[sock.fileno()] = name, sock
            poller.register(sock, select.POLLIN)
    answered: set[str] = set()
    deadline = time.monotonic() + patience
    while len(answered) < len(waiting) and (left := deadline - time.monotonic()) > 0:
        for fd, _ in poller.poll(left * 1000):
            poller.unregister(fd)
            name, sock = waiting[fd]
            with suppress(OSError):
                if sock.recv(12) == b"HTTP/1.1 200":
                    answered.add(name)
            deadline = time.monotonic() + patience
    for _, sock in waiting.values():
        sock.close()
    return answered


def failures_under_load(lab: Lab, server: Server, *, clients: int, requests: int, timeout: float) -> dict[str, int]:
    """So many requests, and what became of those that failed; after the first failure no more are made.

    A server that answers nobody any more would else take the time of all of them.
    """
    run = lab.start_load(server, clients=clients, requests=requests, timeout=timeout)
    while run.is_running:
        if run.samples and run.samples[-1].failed:
            run.stop()
            return run.samples[-1].failures
        time.sleep(NEWS_TIME)
    return run.wait(progress=False).failures


def answers(server: Server, patience: float = PATIENCE) -> bool:
    return bool(who_answers({"it": server}, patience))


@contextmanager
def deaf_redis(lab: Lab, most: float) -> Iterator[None]:
    """Redis replies to no guestbook, for `most` seconds or until the end of the block.

    Writes only: a pause of everything holds the command that would end it, too (redis.io, CLIENT PAUSE).
    """
    from redis.exceptions import RedisError

    lab.redis.client.client_pause(int(most * 1e3), all=False)
    try:
        yield
    finally:
        with suppress(RedisError):  # one that is older than 6.2 comes back by itself
            lab.redis.client.client_unpause()
