"""Part D: do the others wait longer when some clients are slow?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tqdm import tqdm

from zerohttpd_lib.lab.load_run import LoadRun
from zerohttpd_lib.lab.processes import GuardedProcess, LabError, new_folder
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.lab.server import Server
from zerohttpd_lib.load.plan import Plan

from .measured import Settings, ratios, table, with_range

RUNGS: Final = ("epoll", "nonblocking", "edge", "multiprocess")
QUICK_ONES: Final = 150  # clients who ask without pause
SLOW_ONES: Final = 50
HEAD: Final = ("server", "99th percentile, with ÷ without", "without", "with", "failed, with")

Waits = dict[str, list[tuple[float, float, int]]]  # by rung: p99 without and with, in ms, and failures with


def report(redis: Redis, settings: Settings) -> str:
    """Measure, and return this part of the document."""
    waits = measure(redis, settings)
    rows = []
    for rung, pairs in waits.items():
        without, beside, failed = zip(*pairs, strict=True)
        rows.append(
            [
                rung,
                with_range(ratios(beside, without)),
                f"{with_range(without)} ms",
                f"{with_range(beside)} ms" if any(beside) else "nobody was answered",
                f"{sum(failed):,}",
            ]
        )
    return "\n\n".join(
        [
            "## D. Slow clients",
            f"*Do {QUICK_ONES} quick clients wait longer when {SLOW_ONES} slow ones come?* A connection per "
            "request. The slow ones send a byte of their request every 50 ms, and read as slowly.",
            table(HEAD, rows),
            "`epoll` reads a request from its first byte to its last before it does anything else: one slow sender "
            "holds up all the others.",
        ]
    )


def measure(redis: Redis, settings: Settings) -> Waits:
    waits: Waits = {rung: [] for rung in RUNGS}
    for _ in tqdm(range(settings.crowd_rounds), desc="slow clients", leave=False):
        for rung in RUNGS:
            server = Server(rung, redis.address, record=False)
            try:
                without, _ = p99(server, redis, settings)
                with slow_clients(server):
                    beside, failed = p99(server, redis, settings)
            finally:
                server.stop()
            waits[rung].append((without, beside, failed))
    return waits


def p99(server: Server, redis: Redis, settings: Settings) -> tuple[float, int]:
    """The quick ones' 99th percentile, in milliseconds (0: none was answered), and their failures."""
    plan = Plan(server.url + "/guestbook", QUICK_ONES, seconds=2.0 * settings.seconds, cap=5.0, drain=False)
    result = LoadRun(plan, redis.pid).wait(progress=False)
    return result.percentile(99) or 0.0, result.failed


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
