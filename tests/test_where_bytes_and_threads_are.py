"""What the kernel says of connections and of sleeping threads, and two pictures of latencies, after known deeds."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest
from test_load_result import result
from waiting import wait_until

from zerohttpd_lib.kernel.sleeping import CALLS, Sleep, sleeps_of
from zerohttpd_lib.load import network
from zerohttpd_lib.load.network import connections
from zerohttpd_lib.views import show_due, show_tails

NOT_KEPT = "not kept"


def not_kept() -> int:
    """TIME-WAITs that this machine had no room for, so far."""
    lines = Path("/proc/net/netstat").read_text().splitlines()
    names, values = [line.split() for line in lines if line.startswith("TcpExt:")]
    return int(dict(zip(names, values, strict=True))["TCPTimeWaitOverflow"])


def states(port: int, overflows: int) -> list[str]:
    """Of both ends. `overflows`: how many ends this machine had no room for, until now: of those that nobody has a
    descriptor for, in FIN-WAIT-2 or in TIME-WAIT, it keeps so many and no more (man 7 tcp, tcp_max_tw_buckets)."""
    found = sorted(each.state for each in connections(port))
    is_kept = "FIN-WAIT-2" in found or "TIME-WAIT" in found
    return found if is_kept or not_kept() == overflows else [*found, NOT_KEPT]


def test_both_ends_of_a_connection_are_found_with_what_lies_in_them() -> None:
    overflows = not_kept()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            server, _ = listener.accept()
            client.sendall(b"hello")
            wait_until(lambda: sum(each.unread for each in connections(port)) == 5)
            found = {each.local_port == port: each for each in connections(port)}
            assert {each.state for each in found.values()} == {"ESTAB"}
            assert (found[True].unread, found[False].unread) == (5, 0)
            assert found[False].remote_port == port
            assert server.recv(5) == b"hello"
            server.close()
            wait_until(lambda: states(port, overflows) in (["CLOSE-WAIT", "FIN-WAIT-2"], ["CLOSE-WAIT", NOT_KEPT]))
        wait_until(lambda: states(port, overflows) in (["TIME-WAIT"], [NOT_KEPT]))


def test_the_kernel_hands_over_those_of_the_port_and_no_others() -> None:
    """Of a hundred thousand that somebody else has left in TIME-WAIT, none has to be looked at."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        port = one.getsockname()[1]
        with socket.create_connection(one.getsockname()), socket.create_connection(other.getsockname()):
            handed_over = [*network._dump(socket.AF_INET, network.ALL_STATES, local=port)]
            assert [network._local_port(each) for each in handed_over] == [port]
            assert len(connections(port)) == 2


def test_a_connection_whose_ports_are_equal_has_two_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        port = listener.getsockname()[1]
        client.bind(("127.0.0.2", port))
        client.connect(listener.getsockname())
        assert [(each.local_port, each.remote_port) for each in connections(port)] == [(port, port)] * 2


def test_what_a_peer_does_not_take_is_unsent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, listener.accept()[0] as server:
            taken = server.send(bytes(20_000_000), socket.MSG_DONTWAIT)
            wait_until(lambda: sum(each.unread + each.unsent for each in connections(port)) == taken)
            assert client.recv(1)


@pytest.mark.skipif(not CALLS, reason="the numbers of this processor's system calls are not known")
def test_a_thread_is_found_asleep_in_its_call_and_on_its_descriptor() -> None:
    try:
        Path("/proc/self/syscall").read_text(encoding="ascii")
    except OSError:
        pytest.skip("this kernel does not say where a process sleeps")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = threading.Thread(target=lambda: ours.recv(1))
        reader.start()
        wait_until(lambda: Sleep("recv", ours.fileno()) in sleeps_of(os.getpid()))
        theirs.send(b"x")
        reader.join()
        assert Sleep("recv", ours.fileno()) not in sleeps_of(os.getpid())
    assert str(Sleep("recv", 7)) == "recv, on descriptor 7"
    assert str(Sleep("epoll_wait", None)) == "epoll_wait"


def test_nobody_sleeps_in_a_process_that_has_ended() -> None:
    assert sleeps_of(2**22 + 1) == []


def test_tails_end_where_few_answers_are_left_to_tell() -> None:
    quick, slow = result([1.0] * 95 + [50.0] * 5), result([1.0] * 2)
    words = show_tails({"many": quick, "few": slow}).words
    assert "many: 95.0 % within 1.0 ms" in words
    assert "few" not in words


def test_a_late_answer_is_counted_from_both_moments() -> None:
    asked = [(0.0, 0.0, 0.001), (0.1, 0.1, 0.4), (0.2, 0.4, 0.401)]
    assert "2 were late by 20 ms or more from when due, 1 from when sent" in show_due(asked).words
