"""Part A: our load generator beside ab and wrk, against the same server, in turns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from tqdm import tqdm

from zerohttpd_lib.lab.redis_server import Redis

from . import tools
from .measured import Measured, Settings, median, ratios, table, with_range
from .targets import Missing, Targets

GOALS: Final = {"ab": 0.8, "wrk": 0.9}


@dataclass(frozen=True)
class Case:
    tool: str  # what ours is compared with
    server: str

    @property
    def kind(self) -> str:
        return "keep-alive" if self.tool == "wrk" else "a connection per request"


CASES: Final = (Case("ab", "nginx"), Case("ab", "epoll"), Case("wrk", "nginx"), Case("wrk", "uvicorn"))


def report(redis: Redis, settings: Settings) -> str:
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
        pairs = measure(cases, targets, settings)
    rows = [row(case, pairs[case]) for case in cases]
    head = [
        "server, and kind of load",
        "beside",
        "ours ÷ it",
        "CPU per request, it ÷ ours",
        "ours",
        "it",
        "the limit was",
    ]
    title = "## A. The load generator beside ab and wrk"
    if not rows:
        return "\n\n".join([title, *dict.fromkeys(notes)])
    return "\n\n".join(
        [
            title,
            "*Is a load test from Python a load test?* Requests a second of ours, divided by those of the tool.",
            table(head, rows),
            "\n".join(goal(case, pairs[case]) for case in cases),
            "Where the server is the limit, any good generator comes out near 1; nginx, with its file, is not the "
            "limit, so it is there that generators differ. The CPU time is that of the generators: above 1, "
            "ours needs less of it.",
            *dict.fromkeys(notes),
        ]
    )


def measure(cases: list[Case], targets: Targets, settings: Settings) -> dict[Case, list[tuple[Measured, Measured]]]:
    """Ours, the tool, ours, the tool, ...: a pair for each round."""
    pairs: dict[Case, list[tuple[Measured, Measured]]] = {case: [] for case in cases}
    rounds = [case for _ in range(settings.pairs) for case in cases]
    with tqdm(rounds, desc="A. generators", unit="pair") as bar:
        for case in bar:
            bar.set_postfix_str(f"{case.tool}, {case.server}")
            url, keep_alive = targets.running[case.server].url, case.tool == "wrk"
            ours = tools.ours(url, clients=settings.clients, seconds=settings.seconds, keep_alive=keep_alive)
            run = tools.wrk if keep_alive else tools.ab
            pairs[case].append((ours, run(url, clients=settings.clients, seconds=settings.seconds)))
    return pairs


def row(case: Case, pairs: list[tuple[Measured, Measured]]) -> list[str]:
    ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
    limits = Counter(one.bottleneck for one in ours)
    return [
        f"{case.server}, {case.kind}",
        case.tool,
        with_range(ratios([one.rate for one in ours], [one.rate for one in theirs])),
        with_range(ratios([one.generator_us for one in theirs], [one.generator_us for one in ours])),
        f"{median([one.rate for one in ours]):,.0f}/s",
        f"{median([one.rate for one in theirs]):,.0f}/s",
        limits.most_common(1)[0][0],
    ]


def goal(case: Case, pairs: list[tuple[Measured, Measured]]) -> str:
    found = median(ratios([a.rate for a, _ in pairs], [b.rate for _, b in pairs]))
    outcome = "reached" if found >= GOALS[case.tool] else "**missed**"
    failed = sum(a.failed + b.failed for a, b in pairs)
    text = f"- {case.tool} on {case.server}: the goal of {GOALS[case.tool]} was {outcome}, with {found:.2f}"
    return f"{text}; {failed:,} requests failed." if failed else f"{text}."
