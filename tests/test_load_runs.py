"""Load tests against real servers, good and bad: what is counted, and under which name."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from proc import sockets_of
from raw_client import leave_with_reset
from tiny_server import TinyServer, answers, free_port
from waiting import wait_until

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.lab.idle_run import IdleRun
from zerohttpd_lib.lab.load_run import LoadRun
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.load.idle import IdleConnections
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


@pytest.mark.parametrize(
    "plan", [{"seconds": 5}, {"requests": 100_000}, {"rate": 50, "seconds": 5}, {"think": 5, "seconds": 5}], ids=str
)
def test_where_nobody_listens_it_is_over_soon_and_says_so(plan: dict[str, Any]) -> None:
    port = free_port()
    result = LoadRun(Plan(f"http://127.0.0.1:{port}/", **plan)).wait(progress=False)
    assert result.requests == 0 and set(result.failures) == {"refused"}
    assert 2 <= result.seconds < 5
    assert result.problem == f"nobody listens on 127.0.0.1 port {port}, every connection was refused"
    assert result.problem in repr(result)


def test_a_server_that_comes_after_the_first_refusals_is_measured() -> None:
    late = TinyServer(answers(PAGE))
    late.listener.close()
    run = LoadRun(Plan(late.url, clients=2, seconds=1))
    wait_until(lambda: any(sample.failed for sample in run.samples))
    late.listener = socket.create_server(late.address)
    with late:
        result = run.wait(progress=False)
    assert result.requests > 0
    assert result.failures == {} and "nobody" not in result.problem


def test_a_server_that_is_started_anew_in_the_middle_is_measured_with_its_gap() -> None:
    first = TinyServer(answers(PAGE))
    with first:
        run = LoadRun(Plan(first.url, clients=2, seconds=6))
        wait_until(lambda: run.is_measured)
    second = TinyServer(answers(PAGE))
    second.listener.close()
    began = run.samples[-1].at
    wait_until(lambda: run.samples[-1].at >= began + 3)
    second.listener = socket.create_server(first.address)
    with second:
        result = run.wait(progress=False)
    assert result.failures["refused"] > 0
    assert result.seconds >= 6
    assert result.requests > 0 and len(second.accepted) > 0


def test_a_server_whose_every_answer_is_an_error_is_not_waited_for_until_the_cap() -> None:
    with TinyServer(FAILURES["status 404"]) as tiny:
        result = LoadRun(Plan(tiny.url, clients=2, seconds=1)).wait(progress=False)
    assert set(result.failures) == {"status 404"}
    assert result.problem == "nobody was answered"
    assert result.samples[-1].at < 10


def test_a_server_that_is_silent_runs_into_the_timeout(lab: Lab) -> None:
    with TinyServer() as tiny:
        result = lab.load(tiny.url, clients=2, seconds=1, timeout=0.2, progress=False)
    assert result.requests == 0
    assert result.failures["timeout"] >= 2
    assert set(result.failures) == {"timeout"}


def test_good_and_bad_answers_of_one_server_are_told_apart(lab: Lab) -> None:
    turns = itertools.cycle([answers(PAGE), FAILURES["status 503"]])

    def takes_turns(sock: socket.socket) -> object:
        return next(turns)(sock)

    with TinyServer(takes_turns) as tiny:
        result = lab.load(tiny.url, clients=1, requests=20, progress=False)
    assert (result.requests, result.failures) == (10, {"status 503": 10})
    assert len(result.latencies) == 10


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
        assert result.requests_per_second == pytest.approx(100, rel=0.1)
        assert result.law_holds
        assert len(tiny.accepted) <= 100 * (result.samples[-1].at + 0.2) + 1


def test_an_open_loop_with_keep_alive_uses_the_connections_that_are_free() -> None:
    with TinyServer(keeps_alive) as tiny:
        result = LoadRun(Plan(tiny.url, rate=100, requests=50, keep_alive=True)).wait(progress=False)
        assert (result.requests, result.failures) == (50, {})
        assert len(tiny.accepted) < 50


def test_an_open_loop_counts_failures_by_their_kind() -> None:
    run = LoadRun(Plan(f"http://127.0.0.1:{free_port()}/", rate=100, requests=5))
    assert run.wait(progress=False).failures == {"refused": 5}


def test_what_is_answered_before_it_has_settled_is_not_counted() -> None:
    with TinyServer(answers(PAGE)) as tiny:
        result = LoadRun(Plan(tiny.url, clients=1, seconds=0.5)).wait(progress=False)
        before = [sample for sample in result.samples if not sample.measured]
        assert before
        assert 0 < result.requests + result.late < len(tiny.accepted)
        assert result.seconds >= 0.5


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
    port = free_port()
    with pytest.raises(LabError, match=rf"Of 20 idle connections 0 could be opened.*on 127\.0\.0\.1 port {port}\?"):
        IdleRun(Plan(f"http://127.0.0.1:{port}/", idle=20).check())


def test_samples_come_while_it_runs_and_add_up(lab: Lab) -> None:
    with TinyServer(answers(PAGE)) as tiny:
        run = lab.start_load(tiny.url, clients=2, seconds=1)
        wait_until(lambda: len(run.samples) >= 2)
        assert run.is_running
        result = run.wait(progress=False)
    assert not run.is_running
    at = [sample.at for sample in result.samples]
    assert at == sorted(at)
    measured = [sample for sample in result.samples if sample.measured]
    assert result.samples[-len(measured) :] == measured  # the rest came before
    assert sum(sample.seconds for sample in result.samples) == pytest.approx(at[-1], rel=1e-6)
    assert sum(sample.requests for sample in measured) <= result.requests
    assert sum(sample.seconds for sample in measured) <= result.seconds
    assert all({"server", "generator"} <= sample.cores.keys() for sample in result.samples)
    assert all(sample.p50_ms <= sample.p99_ms for sample in result.samples if sample.requests)


def test_a_load_test_can_be_ended_before_its_time(lab: Lab) -> None:
    with TinyServer(answers(PAGE)) as tiny:
        run = lab.start_load(tiny.url, clients=2, idle=3, seconds=500)
        wait_until(lambda: run.samples)
        run.stop()
        assert not run.is_running
        with pytest.raises(LabError, match="The load test was stopped"):
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
    assert all(share.cores >= 0 and 0 <= share.ran <= share.busy <= 1 for share in result.shares.values())
    assert result.bottleneck in ("server", "generator", "redis", "machine", "none")


def test_the_recorder_is_put_aside_while_seconds_are_measured_unless_it_is_wanted(lab: Lab) -> None:
    server = lab.serve("epoll")
    with_it = lab.load(server, clients=4, seconds=0.3, cap=1, record=True, progress=False)
    recorded = len(server.trace)
    idle = lab.hold_idle(server, 3)
    without = lab.load(server, clients=4, seconds=0.3, cap=1, progress=False)
    assert (with_it.recorded, without.recorded) == (True, False)
    assert len(server.trace) > recorded > 0  # what came before it was measured is there
    end = server.trace.end
    assert server.get().status == 200
    wait_until(lambda: len(server.trace.since(end)) > 0 and server.trace[-1].watched_after == 3 + 1)
    assert len(server.interest_list()) == 3 + 1
    idle.stop()


def test_a_load_test_whose_time_is_up_before_it_was_measured_says_so(lab: Lab) -> None:
    with TinyServer(keeps_alive) as tiny:
        result = lab.load(tiny.url, clients=2, keep_alive=True, seconds=0.05, cap=0.05, progress=False)
    assert "settle" in result.problem
    assert set(result.shares) >= {"server", "generator"}
    assert not result.is_steady


def test_users_who_think_follow_littles_law(lab: Lab) -> None:
    """40 users who think for 0.2 s and wait for 0.05 s make 160 requests a second."""

    def takes_its_time(sock: socket.socket) -> bool:
        sock.recv(65_536)
        threading.Event().wait(0.05)
        sock.sendall(PAGE)
        return True

    with TinyServer(takes_its_time) as tiny:
        for think_times in ("fixed", "exponential"):
            result = lab.load(tiny.url, clients=40, think=0.2, think_times=think_times, seconds=3, progress=False)
            assert result.law_holds, result
            assert result.requests_per_second == pytest.approx(160, rel=0.2)
            assert (result.percentile(50) or 0) >= 50
            assert result.failures == {}


def test_a_closed_loop_follows_littles_law(lab: Lab) -> None:
    """10 clients of a server that takes 0.05 s for each get 200 answers a second, or fewer on a busy machine."""

    def takes_its_time(sock: socket.socket) -> bool:
        sock.recv(65_536)
        threading.Event().wait(0.05)
        sock.sendall(PAGE)
        return True

    with TinyServer(takes_its_time) as tiny:
        result = lab.load(tiny.url, clients=10, seconds=2, progress=False)
    assert result.law == pytest.approx(1, abs=0.1)
    assert result.answered_clients == 10
    assert result.requests_per_second <= 205


def test_users_who_think_are_connected_and_silent_before_they_ask(lab: Lab) -> None:
    server = lab.serve("epoll", record=False)
    run = lab.start_load(server, clients=50, think=30, seconds=1, cap=1)
    wait_until(lambda: sockets_of(server.pid) >= 51)
    result = run.wait(progress=False)
    assert result.requests < 25
    assert not result.is_steady
    assert "in this time" in " ".join(result.warnings())


def test_with_keep_alive_users_who_think_stay_on_their_connection(lab: Lab) -> None:
    with TinyServer(keeps_alive) as tiny:
        result = lab.load(tiny.url, clients=10, think=0.05, keep_alive=True, requests=300, progress=False)
        assert (result.requests, result.failures) == (300, {})
        assert len(tiny.accepted) == 10


def test_a_user_whose_connection_is_closed_while_he_thinks_is_a_failure(lab: Lab) -> None:
    def shows_the_door(sock: socket.socket) -> bool:
        return True

    with TinyServer(shows_the_door) as tiny:
        result = lab.load(tiny.url, clients=4, think=5, seconds=0.5, cap=1, progress=False)
    assert result.requests == 0
    assert set(result.failures) == {"closed while thinking"}


def test_a_stall_in_an_open_loop_is_felt_by_all_who_were_due_meanwhile() -> None:
    """One thread that stops for half a second: of 200 requests a second about a hundred wait for it."""
    stalls = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            for number in itertools.count():
                sock, _ = listener.accept()
                if number == 200:
                    stalls.wait(0.5)
                sock.recv(65_536)
                sock.sendall(PAGE)
                sock.close()

    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        threading.Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        result = LoadRun(Plan(url, rate=200, requests=400)).wait(progress=False)
        listener.shutdown(socket.SHUT_RDWR)
    assert result.requests == 400
    assert (result.percentile(90) or 0) > 100  # a closed loop of one client would have one slow answer


def test_a_server_that_serves_some_and_never_the_others_is_found_out(lab: Lab) -> None:
    turns = itertools.count()

    def every_other(sock: socket.socket) -> bool:
        if next(turns) % 2 and len(kept) < 5:
            kept.append(sock)
            return False
        sock.recv(65_536)
        sock.sendall(PAGE)
        return True

    kept: list[socket.socket] = []
    with TinyServer(every_other) as tiny:
        result = lab.load(tiny.url, clients=10, seconds=1, drain=False, progress=False)
    assert result.answered_clients == 5
    assert len(result.waiting) >= 5
    assert "Of 10 clients 5 had an answer in this time." in result.warnings()
    assert not result.law_holds


def test_a_server_too_slow_for_so_many_clients_has_no_steady_state_and_that_is_said_soon(lab: Lab) -> None:
    def takes_turns(sock: socket.socket) -> bool:
        with one_at_a_time:
            threading.Event().wait(0.05)
        sock.recv(65_536)
        sock.sendall(PAGE)
        return True

    one_at_a_time = threading.Lock()
    with TinyServer(takes_turns) as tiny:
        result = lab.load(tiny.url, clients=300, seconds=0.5, cap=5, drain=False, progress=False)
    assert "one round of 300 requests takes" in result.problem
    assert result.samples[-1].at < 5
    assert result.answered_clients < 300


def test_each_client_has_a_source_address_of_its_own(lab: Lab) -> None:
    sources: list[str] = []

    def notes_who_it_is(sock: socket.socket) -> bool:
        sources.append(sock.getpeername()[0])
        return answers(PAGE)(sock)

    with TinyServer(notes_who_it_is) as tiny:
        lab.load(tiny.url, clients=20, idle=10, requests=200, progress=False)
    assert len(set(sources)) == 30
    assert all(source.startswith("127.1.0.") for source in sources)


def test_an_ipv6_target_gets_as_many_clients(lab: Lab) -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6, backlog=1024)
    except OSError:
        pytest.skip("no IPv6 here")

    def serve() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                accepted.append(sock)
                sock.recv(65_536)
                sock.sendall(PAGE)
                sock.close()

    accepted: list[socket.socket] = []
    with listener:
        threading.Thread(target=serve, daemon=True).start()
        url = f"http://[::1]:{listener.getsockname()[1]}/"
        result = LoadRun(Plan(url, clients=100, requests=1000)).wait(progress=False)
        listener.shutdown(socket.SHUT_RDWR)
    assert (result.requests, result.failures) == (1000, {})


def test_many_idle_connections_leak_no_descriptor_when_nobody_takes_them() -> None:
    idle = IdleConnections(Plan(f"http://127.0.0.1:{free_port()}/", idle=50))
    before = len(os.listdir("/proc/self/fd"))
    idle.open_all()
    assert idle.problem
    assert idle.open_now == 0
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_reader_that_meets_nonsense_ends_the_run_with_a_sentence(lab: Lab) -> None:
    with TinyServer(answers(PAGE)) as tiny:
        run = lab.start_load(tiny.url, clients=2, seconds=100)
        wait_until(lambda: run.samples)
        for pid in run.generator_pids:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(LabError, match="The load generator died"):
            run.wait(progress=False)
    assert not run.is_running


def test_a_whole_load_test_takes_no_longer_than_its_caps(lab: Lab) -> None:
    with TinyServer() as tiny:  # which answers nobody
        result = lab.load(tiny.url, clients=2, seconds=0.3, cap=2, drain=False, progress=False)
    assert result.problem == "nobody was answered"
    assert result.samples[-1].at < 4


ELSEWHERE = """
import subprocess
from tiny_server import TinyServer, answers
from zerohttpd_lib.lab.load_run import LoadRun
from zerohttpd_lib.load.plan import Plan

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["ip", "addr", "add", "10.9.9.1/32", "dev", "lo"], check=True)
PAGE = b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello"
with TinyServer(answers(PAGE), host="10.9.9.1") as tiny:
    plan = Plan(tiny.url, clients=50, requests=500, own_target=True)
    result = LoadRun(plan).wait(progress=False)
    assert (result.requests, result.failures) == (500, {}), result
    peers = {address[0] for address in tiny.peers}
    assert peers == {"10.9.9.1"}, peers
print("well")
"""


def test_a_target_that_is_not_on_loopback_is_reached_from_the_address_that_the_kernel_chooses() -> None:
    """In a network of its own (man 7 network_namespaces): nothing leaves this machine."""
    apart = ["unshare", "--map-root-user", "--net"]
    if shutil.which("ip") is None or subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network namespace can be made here")
    done = subprocess.run(
        [*apart, sys.executable, "-c", ELSEWHERE], cwd=Path(__file__).parent,
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("well\n", 0), done.stderr
