"""A machine that has run out, a process that is killed, a server that is told to stop: every rung."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from arena import FAULTY, PAGE, POOL_SIZE, QUIET, STATIC, Arena, assert_serves, start
from fake_redis import SlowRedis
from fault_outcomes import EVENT_LOOPS, RUNGS, Outcome, cases
from proc import children, descendants, is_gone, open_descriptors, wait_for_end
from raw_client import connect, read_to_end, status
from waiting import wait_until

from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.errors import ServerTrouble
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.servers.multiprocess import SHARES


@contextmanager
def no_descriptor_left(pids: list[int]) -> Iterator[None]:
    """None of these processes can open another one within this block."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in pids}
    try:
        for pid, (_, hard) in before.items():
            lowest_free = min(set(range(100_000)) - open_descriptors(pid))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free, hard))
        yield
    finally:
        for pid, limits in before.items():
            with suppress(ProcessLookupError):  # a child that has served its client
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)


def processor_seconds(pids: list[int]) -> float:
    """What they have used up until now (man 3 clock_getcpuclockid)."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


@cases("descriptors")
def test_without_descriptors(rung: str, fault: str, outcome: Outcome, arena: Arena, redis: Redis) -> None:
    """Those who come meanwhile wait; only uvloop closes them at once, without an answer."""
    server = arena.server(rung)
    assert_serves(server)
    with ExitStack() as stack:
        inside = stack.enter_context(connect(server.url))
        inside.sendall(STATIC[:20])
        accepting = [server.pid] if rung == "forking" else [server.pid, *children(server.pid)]
        with no_descriptor_left(accepting):
            waiting = [stack.enter_context(connect(server.url)) for _ in range(FAULTY)]
            for sock in waiting:
                sock.sendall(PAGE)
            before = processor_seconds(accepting)
            time.sleep(2 * QUIET)  # to see what it does while there is nothing that it can do
            if outcome is not Outcome.SPINS:
                assert processor_seconds(accepting) - before < QUIET, "it spins"
            inside.close()
        answers = []
        for sock in waiting:
            with suppress(ConnectionError):
                answers.append(read_to_end(sock))
        if rung != "uvloop":
            assert len(answers) == FAULTY
            assert {status(answer) for answer in answers} <= {200, 503}  # 503: none left to ask Redis with
    assert_serves(server)
    arena.dirty = False


@pytest.mark.parametrize("rung", EVENT_LOOPS)
def test_told_to_stop_without_descriptors(rung: str, redis: Redis) -> None:
    """The listener is not watched just then, and so cannot be forgotten."""
    server = start(rung, redis.address)
    assert_serves(server)
    with no_descriptor_left([server.pid]), connect(server.url) as waiting:
        before = processor_seconds([server.pid])
        wait_until(lambda: processor_seconds([server.pid]) > before)  # it has tried to accept
        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: is_gone(server.pid))
        with suppress(ConnectionError):
            assert read_to_end(waiting) == b""
    assert "Error" not in server.errors()
    server.stop()


@cases("worker killed")
def test_a_process_that_is_killed(rung: str, fault: str, outcome: Outcome, redis: Redis) -> None:
    if rung == "forking":
        server = start(rung, redis.address)
        with connect(server.url) as client:
            client.sendall(PAGE[:20])
            child = wait_until(lambda: children(server.pid))[0]
            os.kill(child, signal.SIGKILL)
            assert_serves(server)
    else:
        server = start(rung, redis.address, workers=POOL_SIZE)
        kill_a_worker(server)
    server.stop()


def kill_a_worker(server: Server) -> None:
    before = wait_until(lambda: len(pids := children(server.pid)) == POOL_SIZE and pids)
    assert_serves(server)
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: is_gone(before[0]))  # until then it may take a client with it
    assert_serves(server)  # by the others; with SO_REUSEPORT perhaps by the one that comes in its place
    wait_until(lambda: len(pids := children(server.pid)) == POOL_SIZE and before[0] not in pids)
    assert_serves(server)
    assert "signal SIGKILL" in server.errors()


@pytest.mark.parametrize("share", SHARES)
def test_every_way_to_share_a_port(share: str, redis: Redis) -> None:
    server = Server("multiprocess", redis.address, workers=POOL_SIZE, share=share, record=False)
    wait_until(lambda: len(children(server.pid)) == POOL_SIZE)
    for _ in range(10):
        assert_serves(server)
    kill_a_worker(server)
    workers = children(server.pid)
    with connect(server.url) as idle:
        os.kill(server.pid, signal.SIGTERM)
        assert read_to_end(idle) == b""
    wait_for_end(server.pid, *workers)
    server.stop()


@cases("stopped")
def test_told_to_stop_with_a_request_in_flight(rung: str, fault: str, outcome: Outcome) -> None:
    with SlowRedis() as redis, ExitStack() as stack:
        server = start(rung, redis.address)
        stack.callback(server.stop)
        asking, idle = (stack.enter_context(connect(server.url)) for _ in range(2))
        asking.sendall(PAGE)
        assert redis.asked.wait(20)
        processes = [server.pid, *descendants(server.pid)]
        os.kill(server.pid, signal.SIGTERM)
        with suppress(ConnectionError):
            assert read_to_end(idle) == b""  # an idle client is sent away at once, so it has been told
        redis.may_answer.set()
        if outcome is Outcome.FINISHES:
            assert status(read_to_end(asking)) == 200
        else:
            with suppress(ConnectionError):
                assert read_to_end(asking) == b""
        wait_until(lambda: all(map(is_gone, processes)))
        server.stop()


@pytest.mark.parametrize("rung", ["nonblocking", "pipelined", "keepalive", "edge", "multiprocess"])
def test_told_to_stop_those_who_have_come_are_served(rung: str, redis: Redis) -> None:
    """Even those whom nobody has accepted yet when the signal comes."""
    server = start(rung, redis.address)
    assert_serves(server)
    number = 300
    with ExitStack() as stack:
        socks = [stack.enter_context(connect(server.url)) for _ in range(number // 2)]
        with server.frozen():
            socks += [stack.enter_context(connect(server.url)) for _ in range(number // 2)]
            for sock in socks:
                sock.sendall(PAGE)
            os.kill(server.pid, signal.SIGTERM)
        assert [status(read_to_end(sock)) for sock in socks] == [200] * number
    wait_for_end(server.pid)
    server.stop()


@pytest.mark.parametrize("rung", RUNGS)
def test_a_port_in_use_is_told_in_one_sentence(rung: str, session_redis: Redis, taken_port: int) -> None:
    with pytest.raises(ServerTrouble) as problem:
        Server(rung, session_redis.address, port=taken_port)
    _, said = str(problem.value).split("It said:\n")
    assert said == (
        f"Cannot listen on 127.0.0.1 port {taken_port}: Address already in use. "
        "Choose another port (0 takes any free one), or stop what uses this one."
    )


@pytest.fixture(scope="module")
def taken_port(session_redis: Redis) -> int:
    return session_redis.address[1]


def resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("rung", ["keepalive", "multiprocess"])
def test_an_idle_connection_costs_less_than_10_kb(rung: str, redis: Redis) -> None:
    server = start(rung, redis.address)
    assert_serves(server)
    before = resident_bytes(server.pid)
    with ExitStack() as stack:
        for _ in range(2000):
            stack.enter_context(connect(server.url))
        wait_until(lambda: len(open_descriptors(server.pid)) > 2000)
        each = (resident_bytes(server.pid) - before) / 2000
        print(f"{each:,.0f} bytes of {rung}'s memory for each idle connection")
        assert each < 10_000
    server.stop()
