"""One measurement, and what is made of several: medians, ratios round by round, ranges, and what is chance."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, log
from typing import Final

from zerohttpd_lib.lab.chance import share_by_chance
from zerohttpd_lib.lab.measurement import why_it_means_nothing
from zerohttpd_lib.load.result import LoadResult

SURE: Final = 0.01  # what may come about by chance once in a hundred times, or less often, is no chance


@dataclass(frozen=True)
class Measured:
    """What one load test found. `problem`: why it counts for nothing; empty: it counts."""

    rate: float  # requests a second
    generator_us: float  # CPU time of the generator for each request, in microseconds
    server_us: float = 0.0  # the same for all processes of the server
    p99_ms: float | None = None  # None: cannot be told
    failed: int = 0
    seconds: float = 0.0  # measured
    bottleneck: str = ""  # see zerohttpd_lib/load/limit.py; empty: not known
    problem: str = ""

    @classmethod
    def of(cls, result: LoadResult) -> Measured:
        return cls(
            rate=result.requests_per_second,
            generator_us=result.cpu_us("generator") or 0.0,
            server_us=result.cpu_us("server") or 0.0,
            p99_ms=result.percentile(99),
            failed=result.failed,
            seconds=result.seconds,
            bottleneck=result.bottleneck,
            problem=why_it_means_nothing(result) or result.problem,
        )


@dataclass(frozen=True)
class Settings:
    """How long and how often. A round measures everything once, so that a slow minute of the
    machine falls on all alike."""

    rounds: int  # of parts A, B, E, and of poll and epoll beside idle connections
    few_rounds: int  # of what takes long: crowds, slow clients
    idle: tuple[int, ...]  # idle connections of part C
    crowds: tuple[int, ...]  # clients of part C
    many: int  # clients of part A, beside the few
    seconds: float  # measured at least, of each cell that is in a steady state
    cap: float = 10.0  # seconds for a crowd to settle, and as many to be measured, at most
    clients: int = 50
    whole_seconds: int = 1  # for ab and wrk, which take no fractions
    name: str = ""  # becomes part of the file's name


@dataclass(frozen=True)
class Section:
    """A part of the document, and what its claims rest on: a sentence or two for the end."""

    text: str
    rests_on: str


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round. A round in which either measured nothing does not count."""
    return [a / b for a, b in zip(ours, theirs, strict=True) if a and b]


def cpu(rounds: Sequence[Measured]) -> list[float]:
    """The server's microseconds for each request, by round; 0 where it was no steady state."""
    return [0.0 if one.problem else one.server_us for one in rounds]


def rates(rounds: Sequence[Measured]) -> list[float]:
    """Requests a second, by round; 0 where it was no steady state."""
    return [0.0 if one.problem else one.rate for one in rounds]


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def is_steady(rounds: Sequence[Measured]) -> bool:
    """Were most of its rounds?"""
    return 2 * sum(not one.problem for one in rounds) > len(rounds)


def chance(ones: Sequence[float], others: Sequence[float]) -> float:
    """How likely is it that two equal things come out as different as these, or more so? From 0 to 1.

    A permutation test, see `share_by_chance`, of their logarithms: what counts is by which factor they differ. Zeros
    do not count.
    """
    return share_by_chance(*([log(value) for value in group if value > 0] for group in (ones, others)))


def least_chance(rounds: int) -> str:
    """Of the clearest difference that so many rounds of each can show."""
    return f"1 in {comb(2 * rounds, rounds) // 2:,}"


def places(values: Mapping[str, Sequence[float]]) -> dict[str, str]:
    """The place of each among all, the smallest first; where chance may have its hand in it, from which to which."""
    found = {}
    for name, own in values.items():
        sure = [other for key, other in values.items() if key != name and chance(own, other) <= SURE]
        before = sum(median(other) < median(own) for other in sure)
        first, last = 1 + before, len(values) - (len(sure) - before)
        found[name] = f"{first}" if first == last else f"{first}–{last}"
    return found


def with_range(values: Sequence[float]) -> str:
    """The median and, in brackets, the smallest and the largest."""
    if not values:
        return "—"
    if len(values) == 1:
        return f"**{_short(values[0])}**"
    return f"**{_short(median(values))}** ({_short(min(values))}–{_short(max(values))})"


def rate_text(rounds: Sequence[Measured]) -> str:
    """The median rate; with ≥ where the generator was the limit, so that the server could do more."""
    if not is_steady(rounds):
        return f"unsteady: {median([one.rate for one in rounds]):,.0f}/s"
    at_least = "≥ " if sum(one.bottleneck == "generator" for one in rounds) * 2 > len(rounds) else ""
    return f"{at_least}{median([rate for rate in rates(rounds) if rate]):,.0f}/s"


def cpu_text(rounds: Sequence[Measured]) -> str:
    """The median of the server's CPU time for each request, of the rounds that were steady."""
    own = [us for us in cpu(rounds) if us]
    return f"{median(own):,.0f} µs" if own else "—"


def limit_text(rounds: Sequence[Measured]) -> str:
    """Who could not go faster; in how many rounds, where they differ."""
    counts = Counter(one.bottleneck for one in rounds).most_common()
    return counts[0][0] if len(counts) == 1 else ", ".join(f"{name} {number}×" for name, number in counts)


def troubles(by_name: Mapping[str, Sequence[Measured]]) -> list[str]:
    """A sentence for each that was not in a steady state: why not."""
    found = {}
    for name, rounds in by_name.items():
        bad = [one.problem for one in rounds if one.problem]
        if bad:
            found[name] = f"- {name}, no steady state in {len(bad)} of {len(rounds)} rounds: {bad[0]}."
    return ["\n".join(found.values())] if found else []


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all but the first column are numbers, on the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
