"""Part B: every rung beside uvicorn, aiohttp and nginx."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tqdm import tqdm

from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.servers import RUNGS

from . import tools
from .measured import Measured, Settings, median, ratios, table, with_range
from .targets import PEERS, Targets, keeps_alive

REFERENCE: Final = "uvicorn"
WARM_UP: Final = 0.3  # seconds
HEAD: Final = (
    "server",
    f"requests/s ÷ {REFERENCE}",
    f"CPU per request ÷ {REFERENCE}",
    "requests/s",
    "server's CPU per request",
    "99th percentile",
    "failed",
)

Rounds = dict[str, list[Measured]]  # by server


def report(redis: Redis, settings: Settings) -> str:
    """Measure, and return this part of the document."""
    with Targets((*RUNGS, *PEERS), redis) as targets:
        persistent = [name for name, target in targets.running.items() if keeps_alive(target)]
        short = measure(targets, list(targets.running), redis, settings, keep_alive=False)
        long = measure(targets, persistent, redis, settings, keep_alive=True)
    return "\n\n".join(
        [
            "## B. The servers",
            f"### {settings.clients} clients, a connection per request",
            f"*What does each way of waiting cost?* Requests a second, and CPU time of the server's "
            f"processes for each request, divided by those of {REFERENCE} in the same round.",
            table(HEAD, rows(short)),
            f"### {settings.clients} clients, keep-alive",
            "*And when a client may stay?* The same, for the servers that keep a connection open.",
            table(HEAD, rows(long)),
            "Each rung has its own default number of processes or threads, which is one but for the pools and for "
            "those that start a process or a thread for each connection. nginx has no Redis to ask: it bounds "
            "what could be reached.",
            *targets.left_out,
        ]
    )


def measure(targets: Targets, names: Sequence[str], redis: Redis, settings: Settings, *, keep_alive: bool) -> Rounds:
    """Every server once in each round. All of them run all the time; those not asked sleep."""
    found: Rounds = {name: [] for name in names}
    pid = redis.pid
    with tqdm(total=settings.rounds * len(names), desc="B. servers", unit="run") as bar:
        for _ in range(settings.rounds):
            for name in names:
                bar.set_postfix_str(name + (", keep-alive" if keep_alive else ""))
                url = targets.running[name].url
                for seconds in (WARM_UP, settings.seconds):
                    measured = tools.ours(
                        url, clients=settings.clients, seconds=seconds, keep_alive=keep_alive, redis_pid=pid
                    )
                found[name].append(measured)
                bar.update()
    return found


def rows(found: Rounds) -> list[list[str]]:
    """The quickest first, as told by the ratio."""
    reference = found.get(REFERENCE, [])

    def order(name: str) -> float:
        rates = [one.rate for one in found[name]]
        return -median(ratios(rates, [one.rate for one in reference]) if reference else rates)

    return [row(name, found[name], reference) for name in sorted(found, key=order)]


def row(name: str, rounds: list[Measured], reference: list[Measured]) -> list[str]:
    def beside(values: list[float], others: list[float]) -> str:
        return with_range(ratios(values, others)) if reference else "—"

    rates, cpu = [one.rate for one in rounds], [one.server_us for one in rounds]
    return [
        name,
        beside(rates, [one.rate for one in reference]),
        beside(cpu, [one.server_us for one in reference]),
        f"{median(rates):,.0f}",
        f"{median(cpu):,.0f} µs",
        f"{median([one.p99_ms for one in rounds]):.1f} ms",
        f"{sum(one.failed for one in rounds):,}",
    ]
