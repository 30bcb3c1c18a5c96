"""An explorable: how many descriptors are idle, and what one wait then costs, on a line that was measured here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import traitlets

from ..kernel.wait_price import WaitTime
from ..lab.errors import LabError
from .component import Component, component
from .picture import Picture
from .prices import show_scan

NAMES: Final = {False: "as it was", True: "just changed"}
NOTE: Final = (
    "The marks were measured on the machine that ran this notebook; each is the median of many calls. The straight "
    "lines between them are drawn. A cell is a descriptor on the list: poll() looks at each."
)


class IdlePrice(Component):
    """See `explore_idle`. `lines`: of a list as it was, and of one that has changed, each [watched, microseconds]."""

    _esm = component("idle_price")
    kept_as = "idle_price"
    shown = ("lines", "ready", "note")
    lines: Any = traitlets.List().tag(sync=True)
    ready: Any = traitlets.Int().tag(sync=True)
    note: Any = traitlets.Unicode(NOTE).tag(sync=True)

    def __init__(self, times: Sequence[WaitTime], **traits: Any) -> None:
        super().__init__(**traits)
        self.times = times

    def picture(self) -> Picture:
        return show_scan(self.times)


def explore_idle(times: Sequence[WaitTime]) -> IdlePrice:
    """Drag the number of idle descriptors. `times`: of `measure_grid("poll", ...)`, for one number of ready ones and
    two or more of watched ones. Raises LabError for any other."""
    ready = {time.ready for time in times}
    if len(ready) != 1 or {time.how for time in times} != {"poll"}:
        raise LabError(
            "One line is drawn: measure poll with one number of ready ones, measure_grid('poll', (10, 1000), (1,))."
        )
    lines = [{"name": name, "points": _points(times, changed)} for changed, name in NAMES.items()]
    if any(len(line["points"]) < 2 for line in lines):
        raise LabError("A line needs two points: measure with two or more numbers of watched descriptors.")
    return IdlePrice(times, lines=lines, ready=ready.pop())


def _points(times: Sequence[WaitTime], changed: bool) -> list[list[float]]:
    return sorted([time.watched, time.seconds * 1e6] for time in times if time.changed == changed)
