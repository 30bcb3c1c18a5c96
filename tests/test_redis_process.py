"""The process of the Redis that we talk to is known for sure, or not at all; a stranger is never stopped."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from proc import state
from tiny_server import free_port
from waiting import wait_until

from zerohttpd_lib.lab.errors import LabError
from zerohttpd_lib.lab.processes import GuardedProcess, new_folder
from zerohttpd_lib.lab.redis_process import Process, find_redis_process, start_of
from zerohttpd_lib.lab.redis_program import find_redis_server
from zerohttpd_lib.lab.redis_server import FREEZER, Redis


@pytest.fixture
def relay(redis: Redis) -> Iterator[str]:
    """The URL of a door to the same Redis: as from outside of a container, another answers there."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_relay, args=(door, redis.address), daemon=True).start()
        yield f"redis://127.0.0.1:{door.getsockname()[1]}"
        door.shutdown(socket.SHUT_RDWR)


def _relay(door: socket.socket, address: tuple[str, int]) -> None:
    while True:
        try:
            client, _ = door.accept()
        except OSError:
            return
        behind = socket.create_connection(address)
        for one, other in ((client, behind), (behind, client)):
            threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    while data := one.recv(65_536):
        other.sendall(data)
    other.shutdown(socket.SHUT_WR)


def test_a_redis_of_this_machine_is_known(redis: Redis) -> None:
    assert redis.pid == redis.client.info("server")["process_id"]
    assert find_redis_process(("localhost", redis.address[1])) == (redis.pid, start_of(redis.pid or 0))


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="there is no IPv6 here")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_so_is_one_that_listens_on_ipv6(host: str) -> None:
    port, folder = free_port(), new_folder("redis6")
    settings = ["--port", str(port), "--bind", "127.0.0.1", "::1", "--save", "", "--logfile", str(folder / "log")]
    process = GuardedProcess([str(find_redis_server()), *settings], folder)
    try:
        found = wait_until(lambda: _find(host, port))
        assert found.pid == process_id(host, port)
    finally:
        process.stop()


def _find(host: str, port: int) -> Process | None:
    try:
        return find_redis_process((host, port))
    except OSError:
        return None


def process_id(host: str, port: int) -> int:
    with Redis(f"redis://{f'[{host}]' if ':' in host else host}:{port}") as redis:
        return int(redis.client.info("server")["process_id"])


def test_a_redis_behind_another_door_is_nobody_of_this_machine(relay: str) -> None:
    with Redis(relay) as redis:
        assert redis.client.info("server")["process_id"]
        assert redis.pid is None


def test_one_that_does_not_say_is_nobody_either(redis: Redis) -> None:
    port, folder = free_port(), new_folder("silent")
    settings = ["--port", str(port), "--save", "", "--logfile", str(folder / "log"), "--rename-command", "INFO", ""]
    process = GuardedProcess([str(find_redis_server()), *settings], folder)
    try:
        wait_until(lambda: _answers(port))
        assert find_redis_process(("127.0.0.1", port)) is None
    finally:
        process.stop()


def _answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def test_and_it_is_not_stopped(relay: str, redis: Redis) -> None:
    with Redis(relay) as behind:
        with pytest.raises(LabError, match="in a container"):
            behind.freeze()
        assert not behind.is_frozen
    assert state(redis.pid or 0) != "T"


def test_a_number_that_is_anothers_by_now_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "1000"]) as stranger:
        try:
            freezer = GuardedProcess(
                [sys.executable, "-I", "-S", str(FREEZER), str(stranger.pid), "1"], new_folder("freezer")
            )
            assert freezer.output.readline() == ""
            assert "another one now" in freezer.errors()
            assert freezer.stop() == 1
            assert state(stranger.pid) != "T"
        finally:
            stranger.kill()


def test_one_that_is_gone_is_an_error_in_words(redis: Redis) -> None:
    gone = Redis()
    gone.stop()
    with pytest.raises(LabError, match="is gone"):
        _ = gone.pid
