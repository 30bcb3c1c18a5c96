"""The results of one student as Gradescope takes them.

Its format: https://gradescope-autograders.readthedocs.io, Autograder Specifications. A point for each task.
"""

from __future__ import annotations

from typing import Any

from .legible import legible
from .score import Result
from .verdict import COULD_NOT, RIGHT

AGAIN = "could not be judged, which is nobody's mistake: have the autograder run again."


def gradescope_results(results: list[Result]) -> dict[str, Any]:
    """What goes into results.json. Neither the seed nor anything of others is in it: its reader is the student."""
    trouble = [result.task for result in results if result.status == COULD_NOT]
    notes = dict.fromkeys(note for result in results for note in result.notebook)
    lines = [*notes, *([f"{', '.join(trouble)} {AGAIN}"] if trouble else [])]
    return {
        "output": legible("\n".join(lines)),
        "output_format": "text",
        "execution_time": round(sum(result.seconds for result in results)),
        "tests": [_test(result) for result in results],
    }


def _test(result: Result) -> dict[str, Any]:
    is_right = result.status == RIGHT
    altered = [f"altered: {note}" for note in result.altered]
    return {
        "name": f"{result.exercise}: {result.task}",
        "name_format": "text",
        "score": int(is_right),
        "max_score": 1,
        "status": "passed" if is_right else "failed",
        "output": legible("\n".join([result.said, *altered])),
        "output_format": "text",
        "visibility": "visible",
    }
