"""Who could not go faster? Told from shares, and from real processes built to be the limit."""

from __future__ import annotations

import os
import sys
import threading
import time

import pytest
from waiting import wait_until

from zerohttpd_lib.lab.processes import GuardedProcess, new_folder
from zerohttpd_lib.load.cpu import Machine, Meter, Share, family, redis_of, used
from zerohttpd_lib.load.limit import limit

SPIN = "while True: pass"


def shares(**ran_and_waited: tuple[float, float]) -> dict[str, Share]:
    return {side: Share(ran, ran, ran + waited) for side, (ran, waited) in ran_and_waited.items()}


@pytest.mark.parametrize(
    ("sides", "machine", "expected"),
    [
        ({"server": (0.95, 0.0), "generator": (0.4, 0.1)}, 0.7, "server"),
        ({"server": (0.4, 0.1), "generator": (0.95, 0.0)}, 0.7, "generator"),
        ({"server": (0.4, 0.0), "generator": (0.2, 0.0), "redis": (0.93, 0.0)}, 0.8, "redis"),
        ({"server": (0.95, 0.0), "generator": (0.97, 0.0)}, 1.0, "generator"),
        ({"server": (0.95, 0.0), "generator": (0.6, 0.3)}, 1.0, "server"),  # more cores would not help it
        ({"server": (0.6, 0.35), "generator": (0.5, 0.2)}, 0.99, "machine"),
        ({"server": (0.2, 0.1), "generator": (0.5, 0.2)}, 0.97, "machine"),
        ({"server": (0.6, 0.35), "generator": (0.5, 0.2)}, 0.85, "machine"),
        ({"server": (0.6, 0.35), "generator": (0.5, 0.2)}, 0.5, "server"),
        ({"server": (0.5, 0.1), "generator": (0.5, 0.1)}, 0.6, "none"),
        ({"server": (0.0, 0.0)}, 0.0, "none"),
        ({}, 0.3, "none"),
    ],
    ids=str,
)
def test_the_limit_is_who_ran_always_or_else_the_machine(
    sides: dict[str, tuple[float, float]], machine: float, expected: str
) -> None:
    assert limit(shares(**sides), machine) == expected


def started(code: str) -> tuple[GuardedProcess, int]:
    process = GuardedProcess([sys.executable, "-c", code], new_folder("t"))
    return process, int(process.output.readline())


def test_children_made_after_the_start_and_those_that_have_ended_count() -> None:
    code = """
import os, sys
print(os.getpid(), flush=True)
sys.stdin = open(0, closefd=False)
import time
while True:
    child = os.fork()
    if child == 0:
        end = time.process_time() + 0.05
        while time.process_time() < end: pass
        os._exit(0)
    os.waitpid(child, 0)
"""
    process, pid = started(code)
    meter = Meter([pid])
    wait_until(lambda: (found := used(pid)) is not None and found.running - found.own > 0.3)
    share = meter.share()
    assert share.cores * (time.perf_counter() - meter.started) > 0.2
    process.stop()


def test_a_pool_that_is_forked_later_is_seen_whole() -> None:
    code = """
import os, time
print(os.getpid(), flush=True)
for _ in range(5):
    if os.fork() == 0:
        time.sleep(60)
time.sleep(60)
"""
    process, pid = started(code)
    wait_until(lambda: len(family([pid])) > 5)
    assert family([pid])[0] == pid
    child = family([pid])[1]
    assert child not in family([pid], without=[child])
    process.stop()


def test_threads_that_take_turns_are_one_core_that_is_busy() -> None:
    """Four Python threads share one lock: each runs a quarter of the time, and none could run more."""
    code = f"""
import os, threading
print(os.getpid(), flush=True)
def spin():
    {SPIN}
for _ in range(4): threading.Thread(target=spin).start()
"""
    process, pid = started(code)
    meter = Meter([pid])
    wait_until(lambda: (found := used(pid)) is not None and found.own > 0.5)
    share = meter.share()
    assert share.busy > 0.8  # it ran, or would have if others had let it
    assert share.cores <= 1.2
    process.stop()


def test_a_process_that_sleeps_is_nobodys_limit() -> None:
    process, pid = started("import os, time; print(os.getpid(), flush=True); time.sleep(60)")
    meter = Meter([pid])
    threading.Event().wait(0.2)
    share = meter.share()
    assert share.ran < 0.2
    process.stop()
    assert Meter([pid]).share() == Share(0.0)


def test_a_busy_process_makes_its_machine_busy() -> None:
    process, pid = started(f"import os; print(os.getpid(), flush=True)\n{SPIN}")
    machine, meter = Machine(), Meter([pid])
    wait_until(lambda: (found := used(pid)) is not None and found.own > 0.3)
    assert meter.cores() > 0
    assert machine.share() >= meter.share().cores / (os.cpu_count() or 1) - 0.1
    process.stop()


def test_a_redis_belongs_to_the_server_that_has_started_it() -> None:
    """As `zerohttpd serve` does; of another one on this machine nobody can tell whose it is."""
    code = """
import os, subprocess, sys
from zerohttpd_lib.lab.redis_server import Redis
with Redis() as redis:
    print(os.getpid(), flush=True)
    print(redis.pid, flush=True)
    sys.stdin = open("/dev/null")
    import time
    time.sleep(60)
"""
    process, pid = started(code)
    assert redis_of([pid]) == [int(process.output.readline())]
    process.stop()
    assert redis_of([]) == []
