"""What looks wrong in a trace: each kind in a real server with that mistake, and none in the good ones."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import cloudpickle
import pytest
from raw_client import PAGE, STATIC, connect, read_to_end
from waiting import wait_until

from zerohttpd_lib import Lab
from zerohttpd_lib.kernel import sockets as our_sockets
from zerohttpd_lib.lab import Server
from zerohttpd_lib.servers.edge import Connection, EdgeServer
from zerohttpd_lib.servers.epoll import EpollServer
from zerohttpd_lib.servers.nonblocking import NonblockingServer
from zerohttpd_lib.servers.poll import PollServer
from zerohttpd_lib.trace.findings import Finding

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the server's process has no tests
GOOD = ("poll", "epoll", "nonblocking", "pipelined", "keepalive", "edge", "multiprocess")


def found(server: Server, kind: str, **settings: float) -> Finding:
    """The first finding of this kind, as soon as there is one. It is the same once the server has ended."""
    finding = wait_until(lambda: next((f for f in server.trace.warnings(**settings) if f.kind == kind), None))
    assert finding.text == str(finding)
    return finding


class AlwaysWritable(PollServer):
    """It watches its clients for writing, too, and never stops."""

    def watch(self, fd: int, events: int) -> None:
        super().watch(fd, events if fd == self.listener.fileno() or fd in self.by_redis else events | 4)

    def client_is_ready(self, client: Any) -> None:
        try:
            if client.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) is not None:
                super().client_is_ready(client)
        except BlockingIOError:
            pass


@pytest.mark.parametrize("record", [True, "details"])
def test_a_write_interest_that_is_never_taken_back(lab: Lab, record: bool | str) -> None:
    server = lab.serve(AlwaysWritable, record=record)
    with connect(server.url) as sock:
        finding = found(server, "busy loop")
        peer = "{}:{}".format(*sock.getsockname())
        assert f"(client {peer}) was reported writable" in finding.text
        assert "never taken back" in finding.text
        first, last = finding.waits
        assert last - first >= 49
        assert all(e.events == "OUT" for n in (first, last) for e in server.trace.at(n).ready if e.fd in finding.fds)


class NeverReads(EpollServer):
    """Once a client has begun, it does nothing about it."""

    def read_request(self, client: Any) -> None:
        pass


def test_input_that_nobody_reads(lab: Lab) -> None:
    server = lab.serve(NeverReads, record="details")
    with connect(server.url) as sock:
        sock.sendall(PAGE)
        assert "was reported readable" in found(server, "busy loop").text


def receive_little(sock: socket.socket, size: int = 16) -> bytes | None:
    try:
        return sock.recv(16, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None


class ALittle(Connection):
    def receive(self, events: int) -> None:
        if data := receive_little(self.sock):
            self.take_in(data)


class ReadsALittle(EdgeServer):
    connection_class = ALittle


def test_an_edge_triggered_client_that_is_not_drained(lab: Lab) -> None:
    server = lab.serve(ReadsALittle, record="details")
    with connect(server.url) as sock:
        sock.sendall(PAGE)
        finding = found(server, "not drained")
        assert "{}:{}".format(*sock.getsockname()) in finding.text
        wait = server.trace.at(finding.waits[0])
        assert finding.fds[0] in [entry.fd for entry in wait.ready]


class AcceptsOne(EdgeServer):
    def accept_clients(self, events: int) -> None:
        sock = our_sockets.accept(self.listener)
        if sock is not None:
            self.connections[self.make_connection(sock)] = self.now


def test_an_edge_triggered_listener_that_is_not_drained(lab: Lab) -> None:
    server = lab.serve(AcceptsOne, record="details")
    stepper = server.stepper()
    stepper.pause()
    for _ in range(3):
        server.add_client()
    stepper.close()
    assert "(listener)" in found(server, "not drained").text


class Sleeps(NonblockingServer):
    def respond(self, request: Any) -> Any:
        time.sleep(0.15)
        return super().respond(request)


@pytest.mark.parametrize("record", [True, "details"])
def test_a_handler_that_blocks(lab: Lab, record: bool | str) -> None:
    server = lab.serve(Sleeps, record=record)
    server.get()
    finding = found(server, "blocked", blocked_ms=100)
    assert server.trace.at(finding.waits[0]).handling > 0.14
    assert "kept the loop for 1" in finding.text
    assert not [f for f in server.trace.warnings(blocked_ms=100_000) if f.kind == "blocked"]


def test_a_handler_that_blocks_in_a_call_and_is_not_done_yet(lab: Lab) -> None:
    server = lab.serve("epoll", record="details")
    with connect(server.url) as sock:
        sock.sendall(PAGE[:10])
        assert "is not done yet" in found(server, "blocked").text
        sock.sendall(PAGE[10:])
        read_to_end(sock)
    wait_until(lambda: server.trace[-1].handling is not None)
    assert "in receive of fd" in found(server, "blocked").text


class Hasty(EpollServer):
    """It closes at once, in the middle of a batch, and looks at the clients before the listener."""

    def finish(self, client: Any) -> None:
        super().finish(client)
        self.close_finished()

    def run(self) -> None:
        self.watch(self.listener.fileno(), 1)
        while True:
            for fd, _ in self.wait():
                if fd == self.listener.fileno():
                    self.accept_clients()
                elif fd in self.by_client:
                    if self.leaves_with(fd):
                        continue
                    self.client_is_ready(self.by_client[fd])
                elif fd in self.by_redis:
                    self.redis_is_ready(self.by_redis[fd])

    def wait(self) -> list[tuple[int, int]]:
        return sorted(super().wait(), reverse=True)

    def leaves_with(self, fd: int) -> bool:
        """The first of two who come together takes the other with it, and somebody new comes in."""
        others = [client for number, client in self.by_client.items() if number != fd]
        if len(others) != 1 or others[0].waits_for_redis:
            return False
        self.finish(others[0])
        self.accept_clients()
        return True


def test_an_event_that_reaches_the_wrong_client(lab: Lab) -> None:
    server = lab.serve(Hasty, record="details")
    stepper = server.stepper()
    stepper.pause()
    first, second = server.add_client(), server.add_client()
    wait_until(lambda: stepper.is_paused)
    while len(server.trace) == 0 or server.trace[-1].watched_after < 3:
        stepper.step()
    first.send_request("/style.css")
    second.send_request("/style.css")
    newcomer = server.add_client()
    newcomer.send_request("/style.css")
    stepper.step()
    stepper.close()
    finding = found(server, "stale event")
    assert f"newcomer (client {newcomer.address})" in finding.text
    assert first.address in finding.text  # whose number is the lower one


class AcceptsLast(EpollServer):
    """It turns to the listener only when nobody else is ready."""

    def accept_clients(self) -> None:
        if self.greedy:
            return
        super().accept_clients()

    def wait(self) -> list[tuple[int, int]]:
        ready = super().wait()
        self.greedy = len(ready) > 1
        return ready


class AcceptsLastAndBusy(AcceptsLast):
    def read_request(self, client: Any) -> None:
        if client.sock.recv(1, socket.MSG_PEEK) != b"x":
            super().read_request(client)


def test_clients_who_wait_at_the_door(lab: Lab) -> None:
    server = lab.serve(AcceptsLastAndBusy, record="details")
    server.get("/style.css")
    with connect(server.url) as inside:
        wait_until(lambda: server.trace[-1].watched_after == 2)
        inside.sendall(b"x")
        wait_until(lambda: server.trace.end > 100)
        with connect(server.url):
            finding = found(server, "accept starvation")
    assert "nobody was accepted" in finding.text
    assert [e.role for e in server.trace.at(finding.waits[0]).ready if e.fd == finding.fds[0]] == ["listener"]


def test_clients_who_say_nothing(lab: Lab) -> None:
    server = lab.serve("epoll")
    with connect(server.url) as sock, connect(server.url) as other:
        finding = wait_until(
            lambda: next(
                (f for f in server.trace.warnings(silent_s=0.3) if f.kind == "silent client" and len(f.fds) == 2), None
            )
        )
        assert "2 clients have said nothing" in finding.text
        peers = {"{}:{}".format(*each.getsockname()) for each in (sock, other)}
        assert any(peer in finding.text for peer in peers)
        assert not server.trace.warnings(silent_s=1000)


@pytest.mark.parametrize("rung", GOOD)
@pytest.mark.parametrize("keep_alive", [False, True], ids=["", "keep-alive"])
def test_nothing_is_wrong_with_the_rungs(lab: Lab, rung: str, keep_alive: bool) -> None:
    server = lab.serve(rung, record="details")
    lab.load(server, clients=30, requests=1500, keep_alive=keep_alive, progress=False)
    left = [connect(server.url) for _ in range(5)]
    for sock in left[:3]:
        sock.sendall(STATIC)
        sock.close()
    server.get()
    for sock in left[3:]:
        sock.close()
    server.stop()
    assert [str(finding) for finding in server.trace.warnings(blocked_ms=1000)] == []


def test_an_empty_trace_has_nothing_to_say(lab: Lab) -> None:
    check: Callable[[], list[Finding]] = lab.serve("edge").trace[:0].warnings
    assert check() == []
