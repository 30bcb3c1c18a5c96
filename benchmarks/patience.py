"""Part D: do the others wait longer when some clients are slow?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from tqdm import tqdm

from zerohttpd_lib.lab.errors import LabError
from zerohttpd_lib.lab.load_run import LoadRun
from zerohttpd_lib.lab.processes import GuardedProcess, new_folder
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.lab.server import Server
from zerohttpd_lib.load.plan import Plan

from .measured import Section, Settings, median, ratios, table, with_range

RUNGS: Final = ("epoll", "nonblocking", "edge", "multiprocess")
QUICK_ONES: Final = 150  # clients who ask without pause
SLOW_ONES: Final = 50
CAP: Final = 2.0  # seconds to settle, and as many to be measured: beside slow clients some servers never settle
HEAD: Final = ("server", "99th percentile, with ÷ without", "without", "with", "failed, with")


class Beside(NamedTuple):
    """One round of a rung."""

    without: float  # the quick ones' 99th percentile, in milliseconds; 0: none was answered
    beside: float  # the same beside slow clients
    failed: int  # of the quick ones, beside slow ones
    seconds: float  # for which they were measured, beside slow ones


Waits = dict[str, list[Beside]]  # by rung


def report(redis: Redis, settings: Settings) -> Section:
    """Measure, and return this part of the document."""
    waits = measure(redis, settings)
    rows = []
    for rung, pairs in waits.items():
        without, beside, failed, _ = zip(*pairs, strict=True)
        rows.append(
            [
                rung,
                with_range(ratios(beside, without)),
                f"{with_range(without)} ms",
                f"{with_range(beside)} ms" if any(beside) else "nobody was answered",
                f"{sum(failed):,}",
            ]
        )
    text = "\n\n".join(
        [
            "## D. Slow clients",
            f"*Do {QUICK_ONES} quick clients wait longer when {SLOW_ONES} slow ones come?* A connection per "
            "request. The slow ones send a byte of their request every 50 ms, and read as slowly.",
            table(HEAD, rows),
            "`epoll` reads a request from its first byte to its last before it does anything else: one slow sender "
            "holds up all the others.",
        ]
    )
    seconds = median([one.seconds for rounds in waits.values() for one in rounds])
    return Section(
        text,
        f"D: {settings.few_rounds} rounds, {seconds:.1f} s measured in each, steady state or not: what is asked is "
        "whether the quick ones are answered at all. The factor is shown with its range, and no order is claimed.",
    )


def measure(redis: Redis, settings: Settings) -> Waits:
    waits: Waits = {rung: [] for rung in RUNGS}
    for _ in tqdm(range(settings.few_rounds), desc="slow clients", leave=False):
        for rung in RUNGS:
            server = Server(rung, redis.address, record=False)
            try:
                without, _, _ = p99(server, redis, settings)
                with slow_clients(server):
                    beside, failed, seconds = p99(server, redis, settings)
            finally:
                server.stop()
            waits[rung].append(Beside(without, beside, failed, seconds))
    return waits


def p99(server: Server, redis: Redis, settings: Settings) -> tuple[float, int, float]:
    """The quick ones' 99th percentile, in milliseconds (0: none was answered), their failures, and the seconds
    for which they were measured."""
    plan = Plan(
        server.url + "/guestbook", QUICK_ONES, seconds=1.5 * settings.seconds, cap=CAP, drain=False, varied=True
    )
    result = LoadRun(plan, redis.pid).wait(progress=False)
    return result.percentile(99) or 0.0, result.failed, result.seconds


@contextmanager
def slow_clients(server: Server) -> Iterator[None]:
    host, port = server.address
    command = [sys.executable, "-m", "benchmarks.slow_clients", host, str(port), str(SLOW_ONES)]
    process = GuardedProcess(command, new_folder("slow-clients"), grace=0.5)
    try:
        if not process.output.readline():
            raise LabError(f"The slow clients did not start. They said: {process.errors()[-500:] or 'nothing'}")
        yield
    finally:
        process.stop()
