"""The cost of one wait, measured and fitted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..kernel.wait_price import CostModel, WaitTime
from .picture import COLOURS, INK, Picture, new_figure


def show_cost(times: Sequence[WaitTime], models: Sequence[CostModel]) -> Picture:
    """How does the time of one wait grow with the number watched? Marks: measured; lines: the model."""
    figure, ax = new_figure(height=3.8)
    levels = sorted({time.watched for time in times})
    grid = np.geomspace(levels[0], levels[-1], 50)
    fewest = min(time.ready for time in times)
    for model in models:
        colour = COLOURS.get(model.how, INK)
        shown = [t for t in times if t.how == model.how and t.ready == fewest and not t.changed]
        ax.plot([t.watched for t in shown], [t.seconds * 1e6 for t in shown], "o", color=colour, markersize=6)
        line = [model.seconds(watched, fewest) * 1e6 for watched in grid]
        ax.plot(grid, line, color=colour, linewidth=2)
        ax.annotate(model.how, (grid[-1], line[-1]), (8, -4), textcoords="offset points", color=colour, weight="bold")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.margins(x=0.1)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:,g}")
    ax.set_xlabel(f"descriptors watched, of which {fewest} is ready")
    ax.set_ylabel("microseconds")
    ax.set_title("What does one wait cost?", loc="left", color=INK)
    return Picture(figure, "The time of one wait by the number watched.\n" + "\n".join(map(repr, models)))


def show_scan(times: Sequence[WaitTime]) -> Picture:
    """What does one look at the whole list cost? A line for a list as it was, one for a list that has just changed."""
    figure, ax = new_figure(height=3.6)
    words = []
    for changed, line, name in ((False, "-", "the list is as it was"), (True, "--", "the list has just changed")):
        points = sorted((time.watched, time.seconds * 1e6) for time in times if time.changed == changed)
        watched, microseconds = zip(*points, strict=True)
        ax.plot(watched, microseconds, line, marker="o", color=COLOURS["poll"], linewidth=2, markersize=5)
        ax.annotate(name, points[-1], (8, 4 if changed else -13), textcoords="offset points", color=INK)
        words.append(f"{name}: {microseconds[-1]:,.0f} µs for {watched[-1]:,}")
    ax.set_xlim(0, max(time.watched for time in times) * 1.3)  # room for the names of the lines
    ax.set_xticks(sorted({time.watched for time in times}))
    ax.set_ylim(bottom=0)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel(f"descriptors on the list, of which {min(time.ready for time in times)} is ready")
    ax.set_ylabel("microseconds")
    ax.set_title("What does one look at the whole list cost?", loc="left", color=INK)
    return Picture(figure, f"The time of one poll() by the length of its list. {'; '.join(words)}.")
