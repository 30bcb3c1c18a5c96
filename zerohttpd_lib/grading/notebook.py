"""What an exercise notebook uses: cells that begin with `%%answer`, and check, progress, reset, solution.

`check` has the text of an answer cell judged exactly as `pytest --nbval` and `zerohttpd grade` do:
what it says is what they will say.
"""

from __future__ import annotations

import json
import os
import sys
import textwrap
from pathlib import Path
from typing import Final

from ..lab.course import SOLUTIONS
from ..lab.errors import LabError
from ..lab.processes import interrupts_in_one_sentence
from .attempts import Progress
from .exercise import Exercise, exercise_with, shipped, source_of, task_of
from .submission import Unreadable, read
from .verdict import COULD_NOT, NOT_ATTEMPTED, RIGHT, Verdict

BEFORE_THE_SOLUTION: Final = 3  # wrong attempts
WIDTH: Final = 88  # characters; JupyterLab breaks what is wider in mid-word

_texts: dict[str, str] = {}  # by task: the answer cell as it was last run
_progress: Progress | None = None


class WrongAnswer(LabError):
    """The answer is wrong. The message has yours, what is expected, and a hint."""


class NotJudged(LabError):
    """The check has failed, not the answer. No attempt is counted."""


class NotAttempted(LabError):
    """There is no answer yet."""


def check(task: str) -> None:
    """Judge the answer to a task, as the grader does. Raises WrongAnswer, NotAttempted or NotJudged."""
    from .judge import judge

    _tell_of_a_newer_version(_exercise_with(task))
    if task not in _texts:
        raise NotAttempted(f"{task}: not attempted. Run the cell that begins with %%answer {task}, then this one.")
    with interrupts_in_one_sentence():
        verdict = judge(task, _texts[task])
    hints_before = _kept().note(verdict)
    if verdict.status == NOT_ATTEMPTED:
        raise NotAttempted(f"{task}: not attempted. Its cell is as you got it: write your answer there, and run it.")
    if verdict.status == COULD_NOT:
        raise NotJudged("\n".join(map(_folded, verdict.lines())))
    if verdict.status != RIGHT:
        lines = [*verdict.lines(hints_before), *_what_next(verdict, hints_before)]
        raise WrongAnswer("\n".join(map(_folded, lines)))
    print(f"{task}: right.")


def progress() -> Overview:
    """Which tasks you have done, of the notebooks that you have begun."""
    begun = [exercise for exercise in shipped().values() if _is_begun(exercise)]
    return Overview({exercise.name: [(task, _kept().in_words(task)) for task in exercise.tasks] for exercise in begun})


def reset(task: str | None = None) -> None:
    """Forget the attempts at a task, or all of them. Your answers stay as they are."""
    if task is not None:
        _exercise_with(task)
    _kept().forget(task)
    print(f"The attempts at {task or 'all tasks'} are forgotten. Your answers are as they were.")


def solution(task: str) -> Text:
    """A solution of the task, once you have tried it a few times. Raises LabError before."""
    exercise = _exercise_with(task)
    left = BEFORE_THE_SOLUTION - _kept().attempts(task)
    if left > 0 and not _kept().is_done(task):
        raise LabError(f"Try it {left} more time{'s' if left > 1 else ''} first: check({task!r}) has hints for you.")
    cells = json.loads((SOLUTIONS / f"{exercise.name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return Text(next(source_of(cell) for cell in cells if task_of(source_of(cell)) == task))


class Text(str):
    """A text that a notebook shows as it is."""

    def __repr__(self) -> str:
        return str(self)


class Overview:
    """A table: a line for each task."""

    def __init__(self, exercises: dict[str, list[tuple[str, str]]]) -> None:
        self._exercises = exercises

    def __repr__(self) -> str:
        lines = []
        for name, tasks in self._exercises.items():
            done = sum(words.startswith(RIGHT) for _, words in tasks)
            lines += [f"{name}: {done} of {len(tasks)}", *(f"  {task:16} {words}" for task, words in tasks)]
        return "\n".join(lines) or "Nothing yet: run an answer cell, then its check."


def _exercise_with(task: str) -> Exercise:
    exercise = exercise_with(task)
    if exercise is None:
        raise LabError(f"There is no task named {task!r}. The name is in the first line of its answer cell.")
    return exercise


def _tell_of_a_newer_version(exercise: Exercise) -> None:
    """Once. JupyterLab says which notebook this is in JPY_SESSION_NAME; others say nothing."""
    path = Path(os.environ.pop("JPY_SESSION_NAME", ""))
    try:
        if path.suffix == ".ipynb" and read(path, exercise).is_older:
            print(f"Note: {path.name} is another version than the one installed here. In a terminal,")
            print(f"    zerohttpd update {path.name}")
            print("makes a new notebook with your answers in it, and keeps this one.")
    except Unreadable:
        pass


def _is_begun(exercise: Exercise) -> bool:
    return any(task in _texts or _kept().attempts(task) or _kept().is_done(task) for task in exercise.tasks)


def _folded(line: str) -> str:
    """A sentence in lines of `WIDTH`; the learner's values stay as they are."""
    if line.startswith(("  yours:", "  expected:")):
        return line
    indent = " " * 12 if line.startswith("  hint:") else ""
    parts = line.splitlines()
    return "\n".join(textwrap.fill(part, WIDTH, subsequent_indent=indent, break_long_words=False) for part in parts)


def _what_next(verdict: Verdict, hints_before: int) -> list[str]:
    if _kept().attempts(verdict.task) >= BEFORE_THE_SOLUTION:
        return [f'To see a solution: solution("{verdict.task}").']
    if hints_before + 1 < len(verdict.hints):
        return ["Check again after a change; the next hint goes further."]
    return []


def _kept() -> Progress:
    global _progress  # noqa: PLW0603 - one for the whole notebook
    if _progress is None:
        _progress = Progress.of_this_folder()
    return _progress


def _keep_answer(lines: list[str]) -> list[str]:
    """Seen by IPython before it runs a cell. The text of an answer is kept; then it is run like any other."""
    if lines and (task := task_of(lines[0])):
        _texts[task] = "".join(lines)
        lines = [f"# {lines[0]}", *lines[1:]]
    return lines


def _be_told_of_answers() -> None:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        transforms = shell.input_transformers_cleanup
        # Imported anew, this module is another one, and the old one's must go.
        transforms[:] = [each for each in transforms if getattr(each, "__name__", "") != _keep_answer.__name__]
        transforms.append(_keep_answer)


_be_told_of_answers()
