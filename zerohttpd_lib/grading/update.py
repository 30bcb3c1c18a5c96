"""`zerohttpd update`: the answers of an older notebook, in a copy of the one that is shipped now.

The old notebook is kept beside the new one, under a name that is not taken; nothing is ever
overwritten. The answer to a task that is no more goes to the end of the new notebook.
"""

from __future__ import annotations

import copy
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..lab.errors import LabError
from ..lab.jupyter import find_course
from .exercise import PRISTINE, Exercise, source_of, task_of
from .submission import Unreadable, read, read_book, which_exercise


def update_all(paths: Sequence[str]) -> Iterator[str]:
    """A line for each notebook: what was done with it. Raises LabError when there is none."""
    for path in notebooks(paths):
        exercise = which_exercise(path)
        assert exercise is not None
        try:
            yield f"{path}: {update(path, exercise)}"
        except Unreadable as problem:
            raise LabError(str(problem)) from None


def notebooks(paths: Sequence[str]) -> list[Path]:
    """The exercise notebooks among these files and in these folders; without any, those of the course."""
    found: list[Path] = []
    for path in [Path(path) for path in paths] or [find_course() / "exercises"]:
        if not path.exists():
            raise LabError(f"There is no {path}: name a notebook, or a folder with notebooks.")
        inside = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
        found += [each for each in inside if ".ipynb_checkpoints" not in each.parts and which_exercise(each)]
    if not found:
        raise LabError("There is no exercise notebook here: name one, or a folder with some.")
    return found


def update(path: Path, exercise: Exercise) -> str:
    """Update one notebook. Returns what was done, in words."""
    reading = read(path, exercise)
    if not reading.is_older:
        return "it is up to date."
    book = json.loads((PRISTINE / f"{exercise.name}.ipynb").read_text())
    moved = [task for task, answer in reading.answers.items() if exercise.is_attempted(task, answer)]
    for cell in book["cells"]:
        task = task_of(source_of(cell))
        if task in moved:
            cell["source"] = reading.answers[task]
    book["cells"] += _own_cells(path, exercise)
    kept = _replace(path, json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
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


def _replace(path: Path, text: str) -> Path:
    """Put `text` in the place of a file, which goes on under another name. Returns that name."""
    number = 1
    while True:
        kept = path.with_name(f"{path.name}.old-{number}")
        try:
            os.link(path, kept)  # fails when the name is taken: unlike rename, it overwrites nothing (man 2 link)
            break
        except FileExistsError:
            number += 1
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return kept
