"""A client may ask whether to send its body, and waits for a word (RFC 9110, section 10.1.1)."""

from __future__ import annotations

import pytest
from arena import Arena
from fault_outcomes import EVENT_LOOPS, FAITHFUL
from raw_client import connect, read_to_end, status

from zerohttpd_lib.app.http_wire import CONTINUE, RequestReader
from zerohttpd_lib.lab.redis_server import Redis

FORM = b"guest-name=Ada&guest-remarks=asked"
HEAD = (
    b"POST /guestbook HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
    b"Expect: 100-Continue\r\nContent-Length: %d\r\n\r\n" % len(FORM)
)
ASKED = [rung for rung in (*FAITHFUL, *EVENT_LOOPS) if rung not in ("poll", "epoll")]


@pytest.mark.parametrize("rung", ASKED)
def test_a_client_that_asks_is_told_to_go_on(rung: str, arena: Arena, redis: Redis) -> None:
    with connect(arena.server(rung).url) as sock:
        sock.sendall(HEAD)
        assert sock.recv(1000) == CONTINUE
        sock.sendall(FORM[:5])
        sock.sendall(FORM[5:])
        assert status(read_to_end(sock)) == 200
    arena.dirty = False


@pytest.mark.parametrize("rung", ASKED)
def test_a_client_that_sends_its_body_with_the_question_has_one_answer(rung: str, arena: Arena, redis: Redis) -> None:
    with connect(arena.server(rung).url) as sock:
        sock.sendall(HEAD + FORM)
        assert status(read_to_end(sock)) == 200
    arena.dirty = False


def says_go_on(data: bytes) -> list[bool]:
    reader = RequestReader()
    reader.feed(data)
    assert reader.next_request() is None
    return [reader.asks_to_go_on(), reader.asks_to_go_on()]


def test_the_question_is_asked_once() -> None:
    assert says_go_on(HEAD) == [True, False]


@pytest.mark.parametrize(
    "data",
    [
        HEAD[:-1],  # its head is not complete
        HEAD + FORM[:1],  # it does not wait
        HEAD.replace(b"HTTP/1.1", b"HTTP/1.0"),  # it would not know what that means
        HEAD.replace(b"100-Continue", b"a-miracle"),
        HEAD.replace(b"Expect: 100-Continue\r\n", b""),
    ],
)
def test_others_are_told_nothing(data: bytes) -> None:
    assert says_go_on(data) == [False, False]
