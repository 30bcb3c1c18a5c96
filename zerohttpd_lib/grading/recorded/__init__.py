"""What was really recorded or measured, once, and travels with the exercises.

`authoring/record_trace.py`, `record_cases.py` and `record_wait_times.py` have made it.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from ...trace.wait import Call, Entry, Turn, Wait

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


def recorded_case(name: str) -> list[Wait]:
    """The waits of a server of the museum, "A" to "D", with their turns: what was done for each event, in order."""
    cases = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
    if name not in cases:
        raise ValueError(f"There is no case {name!r}: they are {', '.join(cases)}.")
    return [_with_turns(wait) for wait in cases[name]]


def _with_turns(wait: dict[str, Any]) -> Wait:
    turns = [Turn(Entry(**turn["entry"]), [_done(each) for each in turn["done"]]) for turn in wait["turns"]]
    done = [each for turn in turns for each in turn.done]
    return Wait(
        number=wait["number"],
        watched=wait["watched"],
        ready=[turn.entry for turn in turns if turn.entry.kind == "ready"],
        changes=[each for each in done if isinstance(each, Entry)],
        waited=wait["waited"],
        handling=wait["handling"],
        calls=[each for each in done if isinstance(each, Call)],
        turns=turns,
    )


def _done(plain: dict[str, Any]) -> Entry | Call:
    return Call(**plain) if "problem" in plain else Entry(**plain)
