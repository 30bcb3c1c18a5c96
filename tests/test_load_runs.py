"""Load tests against real servers, good and bad: what is counted, and under which name."""

from __future__ import annotations

import itertools
import socket

import pytest
from proc import sockets_of
from raw_client import leave_with_reset
from tiny_server import TinyServer, answers, free_port
from waiting import wait_until

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.lab.load_run import IdleRun, LoadRun
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.load.plan import Plan

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def resets(sock: socket.socket) -> None:
    sock.recv(65_536)
    leave_with_reset(sock)


def keeps_alive(sock: socket.socket) -> bool:
    while sock.recv(65_536):
        sock.sendall(PAGE)
    return True


FAILURES = {
    "reset": resets,
    "closed early": answers(PAGE[:-1]),
    "not HTTP": answers(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "status 503": answers(PAGE.replace(b"200 OK", b"503 No")),
    "status 404": answers(PAGE.replace(b"200 OK", b"404 No")),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_failures_are_counted_by_their_kind(lab: Lab, kind: str) -> None:
    with TinyServer(FAILURES[kind]) as tiny:
        result = lab.load(tiny.url, clients=2, requests=4, progress=False)
    assert result.failures == {kind: 4}
    assert (result.requests, result.failed) == (0, 4)
    assert result.percentile(50) is None
    assert "no answer came" in repr(result)


def test_a_port_where_nobody_listens_refuses(lab: Lab) -> None:
    result = lab.load(f"http://127.0.0.1:{free_port()}/", clients=2, requests=3, progress=False)
    assert (result.requests, result.failures) == (0, {"refused": 3})


def test_a_server_that_is_silent_runs_into_the_timeout(lab: Lab) -> None:
    with TinyServer() as tiny:
        result = lab.load(tiny.url, clients=2, seconds=1, timeout=0.2, progress=False)
    assert result.requests == 0
    assert result.failures["timeout"] >= 2
    assert set(result.failures) <= {"timeout", "no answer"}


def test_good_and_bad_answers_of_one_server_are_told_apart(lab: Lab) -> None:
    turns = itertools.cycle([answers(PAGE), FAILURES["status 503"]])

    def takes_turns(sock: socket.socket) -> object:
        return next(turns)(sock)

    with TinyServer(takes_turns) as tiny:
        result = lab.load(tiny.url, clients=1, requests=20, progress=False)
    assert (result.requests, result.failures) == (10, {"status 503": 10})
    assert len(result.latencies_ms) == 10


@pytest.mark.parametrize(("clients", "requests"), [(1, 1), (8, 3), (8, 250)])
def test_so_many_requests_are_made_and_no_more(lab: Lab, clients: int, requests: int) -> None:
    with TinyServer(answers(PAGE)) as tiny:
        result = lab.load(tiny.url, clients=clients, requests=requests, progress=False)
        assert (result.requests, result.failed) == (requests, 0)
        assert len(tiny.accepted) == requests


@pytest.mark.parametrize("ending", [b"Connection: close\r\n", b""])
def test_an_answer_that_ends_with_the_connection_is_an_answer(lab: Lab, ending: bytes) -> None:
    with TinyServer(answers(b"HTTP/1.1 200 OK\r\n" + ending + b"\r\nhello")) as tiny:
        assert lab.load(tiny.url, clients=2, requests=10, progress=False).requests == 10


def test_a_page_that_comes_in_many_pieces_is_one_answer(lab: Lab) -> None:
    def dribbles(sock: socket.socket) -> bool:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.recv(65_536)
        for byte in PAGE:
            sock.sendall(bytes([byte]))
        return True

    with TinyServer(dribbles) as tiny:
        result = lab.load(tiny.url, clients=2, requests=10, progress=False)
    assert (result.requests, result.failures) == (10, {})


def test_with_keep_alive_each_client_has_one_connection(lab: Lab) -> None:
    with TinyServer(keeps_alive) as tiny:
        result = lab.load(tiny.url, clients=3, requests=90, keep_alive=True, progress=False)
        assert (result.requests, result.failures) == (90, {})
        assert len(tiny.accepted) == 3


def test_without_keep_alive_each_request_has_one(lab: Lab) -> None:
    with TinyServer(keeps_alive) as tiny:
        assert lab.load(tiny.url, clients=3, requests=30, progress=False).requests == 30
        assert len(tiny.accepted) == 30


def test_an_open_loop_begins_so_many_requests_a_second_and_no_more() -> None:
    with TinyServer(answers(PAGE)) as tiny:
        result = LoadRun(Plan(tiny.url, rate=100, seconds=1)).wait(progress=False)
        assert 0 < result.requests <= 101
        assert len(tiny.accepted) == result.requests + result.failed


def test_an_open_loop_with_keep_alive_uses_the_connections_that_are_free() -> None:
    with TinyServer(keeps_alive) as tiny:
        result = LoadRun(Plan(tiny.url, rate=100, requests=50, keep_alive=True)).wait(progress=False)
        assert (result.requests, result.failures) == (50, {})
        assert len(tiny.accepted) < 50


def test_an_open_loop_counts_failures_by_their_kind() -> None:
    run = LoadRun(Plan(f"http://127.0.0.1:{free_port()}/", rate=100, requests=5))
    assert run.wait(progress=False).failures == {"refused": 5}


def test_what_is_answered_in_the_warm_up_is_not_counted() -> None:
    with TinyServer(answers(PAGE)) as tiny:
        result = LoadRun(Plan(tiny.url, clients=1, warm_up=0.5, seconds=0.5)).wait(progress=False)
        assert 0 < result.requests < len(tiny.accepted)


def test_idle_connections_are_open_while_the_others_ask(lab: Lab) -> None:
    server = lab.serve("epoll")
    seen: list[int] = []
    run = lab.start_load(server, clients=2, idle=50, seconds=1)
    while run.is_running:
        seen.append(sockets_of(server.pid))
    result = run.wait(progress=False)
    assert result.idle_open == 50
    assert max(seen) >= 51
    assert "beside 50 idle" in repr(result)
    wait_until(lambda: sockets_of(server.pid) == 1)


def test_held_idle_connections_stay_until_they_are_let_go() -> None:
    with TinyServer() as tiny:
        idle = IdleRun(Plan(tiny.url, idle=20).check())
        wait_until(lambda: len(tiny.accepted) == 20)
        assert idle.open_now == 20
        tiny.accepted[3].close()
        wait_until(lambda: idle.open_now == 19)
        idle.stop()
        assert tiny.accepted[5].recv(1) == b""


def test_idle_connections_that_nobody_takes_are_an_error() -> None:
    with pytest.raises(LabError, match="Of 20 idle connections 0 could be opened"):
        IdleRun(Plan(f"http://127.0.0.1:{free_port()}/", idle=20).check())


def test_samples_come_while_it_runs_and_add_up(lab: Lab) -> None:
    with TinyServer(answers(PAGE)) as tiny:
        run = lab.start_load(tiny.url, clients=2, seconds=1)
        wait_until(lambda: len(run.samples) >= 2)
        assert run.is_running
        result = run.wait(progress=False)
    assert not run.is_running
    at = [sample.at for sample in result.samples]
    assert at == sorted(at)
    assert 2 <= len(at) <= 10
    assert 0 < sum(sample.requests for sample in result.samples) <= result.requests
    assert all({"server", "generator"} <= sample.cores.keys() for sample in result.samples)
    assert all(sample.p50_ms <= sample.p99_ms for sample in result.samples if sample.requests)


def test_a_load_test_can_be_ended_before_its_time(lab: Lab) -> None:
    with TinyServer(answers(PAGE)) as tiny:
        run = lab.start_load(tiny.url, clients=2, idle=3, seconds=500)
        wait_until(lambda: run.samples)
        run.stop()
        assert not run.is_running
        with pytest.raises(LabError, match="The load generator died"):
            run.wait(progress=False)


def test_an_end_of_the_lab_ends_its_load_tests(session_redis: Redis) -> None:
    with Lab(redis=session_redis.url) as lab, TinyServer(answers(PAGE)) as tiny:
        run = lab.start_load(tiny.url, clients=1, seconds=500)
        wait_until(lambda: run.samples)
        lab.close()
        assert not run.is_running


def test_every_side_of_a_load_test_is_measured(lab: Lab) -> None:
    server = lab.serve("epoll")
    result = lab.load(server, clients=8, requests=500, progress=False)
    assert set(result.shares) == {"server", "generator", "redis"}
    assert all(share.cores >= 0 and 0 <= share.busy <= 1 for share in result.shares.values())
    assert result.bottleneck in ("server", "generator", "redis", "none")
