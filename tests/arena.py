"""One server for all fault tests of a rung, as long as they leave it as it was."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from types import TracebackType

from fault_outcomes import EVENT_LOOPS
from proc import sockets_of
from raw_client import connect, read_to_end, status
from waiting import wait_until

from zerohttpd_lib.lab import Server
from zerohttpd_lib.servers import RUNGS, Pool

PAGE = b"GET /guestbook HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
STATIC = b"GET /style.css HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
POOL_SIZE = 3  # of preforked and prethreaded: fewer than the five clients that do wrong
FAULTY = 5
QUIET = 0.15  # seconds without an answer are a stall: an answer takes a few milliseconds


class Arena:
    """`server(rung)`, again and again the same. A test that fails leaves it `dirty`, and so a new one is made."""

    def __init__(self, redis_address: tuple[str, int]) -> None:
        self.redis_address = redis_address
        self.servers: dict[object, Server] = {}
        self.last: object = None
        self.dirty = False

    def server(self, rung: str, **attributes: float) -> Server:
        """The server of a rung, with other values for some of its class's attributes."""
        if self.dirty:
            self.servers.pop(self.last).stop()
        self.last = (rung, *(attributes.items() if rung in EVENT_LOOPS else ()))
        if self.last not in self.servers:
            self.servers[self.last] = start(rung, self.redis_address, **attributes)
        self.dirty = True
        return self.servers[self.last]

    def __enter__(self) -> Arena:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        for server in self.servers.values():
            server.stop()


def start(rung: str, redis_address: tuple[str, int], workers: int | None = None, **attributes: float) -> Server:
    server_class = RUNGS[rung].load()
    if getattr(server_class, "pool", None) is Pool.ITS_OWN:
        workers = POOL_SIZE
    what = type(server_class.__name__, (server_class,), {**attributes, "__module__": "__main__"})
    return Server(what if attributes else rung, redis_address, workers=workers, record=False)


def assert_serves(server: Server, *requests: bytes) -> None:
    """Everybody else gets both kinds of page now."""
    for request in requests or (STATIC, PAGE):
        with connect(server.url) as other:
            other.sendall(request)
            assert status(read_to_end(other)) == 200


def assert_stalls(server: Server, fault: ExitStack, *requests: bytes) -> None:
    """Nobody else gets a page until the fault is over."""
    with ExitStack() as stack:
        others = [stack.enter_context(connect(server.url)) for _ in requests or (STATIC, PAGE)]
        for other, request in zip(others, requests or (STATIC, PAGE), strict=True):
            other.sendall(request)
        for other in others:
            assert nothing_comes(other)
        fault.close()
        for other in others:
            assert status(read_to_end(other)) == 200


def nothing_comes(sock: socket.socket) -> bool:
    """No byte, and no end, for a while."""
    sock.settimeout(QUIET)
    try:
        return sock.recv(1, socket.MSG_PEEK) is None
    except TimeoutError:
        return True
    finally:
        sock.settimeout(20)


def wait_for_pages(server: Server) -> None:
    """Until those who need Redis get their pages again."""
    wait_until(lambda: server.get().status == 200)


def is_quiet(server: Server) -> bool:
    """Whether an event loop has no clients."""
    return sockets_of(server.pid) == sockets_when_quiet(server)


def sockets_when_quiet(server: Server) -> int:
    """Those of an event loop without clients: the listener, two sockets that signals come through, and,
    but for `nonblocking`, one connection to Redis."""
    return 3 if "nonblocking" in server.name.lower() else 4
