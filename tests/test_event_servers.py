"""Rungs 6 and 7 serve the pages, to real sockets and with a real Redis, and differ only in how they wait."""

from __future__ import annotations

import ast
import os
import re
import select
import signal
import socket
from pathlib import Path

import pytest
from proc import children, is_gone
from raw_client import PAGE, STATIC, ask, connect, read_to_end, status
from waiting import wait_until

from zerohttpd_lib import Lab
from zerohttpd_lib.app.guestbook import PUBLIC
from zerohttpd_lib.app.http_wire import MAX_BODY, MAX_HEAD, MAX_LINE
from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.redis_server import Redis

SERVERS = Path(__file__).parents[1] / "zerohttpd_lib" / "servers"


def test_a_page_counts_its_visitors(server: Server, redis: Redis) -> None:
    assert re.search(r"<strong> *1</strong>", server.get().text)
    assert re.search(r"<strong> *2</strong>", server.get().text)
    assert redis.client.get("visitor_count") == b"2"


def test_a_remark_is_on_the_next_page_and_escaped(server: Server, redis: Redis) -> None:
    assert server.post(guest_name="Ada", guest_remarks="I <3 \N{BLACK HEART SUIT}").status == 200
    assert "<li>I &lt;3 \N{BLACK HEART SUIT} - Ada</li>" in server.get().text
    assert redis.client.lrange("guestbook_remarks", 0, -1) == ["I <3 \N{BLACK HEART SUIT} - Ada".encode()]


def test_a_long_guestbook_arrives_whole(server: Server, redis: Redis) -> None:
    redis.client.rpush("guestbook_remarks", *["x" * 1000] * 3000)
    assert server.get().text.count("<li>" + "x" * 1000 + "</li>") == 3000


def test_files_are_served_without_redis(server: Server, redis: Redis) -> None:
    assert server.get("/style.css").body == (PUBLIC / "style.css").read_bytes()
    assert server.get("/").body == (PUBLIC / "index.html").read_bytes()
    assert server.get("/../guestbook.html").status == 404
    assert redis.client.exists("visitor_count") == 0


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [(b"GET /nothing HTTP/1.1", 404), (b"BREW /guestbook HTTP/1.1", 501), (b"POST / HTTP/1.1", 405)],
)
def test_what_cannot_be_done_is_said(server: Server, request_line: bytes, expected: int) -> None:
    assert status(ask(server.url, request_line + b"\r\nHost: h\r\n\r\n")) == expected


@pytest.mark.parametrize("path", [b"/guestbook", b"/style.css", b"/nothing"])
def test_an_answer_to_head_has_no_body(server: Server, path: bytes) -> None:
    head, _, body = ask(server.url, b"HEAD %b HTTP/1.1\r\nHost: h\r\n\r\n" % path).partition(b"\r\n\r\n")
    assert body == b""
    assert b"Content-Length: 0" not in head
    assert head.startswith(b"HTTP/1.1 404" if path == b"/nothing" else b"HTTP/1.1 200")


def test_a_request_may_come_byte_by_byte(server: Server) -> None:
    form = b"guest-name=Ada&guest-remarks=slow"
    request = b"POST /guestbook HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (len(form), form)
    with connect(server.url) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request:
            sock.sendall(bytes([byte]))
        assert status(read_to_end(sock)) == 200
    assert "<li>slow - Ada</li>" in server.get().text


def test_a_client_may_end_its_side_and_still_read_the_page(server: Server) -> None:
    with connect(server.url) as sock:
        sock.sendall(PAGE)
        sock.shutdown(socket.SHUT_WR)
        assert status(read_to_end(sock)) == 200


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", 400),
        (
            b"POST /guestbook HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b"
            % (MAX_BODY + 1, b"x" * (MAX_BODY + 1)),
            413,
        ),
        (b"GET /" + b"a" * MAX_LINE + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * (MAX_HEAD // 6) + b"\r\n", 431),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"POST /guestbook HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 501),
    ],
    ids=["400", "413", "414", "431", "505", "501"],
)
def test_a_bad_request_is_told_why_and_the_server_lives_on(server: Server, request_bytes: bytes, expected: int) -> None:
    assert status(ask(server.url, request_bytes)) == expected
    assert server.get().status == 200


def is_reading_a_request(server: Server) -> bool:
    last = server.trace[-1:]
    return bool(len(last)) and last[0].handling is None and any(e.role == "client" for e in last[0].ready)


def test_half_a_request_stalls_everybody_as_in_the_article(server: Server) -> None:
    with connect(server.url) as slow, connect(server.url) as other:
        slow.sendall(PAGE[:20])
        wait_until(lambda: is_reading_a_request(server))
        other.sendall(STATIC)
        assert select.select([other], [], [], 0.3) == ([], [], [])
        slow.sendall(PAGE[20:])
        assert status(read_to_end(slow)) == 200
        assert status(read_to_end(other)) == 200


def test_silent_clients_do_not_stall_anybody(server: Server) -> None:
    silent = [connect(server.url) for _ in range(200)]
    assert server.get().status == 200
    assert server.get("/style.css").status == 200
    for sock in silent:
        sock.close()
    assert server.get().status == 200


def test_under_load_every_page_is_counted_once(server: Server, lab: Lab, redis: Redis) -> None:
    result = lab.load(server, clients=20, requests=500, progress=False)
    assert (result.requests, result.failures) == (500, {})
    assert redis.client.get("visitor_count") == b"500"


def test_several_workers_serve_and_one_that_is_killed_is_replaced(lab: Lab, rung: str) -> None:
    server = lab.serve(rung, workers=3)
    before = wait_until(lambda: len(children(server.pid)) == 3 and children(server.pid))
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: len(set(children(server.pid)) - {before[0]}) == 3)
    assert "signal SIGKILL" in server.errors()
    result = lab.load(server, clients=20, requests=200, progress=False)
    assert (result.requests, result.failures) == (200, {})
    workers = children(server.pid)
    server.stop()
    assert all(map(is_gone, workers))


def outside_of_the_waiting_section(rung: str) -> list[str]:
    """The lines of a rung, without the docstring on top and without the section on waiting."""
    text = (SERVERS / f"{rung}.py").read_text()
    docstring = ast.parse(text).body[0].end_lineno
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().startswith("# Waiting."))
    end = next(i for i, line in enumerate(lines) if line.strip() == "# The loop.")
    assert start < end
    return lines[docstring:start] + lines[end:]


def test_the_two_files_differ_in_nothing_but_the_waiting() -> None:
    poll, epoll = outside_of_the_waiting_section("poll"), outside_of_the_waiting_section("epoll")
    assert len(poll) == len(epoll)
    changed = [(one, other) for one, other in zip(poll, epoll, strict=True) if one != other]
    expected = ["READABLE =", "WRITABLE =", "ONLY_BROKEN =", "class PollServer:", "        self.poller ="]
    assert len(changed) == len(expected)
    assert all(one.startswith(start) for (one, _), start in zip(changed, expected, strict=True))
