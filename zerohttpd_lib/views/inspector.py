"""The ready-list inspector: the waits of one server, or of two; pick one, and see what went in, came back, was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np
import traitlets

from ..lab.errors import LabError
from ..lab.saved_run import Run
from ..lab.server import Server
from ..trace.reader import Trace, Wait
from .component import Component, component
from .picture import COLOURS, INK, Picture, new_figure
from .recording import look_times, recording_of

Source = Trace | Run | Server
NOTE: Final = (
    "How long the kernel looked is told from the quickest of the waits with about as many watched and ready, for they "
    "have not slept; for the rest of a wait, the server slept. Where too few are alike, that is not told apart. "
    "When within a wait it looked was not recorded: it is drawn at its end."
)
ONE_CLOCK: Final = " Both are drawn on one scale and one clock, which begins with the first wait of each."


def trace_and_name(source: Source) -> tuple[Trace, str, int | None]:
    """The trace of what was given, what it is called, and how many requests were answered, if that is known."""
    if isinstance(source, Trace):
        return source, {"poll": "poll", "epoll": "epoll", "edge": "edge"}.get(source.how, "trace"), None
    if isinstance(source, Server):
        return source.trace, source.name, None
    if isinstance(source, Run):
        return source.trace, str(source.about.get("rung", "trace")), None
    raise LabError(f"{source!r} has no waits to inspect: give a server, its trace, or a run from a file.")


class Inspector(Component):
    """See `inspector`. `chosen` has the number of the wait that is picked, of each server; `traces` what is shown."""

    _esm = component("inspector")
    shown: ClassVar[tuple[str, ...]] = ("recordings", "looks", "findings", "costs", "chosen", "note")
    recordings: Any = traitlets.List().tag(sync=True)
    looks: Any = traitlets.List().tag(sync=True)
    findings: Any = traitlets.List().tag(sync=True)
    costs: Any = traitlets.List().tag(sync=True)
    chosen: Any = traitlets.List().tag(sync=True)
    note: Any = traitlets.Unicode(NOTE).tag(sync=True)

    def __init__(self, sources: Sequence[Source]) -> None:
        found = [trace_and_name(source) for source in sources]
        self.traces = [trace for trace, _, _ in found]
        self.titles = [title for _, title, _ in found]
        if not all(len(trace) for trace in self.traces):
            raise LabError("There is no wait in this trace yet. Ask the server for a page, and try again.")
        super().__init__(**traits_of(found))
        self.select(self.chosen[0])

    @property
    def trace(self) -> Trace:
        """That of the first server."""
        return self.traces[0]

    @property
    def wait(self) -> Wait:
        """The one that is picked, of the first server."""
        return self.traces[0].at(self.chosen[0])

    def select(self, number: int) -> None:
        """Pick the wait of this number; of a second server, the one that was going on at the same time."""
        try:
            self.traces[0].at(number)
        except KeyError as problem:
            raise LabError(f"{problem.args[0]}.") from None
        moment = self.traces[0].times[number - self.traces[0].first]
        others = [trace.first + int(np.searchsorted(trace.times, moment, "right")) - 1 for trace in self.traces[1:]]
        self.chosen = [number, *others]

    def picture(self) -> Picture:
        """How many are looked at for an event, and all waits, of each server at one scale."""
        rows = 1 + len(self.traces)
        figure, axes = new_figure(9.0, 1.0 + 0.3 * rows + 1.7 * len(self.traces), rows,
                                  height_ratios=[0.3 * rows, *[1.7] * len(self.traces)])  # fmt: skip
        _draw_looked_at(axes[0], self.costs)
        end = max(float(trace.times[-1]) for trace in self.traces) or 1.0
        most = max(int(trace.watched.max()) for trace in self.traces)
        for ax, trace, title in zip(axes[1:], self.traces, self.titles, strict=True):
            _draw_waits(ax, trace, title)
            ax.set(xlim=(0, end), ylim=(0.7, max(20, most * 3)))
        axes[-1].set_xlabel("seconds since the first wait" + " of each" * (len(self.traces) > 1))
        return Picture(figure, self._words())

    def _words(self) -> str:
        words = []
        for trace, title, cost in zip(self.traces, self.titles, self.costs, strict=True):
            words += [f"{title}: {trace!r}", *(f"{name}: {value}" for name, value in cost["rows"])]
        return "\n".join([*words, str(self.wait), *(finding["text"] for finding in self.findings)])

    def __repr__(self) -> str:
        return self._words()


def traits_of(found: Sequence[tuple[Trace, str, int | None]]) -> dict[str, Any]:
    """What the component is given of these traces, names and numbers of requests."""
    return {
        "recordings": [recording_of(trace, title) for trace, title, _ in found],
        "looks": [look_times(trace).tobytes() for trace, _, _ in found],
        "findings": [each for side, (trace, _, _) in enumerate(found) for each in _findings(trace, side)],
        "costs": [_cost(*each) for each in found],
        "chosen": [_chosen(trace) for trace, _, _ in found],
        "note": NOTE + (ONE_CLOCK if len(found) > 1 else ""),
    }


def _chosen(trace: Trace) -> int:
    """Of the waits with most ready, the one in the middle."""
    longest = np.flatnonzero(trace.ready == trace.ready.max())
    return trace.first + int(longest[len(longest) // 2])


def _findings(trace: Trace, side: int) -> list[dict[str, Any]]:
    return [
        {"side": side, "text": str(each), "wait": next(iter(each.waits), None), "fd": next(iter(each.fds), None)}
        for each in trace.warnings()
    ]


def _cost(trace: Trace, title: str, requests: int | None) -> dict[str, Any]:
    cost = trace.cost(requests)
    rows = [["requests answered", f"{cost.requests:,}"], *([name, value] for name, value in cost.rows())]
    return {"title": title, "looked": cost.looked_at_per_event, "rows": rows}


def _draw_looked_at(ax: Any, costs: list[dict[str, Any]]) -> None:
    for row, cost in enumerate(reversed(costs)):
        looked = cost["looked"] or 0
        ax.barh(row, looked, color=COLOURS.get(cost["title"], INK), height=0.6)
        ax.annotate(f"{looked:,.1f}", (looked, row), (5, -4), textcoords="offset points", color=INK)
    ax.set_yticks(range(len(costs)), [cost["title"] for cost in reversed(costs)])
    ax.set_title("To hear of one event, the kernel looked at so many descriptors", loc="left", color=INK, fontsize=11)
    ax.grid(visible=False)
    ax.margins(x=0.1)


def _draw_waits(ax: Any, trace: Trace, title: str) -> None:
    ax.plot(trace.times, trace.watched, ",", color=INK)
    ax.plot(trace.times, np.maximum(trace.ready, 0.8), ".", color=COLOURS["client"], markersize=2, alpha=0.6)
    ax.annotate(f"watched: {trace.watched[-1]:,}", (trace.times[-1], trace.watched[-1]), (-4, 5),
                textcoords="offset points", ha="right", color=INK)  # fmt: skip
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylabel("descriptors")
    ax.set_title(f"{title}: how many of the watched were ready?", loc="left", fontsize=11,
                 color=COLOURS.get(title, INK))  # fmt: skip


def inspector(source: Source, other: Source | None = None) -> Inspector:
    """Look into the waits of a server, a trace, or a saved run; of two of them on one clock with `other`.

    `panel.select(number)` picks a wait, and `panel.wait` is the one that is picked. A server's trace is that of this
    moment. Raises LabError, in words.
    """
    return Inspector([source] if other is None else [source, other])
