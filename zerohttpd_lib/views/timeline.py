"""Some waits of a trace as charts, from close up."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..trace.reader import Trace
from .chart import Chart
from .picture import COLOURS

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
