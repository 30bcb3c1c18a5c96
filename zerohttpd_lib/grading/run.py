"""`zerohttpd grade`: every task of every student, side by side, each in a box; nothing else of theirs is run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tqdm import tqdm

from ..lab.course import find_course
from ..lab.errors import LabError
from .box import BUBBLEWRAP, HOW_TO_GET_ONE, NONE, Box, best
from .crew import judge_here
from .handed_in import handed_in
from .kept import Kept, default_folder
from .report import Reports
from .rows import Case, Row
from .score import Result, score_lines
from .verdict import RIGHT, Verdict

AT_A_TIME: Final = 2  # tasks; each has processes of its own
ENDING: Final = (signal.SIGTERM, signal.SIGHUP)  # end a run as Ctrl-C does


@dataclass(frozen=True)
class How:
    """How to grade. `exercises`: only those whose names begin so. `keep_in`: where verdicts are kept. `anew`: forget
    what is kept. `scheduler`: of a Dask cluster."""

    exercises: Sequence[str] = ()
    jobs: int = AT_A_TIME
    seed: str | None = None
    keep_in: Path | None = None
    anew: bool = False
    without_a_box: bool = False
    scheduler: str | None = None


def grade(paths: list[Path], how: How, reports: Reports) -> int:
    """Grade notebooks and folders of them, without any those of the course; print the score, write the reports.

    Returns 0 when every task is right, and 1 otherwise. Raises LabError where the work of others would have to
    run without a box; KeyboardInterrupt, with words, when it is interrupted.
    """
    if how.jobs < 1:
        raise LabError(f"--jobs {how.jobs}: at least one.")
    paths = list(dict.fromkeys(paths)) or [find_course() / "exercises"]
    reports.make_sure_they_can_be_written()
    rows = [Row(work, task) for work in handed_in(paths, how.exercises) for task in work.exercise.tasks]
    box = _box_for(paths, how)
    # Whatever is not in a box could write verdicts of its own to where they are kept.
    with Kept(paths, (how.keep_in or default_folder()) if box.holds else None) as kept:
        if how.anew:
            kept.forget()
        run = _Run(rows, box, kept, kept.seed(how.seed))
        run.judge(how)
        results = run.results()
        about = f"Seed: {run.seed}. Box: {box.covers}"
        reports.write(results, about)
        print("\n".join([*_in_words(results), f"Box: {box.kind}. Seed: {run.seed}.", run.what_was_kept()]))
    return 0 if all(result.status == RIGHT for result in results) else 1


def _box_for(paths: list[Path], how: How) -> Box:
    """The one to judge in. Raises LabError where there is none, and should be one."""
    if how.scheduler is not None:
        if how.without_a_box:
            raise LabError("--scheduler and --without-a-box do not go together: other machines run answers in a box.")
        return BUBBLEWRAP  # each worker is asked for it
    box = NONE if how.without_a_box and not best().holds else best()
    if not (box.holds or how.without_a_box or _are_ours(paths)):
        raise LabError(
            f"These may be other people's answers, and there is {box.covers} {HOW_TO_GET_ONE} "
            "To run them all the same: --without-a-box."
        )
    return box


def _are_ours(paths: list[Path]) -> bool:
    """Whether all of it is of the course that we are in: the exercises that we do, and their solutions."""
    try:
        course = find_course().resolve()
    except LabError:
        return False
    ours = (course / "exercises", course / "solutions")
    return all(any(path.resolve().is_relative_to(folder) for folder in ours) for path in paths)


class _Run:
    """The rows of a run, the cases in them, each once, and the verdicts on these as they come."""

    def __init__(self, rows: list[Row], box: Box, kept: Kept, seed: str) -> None:
        self.rows, self.box, self.kept, self.seed = rows, box, kept, seed
        self.case_of = [row.case(box, seed) for row in rows]
        self.cases = {case.key: case for case in self.case_of if case is not None}
        self.verdicts = {key: verdict for key in self.cases if (verdict := kept.get(key))}
        self.known = len(self.verdicts)

    def judge(self, how: How) -> None:
        """All that is not known yet."""
        todo = [case for key, case in self.cases.items() if key not in self.verdicts]
        bar: Any = tqdm(
            total=len(self.cases), initial=self.known, unit="answer", disable=not sys.stderr.isatty(), file=sys.stderr
        )

        def done(case: Case, verdict: Verdict) -> None:
            self.kept.keep(case.key, verdict)
            self.verdicts[case.key] = verdict
            bar.update()

        with bar, _ended_by_signals():
            try:
                if how.scheduler is None:
                    judge_here(todo, how.jobs, self.box, self.seed, done)
                elif todo:
                    from .cluster import judge_there

                    judge_there(todo, how.scheduler, self.seed, done)
            except KeyboardInterrupt:
                bar.close()
                raise KeyboardInterrupt(self._so_far()) from None

    def _so_far(self) -> str:
        are_kept = f" and kept in {self.kept.file}: the same command goes on from here" if self.kept.is_kept else ""
        return f"interrupted. {len(self.verdicts):,} of {len(self.cases):,} answers are judged{are_kept}."

    def results(self) -> list[Result]:
        """In the order of the rows, whichever was done first."""
        return [
            row.result(row.without_an_answer() if case is None else self.verdicts[case.key])
            for row, case in zip(self.rows, self.case_of, strict=True)
        ]

    def what_was_kept(self) -> str:
        judged = len(self.cases) - self.known
        now = f"{judged:,} of {len(self.cases):,} different answers were judged now"
        if not self.kept.is_kept:
            return f"{now}. Nothing is kept: {self.kept.why or 'there is no box'}."
        rest = "; the others are as they were. --anew judges all again" if self.known else ""
        return f"{now}{rest}. Verdicts are kept in {self.kept.file}."


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM, and a terminal that is closed, interrupt as Ctrl-C does."""
    ours = [number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN]  # as nohup has it
    before = {number: signal.signal(number, _interrupt) for number in ours}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _in_words(results: list[Result]) -> list[str]:
    """What is wrong and why, where it is one person's work; and the score."""
    of_one = len({result.student for result in results}) == 1
    why = [f"{result.in_words}\n" for result in results if of_one and result.status != RIGHT]
    return [*why, *score_lines(results)]
