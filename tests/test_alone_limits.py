"""A load test names the side that could not go faster: one server for each, built to be limited by it.

These measure who is busy, and so have the machine to themselves: `make test` runs them one by one.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from typing import Any

import cloudpickle
import pytest

from zerohttpd_lib.lab import Lab

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the servers below, as those of a notebook are
OTHERS = 0.4  # cores; interrupts are among them
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class OnItsOwn:
    """One thread; `work` is what it does for each request."""

    def __init__(self, listener: socket.socket, redis_address: tuple[str, int]) -> None:
        self.listener, self.redis_address = listener, redis_address

    def run(self) -> None:
        self.listener.setblocking(True)
        self.begin()
        while True:
            sock, _ = self.listener.accept()
            with sock:
                sock.recv(65_536)
                self.work()
                sock.sendall(PAGE)

    def begin(self) -> None:
        pass

    def work(self) -> None:
        raise NotImplementedError


class Thinks(OnItsOwn):
    """2 ms of a core for each request."""

    def work(self) -> None:
        end = time.process_time() + 0.002
        while time.process_time() < end:
            pass


class ThinksInManyProcesses(Thinks):
    """A pool that is forked after the server has begun to listen, as large as four machines like this one."""

    def begin(self) -> None:
        for _ in range(4 * (os.cpu_count() or 1) - 1):
            if os.fork() == 0:
                break


class Sleeps(OnItsOwn):
    """20 ms of nothing."""

    def work(self) -> None:
        time.sleep(0.02)


class AsksMuchOfRedis(OnItsOwn):
    """Redis counts to ten million for each request: tens of ms, beside which the way to it and back is nothing."""

    def begin(self) -> None:
        import redis

        self.redis: Any = redis.Redis(*self.redis_address)

    def work(self) -> None:
        self.redis.eval("for i = 1, 10000000 do end return 1", 0)


class HardlyDoesAnything:
    """Whatever comes on a connection is answered with the same bytes: cheaper than to ask."""

    def __init__(self, listener: socket.socket, redis_address: tuple[str, int]) -> None:
        self.listener = listener

    def run(self) -> None:
        epoll, clients = select.epoll(), {}
        epoll.register(self.listener.fileno(), select.EPOLLIN)
        while True:
            for fd, _ in epoll.poll():
                if fd == self.listener.fileno():
                    client, _ = self.listener.accept()
                    clients[client.fileno()] = client
                    epoll.register(client.fileno(), select.EPOLLIN)
                elif clients[fd].recv(4096):
                    clients[fd].send(PAGE)
                else:
                    clients.pop(fd).close()


@pytest.mark.parametrize(
    ("server", "clients", "expected"),
    [
        (Thinks, 4, "server"),
        (ThinksInManyProcesses, 32, "machine"),
        (Sleeps, 4, "none"),
        (AsksMuchOfRedis, 4, "redis"),
        (HardlyDoesAnything, 50, "generator"),
    ],
)
def test_the_side_that_was_built_to_be_the_limit_is_named(lab: Lab, server: type, clients: int, expected: str) -> None:
    running = lab.serve(server, record=False)
    keep_alive = server is HardlyDoesAnything
    result = lab.load(running, "/", clients=clients, seconds=2, keep_alive=keep_alive, progress=False)
    assert result.failures == {}
    others = result.machine * (os.cpu_count() or 1) - sum(share.cores for share in result.shares.values())
    if others > OTHERS:
        pytest.skip(f"something else used {others:.2f} cores of this machine meanwhile")
    assert result.bottleneck == expected, result
    assert result.law_holds
    if expected == "generator":
        assert result.ceiling == pytest.approx(result.requests_per_second, rel=0.2)


def test_a_pool_that_was_forked_after_the_start_is_counted_whole(lab: Lab) -> None:
    running = lab.serve(ThinksInManyProcesses, record=False)
    result = lab.load(running, "/", clients=32, seconds=2, progress=False)
    cpu_us = result.cpu_us("server") or 0
    assert 1800 <= cpu_us <= 3000, result  # 2 ms each, and what the calls cost
