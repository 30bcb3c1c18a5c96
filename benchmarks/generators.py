"""Part A: our load generator beside ab and wrk, against the same server, in turns."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Final

from tqdm import tqdm

from zerohttpd_lib.lab.redis_server import Redis

from . import tools
from .measured import (
    Measured,
    Section,
    Settings,
    chance,
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
from .targets import Missing, Targets

GOALS: Final = {"ab": 1.0, "wrk": 1.0}
AGREE: Final = 0.05  # what comes about by chance more often than this is no difference
HEAD: Final = (
    "server, and kind of load",
    "beside",
    "rate, ours ÷ it",
    "by chance alone",
    "server's CPU per request, with ours ÷ with it",
    "generator's CPU per request, it ÷ ours",
    "ours",
    "it",
    "the limit was",
)


@dataclass(frozen=True)
class Case:
    tool: str  # what ours is compared with
    server: str
    many: bool  # clients
    varied: bool  # our requests. Those of wrk are like ours; those of ab are always the same

    @property
    def keep_alive(self) -> bool:
        return self.tool == "wrk"

    def clients(self, settings: Settings) -> int:
        return settings.many if self.many else settings.clients

    def words(self, settings: Settings) -> str:
        kind = "keep-alive" if self.keep_alive else "a connection per request"
        requests = "varied" if self.varied else "fixed"
        if self.varied and self.tool == "ab":
            requests = "ours varied, its fixed"
        return f"{self.server}, {self.clients(settings):,} clients, {kind}, {requests}"


CASES: Final = (
    Case("ab", "nginx", many=False, varied=False),
    Case("ab", "nginx", many=False, varied=True),
    Case("wrk", "nginx", many=False, varied=True),
    Case("ab", "edge", many=True, varied=False),
    Case("ab", "edge", many=True, varied=True),
    Case("wrk", "edge", many=True, varied=True),
)

Pair = tuple[list[Measured], list[Measured]]  # ours, and the tool's


def report(redis: Redis, settings: Settings) -> Section:
    """Measure, and return this part of the document."""
    with Targets(dict.fromkeys(case.server for case in CASES), redis) as targets:
        notes = list(targets.left_out)
        cases = []
        for case in CASES:
            try:
                tools.check(case.tool)
            except Missing as problem:
                notes.append(f"{case.tool} was left out: {problem}.")
                continue
            if case.server in targets.running:
                cases.append(case)
        pairs = measure(cases, targets, redis, settings)
    text = [
        "## A. The load generator beside ab and wrk",
        "*Is a load test from Python a load test?* Requests a second of ours, divided by those of the tool, in turns.",
        table(HEAD, [row(case, pairs[case], settings) for case in cases]),
        *troubles({f"ours, beside {case.tool}: {case.words(settings)}": pairs[case][0] for case in cases}),
        "\n".join(verdict(case, pairs[case], settings) for case in cases),
        "Where the server is the limit, any good generator comes out near 1. nginx, with its file, is not: it is "
        "there that generators differ, and *≥* says that the server could have done more. `ab` sends the same request "
        "each time; ours was run both ways beside it. `wrk` sends the same varied requests as ours (varied.lua).",
        *dict.fromkeys(notes),
    ]
    return Section(
        "\n\n".join(filter(None, text)),
        f"A: {settings.rounds} rounds, each the other way round than the one before; {settings.whole_seconds} s of the "
        f"tool, {settings.seconds:g} s or more of ours, measured after its rate had settled. The tools count from the "
        f"first request on. *They agree* means: by chance alone they come out as different more often than 1 in "
        f"{1 / AGREE:.0f} times ({least_chance(settings.rounds)}, where all of one are above all of the other).",
    )


def measure(cases: list[Case], targets: Targets, redis: Redis, settings: Settings) -> dict[Case, Pair]:
    """Ours, the tool; the tool, ours; ours, the tool ..."""
    pairs: dict[Case, Pair] = {case: ([], []) for case in cases}
    with tqdm(total=settings.rounds * len(cases), desc="A. generators", unit="pair") as bar:
        for number in range(settings.rounds):
            for case in cases:
                bar.set_postfix_str(f"{case.tool}, {case.server}")
                for which in (0, 1) if number % 2 else (1, 0):
                    run = outside if which else ours
                    pairs[case][which].append(run(case, targets.running[case.server].url, redis, settings))
                bar.update()
    return pairs


def ours(case: Case, url: str, redis: Redis, settings: Settings) -> Measured:
    return tools.ours(
        url, clients=case.clients(settings), seconds=settings.seconds, keep_alive=case.keep_alive,
        varied=case.varied, redis_pid=redis.pid,
    )  # fmt: skip


def outside(case: Case, url: str, redis: Redis, settings: Settings) -> Measured:
    run = tools.wrk if case.keep_alive else tools.ab
    return run(url, clients=case.clients(settings), seconds=settings.whole_seconds)


def row(case: Case, pair: Pair, settings: Settings) -> list[str]:
    mine, its = pair
    name = case.words(settings)
    if not is_steady(mine):
        return [name, case.tool, *["—"] * 4, rate_text(mine), rate_text(its), limit_text(mine)]
    return [
        name,
        case.tool,
        with_range(ratios(rates(mine), rates(its))),
        f"{chance(rates(mine), rates(its)):.0%}",
        with_range(ratios([one.server_us for one in mine], [one.server_us for one in its])),
        with_range(ratios([one.generator_us for one in its], [one.generator_us for one in mine])),
        rate_text(mine),
        rate_text(its),
        limit_text(mine),
    ]


def verdict(case: Case, pair: Pair, settings: Settings) -> str:
    mine, its = pair
    name = f"- {case.tool} on {case.words(settings)}: "
    if not is_steady(mine):
        return name + "not compared."
    found = median(ratios(rates(mine), rates(its)))
    if case.many:
        agree = chance(rates(mine), rates(its)) > AGREE
        text = "they agree within their noise" if agree else f"they **differ**, by a factor of {found:.2f}"
        if 2 / comb(2 * len(mine), len(mine)) > AGREE:
            text = f"{found:.2f}; so few rounds cannot tell whether they agree"
    else:
        reached = "reached" if found >= GOALS[case.tool] else "**missed**"
        text = f"the goal of {GOALS[case.tool]} was {reached}, with {found:.2f}"
    failed = sum(one.failed for one in (*mine, *its))
    return f"{name}{text}; {failed:,} requests failed." if failed else f"{name}{text}."
