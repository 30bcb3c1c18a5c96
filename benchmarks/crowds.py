"""Part C: poll and epoll beside idle connections; crowds of clients; what the article expected of its next step."""

from __future__ import annotations

from typing import Final

from zerohttpd_lib.lab.measurement import Cell
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.lab.sweep import Sweep

from .measured import Settings, ratios, table, with_range

ACTIVE: Final = 8  # clients beside the idle ones
PROCESSES: Final = 10
CONJECTURE: Final = ("prethreaded", "epoll", "nonblocking")
CROWD_SECONDS: Final = 4.0  # long enough for each of a crowd to be answered once


def report(redis: Redis, settings: Settings) -> str:
    """Measure, and return this part of the document."""
    idle = Sweep(
        redis, ["poll", "epoll"], [ACTIVE], settings.idle,
        seconds=settings.seconds, rounds=settings.crowd_rounds, workers={"poll": 1, "epoll": 1},
    )  # fmt: skip
    crowd = Sweep(
        redis, ["epoll"], settings.crowds,
        seconds=CROWD_SECONDS, rounds=settings.crowd_rounds, workers={"epoll": PROCESSES},
    )  # fmt: skip
    conjecture = Sweep(
        redis, CONJECTURE, (20, *settings.crowds),
        seconds=settings.seconds, rounds=settings.rounds, workers={"nonblocking": PROCESSES},
    )  # fmt: skip
    for sweep in (idle, crowd, conjecture):
        sweep.run()
    idle_head = ["idle", "poll ÷ poll with none", "epoll ÷ epoll with none", "epoll ÷ poll", "poll", "epoll"]
    crowd_head = ["clients", f"÷ {settings.crowds[0]:,} clients", "requests/s", "failed"]
    return "\n\n".join(
        [
            "## C. Crowds",
            f"### {ACTIVE} clients beside idle connections",
            "*What does a connection cost that says nothing?* One process each; requests a second, divided by "
            "those without idle connections, and by each other's.",
            table(idle_head, [idle_row(idle, level) for level in settings.idle]),
            f"### epoll, {PROCESSES} processes, many clients that all ask",
            "*Does it hold when they all want something at once?* Every client asks without pause.",
            table(crowd_head, [crowd_row(crowd, level, settings.crowds[0]) for level in settings.crowds]),
            "### What the article expected of its next step",
            "*Is the epoll server faster when its first read and its writes cannot block either?* Requests a second, "
            f"divided by those of epoll in the same round. epoll and nonblocking have {PROCESSES} processes, as in the "
            f"article; prethreaded has {conjecture.workers['prethreaded']:,} threads of one process, which in Python "
            "take turns.",
            table(
                ["clients", *(f"{rung} ÷ epoll" for rung in CONJECTURE if rung != "epoll"), *CONJECTURE],
                [conjecture_row(conjecture, clients) for clients in conjecture.clients],
            ),
            *_troubles(idle),
            *_troubles(crowd),
            *_troubles(conjecture),
        ]
    )


def idle_row(sweep: Sweep, level: int) -> list[str]:
    poll, epoll = (rates(sweep, Cell(rung, ACTIVE, level)) for rung in ("poll", "epoll"))
    poll_alone, epoll_alone = (rates(sweep, Cell(rung, ACTIVE, sweep.idle[0])) for rung in ("poll", "epoll"))
    return [
        f"{level:,}",
        with_range(ratios(poll, poll_alone)),
        with_range(ratios(epoll, epoll_alone)),
        with_range(ratios(epoll, poll)),
        f"{sweep.rate(Cell('poll', ACTIVE, level)) or 0:,.0f}/s",
        f"{sweep.rate(Cell('epoll', ACTIVE, level)) or 0:,.0f}/s",
    ]


def crowd_row(sweep: Sweep, clients: int, fewest: int) -> list[str]:
    cell = Cell("epoll", clients, 0)
    return [
        f"{clients:,}",
        with_range(ratios(rates(sweep, cell), rates(sweep, Cell("epoll", fewest, 0)))),
        f"{sweep.rate(cell) or 0:,.0f}",
        f"{sum(m.failed for m in sweep.of(cell)):,}",
    ]


def conjecture_row(sweep: Sweep, clients: int) -> list[str]:
    by_rung = {rung: rates(sweep, Cell(rung, clients, 0)) for rung in CONJECTURE}
    return [
        f"{clients:,}",
        *(with_range(ratios(by_rung[rung], by_rung["epoll"])) for rung in CONJECTURE if rung != "epoll"),
        *(f"{sweep.rate(Cell(rung, clients, 0)) or 0:,.0f}/s" for rung in CONJECTURE),
    ]


def rates(sweep: Sweep, cell: Cell) -> list[float]:
    """Of each round; 0 where it failed."""
    return [0.0 if m.why else m.requests_per_second for m in sorted(sweep.of(cell), key=lambda m: m.round)]


def _troubles(sweep: Sweep) -> list[str]:
    return list(
        dict.fromkeys(
            f"{m.rung} with {m.clients:,} clients and {m.idle:,} idle connections: {m.why}."
            for m in sweep.measurements
            if m.why
        )
    )
