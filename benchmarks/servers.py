"""Part B: every rung beside uvicorn, granian, aiohttp and nginx, and above the floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tqdm import tqdm

from zerohttpd_lib.lab.redis_server import Redis

from . import tools
from .measured import (
    Measured,
    Section,
    Settings,
    cpu,
    cpu_text,
    is_steady,
    least_chance,
    limit_text,
    median,
    places,
    rate_text,
    rates,
    ratios,
    table,
    troubles,
    with_range,
)
from .targets import FLOOR, OURS, PEERS, Targets, keeps_alive, takes_queries, trips_to_redis

REFERENCE: Final = "uvicorn"
HEAD: Final = (
    "server",
    "place",
    f"CPU per request ÷ {REFERENCE}",
    f"÷ {FLOOR}",
    "server's CPU per request",
    f"requests/s ÷ {REFERENCE}",
    "requests/s",
    "the limit was",
    "99th percentile",
    "trips to Redis",
    "failed",
)

Rounds = dict[str, list[Measured]]  # by server


def report(redis: Redis, settings: Settings) -> Section:
    """Measure, and return this part of the document."""
    with Targets((*OURS, *PEERS), redis) as targets:
        trips = {name: trips_to_redis(target, redis) for name, target in targets.running.items()}
        fixed = [name for name, target in targets.running.items() if not takes_queries(target)]
        persistent = [name for name, target in targets.running.items() if keeps_alive(target)]
        short = measure(targets, list(targets.running), fixed, redis, settings, keep_alive=False)
        long = measure(targets, persistent, fixed, redis, settings, keep_alive=True)
    text = [
        "## B. The servers",
        f"### {settings.clients} clients, a connection per request",
        f"*What does each way of waiting cost?* CPU time of the server's processes for each request, divided by that "
        f"of {REFERENCE}, and of the floor, in the same round. Then requests a second.",
        table(HEAD, rows(short, trips)),
        *troubles(short),
        f"### {settings.clients} clients, keep-alive",
        "*And when a client may stay?* The same, for the servers that keep a connection open.",
        table(HEAD, rows(long, trips)),
        *troubles(long),
        f"Each rung has its own default number of processes or threads, which is one but for the pools and for those "
        f"that start a process or a thread for each connection. `{FLOOR}` is a loop with nothing left in it "
        "(benchmarks/floor.py): no server, but a measure of what a rung costs beyond it. The CPU time of Redis is not "
        "in these numbers. A server that does not ask Redis has the page as a file: it bounds what could be reached.",
        _about_requests(fixed),
        "\n".join(f"- {sentence}" for sentence in targets.left_out),
    ]
    return Section("\n\n".join(filter(None, text)), rests_on(short, long, settings))


def measure(
    targets: Targets, names: Sequence[str], fixed: Sequence[str], redis: Redis, settings: Settings, *, keep_alive: bool
) -> Rounds:
    """Every server once in each round. All of them run all the time; those not asked sleep."""
    found: Rounds = {name: [] for name in names}
    pid = redis.pid
    with tqdm(total=settings.rounds * len(names), desc="B. servers", unit="run") as bar:
        for _ in range(settings.rounds):
            for name in names:
                bar.set_postfix_str(name + (", keep-alive" if keep_alive else ""))
                measured = tools.ours(
                    targets.running[name].url, clients=settings.clients, seconds=settings.seconds,
                    keep_alive=keep_alive, varied=name not in fixed, redis_pid=pid,
                )  # fmt: skip
                found[name].append(measured)
                bar.update()
    return found


def rows(found: Rounds, trips: Mapping[str, int]) -> list[list[str]]:
    """The one that needs the least CPU first; those without a steady state last, and without a place."""
    steady = {name: cpu(rounds) for name, rounds in found.items() if is_steady(rounds)}
    place = places({name: [us for us in own if us] for name, own in steady.items()})
    order = sorted(steady, key=lambda name: median([us for us in steady[name] if us]))
    order += [name for name in found if name not in steady]
    return [row(name, found, place.get(name, "—"), trips[name]) for name in order]


def row(name: str, found: Rounds, place: str, trips: int) -> list[str]:
    rounds = found[name]

    def beside(other: str, values: list[float], others: list[float]) -> str:
        ranked = other in found and is_steady(found[other]) and is_steady(rounds)
        return with_range(ratios(values, others)) if ranked else "—"

    reference, floor = found.get(REFERENCE, []), found.get(FLOOR, [])
    late = [one.p99_ms for one in rounds if one.p99_ms is not None]
    return [
        name,
        place,
        beside(REFERENCE, cpu(rounds), cpu(reference)),
        beside(FLOOR, cpu(rounds), cpu(floor)),
        cpu_text(rounds),
        beside(REFERENCE, rates(rounds), rates(reference)),
        rate_text(rounds),
        limit_text(rounds),
        f"{median(late):,.1f} ms" if late else "—",
        str(trips),
        f"{sum(one.failed for one in rounds):,}",
    ]


def _about_requests(fixed: Sequence[str]) -> str:
    text = "No two requests are the same bytes: header order, case, values and query vary, as those of real clients do"
    if fixed:
        text += f". {', '.join(fixed)} takes no query: its requests are all the same"
    return text + "."


def rests_on(short: Rounds, long: Rounds, settings: Settings) -> str:
    cells = [one for found in (short, long) for rounds in found.values() for one in rounds]
    unsteady = sum(bool(one.problem) for one in cells)
    return (
        f"B: {settings.rounds} rounds, {median([one.seconds for one in cells]):.1f} s measured in each, after the rate "
        f"had settled; {unsteady} of {len(cells)} measurements were of no steady state, and count for nothing. A place "
        "is by CPU per request. Where two servers have places that do not overlap, a permutation test over the rounds "
        f"tells them apart: by chance that comes about {least_chance(settings.rounds)} times at most; of many pairs, "
        "now and then one."
    )
