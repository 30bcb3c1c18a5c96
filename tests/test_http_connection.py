"""A connection makes no move that its table does not have, and any split of any bytes gives the same answers."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from fault_outcomes import EVENT_LOOPS, KEEP_ALIVE
from hypothesis import example, given, settings
from hypothesis import strategies as st
from raw_client import leave_with_reset

from zerohttpd_lib.kernel import sockets
from zerohttpd_lib.servers import RUNGS
from zerohttpd_lib.servers.http_connection import HttpServer
from zerohttpd_lib.servers.redis_connection import RedisLink

STATIC = b"GET /style.css HTTP/1.1\r\nHost: h\r\n\r\n"
PAGE = b"GET /guestbook HTTP/1.1\r\nHost: h\r\n\r\n"  # 503: there is no Redis
PIECES = [
    STATIC,
    PAGE,
    b"HEAD /style.css HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"POST /guestbook HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n\r\n\r\n",
    b"GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n",
    b"\r\n",
    b"nonsense\r\n\r\n",
]


def judged(rung: str) -> type[HttpServer]:
    """The server of a rung; its connections fail when they make a move that is not in the table."""
    server_class: Any = RUNGS[rung].load()

    class Judged(server_class.connection_class):  # type: ignore[misc]
        __slots__ = ("_state",)

        @property
        def state(self) -> str:
            return self._state  # type: ignore[no-any-return]

        @state.setter
        def state(self, new: str) -> None:
            old = getattr(self, "_state", None)
            assert new == "reading" if old is None else new == old == "asking" or new in self.moves[old], (old, new)
            made.add((old, new))
            self._state = new

    made: set[tuple[str | None, str]] = set()
    attributes = {"connection_class": Judged, "listen_to_signals": lambda self: None, "made": made}
    return type("JudgedServer", (server_class,), attributes)


class InThisProcess:
    """A server that takes a step when it is told to, with no Redis anywhere."""

    def __init__(self, rung: str) -> None:
        self.listener = sockets.listen("127.0.0.1", 0)
        self.server: Any = judged(rung)(self.listener, ("127.0.0.1", 1))
        self.server.start_accepting()

    def step(self) -> None:
        """One batch, which may be empty: what is sent on loopback is there when send() returns."""
        self.server.timers.call_in(0, lambda: None)
        self.server.run_once()

    @contextmanager
    def client(self) -> Iterator[socket.socket]:
        with socket.create_connection(self.listener.getsockname()) as sock:
            sock.setblocking(False)
            while not self.server.connections:
                self.step()
            yield sock

    def answers_to(self, pieces: list[bytes]) -> bytes:
        """All that comes back when these pieces are sent, each when the one before has been looked at."""
        received = b""
        with self.client() as sock:
            for piece in pieces:
                if piece and self.server.connections:
                    with suppress(ConnectionError):
                        sock.send(piece)
                    self.step()
            with suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
            while self.server.connections:
                self.step()
            with suppress(BlockingIOError, ConnectionError):
                while data := sock.recv(1_000_000):
                    received += data
        return re.sub(rb"\r\nDate: [^\r]*", b"", received)

    def close(self) -> None:
        for sock in (self.listener, self.server.told, self.server.tell):
            sock.close()


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, InThisProcess]]:
    servers = {rung: InThisProcess(rung) for rung in EVENT_LOOPS}
    yield servers
    for server in servers.values():
        server.close()


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize("rung", KEEP_ALIVE)
@settings(max_examples=60, deadline=None)
@given(
    data=st.lists(st.sampled_from(PIECES) | st.binary(max_size=5), min_size=1, max_size=20).map(b"".join),
    places=st.lists(st.integers(0, 2000), max_size=12),
)
def test_any_split_of_any_bytes_gives_the_same_answers(
    servers: dict[str, InThisProcess], rung: str, data: bytes, places: list[int]
) -> None:
    whole = servers[rung].answers_to([data])
    assert servers[rung].answers_to(cut(data, places)) == whole
    assert servers["keepalive"].answers_to([data]) == whole


@pytest.mark.parametrize("rung", ["nonblocking", "pipelined"])
@settings(max_examples=30, deadline=None)
@given(request=st.sampled_from(PIECES[:5]), places=st.lists(st.integers(0, 200), max_size=12))
def test_one_request_in_any_pieces_has_one_answer(
    servers: dict[str, InThisProcess], rung: str, request: bytes, places: list[int]
) -> None:
    whole = servers[rung].answers_to([request])
    assert servers[rung].answers_to(cut(request, places)) == whole
    assert whole.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("rung", EVENT_LOOPS)
def test_what_comes_behind_urgent_data_is_read(servers: dict[str, InThisProcess], rung: str) -> None:
    """recv() stops there, however much is behind it (man 7 tcp), and an edge is reported once."""
    with servers[rung].client() as sock:
        (connection,) = servers[rung].server.connections
        sock.send(STATIC[:10])
        sock.send(b"!", socket.MSG_OOB)
        sock.send(STATIC[10:])
        for _ in range(3):
            servers[rung].step()
        assert sock.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
        connection.finish()
        servers[rung].step()


DOINGS = st.sampled_from(
    ["send", "send many", "send half", "read", "wait", "too long", "end", "leave", "reset", "stop"]
)


@pytest.mark.parametrize("rung", EVENT_LOOPS)
def test_whatever_a_client_does_its_connection_makes_no_move_that_is_not_in_the_table(
    servers: dict[str, InThisProcess], rung: str
) -> None:
    @settings(max_examples=100, deadline=None)
    @example(["send many", "wait", "end"], [STATIC, *PIECES, *PIECES])  # once through all of its states
    @example(["send many", "read", "too long"], [PIECES[4], *PIECES, *PIECES])
    @given(st.lists(DOINGS, max_size=15), st.lists(st.sampled_from(PIECES), min_size=15, max_size=15))
    def whatever(doings: list[str], pieces: list[bytes]) -> None:
        it = servers[rung]
        with it.client() as sock:
            (connection,) = it.server.connections
            for doing, piece in zip(doings, pieces, strict=False):
                with suppress(OSError):
                    do(doing, sock, piece, connection)
                it.step()
                if connection.state == "finished":
                    break
            connection.finish()
            it.step()
            assert not it.server.connections

    whatever()
    states = {new for _, new in servers[rung].server.made}
    assert states >= {"reading", "writing", "leaving", "finished"}


def do(doing: str, sock: socket.socket, piece: bytes, connection: Any) -> None:
    if doing == "send":
        sock.send(piece)
    elif doing == "send many":
        sock.send(piece * 500)
    elif doing == "send half":
        sock.send(piece[: len(piece) // 2])
    elif doing == "read":
        sock.recv(100_000)
    elif doing == "too long":
        connection.time_is_up()
    elif doing == "stop":
        connection.finish_if_quiet()
    elif doing == "end":
        sock.shutdown(socket.SHUT_WR)
    elif doing == "leave":
        sock.close()
    elif doing == "reset":
        leave_with_reset(sock)


@pytest.mark.parametrize("rung", EVENT_LOOPS)
def test_no_answer_is_held_back_until_the_one_before_it_is_acknowledged(
    servers: dict[str, InThisProcess], rung: str
) -> None:
    def is_held_back(sock: socket.socket) -> bool:
        return not sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    with servers[rung].client(), sockets.listen("127.0.0.1", 0) as redis:
        (connection,) = servers[rung].server.connections
        assert not is_held_back(connection.sock)
        if rung != "nonblocking":  # there no question is sent before the last one is answered
            link = RedisLink(servers[rung].server, redis.getsockname(), 5.0)
            assert link.sock is not None
            assert not is_held_back(link.sock)
            link.close()
        connection.finish()
        servers[rung].step()
