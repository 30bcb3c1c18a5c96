"""`zerohttpd grade`: every task of every student, side by side, each in a box; nothing else of theirs is run."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from tqdm import tqdm

from ..lab.errors import LabError
from ..lab.jupyter import find_course
from .box import HOW_TO_GET_ONE, Box, best
from .handed_in import HandedIn, handed_in
from .judge import judge
from .report import write_reports
from .score import Result, score_lines
from .submission import WHOLE
from .verdict import COULD_NOT, NOT_ATTEMPTED, RIGHT, Verdict

AT_A_TIME: Final = 2  # tasks; each has processes of its own
OLDER: Final = (
    "It is another version than the one installed here. `zerohttpd update FILE` makes a new notebook "
    "with your answers in it, and keeps the old one."
)
CLAIM: Final = "A saved output says that it is right; saved outputs count for nothing."


class Row(NamedTuple):
    """One task of one student."""

    work: HandedIn
    task: str

    def judged(self, box: Box, seed: str) -> Verdict:
        if self.work.problem:
            return Verdict(self.task, COULD_NOT, "unreadable", self.work.problem)
        if self.work.reading is None:
            return Verdict(self.task, NOT_ATTEMPTED, "not-handed-in", "No notebook of this exercise was handed in.")
        try:
            return judge(self.task, self.work.reading.answers[self.task], self.work.exercise, box=box, seed=seed)
        except Exception as problem:  # whatever it is, the others go on
            return Verdict(self.task, COULD_NOT, "not-judged", f"{type(problem).__name__}: {problem}")

    def result(self, verdict: Verdict) -> Result:
        work, reading = self.work, self.work.reading
        altered, notebook = [], list(work.notes)
        if reading is not None:
            claim = [CLAIM] if verdict.status != RIGHT and self.task in reading.claims else []
            altered = reading.alterations[self.task] + claim
            notebook = reading.alterations[WHOLE] + notebook + ([OLDER] if reading.is_older else [])
        file = f"{work.student}/{work.exercise.name}.ipynb"
        source = reading.answers[self.task] if reading is not None else ""
        return Result(
            file, work.exercise.name, self.task, verdict.status, verdict.code, altered, notebook, verdict, source
        )


def grade(
    paths: Sequence[str],
    *,
    junitxml: str | None = None,
    html: str | None = None,
    csv: str | None = None,
    jobs: int = AT_A_TIME,
    seed: str | None = None,
    without_a_box: bool = False,
) -> int:
    """Grade notebooks and folders of them, without any those of the course; print the score, write the reports.

    Returns 0 when every task is right, and 1 otherwise. Raises LabError where the work of others would have to
    run without a box.
    """
    where = [Path(path) for path in paths] or [find_course() / "exercises"]
    works = handed_in(where)
    box = best()
    if not (box.holds or without_a_box or _are_ours(where)):
        raise LabError(
            f"These may be other people's answers, and there is {box.covers} {HOW_TO_GET_ONE} "
            "To run them all the same: --without-a-box."
        )
    seed = seed or secrets.token_hex(8)
    results = _judge_all([Row(work, task) for work in works for task in work.exercise.tasks], box, seed, jobs)
    write_reports(results, junitxml=junitxml, html=html, csv=csv, about=f"Seed {seed}. Box: {box.covers}")
    print("\n".join(_in_words(results)))
    print(f"Box: {box.kind}. Seed: {seed}.")
    return 0 if all(result.status == RIGHT for result in results) else 1


def _are_ours(paths: list[Path]) -> bool:
    """Whether all of it is of the course that we are in: the exercises that we do, and their solutions."""
    try:
        course = find_course().resolve()
    except LabError:
        return False
    ours = (course / "exercises", course / "solutions")
    return all(any(path.resolve().is_relative_to(folder) for folder in ours) for path in paths)


def _judge_all(rows: list[Row], box: Box, seed: str, jobs: int) -> list[Result]:
    """In the order of the rows, whichever is done first."""
    pool = ThreadPoolExecutor(max(1, jobs))
    try:
        futures = [pool.submit(row.judged, box, seed) for row in rows]
        shown = tqdm(zip(rows, futures, strict=True), total=len(rows), unit="task", disable=not sys.stderr.isatty())
        return [row.result(future.result()) for row, future in shown]
    finally:
        pool.shutdown(cancel_futures=True)


def _in_words(results: list[Result]) -> list[str]:
    """What is wrong and why, where it is one person's work; and the score."""
    of_one = len({Path(result.file).parent for result in results}) == 1
    why = [f"{result.in_words}\n" for result in results if of_one and result.status != RIGHT]
    return [*why, *score_lines(results)]
