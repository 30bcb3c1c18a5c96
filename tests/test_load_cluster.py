"""`zerohttpd load --scheduler`: a Dask cluster on this machine, with workers that die, stop, or are not fit."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dask_cluster import scheduler, wait_for_workers, worker
from proc import command, descendants
from waiting import wait_until

from zerohttpd_lib.lab.lab import Lab
from zerohttpd_lib.lab.load_run import LoadRun
from zerohttpd_lib.load.plan import Plan
from zerohttpd_lib.load.sample import Sample, join_samples

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'zerohttpd-lab[cluster]'")
pytestmark = pytest.mark.timeout(300)
NO_PACKAGE = "import sys; sys.modules['zerohttpd_lib'] = None"
ELSEWHERE = "from zerohttpd_lib.lab import load_part; load_part.place = lambda: 'another machine'"
OLDER = """
from importlib import metadata
of = metadata.version
metadata.version = lambda name: "0.0.1" if name == "zerohttpd-lab" else of(name)
"""


def start(url: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "zerohttpd_lib", "load", url, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def load(url: str, *options: str) -> tuple[int | None, str, str]:
    """Exit status, output, errors."""
    run = start(url, *options)
    out, errors = run.communicate(timeout=120)
    return run.returncode, out, errors


def generators_of(url: str) -> list[int]:
    """Those that run by now, without their guards."""
    commands = {pid: command(pid) for pid in descendants(os.getpid())}
    return [pid for pid, it in commands.items() if "zerohttpd_lib.load." in it and url in it and "guard.py" not in it]


@pytest.fixture
def url(lab: Lab) -> Iterator[str]:
    server = lab.serve("nonblocking")
    yield server.url + "/guestbook"
    server.stop()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with scheduler(tmp_path) as (_, address):
        yield address


def test_two_workers_generate_what_one_machine_reports(tmp_path: Path, address: str, url: str, lab: Lab) -> None:
    before = int(lab.redis.client.get("visitor_count") or 0)
    with worker(tmp_path, address, "one"), worker(tmp_path, address, "two", threads=2):
        wait_for_workers(tmp_path, 2)
        status, out, errors = load(url, "--requests", "600", "--clients", "30", "--scheduler", address, "--json")
        assert status == 0, errors
        found = json.loads(out)
        assert (found["requests"], found["failed"], found["answered_clients"]) == (600, 0, 30)
        assert int(lab.redis.client.get("visitor_count")) - before == 600
        assert found["generators"] == 3
        assert found["p50_ms"] <= found["p99_ms"] <= found["max_ms"]
        here = LoadRun(Plan(url, requests=10)).wait(progress=False)
        assert found.keys() == here.to_dict().keys()
        _, out, errors = load(url, "--seconds", "1", "--idle", "9", "--scheduler", address)
    assert re.search(r"by 3 processes of 2 workers on 1 machine, told to measure within \d+ ms", out), errors
    assert "beside 9 idle" in out
    assert not generators_of(url)


def test_a_worker_that_dies_in_the_middle_ends_it_in_a_sentence(tmp_path: Path, address: str, url: str) -> None:
    with worker(tmp_path, address, "one") as one, worker(tmp_path, address, "two"):
        wait_for_workers(tmp_path, 2)
        run = start(url, "--seconds", "60", "--scheduler", address)
        wait_until(lambda: len(generators_of(url)) >= 2, 60)
        one.kill()
        _, errors = run.communicate(timeout=60)
        assert run.returncode == 2
        assert "A worker was lost in the middle of the load test (tcp://" in errors
        assert "Traceback" not in errors
        wait_until(lambda: not generators_of(url), 30)


def test_a_generator_that_dies_is_named_with_its_worker(tmp_path: Path, address: str, url: str, lab: Lab) -> None:
    def visitors() -> int:
        return int(lab.redis.client.get("visitor_count") or 0)

    before = visitors()
    with worker(tmp_path, address, "one"):
        wait_for_workers(tmp_path, 1)
        run = start(url, "--seconds", "60", "--scheduler", address)
        wait_until(lambda: visitors() > before, 60)
        for pid in generators_of(url):
            os.kill(pid, signal.SIGKILL)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 2
    assert re.search(r"On the worker tcp://\S+ its load generator died", errors)


def test_who_asked_and_went_leaves_nothing_behind(tmp_path: Path, address: str, url: str) -> None:
    with worker(tmp_path, address, "one"):
        wait_for_workers(tmp_path, 1)
        run = start(url, "--seconds", "60", "--scheduler", address)
        wait_until(lambda: bool(generators_of(url)), 60)
        run.kill()
        run.wait()
        wait_until(lambda: not generators_of(url), 40)


def test_workers_that_cannot_take_part_are_refused_in_a_sentence(tmp_path: Path, address: str, url: str) -> None:
    status, _, errors = load(url, "--scheduler", address)
    assert (status, errors.count("\n")) == (2, 1)
    assert "has no worker that can generate this load" in errors
    with (
        worker(tmp_path, address, "bare", before=NO_PACKAGE),
        worker(tmp_path, address, "far", before=ELSEWHERE),
        worker(tmp_path, address, "old", before=OLDER),
    ):
        wait_for_workers(tmp_path, 3)
        status, _, errors = load(url, "--scheduler", address)
    assert status == 2
    assert "it cannot be asked" in errors and "zerohttpd_lib" in errors
    assert "name the target by its address in your network" in errors
    assert "it has zerohttpd-lab 0.0.1, and here is" in errors
    assert "has no worker that can generate this load" in errors and "Traceback" not in errors


def test_no_scheduler_and_a_target_that_is_not_ones_own_are_one_sentence(address: str) -> None:
    status, _, errors = load("http://127.0.0.1:1/", "--scheduler", "tcp://127.0.0.1:1")
    assert status == 2
    assert "No Dask scheduler answers at tcp://127.0.0.1:1" in errors and "Traceback" not in errors
    status, _, errors = load("http://192.0.2.1/", "--scheduler", address)
    assert (status, errors.count("\n")) == (2, 1)
    assert "is an attack" in errors


def test_a_scheduler_that_goes_is_said(tmp_path: Path, url: str) -> None:
    with scheduler(tmp_path) as (process, address), worker(tmp_path, address, "one"):
        wait_for_workers(tmp_path, 1)
        run = start(url, "--seconds", "60", "--scheduler", address)
        wait_until(lambda: bool(generators_of(url)), 60)
        process.kill()
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 2
    assert f"The scheduler at {address} does not answer any more" in errors and "Traceback" not in errors


def test_a_plan_is_shared_out_whole_and_no_two_clients_have_one_address() -> None:
    plan = Plan("http://127.0.0.1/", clients=10, idle=7, rate=90, requests=31)
    parts = plan.divided([1, 2, 3])
    assert [sum(getattr(part, name) for part in parts) for name in ("clients", "idle", "requests", "rate")] == [
        10, 7, 31, 90,
    ]  # fmt: skip
    taken = [
        number
        for part in parts
        for number in (
            *(each.first + n for each in part.client_parts(2) for n in range(each.clients)),
            *(each.first + n for each in part.idle_parts() for n in range(each.idle)),
        )
    ]
    assert sorted(taken) == list(range(17))


def test_samples_of_one_process_are_joined_to_a_longer_one() -> None:
    first = Sample(at=1, seconds=0.1, requests=5, failed=0, p50_ms=1, p99_ms=9, connections=3, measured=False)
    second = Sample(at=1.2, seconds=0.2, requests=0, failed=2, p50_ms=None, p99_ms=None, connections=4, measured=True)
    joined = join_samples([first, second])
    assert (joined.at, joined.seconds, joined.requests, joined.failed) == (1.2, pytest.approx(0.3), 5, 2)
    assert (joined.p99_ms, joined.connections, joined.measured) == (9, 4, False)
