"""Every task has five plausible wrong answers or more, and each is told its own mistake, with a hint about it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from wrong_answers import WrongAnswer

from zerohttpd_lib.grading.exercise import exercise_with, shipped
from zerohttpd_lib.grading.judge import judge
from zerohttpd_lib.grading.verdict import WRONG

FOLDER = Path(__file__).with_name("wrong_answers")
BY_TASK: dict[str, list[WrongAnswer]] = {
    task: wrong
    for file in sorted(FOLDER.glob("ch[0-9][0-9].py"))
    for task, wrong in import_module(f"wrong_answers.{file.stem}").WRONG.items()
    if exercise_with(task)
}
OF_ANY_TASK = {"does-not-run", "missing-name", "exits", "too-slow", "not-understood", "cannot-judge"}
pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("task", [task for exercise in shipped().values() for task in exercise.tasks])
def test_a_task_has_five_wrong_answers_with_mistakes_of_their_own(task: str) -> None:
    codes = {wrong.code for wrong in BY_TASK.get(task, [])}
    assert len(codes) >= 5
    assert len(codes & OF_ANY_TASK) <= 1


@pytest.mark.parametrize("task", BY_TASK)
def test_a_wrong_answer_is_told_its_mistake_with_a_hint(task: str) -> None:
    wrong = BY_TASK[task][0]
    verdict = judge(task, wrong.cell, seed="tests")
    assert (verdict.status, verdict.code) == (WRONG, wrong.code), verdict
    assert verdict.hints


@pytest.mark.more
@pytest.mark.parametrize("task", BY_TASK)
def test_each_wrong_answer_is_told_its_own_mistake_with_its_own_hint(task: str) -> None:
    verdicts = [judge(task, wrong.cell, seed="tests") for wrong in BY_TASK[task]]
    assert {verdict.status for verdict in verdicts} == {WRONG}
    assert [verdict.code for verdict in verdicts] == [wrong.code for wrong in BY_TASK[task]]
    hints = {verdict.code: verdict.hints[0] for verdict in verdicts if verdict.hints}
    assert set(hints) == {verdict.code for verdict in verdicts}, "a mistake without a hint"
    assert len(set(hints.values())) == len(hints), "two mistakes with the same hint"
