"""The kernel's own interest list agrees with what the server has watched."""

from __future__ import annotations

import os
import select
import socket

import pytest
from proc import is_gone, sockets_of, state
from raw_client import PAGE, connect
from tiny_server import TinyServer
from waiting import wait_until

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.kernel.interest import interest_list
from zerohttpd_lib.lab import Server


@pytest.fixture
def epoll(lab: Lab) -> Server:
    server = lab.serve("epoll")
    assert server.get("/style.css").status == 200
    wait_until(lambda: sockets_of(server.pid) == 1)
    return server


def test_without_clients_the_listener_is_alone_on_the_list(epoll: Server) -> None:
    (only,) = epoll.interest_list()
    assert (only.role, only.events, only.peer, only.state) == ("listener", "IN", "", "listening")


def test_a_client_is_on_the_list_with_its_address_until_it_leaves(epoll: Server) -> None:
    with connect(epoll.url) as sock:
        wait_until(lambda: len(epoll.interest_list()) == 2)
        client = epoll.interest_list()[-1]
        host, port = sock.getsockname()
        assert (client.role, client.events, client.peer, client.state) == (
            "client", "IN", f"{host}:{port}", "established",
        )  # fmt: skip
    wait_until(lambda: len(epoll.interest_list()) == 1)


def test_a_client_in_mid_page_is_on_the_list_beside_its_redis_connection() -> None:
    with TinyServer() as silent_redis:
        server = Server("epoll", silent_redis.address)
        try:
            with connect(server.url) as sock:
                sock.sendall(PAGE)
                wait_until(lambda: silent_redis.accepted)
                wait_until(lambda: [i.events for i in server.interest_list() if i.role == "redis"] == ["IN"])
                found = server.interest_list()
                assert found.count_by_role() == {"client": 1, "listener": 1, "redis": 1}
                events = {interest.role: interest.events for interest in found}
                assert events == {"listener": "IN", "client": "none", "redis": "IN"}
                (redis,) = (interest for interest in found if interest.role == "redis")
                assert redis.peer == f"127.0.0.1:{silent_redis.address[1]}"
                assert server.trace[-1].watched_after == 3
        finally:
            server.stop()


def test_the_list_is_in_the_order_of_descriptors_and_shortened_when_shown(epoll: Server) -> None:
    socks = [connect(epoll.url) for _ in range(30)]
    wait_until(lambda: len(epoll.interest_list()) == 31)
    found = epoll.interest_list()
    assert [interest.fd for interest in found] == sorted(interest.fd for interest in found)
    assert repr(found).startswith("31 on the kernel's interest list: 30 client, 1 listener")
    assert len(repr(found).splitlines()) == 13
    assert len(found[1:]) == 30
    for sock in socks:
        sock.close()


def test_the_server_goes_on_after_its_list_was_read(epoll: Server) -> None:
    for _ in range(5):
        epoll.interest_list()
        assert epoll.get().status == 200


def test_a_frozen_server_does_nothing_until_the_block_ends(epoll: Server) -> None:
    with connect(epoll.url) as sock:
        with epoll.frozen():
            wait_until(lambda: state(epoll.pid) == "T")
            waits = len(epoll.trace)
            sock.sendall(PAGE)
            assert len(epoll.trace) == waits
        assert sock.recv(12) == b"HTTP/1.1 200"


def test_a_poll_server_has_no_list_in_the_kernel_and_says_where_it_is(lab: Lab) -> None:
    server = lab.serve("poll")
    with pytest.raises(LabError, match=r"no interest list for the poll server(.|\n)*its own memory"):
        server.interest_list()
    assert server.get().status == 200


def test_the_list_of_this_process_is_read_right() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, select.epoll() as epoll:
        epoll.register(listener, select.EPOLLIN | select.EPOLLET)
        ours, theirs = os.pipe()
        epoll.register(ours, select.EPOLLIN)
        found = interest_list(os.getpid(), listener.getsockname()[1], 1) or []
        by_fd = {interest.fd: interest for interest in found}
        assert (by_fd[listener.fileno()].role, by_fd[listener.fileno()].events) == ("listener", "IN|ET")
        assert (by_fd[ours].role, by_fd[ours].peer) == ("other", "")
        os.close(ours)
        os.close(theirs)


def test_an_ended_process_is_told_from_one_without_a_list(epoll: Server) -> None:
    epoll.stop()
    wait_until(lambda: is_gone(epoll.pid))
    with pytest.raises(ProcessLookupError):
        interest_list(epoll.pid, 1, 2)
