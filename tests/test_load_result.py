"""What a load test says of itself: its numbers, and what is to be thought of them."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict
from typing import Any

import pytest
from waiting import wait_until

from zerohttpd_lib.lab.measurement import Measurement, numbers
from zerohttpd_lib.load.cpu import Share
from zerohttpd_lib.load.latencies import Latencies
from zerohttpd_lib.load.limit import ADVICE
from zerohttpd_lib.load.network import Counters, accept_queue, listeners
from zerohttpd_lib.load.plan import Plan
from zerohttpd_lib.load.result import LoadResult
from zerohttpd_lib.views.load_view import KeptRun, load_of


def result(
    latencies_ms: list[float], failures: dict[str, int] | None = None, busy: float = 0.0, **more: Any
) -> LoadResult:
    known: dict[str, Any] = {
        "plan": Plan("http://127.0.0.1/", clients=2, idle=3, seconds=2),
        "requests": len(latencies_ms),
        "failures": failures or {},
        "seconds": 2.0,
        "requests_per_second": len(latencies_ms) / 2,
        "latencies": Latencies.of(ms / 1e3 for ms in latencies_ms),
        "waiting": Latencies(),
        "shares": {"server": Share(busy, busy, busy), "generator": Share(0.1, 0.1, 0.1)},
        "machine": 0.5,
        "samples": [],
        "answered_clients": 2,
        "mean_wait": sum(latencies_ms) / max(1, len(latencies_ms)) / 1e3,
        "idle_open": 3,
    }
    return LoadResult(**known | more)


def test_the_json_has_the_numbers_that_others_read() -> None:
    found = json.loads(result([1.0, 2.0, 3.0], {"reset": 2, "refused": 1}, busy=0.95).to_json())
    assert (found["requests"], found["failed"], found["requests_per_second"]) == (3, 3, 1.5)
    assert (found["p50_ms"], found["p99_ms"]) == pytest.approx((2.0, 3.0), rel=1e-3)
    assert found["failures"] == {"reset": 2, "refused": 1}
    assert found["bottleneck"] == "server"


def test_without_any_answer_there_is_no_percentile() -> None:
    found = result([], {"refused": 5}).to_dict()
    assert (found["p50_ms"], found["max_ms"], found["failed"]) == (None, None, 5)


def test_what_is_shown_says_what_failed_and_who_was_busy() -> None:
    shown = result([1.0], {"reset": 1_000}, busy=1.0)
    assert "1,000 reset" in repr(shown)
    assert ADVICE["server"] in repr(shown)
    assert "<th" in shown._repr_html_()
    assert "beside 3 idle" in repr(shown)


def test_what_is_shown_is_escaped() -> None:
    assert "<script>" not in result([1.0], {"<script>": 1})._repr_html_()


def test_the_listener_of_this_process_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        assert listeners(port) == [os.getpid()]
    assert listeners(port) == []


def test_a_listener_on_ipv6_is_found_too() -> None:
    try:
        sock = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with sock:
        assert listeners(sock.getsockname()[1]) == [os.getpid()]


def test_connections_that_nobody_has_accepted_are_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        assert accept_queue(port) == 0
        with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            wait_until(lambda: accept_queue(port) == 2)
            sock.accept()[0].close()
            assert accept_queue(port) == 1


def test_the_law_of_a_closed_loop_is_clients_against_rate_and_latency() -> None:
    good = result([100.0] * 40)  # 20 a second, 0.1 s each: 2 clients
    assert good.law == pytest.approx(1.0)
    assert good.law_holds
    assert not good.warnings()
    starving = result([50.0] * 4000, requests_per_second=20.0)
    assert not starving.law_holds
    assert "makes 1 clients, and not 2 (Little's law)" in " ".join(starving.warnings())


def test_the_law_leaves_room_for_chance_where_there_are_few_answers() -> None:
    assert result([80.0] * 40).law_holds  # off by a fifth, of 40 answers
    assert not result([80.0] * 4000, requests_per_second=20.0).law_holds


def test_users_who_think_and_an_open_loop_have_laws_of_their_own() -> None:
    users = Plan("http://127.0.0.1/", clients=100, think=4.0, seconds=2)
    assert result([1000.0] * 40, plan=users, requests_per_second=20.0).law == pytest.approx(1.0)
    stream = Plan("http://127.0.0.1/", rate=40, seconds=2)
    slow = result([1000.0] * 4000, plan=stream, requests_per_second=20.0)
    assert slow.law == pytest.approx(0.5)
    assert "50% were answered: the server did not keep up" in " ".join(slow.warnings())


def test_a_number_of_requests_has_no_law_for_it_begins_and_ends_in_disorder() -> None:
    assert result([1.0], plan=Plan("http://127.0.0.1/", requests=1)).law is None


def test_what_is_wrong_with_it_is_said() -> None:
    words = " ".join(
        result(
            [1.0] * 1000, problem="nobody knows", answered_clients=1, counters=Counters(7, 9), recorded=True,
            failures={"no port left": 2, "no descriptor left": 3}, mean_wait=0.004,
        ).warnings()
    )  # fmt: skip
    for expected in ("no steady state: nobody knows", "Of 2 clients 1 had an answer", "full 7 times, and 9 SYNs",
                     "No port was left for 2", "descriptor limit stopped 3", "waits were recorded"):  # fmt: skip
        assert expected in words


def test_what_one_must_know_of_a_result_stands_in_all_that_is_shown_of_it() -> None:
    found = result([1000.0, 1000.0], counters=Counters(7, 9), accept_queue=4096, recorded=False)
    for expected in (
        "2 of 2 had an answer; Little's law: 0.50",
        "4,096 at most; full 7 times, 9 SYNs",
        "Recorded:",
        "no",
    ):
        assert expected in repr(found)
    known = found.to_dict()
    names = ("answered_clients", "law", "dropped", "syn_retransmits", "accept_queue", "recorded")
    assert [known[name] for name in names] == [2, 0.5, 7, 9, 4096, False]
    row = {name: "" if value is None else str(value) for name, value in asdict(measurement_of(found)).items()}
    assert [getattr(Measurement.from_row(row), name) for name in names] == [2, 0.5, 7, 9, 4096, False]
    panel = str(load_of([KeptRun(1, "epoll", found.plan, result=found)]))
    for expected in ("Before you believe run 1", "law: 0.50", "full 7 times, 9 SYNs", "Recorded"):
        assert expected in panel


def measurement_of(found: LoadResult) -> Measurement:
    return Measurement("epoll", 2, 3, 0, None, **numbers(found))


def test_a_generator_that_is_the_limit_says_what_it_can_do_at_most() -> None:
    shares = {"server": Share(0.5, 0.5, 0.5), "generator": Share(0.95, 0.95, 0.95)}
    found = result([1.0] * 1900, shares=shares, generators=1)
    assert found.bottleneck == "generator"
    assert found.ceiling == pytest.approx(1000)
    assert "more than about 1,000 requests a second" in " ".join(found.warnings())


def test_cpu_time_is_told_for_each_request() -> None:
    assert result([1.0] * 2000, busy=0.5).cpu_us("server") == pytest.approx(500)
    assert result([], busy=0.5).cpu_us("server") is None
    assert result([1.0]).cpu_us("redis") is None


def test_where_too_many_still_wait_a_percentile_is_not_known_and_that_is_said() -> None:
    found = result([1.0] * 50, waiting=Latencies.of([5.0] * 50))
    assert found.percentile(50) == pytest.approx(1.0, rel=1e-3)
    assert found.percentile(99) is None
    assert found.to_dict()["p99_ms"] is None
    assert found.to_dict()["still_waiting"] == 50
    assert "99th percentile and slowest: not known, 50 still waited at the end" in repr(found)
