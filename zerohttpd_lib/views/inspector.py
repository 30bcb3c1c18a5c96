"""The ready-list inspector: a timeline of waits; pick one, and see what went in, what came back, what was done."""

from __future__ import annotations

import html
from functools import partial
from typing import Any, overload

import ipywidgets as widgets

from ..lab.errors import LabError
from ..lab.saved_run import Run
from ..lab.server import Server
from ..trace.findings import Finding
from ..trace.reader import Trace, Wait
from .chart import picture_of
from .panel import Panel, button, table, told_in_words
from .picture import INK, LOCK, Picture
from .timeline import Timeline
from .wait_table import SHOWN, came_back, headline, list_html, passed_in, what_was_done

Source = Trace | Run | Server
MOST_FINDINGS = 8
FEW = 4  # entries of a ready list, where two inspectors share the width


def trace_and_name(source: Source) -> tuple[Trace, str, int | None]:
    """The trace of what was given, what it is called, and how many requests were answered, if that is known."""
    if isinstance(source, Trace):
        return source, {"poll": "poll", "epoll": "epoll", "edge": "edge"}.get(source.how, "trace"), None
    if isinstance(source, Server):
        return source.trace, source.name, None
    if isinstance(source, Run):
        return source.trace, str(source.about.get("rung", "trace")), None
    raise LabError(f"{source!r} has no waits to inspect: give a server, its trace, or a run from a file.")


class Inspector(Panel):
    """See `inspector`. `select(number)` picks a wait; `wait` is the one picked."""

    name = "ready-list inspector"

    def __init__(self, source: Source, *, narrow: bool = False) -> None:
        super().__init__()
        self._narrow = narrow  # it has half the page
        self.trace, self.title, self.requests = trace_and_name(source)
        if not len(self.trace):
            raise LabError("There is no wait in this trace yet. Ask the server for a page, and try again.")
        self._timeline = Timeline(self.trace)
        self.findings: list[Finding] = self.trace.warnings()
        self.cost = self.trace.cost(self.requests)
        self._build()
        self.select(self.trace.first + int(self.trace.ready.argmax()))

    def _build(self) -> None:
        first, last = self.trace.first, self.trace.end - 1
        self.slider = widgets.IntSlider(
            min=first, max=last, value=first, description="Wait", layout={"width": "55%"}, readout=False
        )
        self.number = widgets.BoundedIntText(
            min=first, max=last, value=first, description="number", layout={"width": "170px"}
        )
        self.fd = widgets.IntText(value=0, description="History of fd", style={"description_width": "initial"},
                                  layout={"width": "170px"})  # fmt: skip
        self._charts, self._wait, self._history = widgets.HTML(), widgets.HTML(), widgets.HTML()
        widgets.link((self.slider, "value"), (self.number, "value"))
        self.slider.observe(lambda change: self._moved(change["new"]), "value")
        self.fd.observe(lambda change: self._fd_chosen(change["new"]), "value")
        move = [
            button("◀ Before", "The wait before this one", lambda: self._step(-1)),
            button("Next ▶", "The wait after this one", lambda: self._step(1)),
            button("Longest list", "The wait with most descriptors ready", lambda: self._to(self.trace.ready.argmax())),
            button("Longest work", "The wait that was handled longest",
                   lambda: self._to(self._timeline.handling_ms.argmax())),
        ]  # fmt: skip
        title = widgets.HTML(f"<b style='color:{INK};background:#fff'>{html.escape(self.title)}: {self.trace!r}</b>")
        self.box.children = [
            title,
            self._message,
            widgets.HBox([self.slider, self.number]),
            widgets.HBox(move, layout={"flex_flow": "row wrap"}),
            self._charts,
            self._wait,
            widgets.HBox([self.fd]),
            self._history,
            *self._warnings(),
            widgets.HTML(cost_table([(self.title, self.cost)])),
        ]

    def _warnings(self) -> list[Any]:
        if not self.findings:
            return [
                widgets.HTML(f"<p style='color:{INK};background:#fff'>Warnings: none. Nothing looks wrong here.</p>")
            ]
        rows: list[Any] = [widgets.HTML(f"<b style='color:{INK};background:#fff'>Warnings: {len(self.findings)}</b>")]
        for finding in self.findings[:MOST_FINDINGS]:
            text = widgets.HTML(f"<span style='color:{INK};background:#fff'>⚠ {html.escape(str(finding))}</span>")
            parts = [text]
            if finding.waits:
                at = finding.waits[0]
                parts.insert(0, button(f"Show wait {at:,}", finding.kind, partial(self._show, finding)))
            rows.append(widgets.HBox(parts))
        return rows

    # Picking.

    @property
    def wait(self) -> Wait:
        """The one that is picked."""
        return self.trace.at(self.slider.value)

    def select(self, number: int) -> None:
        """Pick the wait of this number."""
        try:
            self.trace.at(number)
        except KeyError as problem:
            raise LabError(f"{problem.args[0]}.") from None
        if self.slider.value == number:
            self._moved(number)
        self.slider.value = number

    @told_in_words
    def _moved(self, number: int) -> None:
        with LOCK:
            wait = self.trace.at(number)
            charts = [*self._timeline.overview(number), *self._timeline.close_up(number)]
            if self._narrow:
                charts = [chart.narrow() for chart in charts]
            self._charts.value = "".join(chart.svg() for chart in charts)
            self._wait.value = self._wait_html(wait)
            if wait.ready and self.fd.value not in {entry.fd for entry in wait.ready}:
                self.fd.value = wait.ready[0].fd
            self.keep_still()

    def _wait_html(self, wait: Wait) -> str:
        words, found = passed_in(self.trace, wait.number)
        how = self.trace.how
        parts = [
            f"<b>{headline(wait)}</b>",
            f"<p style='margin:6px 0 0'><b>Passed in.</b> {words}</p>",
            f"<details><summary>The list</summary>{list_html(self.trace, found, wait.watched)}</details>",
            f"<p style='margin:6px 0 0'><b>Came back{' and was handled' if wait.turns else ''}.</b></p>",
            came_back(wait, how, most=FEW if self._narrow else SHOWN, narrow=self._narrow),
        ]
        if not wait.turns:
            parts.append(f"<p style='margin:6px 0 0'><b>Was done.</b> {what_was_done(wait, how)}</p>")
        return f"<div style='color:{INK};background:#fff;line-height:1.5'>{''.join(parts)}</div>"

    @told_in_words
    def _fd_chosen(self, fd: int) -> None:
        lives = self.trace.history(fd)
        near = [life for life in lives if life.born is None or life.born <= self.slider.value][-4:]
        lines = [html.escape(str(life)) for life in near or lives[:4]]
        text = "<br>".join(lines) or f"fd {fd}: no wait here tells of it."
        more = f" ({len(lives):,} lives in all)" if len(lives) > len(lines) else ""
        self._history.value = f"<div style='color:{INK};background:#fff;line-height:1.5'>{text}{more}</div>"

    def _step(self, by: int) -> None:
        self.slider.value += by

    def _to(self, position: Any) -> None:
        self.slider.value = self.trace.first + int(position)

    def _show(self, finding: Finding) -> None:
        self.select(finding.waits[0])
        if finding.fds:
            self.fd.value = finding.fds[0]

    def keep_still(self) -> None:
        pass  # a picture takes longer than a move may; it is made when the panel is shown

    def picture(self) -> Picture:
        charts = [*self._timeline.overview(self.slider.value), *self._timeline.close_up(self.slider.value)]
        words = [f"{self.title}: {self.trace!r}", str(self.wait), repr(self.cost), *map(str, self.findings)]
        return picture_of(charts, "\n".join(words))


def cost_table(costs: list[tuple[str, Any]]) -> str:
    """The cost score, a column for each server."""
    names = [html.escape(name) for name, _ in costs]
    rows = [["requests answered", *(f"{cost.requests:,}" for _, cost in costs)]]
    for number, (name, _) in enumerate(costs[0][1].rows()):
        rows.append([name, *(cost.rows()[number][1] for _, cost in costs)])
    return table(["Cost score", *names], rows, left=1)


class TwoInspectors(Panel):
    """Two traces of one workload side by side, with their cost scores in one table."""

    name = "two inspectors"

    def __init__(self, one: Source, other: Source) -> None:
        super().__init__()
        self.left, self.right = Inspector(one, narrow=True), Inspector(other, narrow=True)
        both = (self.left, self.right)
        for each in both:
            each.box.layout.width = "49%"
            each.box.layout.min_width = "0"
            each.box.layout.overflow = "auto"
        costs = widgets.HTML(cost_table([(each.title, each.cost) for each in both]))
        apart = {"justify_content": "space-between", "align_items": "flex-start"}
        self.box.children = [costs, widgets.HBox([each.box for each in both], layout=apart)]

    def picture(self) -> Picture:
        charts = [chart for each in (self.left, self.right) for chart in each._timeline.overview(each.slider.value)]
        for chart, name in zip(charts[::2], (self.left.title, self.right.title), strict=True):
            chart.title = f"{name}: {chart.title}"
        words = [f"{each.title}: {each.trace!r}\n{each.cost!r}" for each in (self.left, self.right)]
        return picture_of(charts, "\n".join(words))


@overload
def inspector(source: Source) -> Inspector: ...
@overload
def inspector(source: Source, other: Source) -> TwoInspectors: ...
def inspector(source: Source, other: Source | None = None) -> Inspector | TwoInspectors:
    """Look into the waits of a server, a trace, or a saved run; of two of them side by side with `other`.

    `panel.select(number)` picks a wait. A server's trace is that of this moment.
    """
    return Inspector(source) if other is None else TwoInspectors(source, other)
