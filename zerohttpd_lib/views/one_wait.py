"""One wait, one glance: a cell for each descriptor, and which of them the kernel looks at to find the ready ones."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import traitlets

from ..lab.errors import LabError
from ..trace.reader import Trace
from .component import Component, component
from .inspector import Source, trace_and_name
from .picture import COLOURS, Picture, new_figure
from .recording import quick_waits

SWEEPS: Final = ("poll",)  # where each wait looks at all that is watched (man 2 poll)
NOTE: Final = (
    "Two waits of two recorded runs, drawn at one slow clock. A cell is a descriptor. Each wait is one of the quickest "
    "of those with {ready} ready (the middle of the first 5 %), for one that sleeps takes longer. What happens within "
    "a wait is not recorded: what each looks at is drawn as man 2 poll and man 7 epoll have it, at an even pace. What "
    "a server does with those that it has found takes its time, too, and is not drawn."
)


class OneWait(Component):
    """See `one_wait`. `sides` has for each run its title, cells (descriptors), ready ones, and microseconds."""

    _esm = component("one_wait")
    shown = ("sides", "note")
    sides: Any = traitlets.List().tag(sync=True)
    note: Any = traitlets.Unicode().tag(sync=True)

    def picture(self) -> Picture:
        """The end of both waits, side by side."""
        figure, axes = new_figure(9.0, 3.4, 1)
        axes.remove()
        for ax, side in zip(figure.subplots(1, 2), self.sides, strict=True):
            _draw(ax, side)
        return Picture(figure, "\n".join(_in_words(side) for side in self.sides))


def one_wait(left: Source, right: Source) -> OneWait:
    """Two servers, traces or saved runs: one wait of each, with as many ready, beside the other.

    Raises LabError where a run does not hold the list of descriptors that it began with, and where no two waits
    found equally many ready.
    """
    traces = [trace_and_name(source)[:2] for source in (left, right)]
    ready = _most_common([trace for trace, _ in traces])
    sides = [_side(trace, title, ready) for trace, title in traces]
    return OneWait(sides=sides, note=NOTE.format(ready=ready))


def _most_common(traces: list[Trace]) -> int:
    """The number of ready descriptors of which both have most waits."""
    counts = [np.bincount(trace.ready) for trace in traces]
    shared = [int(np.minimum(*(count[n] for count in counts))) for n in range(1, min(map(len, counts)))]
    if not any(shared):
        raise LabError("No wait of one run found as many descriptors ready as one of the other. Record longer runs.")
    return 1 + shared.index(max(shared))


def _side(trace: Trace, title: str, ready: int) -> dict[str, Any]:
    quick = quick_waits(trace, ready)
    wait = trace[int(quick[len(quick) // 2])]
    listed = trace[wait.number - trace.first :].listed
    if listed is None:
        raise LabError(f"The run of {title} has lost its oldest waits, and with them its list of descriptors.")
    return {
        "title": title,
        "how": trace.how,
        "sweeps": trace.how in SWEEPS,
        "cells": [int(fd) for fd in listed["fd"]],
        "ready": [entry.fd for entry in wait.ready],
        "us": wait.waited * 1e6,
    }


def _in_words(side: dict[str, Any]) -> str:
    looked_at = len(side["cells"]) if side["sweeps"] else len(side["ready"])
    return (
        f"{side['title']}: {len(side['cells']):,} watched, {looked_at:,} looked at, {len(side['ready'])} ready, "
        f"{side['us']:.0f} µs"
    )


def _draw(ax: Any, side: dict[str, Any]) -> None:
    columns = max(1, round((len(side["cells"]) * 2) ** 0.5))
    ready = set(side["ready"])
    cells = [2 if fd in ready else int(side["sweeps"]) for fd in side["cells"]]
    at = np.arange(len(cells))
    colours = np.array(["#d5dade", "#d98a6f", COLOURS["epoll"]])[cells]
    ax.scatter(at % columns, at // columns, c=colours, marker="s", s=9)
    ax.set_title(_in_words(side).replace(": ", "\n", 1), loc="left", fontsize=10)
    ax.set_aspect("equal")
    ax.invert_yaxis()
    ax.axis("off")
