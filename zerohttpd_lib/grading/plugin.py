"""The pytest plugin: `pytest --nbval exercises` grades the exercises, an item for each task.

nbval collects every notebook. Those that are exercises are taken from it, because it runs what is
in the notebook; here only the answers are taken out, and judged from outside. Chapters and the
notebooks in a folder named solutions stay with nbval. This is for one's own work: pytest imports what lies
beside the notebooks, such as a conftest.py. For other people's there is `zerohttpd grade`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ..lab.course import MINE
from .exercise import Exercise
from .judge import judge
from .rows import CLAIM, OLDER
from .run import AT_A_TIME
from .score import Result, score_lines
from .submission import WHOLE, Reading, Unreadable, read, which_exercise
from .verdict import COULD_NOT, RIGHT, Verdict


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--grade-all", action="store_true", help="grade every exercise notebook, those in a folder named solutions, too"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("nbval", False) or config.getoption("nbval_lax", False):
        config.pluginmanager.register(Grader(config), "zerohttpd-grader")


class ExerciseFile(pytest.File):
    """A notebook that is graded."""

    exercise: Exercise
    reading: Reading
    problem: str | None = None  # why it cannot be read

    def collect(self) -> Iterable[TaskItem]:
        try:
            self.reading = read(self.path, self.exercise)
        except Unreadable as problem:
            self.problem = str(problem)
        for task in self.exercise.tasks:
            yield TaskItem.from_parent(self, name=task)


class TaskItem(pytest.Item):
    """One task of one notebook."""

    parent: ExerciseFile
    future: Future[Verdict] | None = None  # its verdict, when somebody has begun to work on it

    def judge(self) -> Verdict:
        if self.parent.problem is not None:
            return Verdict(self.name, COULD_NOT, "unreadable", self.parent.problem)
        return judge(self.name, self.parent.reading.answers[self.name], self.parent.exercise)

    def altered(self, verdict: Verdict) -> list[str]:
        if self.parent.problem is not None:
            return []
        reading = self.parent.reading
        claim = [CLAIM] if verdict.status != RIGHT and self.name in reading.claims else []
        return reading.alterations[self.name] + claim

    def runtest(self) -> None:
        verdict = self.future.result() if self.future else self.judge()
        altered = self.altered(verdict)
        notebook = [] if self.parent.problem is not None else list(self.parent.reading.alterations[WHOLE])
        if self.parent.problem is None and self.parent.reading.is_older:
            notebook.append(OLDER)
        # pytest writes them into the JUnit file, and brings them from the workers of pytest-xdist.
        self.user_properties += [
            ("exercise", self.parent.exercise.name),
            ("task", verdict.task),
            ("status", verdict.status),
            ("code", verdict.code),
            ("altered", "\n".join(altered)),
            ("notebook", "\n".join(notebook)),
        ]
        if verdict.status != RIGHT:
            raise NotRight("\n".join([str(verdict), *(f"  altered:  {note}" for note in altered + notebook)]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, NotRight):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"{self.path.parent.name}/{self.path.stem}: {self.name}"


class NotRight(Exception):
    """The message is all that a person needs to read."""


class Grader:
    """Takes exercises from nbval, judges two tasks at a time, and writes the score at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self.grade_all = bool(config.getoption("grade_all"))
        self.is_worker = hasattr(config, "workerinput")  # of pytest-xdist, which spreads the items itself
        self.pool = ThreadPoolExecutor(AT_A_TIME)
        self.results: list[Result] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        collected = yield
        # A chapter has its exercise's name.
        not_graded = {"chapters", MINE} if self.grade_all else {"chapters", MINE, "solutions"}
        if file_path.suffix != ".ipynb" or file_path.parent.name in not_graded:
            return collected
        exercise = which_exercise(file_path)
        if exercise is None:
            return collected
        file: ExerciseFile = ExerciseFile.from_parent(parent, path=file_path)
        file.exercise = exercise
        return [file]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        if session.config.option.collectonly or self.is_worker or session.testsfailed:
            return
        for item in session.items:
            if isinstance(item, TaskItem):
                item.future = self.pool.submit(item.judge)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        about = {name: str(value) for name, value in report.user_properties}
        if report.when == "call" and {"exercise", "task", "status"} <= set(about):
            file = report.nodeid.rpartition("::")[0]
            altered, notebook = about["altered"].splitlines(), about["notebook"].splitlines()
            exercise, task, status, code = (about[name] for name in ("exercise", "task", "status", "code"))
            self.results.append(Result(file, exercise, task, status, code, altered, notebook))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.results:
            terminalreporter.section("score")
            for line in score_lines(self.results):
                terminalreporter.write_line(line)

    def pytest_sessionfinish(self) -> None:
        self.pool.shutdown(wait=True, cancel_futures=True)
