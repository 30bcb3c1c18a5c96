"""`zerohttpd update`: the course as it is shipped now, with the answers of the learner's older notebooks in it.

An old notebook is kept beside the new one, under a name that is not taken; nothing is ever
overwritten. The answer to a task that is no more goes to the end of the new notebook.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..lab.course import FIRST_CHAPTER, add, chapters_of, find_course, notebooks_in, replace, update_chapters
from ..lab.errors import LabError
from .exercise import PRISTINE, Exercise, source_of, task_of
from .handed_in import NOT_HANDED_IN
from .submission import Unreadable, read, read_book, which_exercise


def update_all(paths: Sequence[str]) -> Iterator[str]:
    """A line for each notebook: what was done with it. Without `paths`, and for the folder of a course, chapters
    and exercises, new ones too; for a course's folder of chapters, these. Raises LabError when there is none."""
    for path in [Path(path) for path in paths] or [find_course()]:
        above = path.resolve().parent
        if (path / FIRST_CHAPTER).exists():
            yield from _update_course(path)
        elif (above / FIRST_CHAPTER).exists() and chapters_of(above) == path.resolve():
            yield from update_chapters(above)
        else:
            yield from _update_exercises(path)


def _update_course(course: Path) -> Iterator[str]:
    yield from update_chapters(course)
    exercises = course / "exercises"
    exercises.mkdir(exist_ok=True)
    for shipped in notebooks_in(PRISTINE):
        if add(shipped, exercises / shipped.name):
            yield f"{exercises / shipped.name}: it is new."
    yield from _update_exercises(exercises)


def _update_exercises(path: Path) -> Iterator[str]:
    for notebook in notebooks(path):
        exercise = which_exercise(notebook)
        assert exercise is not None
        try:
            yield f"{notebook}: {update(notebook, exercise)}"
        except Unreadable as problem:
            raise LabError(str(problem)) from None


def notebooks(path: Path) -> list[Path]:
    """The exercise notebook that this is, or those in this folder. Raises LabError when there is none."""
    if not path.exists():
        raise LabError(f"There is no {path}: name a notebook, or a folder with notebooks.")
    inside = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
    # A chapter and a solution have the name of the exercise, and are none.
    found = [each for each in inside if each.resolve().parent.name not in NOT_HANDED_IN and which_exercise(each)]
    if not found:
        raise LabError(f"There is no exercise notebook in {path}: name one, or a folder with some.")
    return found


def update(path: Path, exercise: Exercise) -> str:
    """Update one notebook. Returns what was done, in words."""
    reading = read(path, exercise)
    if not reading.is_older:
        return "it is up to date."
    book = json.loads((PRISTINE / f"{exercise.name}.ipynb").read_text(encoding="utf-8"))
    moved = [task for task, answer in reading.answers.items() if exercise.is_attempted(task, answer)]
    for cell in book["cells"]:
        task = task_of(source_of(cell))
        if task in moved:
            cell["source"] = reading.answers[task]
    book["cells"] += _own_cells(path, exercise)
    kept = replace(path, json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    return f"your answers ({', '.join(moved) or 'none yet'}) are in the new version; the old one is {kept.name}."


def _own_cells(path: Path, exercise: Exercise) -> list[dict[str, Any]]:
    """Answers to tasks that are no more: nobody grades them, but they are the learner's."""
    found = []
    for cell in read_book(path)["cells"]:
        task = task_of(source_of(cell))
        if task and task not in exercise.tasks:
            source = f"# An answer of yours to a task that is no more.\n{source_of(cell)}"
            found.append({**copy.deepcopy(cell), "cell_type": "raw", "source": source, "metadata": {}})
            for name in ("outputs", "execution_count"):
                found[-1].pop(name, None)
    return found
