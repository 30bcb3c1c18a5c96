"""Load tests as the component in web/load.js takes them: lines over time, and a table of texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import traitlets

from ..lab.load_run import LoadRun
from ..load.limit import limit
from ..load.plan import Plan
from ..load.result import LoadResult
from ..load.sample import Sample
from ..load.steady import rate
from .chart import Chart, picture_of
from .component import Component, component
from .picture import COLOURS, INK, Picture

MEAN_OF: Final = 5  # samples: half a second
SIDES: Final = {"server": "server", "generator": "load generator", "redis": "Redis"}
LIMITS: Final = {**SIDES, "machine": "the machine"}
STYLES: Final = ("-", "--", "-.", ":")
HEAD: Final = (
    "Run", "Server", "Load", "Requests/s", "Median, ms", "99 % within, ms", "Failed",
    "CPU used, in cores: server · generator · Redis", "Bottleneck",
)  # fmt: skip
CHECKS: Final = ("Clients", "Accept queue", "Recorded", "Beware")  # to look at before one believes a result


@dataclass
class KeptRun:
    """One load test that has been made. `saved` is its `Run`, if its waits were recorded."""

    number: int
    rung: str
    plan: Plan
    samples: list[Sample] = field(default_factory=list)
    result: LoadResult | None = None
    problem: str = ""
    saved: Any = None
    style: str = "-"

    @property
    def name(self) -> str:
        silent = f" + {self.plan.idle:,} silent" if self.plan.idle else " clients"
        return f"{self.number} {self.rung}, {self.plan.clients:,}{silent}"


class LoadRuns(Component):
    """Runs over each other. `load` is what `load_of` makes."""

    _esm = component("runs")
    shown = ("load",)
    load: Any = traitlets.Dict().tag(sync=True)


def load_of(runs: Sequence[KeptRun], under_way: LoadRun | None = None) -> dict[str, Any]:
    """The lines and the rows, newest run last. The one under way shows its last half second."""
    done = [run for run in runs if run.result is not None]
    checks = [list(row) for row in done[-1].result.rows() if row[0] in CHECKS] if done and done[-1].result else []
    return {
        "runs": [_lines(run) for run in runs],
        "end": _end(runs),
        "head": list(HEAD),
        "rows": [_row(run, under_way if run is runs[-1] else None) for run in runs],
        "checks": checks,
        "believe": f"Before you believe run {done[-1].number}:" if done else "",
    }


def still_of(runs: Sequence[KeptRun]) -> Picture | None:
    """Rates and latencies over each other, to keep; None while there is nothing to see."""
    runs = [run for run in runs if run.samples]
    if not runs:
        return None
    words = [f"Run {run.number}, {run.rung}:\n{run.result!r}" for run in runs if run.result is not None]
    return picture_of(_charts(runs), "Requests a second and latencies, by time.\n" + "\n".join(words))


def _end(runs: Sequence[KeptRun]) -> float:
    """Seconds that the time axis has."""
    ends = [max(run.plan.seconds or 1.0, run.samples[-1].at if run.samples else 0) for run in runs]
    return float(max(ends, default=5.0))


def _lines(run: KeptRun) -> dict[str, Any]:
    samples = list(run.samples)
    return {
        "name": run.name, "colour": run.rung, "dash": run.style, "at": [s.at for s in samples],
        "rates": _rates(samples), "p50": [s.p50_ms for s in samples], "p99": [s.p99_ms for s in samples],
    }  # fmt: skip


def _charts(runs: Sequence[KeptRun]) -> list[Chart]:
    span = (0.0, _end(runs))
    by_time = "seconds since the start of the run"
    rates = Chart("How many answers a second? (mean of the last half second)", by_time, "requests/s",
                  x_range=span, height=230)  # fmt: skip
    latency = Chart("How long did they take? Thick: the median. Thin: 99 % were faster than this", by_time,
                    "milliseconds", x_range=span, log=True, height=230)  # fmt: skip
    for run in runs:
        lines, colour = _lines(run), COLOURS.get(run.rung, INK)
        rates.add(lines["at"], lines["rates"], colour, run.name, run.style)
        for values, name, width in ((lines["p50"], run.name, 2.0), (lines["p99"], "", 1.0)):
            known = [math.nan if value is None else value for value in values]
            latency.add(lines["at"], known, colour, name, run.style, width)
    return [rates, latency]


def _rates(samples: Sequence[Sample]) -> list[float]:
    return [rate(samples[max(0, number - MEAN_OF) : number]) for number in range(1, len(samples) + 1)]


def _row(run: KeptRun, under_way: LoadRun | None) -> list[str]:
    plan = run.plan
    kind = ", keep-alive" if plan.keep_alive else ""
    load = plan.who + (f" + {plan.idle:,} silent" if plan.idle else "") + kind
    return [str(run.number), run.rung, load, *(_measured(run) if run.result else _so_far(run, under_way))]


def _measured(run: KeptRun) -> list[str]:
    result = run.result
    assert result is not None
    cores = {side: share.cores for side, share in result.shares.items()}
    failed = ", ".join(f"{n:,} {kind}" for kind, n in result.failures.items()) or "0"
    p50, p99 = _number(result.percentile(50)), _number(result.percentile(99))
    return [
        f"{result.requests_per_second:,.0f}",
        p50,
        p99,
        failed,
        _used(cores),
        run.problem or _bottleneck(result.bottleneck),
    ]


def _so_far(run: KeptRun, under_way: LoadRun | None) -> list[str]:
    newest = list(run.samples)[-MEAN_OF:]
    p99 = max((s.p99_ms for s in newest if s.p99_ms is not None), default=None)
    cores = {side: _mean([s.cores.get(side) for s in newest]) or 0.0 for side in SIDES} if newest else {}
    word = run.problem
    if under_way is not None and under_way.is_running:
        phase = "measured" if under_way.is_measured else "settling"
        so_far = _bottleneck(limit(*under_way.shares_so_far()))
        word = f"so far {so_far} ({phase}, {newest[-1].at if newest else 0.0:.1f} s)"
    now = f"{_rates(newest)[-1]:,.0f}" if newest else "0"
    return [now, _number(_mean([s.p50_ms for s in newest])), _number(p99), _failures(newest), _used(cores), word]


def _failures(newest: Sequence[Sample]) -> str:
    if not newest:
        return "0"
    return ", ".join(f"{n:,} {kind}" for kind, n in newest[-1].failures.items()) or str(newest[-1].failed)


def _used(cores: dict[str, float]) -> str:
    return " · ".join(f"{cores[side]:.2f}" if side in cores else "–" for side in SIDES)


def _bottleneck(side: str) -> str:
    return LIMITS.get(side, "nobody")


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
