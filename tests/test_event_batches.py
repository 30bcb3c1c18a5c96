"""A descriptor that is closed and reused within one batch of events is not mistaken for the old one.

Here the server runs in this process. A script decides what each of its wait() calls returns, so
that events which are rare in one batch come in one.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

import pytest
from raw_client import PAGE, leave_with_reset
from scripted import all_descriptors_taken_up_to
from tiny_server import TinyServer
from waiting import wait_until

from zerohttpd_lib.kernel import sockets
from zerohttpd_lib.servers import RUNGS


class Over(Exception):
    """The script has ended."""


def scripted(rung: str) -> type:
    class Scripted(RUNGS[rung].load()):
        first = None  # the client that leaves
        stale: frozenset[int] = frozenset()  # its descriptors

        def run_script(self, steps: Iterator[list[tuple[int, int]]]) -> None:
            self.steps = steps
            self.batches: list[list[object]] = []  # whom it handled in each
            with pytest.raises(Over):
                self.run()

        def wait(self) -> list[tuple[int, int]]:
            self.batches.append([])
            try:
                return next(self.steps)
            except StopIteration:
                raise Over from None

        def client_is_ready(self, client) -> None:
            self.batches[-1].append(client)
            super().client_is_ready(client)

        def redis_is_ready(self, client) -> None:
            self.batches[-1].append(client)
            super().redis_is_ready(client)

        def really_wait(self) -> list[tuple[int, int]]:
            return super().wait()

    return Scripted


def hasty(server_class: type) -> type:
    """The same server with the mistake in it: it closes at once, in the middle of a batch."""

    class Hasty(server_class):
        def finish(self, client) -> None:
            super().finish(client)
            self.close_finished()

        def client_is_ready(self, client) -> None:
            if client.sock.fileno() in self.stale and client is not self.first:
                self.batches[-1].append(client)  # and no more: it would wait for a request that does not come
            else:
                super().client_is_ready(client)

    return Hasty


def one_leaves_two_come(server, listener: socket.socket) -> Iterator[list[tuple[int, int]]]:
    """In one batch: the client of a page leaves, two newcomers are accepted, its Redis is readable."""
    address = listener.getsockname()
    leaver = socket.create_connection(address)
    yield server.really_wait()  # accepts it
    leaver.sendall(PAGE)
    yield server.really_wait()  # reads its request, begins to connect to Redis
    yield server.really_wait()  # is connected, sends the first command
    (server.first,) = server.by_client.values()
    client, redis = server.first.sock.fileno(), server.first.redis.fileno()
    server.stale = frozenset({client, redis})
    leave_with_reset(leaver)
    with socket.create_connection(address), socket.create_connection(address):
        wait_until(lambda: select.select([listener], [], [], 0)[0])
        accept = (listener.fileno(), select.POLLIN)
        with all_descriptors_taken_up_to(max(client, redis)):
            yield [(client, select.POLLHUP), accept, accept, (redis, select.POLLIN)]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with sockets.listen("127.0.0.1", 0) as sock:
        yield sock


def run(server_class: type, listener: socket.socket):
    """The server after the script, and whom it handled in the batch with everything in it."""
    with TinyServer() as silent_redis:
        server = server_class(listener, silent_redis.address)
        server.run_script(one_leaves_two_come(server, listener))
    return server, server.batches[-2]


def test_an_event_of_a_client_that_has_left_is_given_to_nobody(rung: str, listener: socket.socket) -> None:
    server, handled = run(scripted(rung), listener)
    assert handled == [server.first]
    assert len(server.by_client) == 2
    assert not server.by_client.keys() & server.stale
    assert not server.by_redis
    assert all(client.next_callback.__name__ == "read_request" for client in server.by_client.values())


def test_a_server_that_closes_at_once_would_give_it_to_a_newcomer(rung: str, listener: socket.socket) -> None:
    server, handled = run(hasty(scripted(rung)), listener)
    assert server.by_client.keys() == server.stale
    assert len(handled) == 2
    assert handled[1] in server.by_client.values()
