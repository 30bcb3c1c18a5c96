"""Those that take part in the benchmark: what they serve, how often they ask Redis, what is sent to them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks import tools
from benchmarks.keepalive_on_poll import KeepaliveOnPoll
from benchmarks.targets import PEERS, Targets, keeps_alive, sign, takes_queries, trips_to_redis
from zerohttpd_lib.lab import Lab
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.load.plan import Plan
from zerohttpd_lib.servers.keepalive import KeepaliveServer

ROOT = Path(__file__).parents[1]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peers are modules of the folder from which the benchmark runs."""
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(("name", "trips"), [("epoll", 3), ("pipelined", 1), ("edge", 1), ("floor", 1)])
def test_redis_counts_how_often_it_is_asked(redis: Redis, name: str, trips: int) -> None:
    sign(redis)
    with Targets([name], redis) as targets:
        assert not targets.left_out
        assert trips_to_redis(targets.running[name], redis) == trips


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_serves_the_same_page_and_keeps_connections(redis: Redis, name: str) -> None:
    program, way = PEERS[name]
    if program == "nginx" and not shutil.which("nginx", path="/usr/sbin:/usr/bin"):
        pytest.skip("nginx is not installed")
    if program != "nginx":
        pytest.importorskip(program.removesuffix("_app"), reason="pip install .[bench]")
    sign(redis)
    with Targets([name], redis) as targets:
        assert not targets.left_out
        peer = targets.running[name]
        assert keeps_alive(peer) and takes_queries(peer)
        assert trips_to_redis(peer, redis) == {"in turn": 2, "pipeline": 1, "": 0}[way]


def test_what_cannot_be_started_is_left_out_with_a_sentence(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PEERS, "aiohttp", ("no_such_app", "in turn"))
    with Targets(["aiohttp"], redis) as targets:
        assert not targets.running
        assert len(targets.left_out) == 1 and "aiohttp did not start" in targets.left_out[0]


def test_the_copy_on_poll_differs_by_its_poller_alone(lab: Lab) -> None:
    own = {name for name in vars(KeepaliveOnPoll) if not name.startswith("__")}
    assert own == {"poller_class"} and KeepaliveOnPoll.__base__ is KeepaliveServer
    server = lab.serve(KeepaliveOnPoll, record=False)
    result = lab.load(server, clients=20, idle=50, requests=500, keep_alive=True, varied=True, progress=False)
    assert (result.requests, result.failed, result.idle_open) == (500, 0, 50)


@pytest.fixture
def heard() -> Iterator[tuple[str, list[bytes]]]:
    """A server for one connection, that keeps every request; its URL, and those."""
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=listen, args=(listener, requests))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def listen(listener: socket.socket, requests: list[bytes]) -> None:
    with suppress(OSError):  # shut down
        while True:
            client, _ = listener.accept()
            with client, suppress(ConnectionError):
                while data := client.recv(65_536):
                    requests.append(data)
                    client.sendall(ANSWER)


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
def test_wrk_sends_the_same_varied_requests_as_our_generator(heard: tuple[str, list[bytes]]) -> None:
    url, requests = heard
    measured = tools.wrk(url, clients=1, seconds=1)
    assert measured.failed == 0 and measured.rate > 0
    templates = Plan(url + "/guestbook", keep_alive=True).templates
    sent = [request for request in requests if b"visit=" in request]
    assert len(set(sent)) == len(sent) >= len(templates)
    numbers = [int(request.partition(b"visit=")[2].partition(b" ")[0]) for request in sent]
    assert {request.replace(b"visit=%d" % n, b"visit=%d", 1) for request, n in zip(sent, numbers, strict=True)} == {
        template.replace(b"%%", b"%") for template in templates
    }


@pytest.mark.skipif(not shutil.which("ab"), reason="ab is not installed")
def test_of_an_outside_tool_its_own_cpu_time_and_that_of_the_server_are_known(lab: Lab) -> None:
    measured = tools.ab(lab.serve("edge", record=False).url, clients=10, seconds=1)
    assert measured.rate > 0 and measured.generator_us > 0 and measured.server_us > 0


def test_the_memory_of_connections_is_told_for_all_sides() -> None:
    command = [sys.executable, "-m", "benchmarks.many_connections", "--connections", "300", "--active", "50"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert "| 300 silent connections |" in ended.stdout and "| 50 active connections |" in ended.stdout
    assert ended.stdout.count("| server's processes (Pss) |") == ended.stdout.count("| clients' processes (Pss) |") == 2
    assert ", 0 failed." in ended.stdout
