"""What does the box cost, and what does a second judge win?

    python -m benchmarks.grading [EXERCISE ...] [--rounds N]

Judges every task of the solutions (default: of all chapters) one at a time without a box, one at a time in the best
box that can be made here, and two at a time in that box; in turn, several times. Prints the ratio of each round, and
the median. What is compared is time: of what ends with a PID namespace the kernel does not add up the processor's time
for anybody. A round takes as long as grading the solutions three times, about four minutes for all of them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from zerohttpd_lib.grading.box import NONE, Box, best
from zerohttpd_lib.grading.crew import judge_here
from zerohttpd_lib.grading.handed_in import handed_in
from zerohttpd_lib.grading.rows import Case, Row
from zerohttpd_lib.grading.verdict import RIGHT, Verdict

from .measured import ratios, table, with_range

SOLUTIONS: Final = Path(__file__).resolve().parents[1] / "solutions"
SEED: Final = "bench"


def main() -> int:
    parser = argparse.ArgumentParser(description="What the box costs, and what a second judge wins.")
    parser.add_argument("exercises", nargs="*", metavar="EXERCISE", help="the beginning of a name, as 03")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    box = best()
    if not box.holds:
        print(f"There is nothing to compare: {box.covers}", file=sys.stderr)
        return 1
    rows = [Row(work, task) for work in handed_in([SOLUTIONS], options.exercises) for task in work.exercise.tasks]
    ways: dict[str, tuple[Box, int]] = {"no box": (NONE, 1), "box": (box, 1), "two judges": (box, 2)}
    took: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(options.rounds):
        for way in list(ways) if number % 2 else reversed(ways):
            took[way].append(judged(rows, *ways[way]))
    print(f"{len(rows)} answers, {options.rounds} rounds, box: {box.kind}")
    print(table(("", "seconds"), [(way, with_range(seconds)) for way, seconds in took.items()]))
    print(f"time with a box ÷ without: {with_range(ratios(took['box'], took['no box']))}")
    print(f"rate of two judges ÷ of one: {with_range(ratios(took['box'], took['two judges']))}")
    return 0


def judged(rows: Sequence[Row], box: Box, jobs: int) -> float:
    """Judge all. Returns the seconds that it took. Raises RuntimeError where one is not found right: then this was no
    measurement."""
    cases = [case for row in rows if (case := row.case(box, SEED)) is not None]
    wrong: list[str] = []

    def done(case: Case, verdict: Verdict) -> None:
        if verdict.status != RIGHT:
            wrong.append(f"{case.task}: {verdict.code}")

    began = time.monotonic()
    judge_here(cases, jobs, box, SEED, done)
    if wrong:
        raise RuntimeError(f"not found right: {', '.join(wrong)}")
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
