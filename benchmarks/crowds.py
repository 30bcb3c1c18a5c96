"""Part C: poll and epoll beside idle connections; crowds of clients; what the article expected of its next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tqdm import tqdm

from zerohttpd_lib.lab.measurement import Cell, Measurement
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.lab.server import Server
from zerohttpd_lib.lab.sweep import Sweep

from . import tools
from .keepalive_on_poll import KeepaliveOnPoll
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
    rate_text,
    rates,
    ratios,
    table,
    troubles,
    with_range,
)

ACTIVE: Final = 8  # clients beside the idle ones
PROCESSES: Final = 10
CONJECTURE: Final = ("prethreaded", "epoll", "nonblocking")
KEEPS: Final = 0.9  # of its rate, epoll should, beside whatever number of idle connections
TIMES: Final = 50  # so much quicker than poll it should be, where it shows best
PAIR: Final[dict[str, str | type]] = {"keepalive on poll()": KeepaliveOnPoll, "keepalive": "keepalive"}
IDLE_HEAD: Final = (
    "server, and idle connections", "CPU per request ÷ with none", "requests/s ÷ with none", "CPU per request",
    "requests/s", "the limit was",
)  # fmt: skip

CROWD_HEAD: Final = (
    "server, and clients",
    "requests/s ÷ epoll",
    "CPU per request",
    "requests/s",
    "the limit was",
    "failed",
)

Table = dict[tuple[str, int], list[Measured]]  # by server and number of idle connections


def report(redis: Redis, settings: Settings) -> Section:
    """Measure, and return this part of the document."""
    text = ["## C. Crowds", *beside_idle(redis, settings), *all_asking(redis, settings)]
    return Section("\n\n".join(text), rests_on(settings))


def beside_idle(redis: Redis, settings: Settings) -> list[str]:
    article = Sweep(
        redis, ["poll", "epoll"], [ACTIVE], settings.idle,
        seconds=settings.seconds, cap=settings.cap, rounds=settings.rounds, workers={"poll": 1, "epoll": 1},
    ).run()  # fmt: skip
    faithful = {(rung, idle): of(article, Cell(rung, ACTIVE, idle)) for idle in article.idle for rung in article.rungs}
    quick = measure_the_pair(redis, settings)
    return [
        f"### {ACTIVE} clients beside idle connections",
        "*What does a connection cost that says nothing?* The article's pair, one process each, a connection per "
        "request.",
        table(IDLE_HEAD, idle_rows(faithful)),
        *troubles(named(faithful, "idle")),
        "The same beside a server whose page costs less: the rung `keepalive` and its copy that differs by the poller "
        "alone (benchmarks/keepalive_on_poll.py). Its clients keep their connections.",
        table(IDLE_HEAD, idle_rows(quick)),
        *troubles(named(quick, "idle")),
        "\n".join([kept(faithful, "epoll"), kept(quick, "keepalive"), best_factor(faithful, quick)]),
        why_less(faithful, quick),
    ]


def all_asking(redis: Redis, settings: Settings) -> list[str]:
    sweep = Sweep(
        redis, CONJECTURE, settings.crowds,
        seconds=settings.seconds, cap=settings.cap, rounds=settings.few_rounds, workers={"nonblocking": PROCESSES},
    )  # fmt: skip
    if len(settings.crowds) > 1:  # threads of Python take turns: a large crowd would only wait for its cap
        sweep.cells.remove(Cell("prethreaded", settings.crowds[-1], 0))
    sweep.run()
    found = {(cell.rung, cell.clients): of(sweep, cell) for cell in sweep.cells}
    fewest = settings.crowds[0]
    head = (*CROWD_HEAD[:2], f"÷ with {fewest:,} clients", *CROWD_HEAD[2:])
    return [
        f"### Many clients that all ask, {PROCESSES} processes",
        "*Does it hold when they all want something at once? And is the epoll server faster when its first read and "
        "its writes cannot block either, as the article expected?* Every client asks without pause, and had two "
        f"answers on average. prethreaded has {sweep.workers['prethreaded']:,} threads of one process, in turns.",
        table(head, [crowd_row(found, *key, fewest) for key in found]),
        *troubles(named(found, "clients")),
    ]


def measure_the_pair(redis: Redis, settings: Settings) -> Table:
    """Each time on a server that was started for it, as in a Sweep."""
    levels = (settings.idle[0], settings.idle[-1])
    found: Table = {(name, idle): [] for idle in levels for name in PAIR}
    rounds = [key for _ in range(settings.rounds) for key in found]
    for name, idle in tqdm(rounds, desc="C. the poller alone", leave=False):
        server = Server(PAIR[name], redis.address, record=False)
        try:
            measured = tools.ours(
                server.url, clients=ACTIVE, seconds=settings.seconds, keep_alive=True, idle=idle, cap=settings.cap,
                redis_pid=redis.pid,
            )  # fmt: skip
        finally:
            server.stop()
        found[name, idle].append(measured)
    return found


def of(sweep: Sweep, cell: Cell) -> list[Measured]:
    """The rounds of one cell of a Sweep, in order."""
    return [as_measured(one) for one in sorted(sweep.of(cell), key=lambda one: one.round)]


def as_measured(one: Measurement) -> Measured:
    return Measured(
        one.requests_per_second, 0.0, one.server_cpu_us or 0.0, one.p99_ms, one.failed, one.measured, one.bottleneck,
        one.why or one.problem,
    )  # fmt: skip


def named(found: Table, what: str) -> dict[str, Sequence[Measured]]:
    return {f"{name}, {number:,} {what}": rounds for (name, number), rounds in found.items()}


def idle_rows(found: Table) -> list[list[str]]:
    least = min(idle for _, idle in found)
    return [
        [
            f"{name}, {idle:,}",
            compared(cpu(rounds), cpu(found[name, least])),
            compared(rates(rounds), rates(found[name, least])),
            cpu_text(rounds),
            rate_text(rounds),
            limit_text(rounds),
        ]
        for (name, idle), rounds in found.items()
    ]


def compared(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The ratio; nothing, where half of the rounds or more cannot be compared."""
    found = ratios(ours, theirs)
    return with_range(found) if 2 * len(found) > len(ours) else "—"


def kept(found: Table, epoll: str) -> str:
    """What was hoped for, and every round of what came of it."""
    least, most = min(idle for _, idle in found), max(idle for _, idle in found)
    each = ratios(rates(found[epoll, most]), rates(found[epoll, least]))
    in_words = ", ".join(f"{ratio:.2f}" for ratio in each) or "nothing, for there was no steady state"
    reached = len(each) == len(found[epoll, most]) and min(each) >= KEEPS
    return (
        f"- {epoll} beside {most:,} idle connections kept, round by round, of its rate with {least:,}: {in_words}. "
        f"At least {KEEPS:g} in every round: {'reached' if reached else '**missed**'}."
    )


def quicker(found: Table, poll: str, epoll: str) -> list[float]:
    """How many times as quick as poll epoll was beside the most idle connections, by round."""
    most = max(idle for _, idle in found)
    return ratios(rates(found[epoll, most]), rates(found[poll, most]))


def best_factor(faithful: Table, quick: Table) -> str:
    factors = {"epoll": quicker(faithful, "poll", "epoll"), "keepalive": quicker(quick, *PAIR)}
    best = max(factors, key=lambda name: median(factors[name]))
    each = "; ".join(f"{name} {', '.join(f'{one:.1f}' for one in found) or '—'}" for name, found in factors.items())
    reached = "reached" if median(factors[best]) >= TIMES else "**missed**"
    return (
        f"- Times as quick as with poll(), beside as many, round by round: {each}. "
        f"At least {TIMES} where it shows best, which is {best}: {reached}."
    )


def why_less(faithful: Table, quick: Table) -> str:
    """Why the two pairs do not give the same factor, from the CPU time that was measured."""
    most = max(idle for _, idle in quick)
    cells = [faithful["epoll", most], faithful["poll", most], quick["keepalive", most], quick[next(iter(PAIR)), most]]
    if not all(is_steady(rounds) for rounds in cells):
        return "Why the factors differ cannot be told: not all of these were in a steady state."
    page, with_scan, quick_page, quick_with_scan = (median([us for us in cpu(rounds) if us]) for rounds in cells)
    scan, quick_scan = with_scan - page, quick_with_scan - quick_page
    if min(page, quick_page, scan, quick_scan) <= 0:
        return "Why the factors differ cannot be told: no cost of the scan was seen."
    return (
        "Why do the pairs give different factors? By CPU time, the factor is (page + scan) ÷ page. Of the article's "
        f"pair a page costs {page:,.0f} µs and the scanning for it {scan:,.0f} µs, which is {with_scan / page:,.0f}; "
        f"of the other {quick_page:,.0f} µs and {quick_scan:,.0f} µs, which makes {quick_with_scan / quick_page:,.0f}. "
        "The article's page, with a connection to Redis of its own and three trips to it, is "
        f"{page / quick_page:.1f} times as dear; as it is waited for more often, the scanning is "
        f"{scan / quick_scan:.1f} times as dear."
    )


def crowd_row(found: Table, rung: str, clients: int, fewest: int) -> list[str]:
    rounds = found[rung, clients]
    return [
        f"{rung}, {clients:,}",
        compared(rates(rounds), rates(found["epoll", clients])),
        compared(rates(rounds), rates(found[rung, fewest])),
        cpu_text(rounds),
        rate_text(rounds),
        limit_text(rounds),
        f"{sum(one.failed for one in rounds):,}",
    ]


def rests_on(settings: Settings) -> str:
    few = settings.few_rounds
    return (
        f"C: {settings.rounds} rounds beside idle connections, {few} with crowds; each measured for "
        f"{settings.seconds:g} s or more, and until there were two answers for each client, after it had settled, "
        f"on a server that was started for it. With {few} rounds of each, the clearest difference comes about by "
        f"chance {least_chance(few)} times: of crowds no order is claimed. Requests are fixed in the article's pair "
        "and in the crowds, and varied in the other pair."
    )
