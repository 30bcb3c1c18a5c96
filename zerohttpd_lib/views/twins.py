"""Two timelines of one workload on one clock, level-triggered above and edge-triggered below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import traitlets

from ..trace import layout
from ..trace.reader import Trace
from .component import component
from .inspector import Inspector, Source
from .picture import COLOURS, INK, Picture, new_figure

WINDOW: Final = 60  # waits, of both together, that are in the still
LANES: Final = 14  # descriptors that are in it, those that were ready most often
EVERY: Final = 10  # columns have a time below
WORDS: Final = (
    "A lane is a descriptor. A column is a wait of one server or the other: both are on one clock, which begins with "
    "the first wait of each, and the columns are in its order. Level-triggered, the kernel tells for as long as "
    "something is left to take; edge-triggered, once for each time that something new comes. A server that takes all "
    "there is each time is told the same by both: old data is told again only where some was left."
)


class TwinTimelines(Inspector):
    """See `twin_timelines`. `chosen` has the number of the wait that is picked, of each server."""

    _esm = component("twins")
    shown = ("recordings", "looks", "costs", "chosen", "words")
    words: Any = traitlets.Unicode(WORDS).tag(sync=True)

    def __init__(self, sources: Sequence[Source]) -> None:
        super().__init__(sources)
        self.select(self.trace.first + len(self.trace) // 2)

    def picture(self) -> Picture:
        """The waits around those that are picked, in the order of the common clock."""
        figure, axes = new_figure(9.0, 6.0, 2)
        places, times = in_one_order(self.traces)
        now = int(places[0][self.chosen[0] - self.trace.first])
        start = max(0, min(now - WINDOW // 2, len(times) - WINDOW))
        for ax, trace, own, title in zip(axes, self.traces, places, self.titles, strict=True):
            from_, to = np.searchsorted(own, (start, start + WINDOW))
            _draw_lanes(ax, trace[from_:to], own[from_:to], title)
            ticks = range(start, min(start + WINDOW, len(times)), EVERY)
            ax.set_xticks(ticks, [f"{times[at] * 1e3:,.2f}" for at in ticks])
            ax.set_xlim(start - 1, start + WINDOW)
        axes[-1].set_xlabel("milliseconds since the first wait of each; a column is a wait of one of them")
        return Picture(figure, self._words())


def in_one_order(traces: Sequence[Trace]) -> tuple[list[Any], Any]:
    """Of each trace, the places that its waits have in the order of all by time; and the time at each place."""
    times = np.concatenate([trace.times for trace in traces])
    order = np.argsort(times, kind="stable")
    place = np.empty(len(times), int)
    place[order] = np.arange(len(times))
    return np.split(place, np.cumsum([len(trace) for trace in traces])[:-1]), times[order]


def _draw_lanes(ax: Any, part: Trace, places: Any, title: str) -> None:
    """A lane for each descriptor, a column for each wait: at the place that it has."""
    ax.set_title(f"{title}: which descriptors were ready in each wait?", loc="left", color=INK, fontsize=11)
    if not len(part):
        return
    waits, fds, roles = reports(part)
    numbers, counts = np.unique(fds, return_counts=True)
    chosen = np.sort(numbers[np.argsort(-counts, kind="stable")[:LANES]])
    for role in ("listener", "client", "redis"):
        mine = np.isin(fds, chosen) & (np.array(roles) == role)
        if mine.any():
            ax.plot(places[waits[mine] - part.first], np.searchsorted(chosen, fds[mine]), "o", color=COLOURS[role],
                    markersize=4, label=role)  # fmt: skip
    ax.set_yticks(range(len(chosen)), [f"fd {fd}" for fd in chosen])
    if len(chosen):
        ax.legend(loc="upper right", ncols=3, frameon=False, fontsize=8)


def reports(part: Trace) -> tuple[Any, Any, list[str]]:
    """Every entry of these ready lists: number of the wait, descriptor, role."""
    records = part.records
    entries = records.entries[part.span]
    ready = np.flatnonzero(entries["kind"] == layout.READY)
    places = ready + part.span.start
    waits = records.first_wait + np.searchsorted(records.waits["first"], places, "right") - 1
    return waits, entries["fd"][ready], [records.names[role] for role in entries["role"][ready]]


def twin_timelines(level: Source, edge: Source) -> TwinTimelines:
    """Two servers, traces or saved runs, one above the other on one clock, with their cost scores.

    Of every entry of a ready list it is told whether it was about new data, or about old data once more, as far as
    the calls on sockets were recorded (`record="details"`). Raises LabError.
    """
    return TwinTimelines([level, edge])
