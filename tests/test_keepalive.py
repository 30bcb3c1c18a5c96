"""Rungs 10 to 12: connections that last, and requests that come many at a time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from arena import Arena, assert_serves, is_quiet
from fault_outcomes import EVENT_LOOPS, KEEP_ALIVE
from pipelining import KEPT_PAGE, KEPT_STATIC, Answers, number_on
from raw_client import ask, connect, leave_with_reset, read_to_end, status
from test_faults_machine import resident_bytes
from waiting import wait_until

from zerohttpd_lib import Lab
from zerohttpd_lib.app.guestbook import PUBLIC
from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.servers import RUNGS
from zerohttpd_lib.servers.http_connection import MAX_INPUT
from zerohttpd_lib.servers.keepalive import ANSWERS_AT_ONCE

FORM = b"guest-name=Ada&guest-remarks=kept"
POST = b"POST /guestbook HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (len(FORM), FORM)
STYLE = (PUBLIC / "style.css").read_bytes()


@pytest.fixture(params=KEEP_ALIVE)
def server(request: pytest.FixtureRequest, arena: Arena, redis: Redis) -> Iterator[Server]:
    server = arena.server(request.param)
    yield server
    assert_serves(server)
    wait_until(lambda: is_quiet(server))
    arena.dirty = False


@pytest.fixture
def sock(server: Server) -> Iterator[socket.socket]:
    with connect(server.url) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield sock


def test_a_mistake_after_a_head_is_explained_in_full(sock: socket.socket) -> None:
    sock.sendall(b"HEAD /style.css HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n")
    answers = Answers(sock)
    assert b"200 OK" in answers.next(head_only=True)
    assert b"METHOD TARGET" in answers.next()


def test_pages_files_remarks_and_heads_on_one_connection(sock: socket.socket, redis: Redis) -> None:
    answers = Answers(sock)
    for count in range(1, 4):
        sock.sendall(KEPT_PAGE)
        assert number_on(answers.next()) == count
        sock.sendall(KEPT_STATIC)
        assert answers.next().endswith(STYLE)
        sock.sendall(b"HEAD /style.css HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b"Content-Length: %d\r\n" % len(STYLE) in answers.next(head_only=True)
        sock.sendall(POST)
        assert b"Thank you" in answers.next()
        sock.sendall(b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n")
        assert status(answers.next()) == 404
    assert redis.client.llen("guestbook_remarks") == 3


def test_a_hundred_requests_in_one_send_are_answered_in_order(sock: socket.socket, redis: Redis) -> None:
    sock.sendall((KEPT_PAGE + KEPT_STATIC + POST + KEPT_STATIC * 2) * 20)
    answers = Answers(sock)
    for count in range(1, 21):
        page, style, thanks, *styles = answers.all(5)
        assert number_on(page) == count
        assert page.count(b"kept - Ada") == count - 1
        assert b"Thank you" in thanks
        assert all(each.endswith(STYLE) for each in (style, *styles))


@pytest.mark.parametrize("request_bytes", [KEPT_PAGE, KEPT_STATIC, POST], ids=["page", "file", "remark"])
def test_thousands_of_requests_in_one_send_are_all_answered(sock: socket.socket, request_bytes: bytes) -> None:
    """More than is kept: an edge-triggered server is told only once about the rest of them."""
    number = 2 * MAX_INPUT // len(request_bytes)
    sending = threading.Thread(target=sock.sendall, args=(request_bytes * number,))
    sending.start()
    assert {status(answer) for answer in Answers(sock).all(number)} == {200}
    sending.join()


@pytest.mark.parametrize("request_bytes", [KEPT_PAGE, KEPT_STATIC], ids=["page", "file"])
@pytest.mark.parametrize("number", [1, ANSWERS_AT_ONCE, 100, 2000])
def test_a_half_closed_client_gets_all_of_its_answers(sock: socket.socket, request_bytes: bytes, number: int) -> None:
    sock.sendall(request_bytes * number)
    sock.shutdown(socket.SHUT_WR)
    answers = Answers(sock)
    assert len(answers.all(number)) == number
    assert answers.next() == b""


@pytest.mark.parametrize(
    "last",
    [
        b"GET /style.css HTTP/1.0\r\n\r\n",
        b"GET /style.css HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        b"GET /guestbook HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n",
    ],
)
def test_the_last_answer_is_the_last(sock: socket.socket, redis: Redis, last: bytes) -> None:
    """What was sent behind it is thrown away, and does not reset the connection."""
    sock.sendall(KEPT_STATIC * 3 + last + KEPT_PAGE * 5000)
    answers = Answers(sock)
    assert {status(answer) for answer in answers.all(3)} == {200}
    assert b"\r\nConnection: close\r\n" in answers.next()
    assert answers.next() == b""
    assert redis.client.get("visitor_count") in (None, b"1")


def test_http_1_0_is_kept_if_it_asks_for_it(sock: socket.socket) -> None:
    answers = Answers(sock)
    for _ in range(3):
        sock.sendall(b"GET /style.css HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert b"\r\nConnection: keep-alive\r\n" in answers.next()


@pytest.mark.parametrize("rung", ["nonblocking", "pipelined"])
def test_the_rungs_before_answer_once_and_close(rung: str, arena: Arena) -> None:
    server = arena.server(rung)
    for number in (1, 5, 2000):
        answer = ask(server.url, KEPT_PAGE * number)
        assert status(answer) == 200
        assert b"\r\nConnection: close\r\n" in answer
    arena.dirty = False


def test_what_is_kept_of_an_endless_client_that_does_not_read_is_bounded(server: Server, sock: socket.socket) -> None:
    before = resident_bytes(server.pid)
    sock.settimeout(0.2)
    sent = 0
    with suppress(TimeoutError):
        while True:
            sent += sock.send(KEPT_PAGE * 1000)
    assert sent > MAX_INPUT
    assert_serves(server)
    assert resident_bytes(server.pid) - before < 10 * MAX_INPUT
    leave_with_reset(sock)


def watchful(server_class: type) -> type:
    """The same server; at its end it prints how many requests it has answered in one batch at most."""

    class Watchful(server_class):  # type: ignore[misc]
        now_answered = most = 0

        def respond(self, request):  # type: ignore[no-untyped-def]
            self.now_answered += 1
            return super().respond(request)

        def end_of_batch(self) -> None:
            super().end_of_batch()
            self.most = max(self.most, self.now_answered)
            self.now_answered = 0

        def run(self) -> None:
            super().run()
            print(self.most, flush=True)

    return Watchful


@pytest.mark.parametrize("request_bytes", [KEPT_PAGE, KEPT_STATIC], ids=["page", "file"])
@pytest.mark.parametrize("redis_is_there", [True, False], ids=["with Redis", "without Redis"])
@pytest.mark.parametrize("rung", KEEP_ALIVE)
def test_one_client_with_thousands_of_requests_has_a_few_answers_in_a_row(
    rung: str, redis_is_there: bool, request_bytes: bytes, lab: Lab
) -> None:
    server = Server(watchful(RUNGS[rung].load()), lab.redis.address if redis_is_there else ("127.0.0.1", 1))
    with connect(server.url) as sock:
        threading.Thread(target=sock.sendall, args=(request_bytes * 3000,), daemon=True).start()
        Answers(sock).all(3000)
    server.stop()
    most = int(server.errors().splitlines()[0])
    assert 1 <= most <= 2 * ANSWERS_AT_ONCE  # one turn by the event, one by the timer


@pytest.mark.parametrize("rung", EVENT_LOOPS)
def test_resets_in_the_middle_of_many_answers_end_nothing(rung: str, arena: Arena) -> None:
    server = arena.server(rung)
    for number in range(20):
        sock = connect(server.url)
        sock.sendall((KEPT_STATIC if number % 2 else KEPT_PAGE) * 1000)
        sock.recv(10)
        leave_with_reset(sock)
    assert_serves(server)
    wait_until(lambda: is_quiet(server))
    arena.dirty = False


def test_a_load_on_connections_that_last_is_counted_exactly(server: Server, redis: Redis, lab: Lab) -> None:
    result = lab.load(server, clients=20, requests=1000, keep_alive=True, progress=False)
    assert (result.requests, result.failures) == (1000, {})
    assert redis.client.get("visitor_count") == b"1000"
    with connect(server.url) as sock:
        sock.sendall(KEPT_STATIC + KEPT_PAGE[:-2])
        sock.shutdown(socket.SHUT_WR)
        assert status(read_to_end(sock)) == 200
