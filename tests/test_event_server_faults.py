"""Clients that leave, a Redis that misbehaves, descriptors that run out: rungs 6 and 7 go on."""

from __future__ import annotations

import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from proc import open_descriptors, sockets_of
from raw_client import PAGE, STATIC, ask, connect, leave_with_reset, read_to_end, status
from tiny_server import TinyServer, answers
from waiting import wait_until

from zerohttpd_lib.app.http_wire import MAX_BODY
from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.redis_server import Redis

POST = b"POST /guestbook HTTP/1.1\r\nHost: h\r\nContent-Length: 33\r\n\r\nguest-name=Ada&guest-remarks=gone"
STEPS = [b"", PAGE[:1], PAGE[:8], PAGE[:-2], POST[:-5], POST, PAGE, STATIC, b"nonsense\r\n\r\n", PAGE * 3]


@contextmanager
def serving(rung: str, redis_address: tuple[str, int]) -> Iterator[Server]:
    server = Server(rung, redis_address)
    try:
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize("leave", [socket.socket.close, leave_with_reset], ids=["politely", "with a reset"])
def test_a_client_that_leaves_at_any_step_does_not_end_the_server(
    server: Server, leave: Callable[[socket.socket], None]
) -> None:
    for step in STEPS:
        sock = connect(server.url)
        sock.sendall(step)
        leave(sock)
        assert server.get().status == 200
    wait_until(lambda: sockets_of(server.pid) == 1)


@pytest.mark.parametrize("leave", [socket.socket.close, leave_with_reset], ids=["politely", "with a reset"])
def test_many_clients_that_leave_at_once_do_not_end_the_server(
    server: Server, leave: Callable[[socket.socket], None]
) -> None:
    socks = [connect(server.url) for _ in range(100)]
    for sock in socks:
        sock.sendall(PAGE)
    for sock in socks:
        leave(sock)
    assert server.get().status == 200
    wait_until(lambda: sockets_of(server.pid) == 1)


def test_a_refused_client_that_never_stops_sending_is_hung_up_on(server: Server) -> None:
    with connect(server.url) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1))
        with pytest.raises(ConnectionError):
            while True:
                sock.sendall(b"x" * 65_536)
    wait_until(lambda: sockets_of(server.pid) == 1)
    assert server.get().status == 200


def test_while_redis_refuses_the_guestbook_is_503_and_files_go_on(rung: str) -> None:
    with Redis() as redis, serving(rung, redis.address) as server:
        assert server.get().status == 200
        redis.stop()
        assert server.get().status == 503
        assert server.post(guest_name="Ada", guest_remarks="hi").status == 503
        assert server.get("/style.css").status == 200


NONSENSE = {
    "accepts and closes": lambda sock: True,
    "resets": leave_with_reset,
    "reads and closes": answers(b""),
    "talks HTTP": answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "stops in mid-reply": answers(b"*2\r\n$5\r\nhel"),
    "says nil": answers(b"$-1\r\n" * 3),
    "is loading": answers(b"-LOADING Redis is loading the dataset in memory\r\n" * 3),
    "mixes up its replies": answers(b":1\r\n*0\r\n+OK\r\n"),
    "counts in words": answers(b"*0\r\n:1\r\n$4\r\nmany\r\n"),
    "has numbers for remarks": answers(b"*1\r\n:1\r\n:1\r\n$1\r\n1\r\n"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_a_redis_that_answers_nonsense_is_503_and_files_go_on(rung: str, name: str) -> None:
    with TinyServer(NONSENSE[name]) as redis, serving(rung, redis.address) as server:
        assert server.get().status == 503
        assert server.get("/style.css").status == 200
        wait_until(lambda: sockets_of(server.pid) == 1)


def test_a_key_of_the_wrong_type_is_503_until_it_is_gone(server: Server, redis: Redis) -> None:
    redis.client.set("guestbook_remarks", "not a list")
    assert server.get().status == 503
    assert server.post(guest_name="Ada", guest_remarks="hi").status == 503
    redis.client.delete("guestbook_remarks")
    redis.client.set("visitor_count", "many")
    assert server.get().status == 503
    redis.client.delete("visitor_count")
    assert server.get().status == 200


def test_clients_who_leave_while_redis_is_silent_are_forgotten(rung: str) -> None:
    with TinyServer() as redis, serving(rung, redis.address) as server:
        socks = [connect(server.url) for _ in range(5)]
        for sock in socks:
            sock.sendall(PAGE)
        wait_until(lambda: len(redis.accepted) == 5)
        assert server.get("/style.css").status == 200
        for sock in socks:
            leave_with_reset(sock)
        wait_until(lambda: sockets_of(server.pid) == 1)


def leave_room_for(server: Server, number: int) -> None:
    """Set the limit of the server so that it can open so many descriptors more."""
    taken, limit, free = open_descriptors(server.pid), 0, 0
    while free < number:
        free += limit not in taken
        limit += 1
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (limit, limit))


def times_it_gave_up_the_listener(server: Server) -> int:
    return sum(c.kind == "forget" and c.role == "listener" for wait in server.trace for c in wait.changes)


def test_without_a_descriptor_left_the_server_waits_and_then_serves_again(server: Server) -> None:
    assert server.get().status == 200
    wait_until(lambda: sockets_of(server.pid) == 1)
    leave_room_for(server, 3)
    with ExitStack() as stack:
        socks = [stack.enter_context(connect(server.url)) for _ in range(6)]
        wait_until(lambda: times_it_gave_up_the_listener(server) == 1)
        assert sockets_of(server.pid) == 1 + 3
        waits = len(server.trace)
        socks[0].sendall(STATIC)  # a file needs a descriptor
        assert status(read_to_end(socks[0])) == 503
        wait_until(lambda: times_it_gave_up_the_listener(server) == 2)  # one has left, and one could come
        socks[1].sendall(PAGE)  # a connection to Redis needs one, too
        assert status(read_to_end(socks[1])) == 503
        wait_until(lambda: times_it_gave_up_the_listener(server) == 3)
        assert len(server.trace) - waits <= 12, "it spins"
    wait_until(lambda: sockets_of(server.pid) == 1)
    assert server.get().status == 200
    assert status(ask(server.url, STATIC)) == 200


def test_everybody_in_a_crowd_that_does_not_fit_gets_an_answer(server: Server) -> None:
    assert server.get().status == 200
    wait_until(lambda: sockets_of(server.pid) == 1)
    leave_room_for(server, 20)
    with ExitStack() as stack:
        socks = [stack.enter_context(connect(server.url)) for _ in range(60)]
        for sock in socks:
            sock.sendall(STATIC)
        found = [status(read_to_end(sock)) for sock in socks]
    assert set(found) <= {200, 503}  # 503 where no descriptor was left to open the file with
    wait_until(lambda: sockets_of(server.pid) == 1)
    assert server.get().status == 200
