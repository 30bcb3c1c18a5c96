"""A descriptor that is closed and reused within one batch: rungs 8 to 12.

Rungs 6 and 7 have the same tests, in test_event_batches.py.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from arena import PAGE, STATIC
from fake_redis import SlowRedis
from fault_outcomes import EVENT_LOOPS, KEEP_ALIVE
from pipelining import KEPT_PAGE, KEPT_STATIC, Answers
from raw_client import read_to_end, status
from scripted import Script, all_descriptors_taken_up_to, loop_of
from tiny_server import TinyServer
from waiting import wait_until

from zerohttpd_lib.kernel import sockets
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.servers.pollers import BROKEN, READABLE


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with sockets.listen("127.0.0.1", 0) as sock:
        yield sock


def is_readable(sock: socket.socket) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


class Newcomers:
    """One client has its page and ends in the batch in which others come; then an event of its descriptor."""

    def __init__(self, loop: Any, redis: SlowRedis, stale_events: int) -> None:
        self.loop, self.redis, self.stale_events = loop, redis, stale_events

    def script(self) -> Script:
        address = self.loop.listener.getsockname()
        with socket.create_connection(address) as first:
            first.sendall(PAGE)
            while not self.loop.connections:
                yield None
            (connection,) = self.loop.connections
            self.old = connection.sock.fileno()
            while connection.state != "asking":
                yield None
            while self.loop.redis.state != "connected" or self.loop.redis.output:
                yield None
            wait_until(self.redis.asked.is_set)
            self.redis.may_answer.set()
            redis_sock = self.loop.redis.sock
            with socket.create_connection(address) as a, socket.create_connection(address) as b:
                wait_until(lambda: is_readable(self.loop.listener))
                while connection.state == "asking":  # until the whole of its reply is here
                    wait_until(lambda: is_readable(redis_sock))
                    with all_descriptors_taken_up_to(self.old):
                        yield [
                            (redis_sock.fileno(), READABLE),
                            *[(self.loop.listener.fileno(), READABLE)] * 2,
                            (self.old, self.stale_events),
                        ]
                assert status(read_to_end(first)) == 200
                self.numbers = {each.sock.fileno() for each in self.loop.connections}
                self.newcomers = list(self.loop.connections)
                for sock in (a, b):
                    sock.sendall(STATIC)
                while self.loop.connections:
                    yield None
                self.answers = [status(read_to_end(sock)) for sock in (a, b)]


@pytest.mark.parametrize("stale_events", [READABLE, BROKEN], ids=["readable", "broken"])
@pytest.mark.parametrize("rung", [rung for rung in EVENT_LOOPS if rung != "nonblocking"])
def test_an_event_of_a_connection_that_has_ended_is_given_to_nobody(
    rung: str, stale_events: int, listener: socket.socket
) -> None:
    with SlowRedis() as redis:
        loop = loop_of(rung, listener, redis.address)
        newcomers = Newcomers(loop, redis, stale_events)
        loop.run_script(newcomers.script())
    assert len(newcomers.newcomers) == 2
    assert newcomers.old not in newcomers.numbers
    assert newcomers.answers == [200, 200]


@pytest.mark.parametrize("rung", ["pipelined", "multiprocess"])
def test_a_server_that_closes_at_once_would_end_a_newcomer(rung: str, listener: socket.socket) -> None:
    with SlowRedis() as redis:
        loop = loop_of(rung, listener, redis.address, hasty=True)
        newcomers = Newcomers(loop, redis, BROKEN)
        with pytest.raises((AssertionError, ConnectionError)):
            loop.run_script(newcomers.script())
    assert len(newcomers.newcomers) == 1, "the other had the number of the first, and was taken for it"
    for connection in newcomers.newcomers:
        connection.sock.close()


def test_a_redis_connection_of_its_own_may_end_in_the_batch_too(listener: socket.socket) -> None:
    """`nonblocking`: the client leaves, newcomers come, and then its Redis connection has an event."""

    def script() -> Script:
        address = listener.getsockname()
        first = socket.create_connection(address)
        first.sendall(PAGE)
        while not loop.connections:
            yield None
        (connection,) = loop.connections
        while connection.redis is None or connection.redis.state != "connected":
            yield None
        old = {connection.sock.fileno(), connection.redis.sock.fileno()}
        first.close()
        with socket.create_connection(address), socket.create_connection(address):
            wait_until(lambda: is_readable(listener))
            client, redis_fd = connection.sock.fileno(), connection.redis.sock.fileno()
            yield [(client, BROKEN), (listener.fileno(), READABLE), (redis_fd, BROKEN), (client, READABLE)]
            assert {each.state for each in loop.connections} == {"reading"}
            assert len(loop.connections) == 2
            assert not old & {each.sock.fileno() for each in loop.connections}

    with TinyServer() as silent_redis:
        loop = loop_of("nonblocking", listener, silent_redis.address)
        loop.run_script(script())


# Requests that come in pieces: here it is certain that the server has seen the first one when the second comes.

FORM = b"guest-name=Ada&guest-remarks=pieces"
POST = b"POST /guestbook HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (len(FORM), FORM)
REQUESTS = KEPT_PAGE + POST + b"HEAD /style.css HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("rung", KEEP_ALIVE)
def test_requests_may_be_split_in_every_place(rung: str, listener: socket.socket, redis: Redis) -> None:
    def script() -> Script:
        for place in range(1, len(REQUESTS)):
            with socket.create_connection(listener.getsockname(), timeout=20) as sock:
                while not loop.connections:
                    yield None
                sock.sendall(REQUESTS[:place])
                yield None
                sock.sendall(REQUESTS[place:])
                while loop.connections:
                    yield None
                answers = Answers(sock)
                assert [status(answer) for answer in answers.all(2)] == [200, 200]
                assert answers.next(head_only=True).startswith(b"HTTP/1.1 200")
                assert answers.next() == b""

    loop = loop_of(rung, listener, redis.address)
    loop.run_script(script())
    number = len(REQUESTS) - 1
    assert int(redis.client.get("visitor_count")) == redis.client.llen("guestbook_remarks") == number


@pytest.mark.parametrize("rung", KEEP_ALIVE)
def test_a_reset_while_it_is_the_turn_of_others_ends_only_that_client(rung: str, listener: socket.socket) -> None:
    """The answers that are still due are sent by a timer, not by an event: see `resume`."""

    def script() -> Script:
        first = socket.create_connection(listener.getsockname())
        first.sendall(KEPT_STATIC * 100)
        while not loop.connections:
            yield None
        (connection,) = loop.connections
        while connection.state != "pausing":
            yield None
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        first.close()
        yield []  # the timer is due, and the reset has not been reported yet
        while loop.connections:
            yield None

    with TinyServer() as silent_redis:
        loop = loop_of(rung, listener, silent_redis.address)
        loop.run_script(script())
