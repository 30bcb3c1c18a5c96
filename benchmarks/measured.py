"""One measurement, and what is made of several: medians, ratios pair by pair, ranges."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """What one load test of a few seconds found."""

    rate: float  # requests a second
    generator_us: float  # CPU time of the generator for each request, in microseconds
    server_us: float = 0.0  # the same for all processes of the server
    p99_ms: float = 0.0
    failed: int = 0
    bottleneck: str = ""


@dataclass(frozen=True)
class Settings:
    """How long and how often. A round measures everything once, so that a slow minute of the
    machine falls on all alike."""

    pairs: int  # rounds of part A
    rounds: int  # of part B
    crowd_rounds: int  # of part C
    idle: tuple[int, ...]  # idle connections of part C
    crowds: tuple[int, ...]  # clients of part C
    seconds: int = 1  # for each measurement; whole ones, as ab and wrk take no others
    clients: int = 50
    name: str = ""  # becomes part of the file's name


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Pair by pair. A pair in which either measured nothing does not count."""
    return [a / b for a, b in zip(ours, theirs, strict=True) if a and b]


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def with_range(values: Sequence[float]) -> str:
    """The median and, in brackets, the smallest and the largest."""
    if not values:
        return "—"
    if len(values) == 1:
        return f"**{_short(values[0])}**"
    return f"**{_short(median(values))}** ({_short(min(values))}–{_short(max(values))})"


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all but the first column are numbers, on the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
