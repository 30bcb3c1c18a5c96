"""Two timelines of one workload, level-triggered above and edge-triggered below."""

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

WINDOW: Final = 60  # waits that are in the still
LANES: Final = 14  # descriptors that are in it, those that were ready most often
WORDS: Final = (
    "A lane is a descriptor, a column is a wait. Level-triggered, the kernel tells for as long as something is left to "
    "take; edge-triggered, once for each time that something new comes. A server that takes all there is each time is "
    "told the same by both: old data is told again only where some was left."
)


class TwinTimelines(Inspector):
    """See `twin_timelines`. `select(offset)` picks the wait that is so many after the first of each."""

    _esm = component("twins")
    shown = ("recordings", "looks", "costs", "offset", "words")
    offset: Any = traitlets.Int(0).tag(sync=True)
    words: Any = traitlets.Unicode(WORDS).tag(sync=True)

    def __init__(self, sources: Sequence[Source]) -> None:
        super().__init__(sources)
        TwinTimelines.select(self, min(map(len, self.traces)) // 2)

    def select(self, offset: int) -> None:
        self.offset = max(0, min(offset, max(map(len, self.traces)) - 1))
        self.chosen = [trace.first + min(self.offset, len(trace) - 1) for trace in self.traces]

    def picture(self) -> Picture:
        figure, axes = new_figure(9.0, 6.0, 2)
        for ax, trace, title in zip(axes, self.traces, self.titles, strict=True):
            _draw_lanes(ax, trace[self.offset : self.offset + WINDOW], title)
        return Picture(figure, self._words())


def _draw_lanes(ax: Any, part: Trace, title: str) -> None:
    """A lane for each descriptor, a column for each wait."""
    waits, fds, roles = reports(part)
    numbers, counts = np.unique(fds, return_counts=True)
    chosen = np.sort(numbers[np.argsort(-counts, kind="stable")[:LANES]])
    for role in ("listener", "client", "redis"):
        mine = np.isin(fds, chosen) & (np.array(roles) == role)
        if mine.any():
            ax.plot(waits[mine], np.searchsorted(chosen, fds[mine]), "o", color=COLOURS[role], markersize=4, label=role)
    ax.set_yticks(range(len(chosen)), [f"fd {fd}" for fd in chosen])
    ax.set_xlabel("number of the wait")
    ax.set_title(f"{title}: which descriptors were ready in each wait?", loc="left", color=INK, fontsize=11)
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
    """Two servers, traces or saved runs, one above the other, with their cost scores.

    Of every entry of a ready list it is told whether it was about new data, or about old data once more, as far as
    the calls on sockets were recorded (`record="details"`). Raises LabError.
    """
    return TwinTimelines([level, edge])
