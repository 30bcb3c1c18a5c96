"""Latencies side by side: those of several load tests, and those of one that are counted from two moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ..load.result import LoadResult
from .picture import COLOURS, INK, Picture, new_figure

PERCENTILES: Final = (0, 50, 75, 90, 95, 99, 99.9, 99.99)  # what the axis of `show_tails` names
LEAST_ABOVE: Final = 3  # answers: a line ends where fewer than so many are slower
LINES: Final = (COLOURS["client"], COLOURS["redis"], COLOURS["listener"], INK)


def show_tails(results: Mapping[str, LoadResult]) -> Picture:
    """Within which time are how many answered? One line a load test, up to where few answers are left to tell.

    The axis has as much room for the slowest tenth as for the nine tenths before it, and so on.
    """
    figure, ax = new_figure(height=3.8)
    words = []
    for row, ((name, result), colour) in enumerate(zip(results.items(), LINES * len(results), strict=False)):
        milliseconds, answered = result.curve
        above = (100 - answered) / 100 * (len(result.latencies) + len(result.waiting))
        known = above >= LEAST_ABOVE
        ax.plot(_nines(answered[known]), milliseconds[known], color=colour, linewidth=2)
        if known.any():
            end = (_nines(answered[known])[-1], milliseconds[known][-1])
            # One below the other: lines may well end at the same place.
            ax.annotate(f"— {name}", end, (4, -4 - 14 * row), textcoords="offset points", color=colour)
            words.append(f"{name}: {answered[known][-1]:.1f} % within {milliseconds[known][-1]:,.1f} ms")
    ax.set_xticks(_nines(np.array(PERCENTILES)), [f"{p:g} %" for p in PERCENTILES])
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.margins(x=0.12, y=0.1)
    ax.set_xlabel("of the requests, the slowest on the right")
    ax.set_ylabel("milliseconds")
    ax.set_title("Within which time are how many answered?", loc="left", color=INK)
    return Picture(figure, "\n".join(["Latencies by percentile, of each load test.", *words]))


def show_due(requests: Sequence[tuple[float, float, float]]) -> Picture:
    """How late was each answer, from when it was due, and from when it was sent?

    `requests`: of each request the seconds at which it was due, sent, and answered.
    """
    figure, ax = new_figure(height=3.4)
    due, sent, answered = np.array(requests).T
    ax.vlines(due, (answered - sent) * 1e3, (answered - due) * 1e3, color=COLOURS["redis"], linewidth=1, alpha=0.5)
    for begin, name, mark, colour in ((due, "due", "o", COLOURS["redis"]), (sent, "sent", "x", COLOURS["client"])):
        ax.plot(due, (answered - begin) * 1e3, mark, color=colour, markersize=4, label=f"from when it was {name}")
    ax.set_ylim(0, (answered - due).max() * 1e3 * 1.2)  # with room for the names
    ax.set_xlabel("seconds: when the request was due")
    ax.set_ylabel("milliseconds to its answer")
    ax.legend(loc="upper left", ncols=2, frameon=False)
    ax.set_title("How late was each answer, counted from two moments?", loc="left", color=INK)
    late = [int(((answered - begin) > 0.02).sum()) for begin in (due, sent)]
    words = f"Of {len(due)} requests {late[0]} were late by 20 ms or more from when due, {late[1]} from when sent."
    return Picture(figure, words)


def _nines(percent: np.ndarray) -> np.ndarray:
    """0 % is at 0, 90 % at 1, 99 % at 2, and so on."""
    places: np.ndarray = -np.log10(np.maximum(1 - percent / 100, 1e-6))
    return places
