"""Two timelines of one workload, level-triggered above and edge-triggered below."""

from __future__ import annotations

import html
from typing import Any, Final

import ipywidgets as widgets
import numpy as np

from ..trace import layout
from ..trace.reader import Trace
from .chart import Chart, picture_of
from .inspector import Source, cost_table, trace_and_name
from .panel import Panel, button, told_in_words
from .picture import COLOURS, INK, LOCK, Picture

WINDOW: Final = 60  # waits that are shown
LANES: Final = 14  # descriptors that are shown, those that were ready most often
AGAIN: Final = "#b4452c"


class TwinTimelines(Panel):
    """See `twin_timelines`. `select(offset)` moves both to so many waits after their first."""

    name = "twin timelines"

    def __init__(self, level: Source, edge: Source) -> None:
        super().__init__()
        found = [trace_and_name(source) for source in (level, edge)]
        self.traces = [trace for trace, _, _ in found]
        self.titles = [name for _, name, _ in found]
        self.costs = [trace.cost(requests) for trace, _, requests in found]
        last = max(0, min(len(trace) for trace in self.traces) - WINDOW)
        self.slider = widgets.IntSlider(
            max=last, description="Waits after the first", readout=True, layout={"width": "60%"},
            style={"description_width": "initial"},
        )  # fmt: skip
        self.slider.observe(lambda _: self._draw(), "value")
        back = button("◀ Earlier", "Move both by half a window", lambda: self._move(-WINDOW // 2))
        on = button("Later ▶", "Move both by half a window", lambda: self._move(WINDOW // 2))
        self._charts = widgets.HTML()
        words = (
            "<b>●</b> a descriptor was ready; "
            f"<b style='color:{AGAIN}'>■</b> it was ready in the wait just before, too. "
            "Level-triggered, the kernel tells for as long as there is something to do; edge-triggered, "
            "once for each time that something new comes."
        )
        costs = list(zip(self.titles, self.costs, strict=True))
        self.box.children = [
            widgets.HTML(f"<p style='color:{INK};background:#fff;line-height:1.5;margin:0'>{words}</p>"),
            self._message, widgets.HBox([self.slider, back, on], layout={"flex_flow": "row wrap"}), self._charts,
            widgets.HTML(cost_table(costs)),
        ]  # fmt: skip
        self._draw()

    def select(self, offset: int) -> None:
        self.slider.value = offset

    def _move(self, by: int) -> None:
        self.slider.value = max(0, self.slider.value + by)

    @told_in_words
    def _draw(self) -> None:
        with LOCK:
            self._charts.value = "".join(chart.svg() for chart in self._twins())

    def _twins(self) -> list[Chart]:
        return [
            lanes_chart(trace, self.slider.value, f"{title}: which descriptors were ready in each wait?")
            for trace, title in zip(self.traces, self.titles, strict=True)
        ]

    def picture(self) -> Picture:
        words = [
            f"{name}: {trace!r}\n{cost!r}"
            for name, trace, cost in zip(self.titles, self.traces, self.costs, strict=True)
        ]
        return picture_of(self._twins(), "\n".join(words))


def lanes_chart(trace: Trace, offset: int, title: str) -> Chart:
    """A lane for each descriptor, a column for each wait."""
    part = trace[offset : offset + WINDOW]
    waits, fds, roles = reports(part)
    numbers, counts = np.unique(fds, return_counts=True)
    chosen = np.sort(numbers[np.argsort(-counts, kind="stable")[:LANES]])
    lane = {int(fd): float(n) for n, fd in enumerate(chosen)}
    names = {n: f"fd {fd}" for fd, n in lane.items()}
    chart = Chart(
        html.unescape(title), "number of the wait", "", height=90 + 17 * max(3, len(lane)), y_names=names,
        x_range=(part.first - 0.7, part.first + WINDOW - 0.3), y_range=(-0.7, max(len(lane), 1) - 0.3), whole="x",
    )  # fmt: skip
    told = set(zip(waits.tolist(), fds.tolist(), strict=True))
    points = [
        (w, lane[fd], role, (w - 1, fd) in told)
        for w, fd, role in zip(waits.tolist(), fds.tolist(), roles, strict=True)
        if fd in lane
    ]
    for role in ("listener", "client", "redis"):
        mine = [(w, n) for w, n, whose, again in points if whose == role and not again]
        chart.add([w for w, _ in mine], [n for _, n in mine], COLOURS[role], role, "o", 4.0)
    again = [(w, n) for w, n, _, again in points if again]
    chart.add([w for w, _ in again], [n for _, n in again], AGAIN, "again", "s", 4.0)
    return chart


def reports(part: Trace) -> tuple[Any, Any, list[str]]:
    """Every entry of these ready lists: number of the wait, descriptor, role."""
    records = part.records
    entries = records.entries[part.span]
    ready = np.flatnonzero(entries["kind"] == layout.READY)
    places = ready + part.span.start
    waits = records.first_wait + np.searchsorted(records.waits["first"], places, "right") - 1
    return waits, entries["fd"][ready], [records.names[role] for role in entries["role"][ready]]


def twin_timelines(level: Source, edge: Source) -> TwinTimelines:
    """Two servers, traces or saved runs, one above the other, with their cost scores. Raises LabError."""
    return TwinTimelines(level, edge)
