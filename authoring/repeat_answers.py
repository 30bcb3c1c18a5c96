"""Judge every right and every wrong answer again and again: does chance ever decide?

    python authoring/repeat_answers.py                       all of them, 20 times each, for an hour at most
    python authoring/repeat_answers.py crowd half --times 50
    options: --times N, --minutes M, --jobs N, --box bubblewrap|unshare|Landlock|none

The right ones are the solutions and those of tests/right_answers, the wrong ones those of tests/wrong_answers and
tests/disguises/. Each time has a seed of its own, which is told where a verdict is not the one that is expected:
`judge(..., seed=...)` draws the same numbers again. Rounds go through all answers, so that a run that is cut short by
its time has tried each of them about as often.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Final, NamedTuple

import build
from tqdm import tqdm
from try_exercise import read_exercise_source, solutions_of

from zerohttpd_lib.grading.box import KINDS, Box, best
from zerohttpd_lib.grading.exercise import Exercise, exercise_with
from zerohttpd_lib.grading.judge import judge
from zerohttpd_lib.grading.verdict import RIGHT

TESTS: Final = build.ROOT / "tests"
ANY: Final = "any"  # of mistakes, as tests/disguises/ has it


class Case(NamedTuple):
    """An answer, what it is, and what is to be said of it: a code, or "right"."""

    task: str
    what: str
    cell: str
    expected: str
    exercise: Exercise


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="(default: all)")
    parser.add_argument("--times", type=int, default=20, metavar="N")
    parser.add_argument("--minutes", type=float, default=60, metavar="M", help="no new round begins after these")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="answers at a time (default: 2)")
    parser.add_argument("--box", choices=KINDS, help="(default: the best one)")
    options = parser.parse_args()
    box = KINDS[options.box] if options.box else best()
    cases = [case for case in all_cases() if not options.tasks or case.task in options.tasks]
    if not cases:
        print(f"There is no answer to a task {', '.join(options.tasks)}.", file=sys.stderr)
        return 2
    return repeat(cases, box, options.times, time.monotonic() + 60 * options.minutes, options.jobs)


def repeat(cases: list[Case], box: Box, times: int, end: float, jobs: int) -> int:
    """Prints each verdict that is not the expected one, as it comes, and a table at the end."""
    others: Counter[tuple[int, str]] = Counter()
    done: Counter[int] = Counter()

    def one(number: int) -> None:
        if time.monotonic() > end:
            return
        case = cases[number]
        seed = secrets.token_hex(4)
        verdict = judge(case.task, case.cell, case.exercise, box=box, seed=seed)
        got = RIGHT if verdict.status == RIGHT else verdict.code
        done[number] += 1
        if got != case.expected and not (case.expected == ANY and got != RIGHT):
            others[number, got] += 1
            tqdm.write(f"{case.task}, {case.what}: {got}, not {case.expected} (seed {seed}). {verdict.sentence}")

    with ThreadPoolExecutor(jobs) as pool:
        for _ in tqdm(
            pool.map(one, [*range(len(cases))] * times), total=len(cases) * times, disable=not sys.stderr.isatty()
        ):
            pass
    fewest = min(done[number] for number in range(len(cases)))
    print(f"{len(cases)} answers, {sum(done.values())} verdicts, {fewest} or more of each; box: {box.kind}.")
    for (number, got), times_seen in others.most_common():
        case = cases[number]
        print(f"{times_seen} of {done[number]}: {case.task}, {case.what}: {got}, not {case.expected}")
    return 1 if others else 0


def all_cases() -> Iterator[Case]:
    sys.path.insert(0, str(TESTS))
    for source in sorted(build.EXERCISE_SOURCES.glob("*.md")):
        book = build.read_source(source)
        exercise = read_exercise_source(book, source)
        for task, cell in solutions_of(book).items():
            yield Case(task, "the solution", cell, RIGHT, exercise)
        for task, right in import_module(f"right_answers.{exercise.checks}").RIGHT.items():
            yield from (Case(task, each.unusual, each.cell, RIGHT, exercise) for each in right)
        for task, wrong in import_module(f"wrong_answers.{exercise.checks}").WRONG.items():
            yield from (Case(task, f"a wrong one ({each.code})", each.cell, each.code, exercise) for each in wrong)
    for each in import_module("disguises").DISGUISES:
        if (exercise := exercise_with(each.task)) is not None:
            yield Case(each.task, each.what, each.cell, each.code, exercise)


if __name__ == "__main__":
    sys.exit(main())
