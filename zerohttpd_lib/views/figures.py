"""Figures. Each of them answers one question, which is its title."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..load.result import LoadResult
from ..load.sample import Sample
from ..trace.reader import Trace
from .picture import COLOURS, INK, Picture, new_figure

ROLES = ("listener", "client", "redis")


def show_load(result: LoadResult) -> Picture:
    """How many answers a second, and how long did each take?"""
    figure, (rate, latency) = new_figure(height=4.6, rows=2)
    draw_rate(rate, result.samples)
    rate.set_title("How many answers a second?", loc="left", color=INK)
    milliseconds, shares = result.curve
    if len(milliseconds):
        latency.plot(milliseconds, shares, color=COLOURS["client"], linewidth=2)
        for p in (50, 99):
            at = result.percentile(p)
            if at is not None:
                latency.plot([at], [p], "o", color=COLOURS["client"])
                latency.annotate(f"{p} % within {at:.1f} ms", (at, p), (8, -11), textcoords="offset points", color=INK)
        latency.set_xscale("log")
        latency.set_ylim(0, 104)
        latency.xaxis.set_major_formatter("{x:g}")
        latency.xaxis.set_minor_formatter("")
    latency.set_title("How long did they take?", loc="left", color=INK)
    latency.set_xlabel("milliseconds from request to answer")
    latency.set_ylabel("% of requests")
    return Picture(figure, f"Answers a second over time, and their latencies.\n{result!r}")


def draw_rate(ax: Any, samples: list[Sample]) -> None:
    """Draw answers a second over time into `ax`; pale until it had settled, for that does not count."""
    first = next((number for number, sample in enumerate(samples) if sample.measured), len(samples))
    for part, alpha in ((samples[: first + 1], 0.35), (samples[first:], 1.0)):
        seconds, rates = [sample.at for sample in part], [sample.rate for sample in part]
        ax.plot(seconds, rates, color=COLOURS["server"], linewidth=2, alpha=alpha)
    if 0 < first < len(samples):
        ax.axvline(samples[first].at - samples[first].seconds, color=INK, linewidth=0.8)
        ax.annotate(
            "measured from here", (samples[first].at - samples[first].seconds, 0), (4, 4),
            textcoords="offset points", color=INK,
        )  # fmt: skip
    ax.set_ylim(bottom=0)
    ax.set_xlabel("seconds")
    ax.set_ylabel("requests/s")
    ax.yaxis.set_major_formatter("{x:,.0f}")


def show_waits(trace: Trace, title: str = "How many of the watched were ready?") -> Picture:
    """For each wait, the descriptors watched and, of those, the ready ones by role."""
    figure, ax = new_figure(height=3.6)
    draw_waits(ax, trace)
    ax.set_title(title, loc="left", color=INK)
    words = "Descriptors watched and descriptors ready at each wait, over time."
    if len(trace):
        words += f" Watched: {trace.watched.min():,} to {trace.watched.max():,}."
        words += f" Ready: {trace.ready.min():,} to {trace.ready.max():,}, {trace.ready.mean():.1f} on average."
    return Picture(figure, words)


def draw_waits(ax: Any, trace: Trace) -> None:
    """Draw it into `ax`: a logarithmic axis, so that 8 and 1,000 fit on one chart."""
    times = trace.times
    ax.plot(times, trace.watched, color=INK, linewidth=2)
    if len(trace):
        ax.annotate(
            f"watched: {trace.watched[-1]:,}", (times[-1], trace.watched[-1]), (-4, -14),
            textcoords="offset points", ha="right", color=INK,
        )  # fmt: skip
    marks = {"listener": "^", "client": "o", "redis": "s"}
    for shift, role in zip((0.94, 1.0, 1.06), ROLES, strict=True):
        counts = trace.ready_by_role(role)
        some = counts > 0
        # Moved a little apart, so that equal numbers do not hide each other.
        ax.plot(
            times[some], counts[some] * shift, marks[role], color=COLOURS[role],
            markersize=3, alpha=0.6, label=f"ready: {role}",
        )  # fmt: skip
    ax.set_yscale("log")
    ax.set_ylim(0.7, max(20.0, float(trace.watched.max()) * 3 if len(trace) else 0))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel("seconds, from the first wait shown")
    ax.set_ylabel("descriptors")
    ax.legend(loc="upper left", ncols=3, frameon=False, markerscale=2)


def show_work(traces: Mapping[str, Trace]) -> Picture:
    """How long does one wait take when there is no need to sleep? One box a server.

    A server that finds something ready at once still pays for asking. That price is what is
    drawn: the time in wait(), for the fastest half of the waits, which did not have to sleep.
    """
    figure, ax = new_figure(height=0.8 + 0.7 * len(traces))
    names = list(traces)[::-1]
    for row, name in enumerate(names):
        microseconds = np.sort(traces[name].waited)[: max(1, len(traces[name]) // 2)] * 1e6
        middle = float(np.median(microseconds))
        ax.barh(row, middle, color=COLOURS.get(name, COLOURS["client"]), height=0.6)
        ax.annotate(f"{middle:,.1f} µs", (middle, row), (5, -4), textcoords="offset points", color=INK)
    ax.set_yticks(range(len(names)), names)
    ax.grid(visible=False)
    ax.set_xlabel("microseconds, median of the waits that did not sleep")
    ax.margins(x=0.15)
    ax.set_title("What does it cost to ask?", loc="left", color=INK)
    return Picture(figure, "The price of one wait for each server.")
