"""The loop of rungs 8 to 12 knows no protocol: here it serves lines, not pages."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from raw_client import leave_with_reset

from zerohttpd_lib.kernel import sockets
from zerohttpd_lib.servers.accepting import AcceptingServer
from zerohttpd_lib.servers.event_loop import EventLoop, Timers
from zerohttpd_lib.servers.pollers import BROKEN, READABLE, EdgeEpoll, Epoll

LOOP = Path(__file__).parents[1] / "zerohttpd_lib" / "servers" / "event_loop.py"


class Line:
    """A client that gets each of its lines back, in capitals."""

    def __init__(self, server: LineServer, sock: socket.socket) -> None:
        self.server, self.sock, self.input = server, sock, b""
        server.watch(sock, READABLE, self.ready)

    def ready(self, events: int) -> None:
        try:
            if events & BROKEN or not self.goes_on():
                self.server.remove(self)
        except OSError:  # reset, in the middle of reading what came before
            self.server.remove(self)

    def goes_on(self) -> bool:
        """Take all that is there. Is there more to come?"""
        while data := sockets.receive_now(self.sock):
            *lines, self.input = (self.input + data).split(b"\n")
            sockets.send_now(self.sock, b"".join(line.upper() + b"\n" for line in lines))
        return data is None

    def time_is_up(self) -> None:
        self.server.remove(self)

    finish_if_quiet = time_is_up


class LineServer(AcceptingServer):
    def make_connection(self, sock: socket.socket) -> Line:
        return Line(self, sock)

    def listen_to_signals(self) -> None:
        """They are the tests'."""


@pytest.fixture(params=[Epoll, EdgeEpoll])
def server(request: pytest.FixtureRequest) -> Iterator[LineServer]:
    """It runs in a thread of its own."""
    with sockets.listen("127.0.0.1", 0) as listener:
        server = type("Serving", (LineServer,), {"poller_class": request.param})(listener)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield server
        server.call_from_thread(server.stop)
        thread.join(20)
        assert not thread.is_alive()
        assert not server.connections


def connect(server: LineServer) -> socket.socket:
    return socket.create_connection(server.listener.getsockname(), timeout=20)


def test_lines_come_back(server: LineServer) -> None:
    with connect(server) as one, connect(server) as other:
        for sock, name in ((one, b"one"), (other, b"other")):
            sock.sendall(b"i am %b\nand" % name)
        for sock, name in ((one, b"ONE"), (other, b"OTHER")):
            assert sock.makefile("rb").readline() == b"I AM %b\n" % name
        one.sendall(b" so on\n")
        assert one.makefile("rb").readline() == b"AND SO ON\n"
        leave_with_reset(one)
        other.sendall(b"\n")
        assert other.makefile("rb").readline() == b"AND\n"


def test_another_thread_can_have_something_done_in_the_loops_own(server: LineServer) -> None:
    done = threading.Barrier(2, timeout=20)
    names: list[str] = []
    for _ in range(1000):  # more than its socket has room for
        server.call_from_thread(lambda: names.append(threading.current_thread().name))
    server.call_from_thread(done.wait)
    done.wait()
    assert len(names) == 1000
    assert set(names).isdisjoint({threading.current_thread().name})


def test_told_to_stop_it_sends_away_those_inside(server: LineServer) -> None:
    with connect(server) as sock:
        sock.sendall(b"hello\n")
        assert sock.recv(100) == b"HELLO\n"
        server.call_from_thread(server.stop)
        server.call_from_thread(server.stop)
        assert sock.recv(100) == b""


SIGNALLED = """
import os, signal
from zerohttpd_lib.servers.event_loop import EventLoop
loop = EventLoop()
def over():
    loop.is_over = True
    print("over")
def send():
    os.kill(os.getpid(), signal.SIGTERM)
def listen():
    loop.call_on_signals((signal.SIGTERM,), over)
{}
loop.run()
"""
MOMENTS = {
    "when it is listened to": "listen(); send()",
    "when other threads have filled the socket that it comes through": """
listen()
for _ in range(10_000):
    loop.call_from_thread(lambda: None)
send()
""",
    "while we begin to listen": """
really = signal.signal
def and_then_it_comes(number, handler):
    really(number, handler)
    send()
signal.signal = and_then_it_comes
listen()
signal.signal = really
""",
    "behind one that means nothing": """
listen()
signal.signal(signal.SIGUSR1, lambda number, frame: None)
os.kill(os.getpid(), signal.SIGUSR1)
loop.run_once()
assert not loop.is_over
send()
""",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_signal_is_an_event_and_none_is_lost(moment: str) -> None:
    code = SIGNALLED.format(MOMENTS[moment])
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=20)
    assert done.stdout == "over\n"


def test_a_handler_may_forget_whoever_comes_later_in_the_batch() -> None:
    loop = EventLoop()
    pairs = [socket.socketpair() for _ in range(2)]
    called: list[int] = []

    def handler(number: int) -> None:
        called.append(number)
        loop.close(pairs[1 - number][0])

    for number, (ours, theirs) in enumerate(pairs):
        loop.watch(ours, READABLE, lambda events, number=number: handler(number))  # type: ignore[misc]
        theirs.send(b"x")
    loop.run_once()
    assert len(called) == 1
    assert pairs[1 - called[0]][0].fileno() == -1  # closed, now that the batch is over
    for sock in (*pairs[0], *pairs[1], loop.told, loop.tell):
        sock.close()


def test_timers_are_called_in_order_and_what_they_put_off_is_for_the_next_time() -> None:
    timers, called = Timers(), []
    assert timers.seconds_left() == -1
    timers.call_in(1000, lambda: called.append("never"))
    timers.call_in(0, lambda: called.append("first"))
    timers.call_in(0, lambda: timers.call_in(0, lambda: called.append("third")))
    timers.call_in(0, lambda: called.append("second"))
    timers.call_due()
    assert called == ["first", "second"]
    timers.call_due()
    assert called == ["first", "second", "third"]
    assert 900 < timers.seconds_left() <= 1000


def test_the_loop_fits_on_three_screens_and_names_no_protocol() -> None:
    text = LOOP.read_text()
    assert len(text.splitlines()) < 150
    assert not any(word in text.partition('"""\n\nfrom')[2].lower() for word in ("http", "redis", "request"))
