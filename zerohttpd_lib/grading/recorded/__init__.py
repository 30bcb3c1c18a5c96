"""What was really recorded or measured, once, and travels with the exercises.

`authoring/record_trace.py` and `authoring/record_wait_times.py` have made it.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

from ...trace.reader import Entry, Wait

HERE = Path(__file__).parent


def recorded_trace() -> list[Wait]:
    """The waits of a server that has one mistake, from its start on."""
    waits = json.loads((HERE / "one_mistake.json").read_text(encoding="utf-8"))
    return [
        Wait(**{**wait, "ready": [Entry(*e) for e in wait["ready"]], "changes": [Entry(*e) for e in wait["changes"]]})
        for wait in waits
    ]


def recorded_times(how: str) -> list[tuple[int, int, float]]:
    """Measured waits of "poll" or "epoll": (watched, ready, seconds), each the median of many."""
    with open(HERE / "wait_times.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["how"] == how]
    return [(int(row["watched"]), int(row["ready"]), float(row["seconds"])) for row in rows]
