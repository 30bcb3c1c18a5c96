"""What the trace of a real server says: whose turn it was, for what, and how few were ready."""

from __future__ import annotations

import pytest
from raw_client import connect
from waiting import wait_until

from zerohttpd_lib import Lab
from zerohttpd_lib.kernel.events import event_names
from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.idle_run import IdleRun
from zerohttpd_lib.load.plan import Plan
from zerohttpd_lib.trace.reader import Trace

ONE_PAGE = [
    ("listener", "accept_clients"),
    ("client", "read_request"),
    ("redis", "redis_connected"),
    ("redis", "redis_replied"),  # to LRANGE
    ("redis", "redis_replied"),  # to INCR
    ("redis", "redis_replied"),  # to GET
]


def whole_trace(server: Server, forgets: int) -> Trace:
    """The trace, once so many descriptors have been forgotten."""
    return wait_until(lambda: (t := server.trace).total("forget") == forgets and t)


def test_a_page_is_six_turns_in_the_order_of_the_callbacks(server: Server) -> None:
    assert server.get().status == 200
    trace = whole_trace(server, forgets=2)
    assert [(entry.role, entry.step) for wait in trace for entry in wait.ready] == ONE_PAGE
    changes = [(entry.kind, entry.role) for wait in trace for entry in wait.changes]
    assert changes == [
        ("watch", "client"),
        ("watch", "redis"),
        ("modify", "client"),
        ("modify", "redis"),
        ("forget", "client"),
        ("forget", "redis"),
    ]


def test_every_page_of_a_load_leaves_the_same_number_of_entries(server: Server, lab: Lab) -> None:
    lab.load(server, clients=10, requests=300, progress=False)
    trace = whole_trace(server, forgets=600)
    assert trace.lost == 0
    assert (trace.total("watch"), trace.total("modify")) == (600, 600)
    assert 0 < trace.ready_by_role("listener").sum() <= 300
    assert trace.ready_by_role("client").sum() == 300
    assert trace.ready_by_role("redis").sum() >= 1200
    assert trace[-1].watched_after == 1
    assert (trace.waited >= 0).all()
    assert (trace.times[1:] >= trace.times[:-1]).all()


def test_the_trace_outlives_the_server(server: Server) -> None:
    server.get("/style.css")
    waits = len(whole_trace(server, forgets=1))
    server.stop()
    assert len(server.trace) >= waits


def test_a_trace_is_there_as_soon_as_the_server_is(lab: Lab, rung: str) -> None:
    assert len(lab.serve(rung).trace) == 0


def test_among_a_thousand_idle_clients_only_the_active_ones_are_ready(lab: Lab) -> None:
    server = lab.serve("epoll")
    idle = IdleRun(Plan(server.url, idle=1000).check())
    try:
        wait_until(lambda: len(server.interest_list()) == 1001)
        before = wait_until(lambda: (t := server.trace).total("watch") == 1000 and t)
        lab.load(server, clients=8, requests=400, progress=False)
        steady = whole_trace(server, forgets=800)[len(before) :]
        assert len(steady) > 100
        assert steady.ready_by_role("client").max() <= 8
        assert steady.ready_by_role("redis").max() <= 8
        assert steady.watched.min() >= 1001
        with connect(server.url):
            wait_until(lambda: server.trace.total("watch") == 1801)
            assert server.trace[-1].watched == 1001  # when it came back with the newcomer
            assert server.trace[-1].watched_after == 1002 == len(server.interest_list())
    finally:
        idle.stop()


@pytest.mark.parametrize(
    ("bits", "words"),
    [(0, "none"), (1, "IN"), (4, "OUT"), (0x11, "IN|HUP"), (0x18, "ERR|HUP"), (0x20, "NVAL"), (0x2001, "IN|RDHUP")],
)
def test_event_bits_have_names(bits: int, words: str) -> None:
    assert event_names(bits) == words


def test_flags_of_epoll_have_names() -> None:
    assert event_names(0x80000001) == "IN|ET"
    assert event_names(0x50000000) == "EXCLUSIVE|ONESHOT"


def test_a_wait_shows_who_was_ready(server: Server) -> None:
    server.get("/style.css")
    first = whole_trace(server, forgets=1)[0]
    assert str(first).startswith("wait 0: 1 ready of 1 watched, waited")
    assert "accept_clients" in str(first)
    assert "1 ready of 1 watched" in repr(first)
    assert "older ones lost" not in repr(server.trace)
