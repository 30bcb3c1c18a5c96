"""A trace as charts: all of it from afar, and some waits from close up."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ..trace.reader import Trace
from .chart import Chart
from .picture import COLOURS, INK

COLUMNS: Final = 500  # points of an overview; more than a screen can show would only cost time
AROUND: Final = 30  # waits to each side, from close up
MARKS: Final = {"listener": "^", "client": "o", "redis": "s"}
HANDLING: Final = "#5a5f63"


class Timeline:
    """Counts once what its charts need, so that to move from wait to wait is quick."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.numbers = np.arange(trace.first, trace.end)
        self.by_role = {role: trace.ready_by_role(role) for role in MARKS}
        self.handling_ms = np.nan_to_num(trace.handling * 1e3)
        starts = np.arange(0, len(trace), max(1, -(-len(trace) // COLUMNS)))
        self._far = {
            "at": self.numbers[starts],
            "watched": _most(trace.watched, starts),
            "ready": _most(trace.ready, starts),
            "handling": _most(self.handling_ms, starts),
        }

    def overview(self, chosen: int) -> list[Chart]:
        """Every wait; each point is the largest of those that fall together."""
        far = self._far
        most = float(max([20, *far["watched"].tolist()]))
        span = (float(self.trace.first), float(max(self.trace.end - 1, self.trace.first + 1)))
        lists = Chart(
            "All waits: how many of the watched were ready?", "", "descriptors",
            log=True, height=150, whole="x", x_range=span, y_range=(0.7, most * 2.5),
        )  # fmt: skip
        lists.add(far["at"], far["watched"], INK, "watched").add(
            far["at"], far["ready"], COLOURS["client"], "ready", width=1.2
        )
        work = Chart("All waits: how long did the server handle what was ready?", "number of the wait", "milliseconds",
                     height=150, x_range=span,
                     whole="x")  # fmt: skip
        work.add(far["at"], far["handling"], HANDLING, "longest", width=1.2)
        lists.cursor(chosen, f"wait {chosen:,}")
        work.cursor(chosen, "")
        return [lists, work]

    def close_up(self, chosen: int) -> list[Chart]:
        """The waits around the chosen one: each has a mark for each role that was ready."""
        left = max(chosen - AROUND, self.trace.first)
        part = slice(left - self.trace.first, left - self.trace.first + 2 * AROUND + 1)
        numbers = self.numbers[part]
        span = (left - 0.5, left + 2 * AROUND + 0.5)
        most = max([5, *self.trace.ready[part].tolist()])
        lists = Chart(f"Around wait {chosen:,}: who was ready?", "", "descriptors ready", height=130, x_range=span,
                      y_range=(0.0, most * 1.15), whole="xy")  # fmt: skip
        for role, mark in MARKS.items():
            counts = self.by_role[role][part]
            lists.add(numbers[counts > 0], counts[counts > 0], COLOURS[role], role, mark)
        work = Chart(
            "Around it: how long was that handled?",
            "number of the wait",
            "milliseconds",
            height=150,
            x_range=span,
            whole="x",
        )
        work.add(numbers, self.handling_ms[part], HANDLING, "", "|", 5.0)
        lists.cursor(chosen, "")
        return [lists, work]


def _most(values: Any, starts: np.ndarray) -> Any:
    return np.maximum.reduceat(values, starts) if len(values) else values
