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
from .component import Component, component
from .picture import COLOURS, INK, Picture, new_figure

MEAN_OF: Final = 5  # samples: half a second
SIDES: Final = {"server": "server", "generator": "load generator", "redis": "Redis"}
LIMITS: Final = {**SIDES, "machine": "the machine"}
ROOM_FOR_NAMES: Final = 1.25  # times as long as the runs, the time axis of a still
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
    figure, (rates, latencies) = new_figure(9.0, 5.4, 2)
    for run in runs:
        _draw(rates, latencies, run)
    rates.set(ylabel="requests/s", ylim=(0, None))
    rates.set_title("How many answers a second? (mean of the last half second)", loc="left", color=INK, fontsize=11)
    latencies.set(yscale="log", ylabel="milliseconds", xlabel="seconds since the start of the run")
    latencies.set_title("How long did they take? Thick: the median. Thin: 99 % were faster than this", loc="left",
                        color=INK, fontsize=11)  # fmt: skip
    for ax in (rates, latencies):
        ax.set_xlim(0, _end(runs) * ROOM_FOR_NAMES)
        ax.yaxis.set_major_formatter("{x:,g}")
    return Picture(figure, "Requests a second and latencies, by time.\n" + "\n".join(words))


def _draw(rates: Any, latencies: Any, run: KeptRun) -> None:
    """Into both axes; at the end of its lines stands the run's name."""
    lines, colour = _lines(run), COLOURS.get(run.rung, INK)
    rates.plot(lines["at"], lines["rates"], run.style, color=colour, linewidth=2)
    for name, width in (("p50", 2.0), ("p99", 1.0)):
        known = [math.nan if value is None else value for value in lines[name]]
        latencies.plot(lines["at"], known, run.style, color=colour, linewidth=width)
    for ax, name in ((rates, "rates"), (latencies, "p50")):
        if lines[name][-1] is not None:
            ax.annotate(run.name, (lines["at"][-1], lines[name][-1]), (6, -3), textcoords="offset points", color=colour)


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
