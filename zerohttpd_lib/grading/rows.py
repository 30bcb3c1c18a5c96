"""The rows of the report: each task of each student, and how one comes to a verdict and a result."""

from __future__ import annotations

from typing import Final, NamedTuple

from .box import Box
from .exercise import Exercise
from .handed_in import HandedIn
from .judge import judge
from .kept import key_of
from .score import Result
from .submission import WHOLE
from .verdict import COULD_NOT, NOT_ATTEMPTED, RIGHT, Verdict

OLDER: Final = (
    "It is another version than the one installed here. `zerohttpd update FILE` makes a new notebook "
    "with your answers in it, and keeps the old one."
)
CLAIM: Final = "A saved output says that it is right; saved outputs count for nothing."


class Case(NamedTuple):
    """An answer to be judged. Two students with the same text have one case, and so the same verdict.

    `key`: a digest of all that the verdict comes from.
    """

    key: str
    task: str
    source: str
    exercise: Exercise

    def judged(self, box: Box, seed: str) -> Verdict:
        """Raises nothing: whatever becomes of one, the others go on."""
        try:
            return judge(self.task, self.source, self.exercise, box=box, seed=seed)
        except Exception as problem:
            return not_judged(self.task, problem)


def not_judged(task: str, problem: BaseException) -> Verdict:
    return Verdict(task, COULD_NOT, "not-judged", f"{type(problem).__name__}: {problem}")


class Row(NamedTuple):
    """One task of one student."""

    work: HandedIn
    task: str

    def case(self, box: Box, seed: str) -> Case | None:
        """What there is to be judged; None where no answer can be read."""
        if self.work.reading is None:
            return None
        source, exercise = self.work.reading.answers[self.task], self.work.exercise
        return Case(key_of(self.task, source, exercise, seed=seed, box=box.kind), self.task, source, exercise)

    def without_an_answer(self) -> Verdict:
        if self.work.problem:
            return Verdict(self.task, COULD_NOT, "unreadable", self.work.problem)
        return Verdict(self.task, NOT_ATTEMPTED, "not-handed-in", "No notebook of this exercise was handed in.")

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
