"""Each socket function says in its value what a caller must handle."""

from __future__ import annotations

import errno
import os
import resource
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from proc import open_descriptors
from raw_client import leave_with_reset
from tiny_server import free_port

from zerohttpd_lib.kernel import sockets


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Within this block this process can open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with sockets.listen("127.0.0.1", 0) as sock:
        yield sock


class LosesClients(socket.socket):
    """A listener whose next clients are lost on the network, for these reasons. Loopback loses none."""

    reasons: list[int]

    def accept(self) -> tuple[socket.socket, object]:
        if self.reasons:
            raise OSError(self.reasons.pop(), "accept")
        return super().accept()


def test_those_behind_a_lost_client_are_accepted(listener: socket.socket) -> None:
    with LosesClients(fileno=os.dup(listener.fileno())) as losing:
        losing.reasons = [*sockets.LOST]
        losing.setblocking(False)
        with socket.create_connection(listener.getsockname()):
            wait_for(listener)
            accepted = sockets.accept(losing)
            assert accepted is not None
            accepted.close()
        losing.reasons = [errno.ENETDOWN]
        assert sockets.accept(losing) is None


@pytest.fixture
def pair(listener: socket.socket) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of one TCP connection, the second as accept() makes it."""
    with socket.create_connection(listener.getsockname()) as ours:
        wait_for(listener)
        accepted = sockets.accept(listener)
        assert accepted is not None
        with accepted:
            yield ours, accepted


def wait_for(sock: socket.socket, events: int = select.POLLIN) -> None:
    poller = select.poll()
    poller.register(sock, events)
    assert poller.poll(10_000)


def test_accept_says_none_when_nobody_is_there(listener: socket.socket) -> None:
    assert sockets.accept(listener) is None


def test_accept_says_none_or_a_client_when_the_client_has_left_again(listener: socket.socket) -> None:
    leave_with_reset(socket.create_connection(listener.getsockname()))
    wait_for(listener)
    if client := sockets.accept(listener):  # Linux hands it out; other kernels say ECONNABORTED
        client.close()
    assert sockets.accept(listener) is None


def test_an_accepted_client_blocks(pair: tuple[socket.socket, socket.socket]) -> None:
    assert pair[1].getblocking()


def test_an_accepted_client_has_from_its_listener_that_nothing_is_held_back(listener: socket.socket) -> None:
    sockets.send_at_once(listener)
    with socket.create_connection(listener.getsockname()):
        wait_for(listener)
        client = sockets.accept(listener)
        assert client is not None
        with client:
            assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_accept_without_a_descriptor_left_fails_in_the_way_that_passes(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()):
        wait_for(listener)
        with no_descriptor_left(), pytest.raises(OSError) as caught:
            sockets.accept(listener)
        assert caught.value.errno in sockets.EXHAUSTED
        client = sockets.accept(listener)  # it has not been lost
        assert client is not None
        client.close()


def test_a_taken_port_is_an_error_and_leaves_no_socket_open(listener: socket.socket) -> None:
    before = open_descriptors(os.getpid())
    with pytest.raises(OSError) as caught:
        sockets.listen("127.0.0.1", listener.getsockname()[1])
    assert caught.value.errno == errno.EADDRINUSE
    assert open_descriptors(os.getpid()) == before


def test_a_port_is_free_again_at_once_though_connections_linger() -> None:
    with sockets.listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            wait_for(first)
            accepted = sockets.accept(first)
            assert accepted is not None
            accepted.close()  # the side that closes first is the one that lingers, in TIME_WAIT
            assert client.recv(1) == b""
    sockets.listen("127.0.0.1", port).close()


def test_connect_to_a_listener_succeeds(listener: socket.socket) -> None:
    with sockets.start_connect(listener.getsockname()) as sock:
        wait_for(sock, select.POLLOUT)
        assert sockets.connect_error(sock) == 0
        assert not sock.getblocking()


def test_connect_to_nobody_says_so_at_once_or_when_it_is_done() -> None:
    try:
        sock = sockets.start_connect(("127.0.0.1", free_port()))
    except OSError as error:
        found = error.errno
    else:
        with sock:
            wait_for(sock, select.POLLOUT)
            found = sockets.connect_error(sock)
    assert found == errno.ECONNREFUSED


def test_connect_without_a_descriptor_left_is_an_error(listener: socket.socket) -> None:
    with no_descriptor_left(), pytest.raises(OSError) as caught:
        sockets.start_connect(listener.getsockname())
    assert caught.value.errno in sockets.EXHAUSTED


def test_receive_tells_nothing_yet_from_bytes_from_the_end(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.setblocking(False)
    assert sockets.receive(theirs) is None
    ours.sendall(b"hello")
    wait_for(theirs)
    assert sockets.receive(theirs, 4) == b"hell"
    assert sockets.receive(theirs) == b"o"
    ours.close()
    wait_for(theirs)
    assert sockets.receive(theirs) == b""


def test_receive_raises_when_the_connection_was_reset(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    leave_with_reset(ours)
    wait_for(theirs)
    with pytest.raises(ConnectionError):
        sockets.receive(theirs)


def test_send_all_sends_more_than_the_kernel_holds(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    data = bytes(range(256)) * 100_000
    sender = threading.Thread(target=sockets.send_all, args=(theirs, data))
    sender.start()
    received = bytearray()
    while len(received) < len(data):
        received += ours.recv(1 << 20)
    sender.join()
    assert received == data


def test_the_descriptor_limit_is_raised_to_what_is_allowed() -> None:
    code = """
import resource as r
from zerohttpd_lib.kernel.sockets import raise_descriptor_limit
r.setrlimit(r.RLIMIT_NOFILE, (100, 200))
print(raise_descriptor_limit(), r.getrlimit(r.RLIMIT_NOFILE)[0], raise_descriptor_limit())
"""
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["200", "200", "200"]
