"""A Redis that is not there, is killed, frozen, restarted or wrong, for every rung."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from arena import (
    FAULTY,
    PAGE,
    STATIC,
    Arena,
    assert_serves,
    assert_stalls,
    is_quiet,
    nothing_comes,
    start,
    wait_for_pages,
)
from fake_redis import NONSENSE
from fault_outcomes import EVENT_LOOPS, REDIS, STALLS, Outcome, cases
from mortal_redis import MortalRedis
from proc import sockets_of
from raw_client import ask, connect, leave_with_reset, read_to_end, status
from tiny_server import TinyServer
from waiting import wait_until

PATIENCE = 0.4  # seconds for Redis, in place of 5
# The rung without a connection for all asks whether Redis has been silent for too long only when
# its client has been: 30 seconds in earnest.
IMPATIENT = {"patience": PATIENCE, "silence": PATIENCE + 0.1}


@pytest.fixture(scope="module")
def mortal() -> Iterator[MortalRedis]:
    with MortalRedis() as redis:
        yield redis


@pytest.fixture(scope="module")
def arena(mortal: MortalRedis) -> Iterator[Arena]:
    with Arena(mortal.address) as arena:
        yield arena


@pytest.fixture(autouse=True)
def redis_is_back(mortal: MortalRedis) -> Iterator[None]:
    yield
    mortal.thaw()
    if mortal.process is None:
        mortal.start()


def assert_only_static(url: str) -> None:
    for _ in range(2):
        assert status(ask(url, PAGE)) == 503
        assert status(ask(url, STATIC)) == 200


@cases(*REDIS)
def test_a_redis_that_does_wrong(rung: str, fault: str, outcome: Outcome, arena: Arena, mortal: MortalRedis) -> None:
    server = arena.server(rung, **IMPATIENT)
    wait_for_pages(server)
    with ExitStack() as stack:
        if fault == "refused":
            mortal.kill()
            assert_only_static(server.url)
        elif fault == "killed":
            assert killed_while_asked(server.url, mortal) == [503] * FAULTY
            assert_only_static(server.url)
        elif fault == "restarted":
            mortal.kill()
            mortal.start()
            wait_for_pages(server)
            assert_serves(server)
        elif fault == "error":
            mortal.client.set("guestbook_remarks", "not a list")
            assert_only_static(server.url)
            mortal.client.delete("guestbook_remarks")
            assert_serves(server)
        elif fault == "nonsense":
            stack.enter_context(other := NonsenseServer(rung))
            assert_only_static(other.url)
        elif fault == "frozen, static":
            frozen_with_clients(server.url, mortal, stack)
            if outcome is STALLS:
                assert_stalls(server, stack, STATIC)
            else:
                assert_serves(server, STATIC)
        else:
            socks = frozen_with_clients(server.url, mortal, stack)
            if outcome is Outcome.ANSWERS_503:
                assert [status(read_to_end(sock)) for sock in socks] == [503] * FAULTY
            else:
                assert nothing_comes(socks[0])
                mortal.thaw()
                assert [status(read_to_end(sock)) for sock in socks] == [200] * FAULTY
    if mortal.process is None:
        mortal.start()
    wait_for_pages(server)
    arena.dirty = False


def frozen_with_clients(url: str, mortal: MortalRedis, stack: ExitStack) -> list:
    stack.enter_context(mortal.frozen())
    socks = [connect(url) for _ in range(FAULTY)]
    for sock in socks:
        sock.sendall(PAGE)
    return socks


def killed_while_asked(url: str, mortal: MortalRedis) -> list[int]:
    with ExitStack() as stack:
        socks = frozen_with_clients(url, mortal, stack)
        assert nothing_comes(socks[0])
        mortal.kill()
        return [status(read_to_end(sock)) for sock in socks]


class NonsenseServer(ExitStack):
    """A server whose Redis is none."""

    def __init__(self, rung: str, kind: str = "talks HTTP") -> None:
        super().__init__()
        self.server = start(rung, self.enter_context(TinyServer(NONSENSE[kind])).address)
        self.callback(self.server.stop)
        self.url = self.server.url


@pytest.mark.parametrize("kind", NONSENSE)
@pytest.mark.parametrize("rung", ["nonblocking", "pipelined", "multiprocess"])  # the others are these in this
def test_whatever_a_redis_may_say_its_clients_get_503(rung: str, kind: str) -> None:
    with NonsenseServer(rung, kind) as other:
        assert_only_static(other.url)
        wait_until(lambda: sockets_of(other.server.pid) <= 4)  # no client, and at most one connection to Redis


@pytest.mark.parametrize("rung", EVENT_LOOPS)
def test_clients_who_leave_while_redis_is_frozen_are_forgotten(rung: str, mortal: MortalRedis) -> None:
    server = start(rung, mortal.address)
    wait_for_pages(server)
    wait_until(lambda: is_quiet(server))
    with ExitStack() as stack:
        for sock in frozen_with_clients(server.url, mortal, stack):
            leave_with_reset(sock)
        assert_serves(server, STATIC)
        wait_until(lambda: is_quiet(server))
    assert_serves(server)
    server.stop()


@pytest.mark.parametrize("rung", EVENT_LOOPS)
def test_without_redis_a_client_with_many_questions_keeps_nobody_waiting(rung: str, mortal: MortalRedis) -> None:
    """503 needs no waiting either: see `ask` in redis_connection.py."""
    server = start(rung, mortal.address)
    mortal.kill()
    with connect(server.url) as greedy:
        greedy.sendall(b"GET /guestbook HTTP/1.1\r\nHost: h\r\n\r\n" * 2000)
        assert_serves(server, STATIC)
    server.stop()


def test_those_who_wait_for_their_turn_with_redis_are_inside_and_all_have_it(arena: Arena, mortal: MortalRedis) -> None:
    server = arena.server("nonblocking", asks_at_once=3)
    wait_for_pages(server)
    wait_until(lambda: is_quiet(server))
    before = sockets_of(server.pid)
    with ExitStack() as stack, mortal.frozen():
        clients = [stack.enter_context(connect(server.url)) for _ in range(10)]
        for client in clients:
            client.sendall(PAGE)
        wait_until(lambda: sockets_of(server.pid) == before + 10 + 3)
        for leaver in (clients.pop(1), clients.pop()):  # one who asks, one who waits for it
            leave_with_reset(leaver)
        wait_until(lambda: sockets_of(server.pid) == before + 8 + 3)
        mortal.thaw()
        assert [status(read_to_end(client)) for client in clients] == [200] * 8
    wait_until(lambda: sockets_of(server.pid) == before)
    arena.dirty = False


def test_nobody_waits_for_a_turn_with_a_redis_that_is_silent(arena: Arena, mortal: MortalRedis) -> None:
    server = arena.server("nonblocking", asks_at_once=1, **IMPATIENT)
    wait_for_pages(server)
    with ExitStack() as stack, mortal.frozen():
        clients = [stack.enter_context(connect(server.url)) for _ in range(30)]
        for client in clients:
            client.sendall(PAGE)
        assert [status(read_to_end(client)) for client in clients] == [503] * 30
    assert_serves(server)
    arena.dirty = False
