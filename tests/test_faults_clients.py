"""Clients that do wrong, on every rung. What is expected is in fault_outcomes.py, and in each test's name."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from socket import socket
from time import sleep

import faulty_clients
import pytest
from arena import PAGE, Arena, assert_serves, assert_stalls, is_quiet
from fault_outcomes import CLIENTS, EVENT_LOOPS, KEEP_ALIVE, SERVES, TIMED, Outcome, cases
from raw_client import connect, read_to_end, status
from waiting import wait_until

from zerohttpd_lib.kernel import sockets
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.servers import RUNGS

BEGIN = {
    "silent": faulty_clients.silent,
    "slow senders": faulty_clients.slow_senders,
    "slow readers": faulty_clients.slow_readers,
    "leavers": faulty_clients.leavers,
    "resets": faulty_clients.resets,
    "half-closed": faulty_clients.half_closed,
    "storm": faulty_clients.storm,
    "garbage": faulty_clients.garbage,
    "oversize": faulty_clients.oversize,
    "endless": faulty_clients.endless,
    "greedy": faulty_clients.greedy,
}
BEGIN_AND_END = {  # what a client sends before it stops, and afterwards
    "silent for long": (b"", PAGE),
    "half for long": (PAGE[:20], PAGE[20:]),
    "a trickle for long": (PAGE[:-2] + b"X: ", b"\r\n\r\n"),
    "unread for long": (PAGE, b""),
}
SILENCE = 0.2  # seconds, for tests of the timer


@cases(*CLIENTS)
def test_clients_that_do_wrong(rung: str, fault: str, outcome: Outcome, arena: Arena, redis: Redis) -> None:
    server = arena.server(rung)
    if fault == "slow readers":
        redis.client.rpush("guestbook_remarks", *["x" * 1024] * 1024)
    with ExitStack() as stack:
        BEGIN[fault](server, stack)
        if outcome is SERVES:
            assert_serves(server)
        else:
            assert_stalls(server, stack)
    assert_serves(server)
    if rung in EVENT_LOOPS:
        wait_until(lambda: is_quiet(server))
    arena.dirty = False


def trickle(sock: socket, fault: str) -> None:
    if fault == "a trickle for long":
        with suppress(OSError):  # it is dismissed
            sock.send(b"a")


@cases(*TIMED)
def test_clients_that_stop(rung: str, fault: str, outcome: Outcome, arena: Arena, redis: Redis) -> None:
    server = arena.server(rung, silence=SILENCE)
    if fault == "unread for long":
        redis.client.rpush("guestbook_remarks", *["x" * 1024] * 1024)
    begin, end = BEGIN_AND_END[fault]
    with faulty_clients.connect_with_tiny_window(server.url) as sock:
        sock.sendall(begin)

        def is_dismissed() -> bool:
            trickle(sock, fault)
            return is_quiet(server)

        if outcome is Outcome.DISMISSES:
            wait_until(is_dismissed)
        else:
            for _ in range(3):
                sleep(SILENCE / 2)  # there is nothing to wait for: that is the point
                trickle(sock, fault)
            sock.sendall(end)
            assert status(read_to_end(sock)) == 200
    assert_serves(server)
    arena.dirty = False


@pytest.mark.parametrize("rung", KEEP_ALIVE)
def test_a_client_that_stays_after_its_answer_is_dismissed_too(rung: str, arena: Arena) -> None:
    server = arena.server(rung, silence=SILENCE)
    with connect(server.url) as sock:
        sock.sendall(b"GET /style.css HTTP/1.1\r\nHost: h\r\n\r\n")
        assert status(read_to_end(sock)) == 200
    arena.dirty = False


@pytest.mark.parametrize("rung", EVENT_LOOPS)
def test_a_refused_client_that_stays_is_dismissed_too(rung: str, arena: Arena) -> None:
    server = arena.server(rung, silence=SILENCE)
    with connect(server.url) as sock:
        sock.sendall(b"nonsense\r\n\r\n")
        assert status(read_to_end(sock)) == 400
        wait_until(lambda: is_quiet(server))
    arena.dirty = False


class Counted(dict):  # type: ignore[type-arg]
    """A dict that counts how many of its items are looked at."""

    looked_at = 0

    def items(self):  # type: ignore[no-untyped-def]
        for item in super().items():
            self.looked_at += 1
            yield item


@pytest.mark.parametrize("rung", EVENT_LOOPS)
def test_time_outs_look_only_at_those_whose_time_is_up_and_one_more(rung: str) -> None:
    class Connection:
        def time_is_up(self) -> None:
            del loop.connections[self]

    with sockets.listen("127.0.0.1", 0) as listener:
        loop = RUNGS[rung].load()(listener, listener.getsockname())
        loop.connections = Counted((Connection(), loop.now - (100 if i < 7 else 1)) for i in range(500))
        loop.dismiss_the_silent()
        assert len(loop.connections) == 493
        assert loop.connections.looked_at == 8
