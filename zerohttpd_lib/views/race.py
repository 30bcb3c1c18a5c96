"""The table as a chart: measured here, published in the article, and the two side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from IPython.display import display

from ..lab.article import WIDE, Rates, published_table
from ..lab.sweep import UNSTEADY, WIDE_SPREAD, Sweep
from .picture import COLOURS, INK, Picture, new_figure

AXIS_NAMES = {
    "clients": "clients, each asking without pause",
    "users": "users, who think before each request",
    "idle": "silent connections beside them",
}


def show_sweep(sweep: Sweep, title: str = "How many requests a second? Measured here") -> Picture:
    """One line for each server; the band is from the slowest round to the fastest."""
    figure, ax = new_figure(height=4.2)
    draw_sweep(ax, sweep, title)
    return Picture(figure, repr(sweep))


def show_published() -> Picture:
    """The article's table."""
    figure, ax = new_figure(height=4.2)
    draw_rates(ax, published_table(), "How many requests a second? Published in the article")
    return Picture(figure, "The article's table: requests a second by number of clients, a line for each server.")


def show_both(sweep: Sweep) -> Picture:
    """Measured above, published below: each has its own scale, so compare the shapes."""
    figure, (ours, theirs) = new_figure(height=7.6, rows=2, sharex=True)
    draw_sweep(ours, sweep, "Measured here, in Python")
    draw_rates(theirs, published_table(), "Published in the article, in C, on another machine")
    return Picture(figure, f"Measured here and published, one above the other.\n{sweep!r}")


def live_chart() -> Callable[[Sweep], None]:
    """For `lab.sweep(..., on_measurement=live_chart())`: a chart that fills in while it is measured."""
    handle: Any = None

    def draw(sweep: Sweep) -> None:
        nonlocal handle
        picture = show_sweep(sweep)
        if handle is None:
            handle = display(picture, display_id=True)
        else:
            handle.update(picture)

    return draw


def draw_sweep(ax: Any, sweep: Sweep, title: str) -> None:
    """Lines through what was a steady state; hollow marks, without a line, for what was none."""
    name, levels = sweep.axis()
    rates: dict[str, Rates] = {}
    for rung in sweep.rungs:
        column: Rates = {}
        for level in levels:
            cell = sweep.cell_at(rung, level)
            if (rate := sweep.rate(cell)) is not None:
                column[level] = rate if sweep.spread(cell) <= WIDE_SPREAD else WIDE
                rounds = sweep.rates(cell)
                ax.plot([level, level], [min(rounds), max(rounds)], color=_colour(rung), linewidth=5, alpha=0.25)
            elif (unsteady := sweep.unsteady_rate(cell)) is not None:
                column[level] = UNSTEADY
                ax.plot([level], [unsteady], "o", color=_colour(rung), markersize=5, markerfacecolor="white")
        rates[rung] = column
    draw_rates(ax, rates, title, AXIS_NAMES["users" if sweep.think else name])
    if any(sweep.unsteady_rate(cell) is not None for cell in sweep.cells):
        ax.annotate(
            "hollow: no steady state", (1, 1), (0, 2), xycoords="axes fraction", textcoords="offset points",
            ha="right", va="bottom", color=INK, fontsize="small",
        )  # fmt: skip


def draw_rates(ax: Any, rates: Mapping[str, Rates], title: str, axis_name: str = AXIS_NAMES["clients"]) -> None:
    """A line for each server, with its name at its end. It is broken where there is a word and no number."""
    ends: list[tuple[float, float, str]] = []
    for rung, column in rates.items():
        points = [(level, np.nan if isinstance(rate, str) else rate) for level, rate in sorted(column.items())]
        if points:
            ax.plot(*zip(*points, strict=True), "o-", color=_colour(rung), markersize=4, linewidth=2)
        if known := [(rate, level, rung) for level, rate in points if not np.isnan(rate)]:
            ends.append(known[-1])
    ax.set_xscale("symlog", linthresh=10)
    ax.set_ylim(bottom=0)
    levels = sorted({level for column in rates.values() for level in column})
    if levels:
        round_ones = [level for level in levels if str(level).strip("0") in ("", "1", "2", "5")]
        shown = levels if len(levels) <= 8 else round_ones
        ax.set_xticks(shown, [f"{level:,}" for level in shown])
        ax.set_xlim(-3 if levels[0] == 0 else levels[0] * 0.8, max(levels[-1], 1) * 3)
    ax.minorticks_off()
    _write_names(ax, ends)
    ax.set_xlabel(axis_name)
    ax.set_ylabel("requests/s")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_title(title, loc="left", color=INK)


def _write_names(ax: Any, ends: list[tuple[float, float, str]]) -> None:
    """Each name beside the end of its line, moved up or down where two would touch."""
    bottom, top = ax.get_ylim()
    gap = (top - bottom) * 0.07
    ends = sorted(ends)
    heights = np.array([max(y, bottom + gap / 2) for y, _, _ in ends])
    for _ in range(200):
        close = np.diff(heights) < gap
        if not close.any():
            break
        heights[:-1][close] -= gap / 20
        heights[1:][close] += gap / 20
    for height, (y, x, rung) in zip(heights, ends, strict=True):
        ax.annotate(
            rung, (x, y), (x * 1.15 + 1, height), color=_colour(rung), va="center", weight="bold",
            arrowprops={"arrowstyle": "-", "color": _colour(rung), "linewidth": 0.5},
        )  # fmt: skip


def _colour(rung: str) -> str:
    return COLOURS.get(rung, INK)
