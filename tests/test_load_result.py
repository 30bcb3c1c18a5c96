"""The numbers of a load test: percentiles, shares of CPU, and which side was the bottleneck."""

from __future__ import annotations

import json
import os
import socket
import statistics
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiting import wait_until

from zerohttpd_lib.lab.processes import GuardedProcess, new_folder
from zerohttpd_lib.load.cpu import Meter, Share, accept_queue, bottleneck, listeners, usage
from zerohttpd_lib.load.plan import Plan
from zerohttpd_lib.load.result import ADVICE, LoadResult


def result(latencies_ms: list[float], failures: dict[str, int] | None = None, busy: float = 0.0) -> LoadResult:
    return LoadResult(
        plan=Plan("http://127.0.0.1/", clients=2, idle=3),
        requests=len(latencies_ms),
        failures=failures or {},
        seconds=2.0,
        requests_per_second=len(latencies_ms) / 2,
        latencies_ms=np.sort(np.array(latencies_ms, np.float32)),
        shares={"server": Share(busy, busy), "generator": Share(0.1, 0.1)},
        samples=[],
        idle_open=3,
    )


def test_percentiles_of_one_to_a_hundred_and_one() -> None:
    r = result([float(n) for n in range(1, 102)])
    assert [r.percentile(p) for p in (0, 50, 90, 99, 100)] == [1, 51, 91, 100, 101]


@given(st.lists(st.integers(0, 100_000), min_size=2, max_size=50))
def test_percentiles_agree_with_the_standard_library(numbers: list[int]) -> None:
    r = result([float(number) for number in numbers])
    deciles = statistics.quantiles(numbers, n=10, method="inclusive")
    hundredths = statistics.quantiles(numbers, n=100, method="inclusive")
    assert r.percentile(50) == pytest.approx(statistics.median(numbers))
    # The latencies are kept in single precision: six digits.
    assert r.percentile(90) == pytest.approx(deciles[-1], rel=1e-4, abs=1e-4)
    assert r.percentile(99) == pytest.approx(hundredths[-1], rel=1e-4, abs=1e-4)
    assert r.percentile(100) == max(numbers)


def test_the_json_has_the_numbers_that_others_read() -> None:
    found = json.loads(result([1.0, 2.0, 3.0], {"reset": 2, "refused": 1}, busy=0.95).to_json())
    assert (found["requests"], found["failed"], found["requests_per_second"]) == (3, 3, 1.5)
    assert (found["p50_ms"], found["p99_ms"]) == (2.0, 2.98)
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


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        ({"server": 0.95, "generator": 0.4, "redis": 0.2}, "server"),
        ({"server": 0.4, "generator": 0.95, "redis": 0.2}, "generator"),
        ({"server": 0.4, "generator": 0.2, "redis": 0.95}, "redis"),
        ({"server": 0.95, "generator": 0.97, "redis": 0.2}, "generator"),
        ({"server": 0.9, "generator": 0.1}, "server"),
        ({"server": 0.89, "generator": 0.89, "redis": 0.89}, "none"),
        ({"server": 0.0}, "none"),
        ({}, "none"),
    ],
    ids=str,
)
def test_the_bottleneck_is_the_busiest_if_it_was_busy_nearly_always(busy: dict[str, float], expected: str) -> None:
    assert bottleneck({name: Share(1.0, share) for name, share in busy.items()}) == expected


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


def test_the_cpu_time_of_a_busy_process_grows() -> None:
    process = GuardedProcess(
        [sys.executable, "-c", "import os; print(os.getpid(), flush=True)\nwhile 1: pass"], new_folder("t")
    )
    pid = int(process.output.readline())
    meter = Meter([pid])
    wait_until(lambda: usage([pid]).running > meter.at_start.running)
    assert meter.cores() > 0
    assert meter.share().cores > 0
    assert 0 < meter.share().busy <= 1
    process.stop()


def test_a_process_that_has_ended_uses_nothing() -> None:
    process = GuardedProcess([sys.executable, "-c", "import os; print(os.getpid(), flush=True)"], new_folder("t"))
    pid = int(process.output.readline())
    process.stop()
    assert usage([pid]) == usage([])
    assert Meter([pid]).share() == Share(0.0, 0.0)
