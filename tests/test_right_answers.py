"""Every task has three answers or more that are right and unusual, and all of them pass."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from right_answers import RightAnswer

from zerohttpd_lib.grading.exercise import Exercise, shipped
from zerohttpd_lib.grading.judge import judge
from zerohttpd_lib.grading.verdict import RIGHT

FOLDER = Path(__file__).with_name("right_answers")
FILES = {file.stem: file for file in sorted(FOLDER.glob("ch[0-9][0-9].py"))}
BY_TASK: dict[str, list[RightAnswer]] = {
    task: right for name in FILES for task, right in import_module(f"right_answers.{name}").RIGHT.items()
}
EXERCISES: list[Exercise] = [exercise for exercise in shipped().values() if exercise.checks in FILES]
pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("task", [task for exercise in EXERCISES for task in exercise.tasks])
def test_a_task_has_three_unusual_right_answers(task: str) -> None:
    assert len({right.cell for right in BY_TASK[task]}) >= 3


@pytest.mark.parametrize("task", BY_TASK)
def test_a_right_answer_passes_though_it_is_unusual(task: str) -> None:
    assert judge(task, BY_TASK[task][0].cell).status == RIGHT


@pytest.mark.more
@pytest.mark.parametrize("task", BY_TASK)
def test_right_answers_pass_however_unusual(task: str) -> None:
    verdicts = {right.unusual: judge(task, right.cell) for right in BY_TASK[task]}
    assert {unusual: verdict for unusual, verdict in verdicts.items() if verdict.status != RIGHT} == {}
