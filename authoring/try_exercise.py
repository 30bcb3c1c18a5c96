"""Judge the solutions and the wrong answers of an exercise, straight from its source.

    python authoring/try_exercise.py 03               every task of the exercise
    python authoring/try_exercise.py 03 scan density  only these
    python authoring/try_exercise.py 03 --verbose     with the whole verdict on each wrong answer

As the tests do it: the shipped cell has to be "not attempted", the solution "right", and each
wrong answer of tests/wrong_answers/chNN.py has to fail with the code that it is kept for.
"""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path
from typing import Any

import build
import exercise_books
import nbformat

from zerohttpd_lib.grading.exercise import Exercise
from zerohttpd_lib.grading.judge import judge
from zerohttpd_lib.grading.verdict import NOT_ATTEMPTED, RIGHT, Verdict

TESTS = build.ROOT / "tests"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="the beginning of the source's name, such as 03; or a path to a source")
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    source = Path(options.name)
    if source.suffix != ".md":
        source = next(iter(build.EXERCISE_SOURCES.glob(f"{options.name}*.md")), source)
    if not source.exists():
        print(f"There is no {build.EXERCISE_SOURCES / options.name}*.md.", file=sys.stderr)
        return 2
    book = build.read_source(source)
    complaints = exercise_books.mistakes(book)
    exercise = read_exercise_source(book, source)
    solutions = solutions_of(book)
    for task in options.tasks or exercise.tasks:
        complaints += try_task(task, exercise, solutions[task], options.verbose)
    for complaint in complaints:
        print(f"WRONG: {complaint}")
    return 1 if complaints else 0


def try_task(task: str, exercise: Exercise, solution: str, verbose: bool) -> list[str]:
    complaints = []
    shipped = judge(task, exercise.answers[task]["source"], exercise)
    if shipped.status != NOT_ATTEMPTED:
        complaints.append(f"{task} as shipped: {shipped}")
    verdict = judge(task, solution, exercise)
    print(f"{task}: the solution is {verdict.status} ({verdict.seconds} s)", flush=True)
    if verdict.status != RIGHT:
        complaints.append(f"the solution is not right. {verdict}")
    wrong_answers = wrong_answers_of(exercise).get(task, [])
    if len(wrong_answers) < 5:
        complaints.append(f"{task} has {len(wrong_answers)} wrong answers; five are needed.")
    for wrong in wrong_answers:
        verdict = judge(task, wrong.cell, exercise)
        print(f"{task}: {wrong.code}: {verdict.code or verdict.status} ({verdict.seconds} s)", flush=True)
        complaints += complaint_about(wrong.code, verdict)
        if verbose:
            print(verdict)
    return complaints


def complaint_about(code: str, verdict: Verdict) -> list[str]:
    return [] if verdict.code == code else [f"a wrong answer kept for {code!r} got {verdict.code!r}. {verdict}"]


def read_exercise_source(book: nbformat.NotebookNode, source: Path) -> Exercise:
    """The exercise that a source describes, with the checks of its chapter, or those beside a source elsewhere."""
    made = exercise_books.to_be_done(book, source.stem)
    beside = source.with_suffix(".checks.py")
    checks = str(beside.resolve()) if beside.exists() else f"ch{source.stem[:2]}"
    return Exercise(source.stem, made.metadata["zerohttpd"]["version"], made.cells, checks)


def solutions_of(book: nbformat.NotebookNode) -> dict[str, str]:
    cells = [cell for cell in book.cells if exercise_books.is_a(cell, "solution")]
    return {exercise_books.task_of(cell.source): cell.source for cell in cells}


def wrong_answers_of(exercise: Exercise) -> dict[str, list[Any]]:
    """By task. Each has a `code` and the text of a `cell`."""
    file = TESTS / "wrong_answers" / f"{exercise.checks}.py"
    if not file.exists():
        return {}
    sys.path.insert(0, str(TESTS))
    wrong: dict[str, list[Any]] = runpy.run_path(str(file))["WRONG"]
    return wrong


if __name__ == "__main__":
    sys.exit(main())
