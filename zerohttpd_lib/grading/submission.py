"""A learner's notebook, read against the one that was shipped: the answers, and what was altered.

Only the text of the answer cells is taken. They are known by their ids; an editor that drops those
leaves the first line, `%%answer TASK`. All other cells may say what they like; changes to setup
and check cells are reported, cells that the learner has added are welcome.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

from .exercise import Exercise, digest_of, exercise_with, shipped, source_of, tags_of, task_of
from .legible import in_one_line

Cell = dict[str, Any]
# What makes nbval skip a cell, ignore its output or expect it to fail (nbval's documentation).
MARKERS: Final = re.compile(
    r"(?:nbval[-_](?:skip|ignore[-_]output|raises[-_]exception)|pytest[-_]validate[-_]ignore[-_]output"
    r"|raises-exception)",
    re.IGNORECASE,
)
WHOLE: Final = ""  # in place of a task: the alteration is not one task's


class Unreadable(Exception):
    """The file is no notebook."""


@dataclass(frozen=True)
class Reading:
    """`answers`: the text of each task's answer cell. `alterations`: sentences, by task or WHOLE."""

    exercise: Exercise
    answers: dict[str, str]
    alterations: dict[str, list[str]] = field(default_factory=dict)
    version: str = ""
    claims: frozenset[str] = frozenset()  # the tasks of which a saved output says that they are right

    @property
    def is_older(self) -> bool:
        return self.version != self.exercise.version


def read_book(path: Path) -> dict[str, Any]:
    """The notebook in a file, with a list of cells that are dictionaries. Raises Unreadable."""
    try:
        return parse_book(path.read_bytes(), path.name)
    except OSError:
        raise _unreadable(path.name) from None


def parse_book(data: bytes, name: str) -> dict[str, Any]:
    """The same of what was in a file of this name."""
    try:
        book = json.loads(data.decode("utf-8"))
        cells = book["cells"]
        if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
            raise TypeError
        for cell in cells:
            if not isinstance(cell.get("metadata", {}), dict) or not isinstance(cell.get("outputs", []), list):
                raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _unreadable(name) from None
    return dict(book)


def _unreadable(name: str) -> Unreadable:
    return Unreadable(f"{in_one_line(name)} cannot be read as a notebook: open it in JupyterLab and save it.")


def which_exercise(path: Path) -> Exercise | None:
    """The exercise that a notebook is a copy of: by what it says, by its name, by its answer cells."""
    try:
        return exercise_of(read_book(path), path.stem)
    except Unreadable:
        return shipped().get(path.stem)


def exercise_of(book: dict[str, Any], stem: str) -> Exercise | None:
    """The same of a notebook that has been read from a file with this name."""
    exercises = shipped()
    about = _about(book)
    for name in (about.get("exercise"), about.get("solution"), stem):
        if isinstance(name, str) and name in exercises:
            return exercises[name]
    for cell in book["cells"]:
        if exercise := exercise_with(task_of(source_of(cell))):
            return exercise
    return None


def read(path: Path, exercise: Exercise) -> Reading:
    """What is to be graded of a notebook. Raises Unreadable."""
    return reading_of(read_book(path), exercise)


def reading_of(book: dict[str, Any], exercise: Exercise) -> Reading:
    cells: list[Cell] = book["cells"]
    alterations: dict[str, list[str]] = {WHOLE: _in_the_whole(cells, exercise)}
    answers = {}
    for task, shipped_cell in exercise.answers.items():
        answer, altered = _find_answer(cells, task, shipped_cell, exercise)
        answers[task] = source_of(shipped_cell) if answer is None or _is_as_shipped(answer) else source_of(answer)
        alterations[task] = altered + _check_altered(cells, task, exercise)
    claims = frozenset(task for task in answers if _claims_right(cells, task))
    return Reading(exercise, answers, alterations, str(_about(book).get("version", "")), claims)


def _about(book: dict[str, Any]) -> dict[str, Any]:
    metadata = book.get("metadata")
    about = metadata.get("zerohttpd") if isinstance(metadata, dict) else None
    return about if isinstance(about, dict) else {}


def _find_answer(cells: list[Cell], task: str, shipped_cell: Cell, exercise: Exercise) -> tuple[Cell | None, list[str]]:
    """The learner's cell, and what was altered about it. Of several, the last one with code of the learner's."""
    by_id = [cell for cell in cells if cell.get("id") == shipped_cell["id"]]
    by_line = [cell for cell in cells if task_of(source_of(cell)) == task and cell.get("id") != shipped_cell["id"]]
    altered = []
    if not by_id and not by_line:
        return None, ["Its answer cell was deleted."]
    mine, others = (
        [cell for cell in found if exercise.is_attempted(task, source_of(cell)) and not _is_as_shipped(cell)]
        for found in (by_id, by_line)
    )
    answer = (mine or others or by_id or by_line)[-1]
    if not by_id:
        altered.append("The id of its answer cell was removed or changed; its first line tells what it is.")
    elif not mine and others:
        altered.append(f"Its answer was taken from another cell that begins with %%answer {task}.")
    elif others:
        altered.append(f"Another cell begins with %%answer {task}, too; the one with the id of the answer cell counts.")
    if len(by_id) > 1:
        altered.append(f"{len(by_id)} cells have the id of its answer cell; the last one that was changed counts.")
    if task_of(source_of(answer)) != task:
        altered.append(f"The first line of its answer cell was changed; it was %%answer {task}.")
    return answer, altered + _markings("answer cell", answer, shipped_cell)


def _check_altered(cells: list[Cell], task: str, exercise: Exercise) -> list[str]:
    source = f'check("{task}")'
    name = f"{exercise.answers[task]['id']}-check"
    by_id = [cell for cell in cells if cell.get("id") == name]
    if not by_id:
        by_line = [cell for cell in cells if source_of(cell).strip() == source]
        if not by_line:
            return ["Its check cell was deleted."]
        return ["The id of its check cell was removed or changed.", *_markings("check cell", by_line[0], {})]
    altered = [f"{len(by_id)} cells have the id of its check cell."] if len(by_id) > 1 else []
    for cell in by_id:
        if source_of(cell).strip() != source:
            first_line = (source_of(cell).strip().splitlines() or ["nothing"])[0]
            altered.append(f"Its check cell was changed; it now begins with: {in_one_line(first_line, 80)}")
        altered += _markings("check cell", cell, {"metadata": {"tags": ["check"]}})
    return altered


def _markings(what: str, cell: Cell, shipped_cell: Cell) -> list[str]:
    """Markers that would make nbval look away, outputs without a count, and other kinds of cells."""
    comments = [line for line in source_of(cell).splitlines() if line.lstrip().startswith("#")]
    marks = MARKERS.findall(" ".join([*(set(tags_of(cell)) - set(tags_of(shipped_cell))), *comments]))
    altered = [f"{mark} was added to its {what}; it has no effect." for mark in dict.fromkeys(marks)]
    if cell.get("cell_type") != "code":
        altered.append(f"Its {what} was made a {in_one_line(str(cell.get('cell_type')), 80)} cell.")
    if cell.get("outputs") and cell.get("execution_count") is None:
        altered.append(f"Its {what} has an output, but the execution count was cleared.")
    return altered


def _in_the_whole(cells: list[Cell], exercise: Exercise) -> list[str]:
    altered = []
    if not any(cell.get("id") for cell in cells):
        altered.append("The ids of all cells were removed.")
    setup = next(cell for cell in exercise.cells if "setup" in tags_of(cell))
    mine = [cell for cell in cells if cell.get("id") == setup["id"]] or [
        cell for cell in cells if source_of(cell).strip() == source_of(setup).strip()
    ]
    if not mine:
        altered.append("The setup cell was deleted; the answers are judged with the one that was shipped.")
    elif source_of(mine[0]).strip() != source_of(setup).strip():
        altered.append("The setup cell was changed; the answers are judged with the one that was shipped.")
    if moved := _moved(cells, exercise):
        altered.append(f"Cells were moved: {', '.join(moved)}.")
    return altered


def _moved(cells: list[Cell], exercise: Exercise) -> list[str]:
    """Which of the setup, answer and check cells are not in the order in which they were."""
    names = [str(cell["id"]) for cell in exercise.skeleton]
    found = list(dict.fromkeys(str(cell.get("id")) for cell in cells if cell.get("id") in names))
    in_place = [name for name in names if name in found]
    blocks = SequenceMatcher(None, in_place, found, autojunk=False).get_matching_blocks()
    kept = Counter(name for block in blocks for name in in_place[block.a : block.a + block.size])
    return [name for name in in_place if name not in kept]


def _is_as_shipped(cell: Cell) -> bool:
    """Whether this is the cell that was once shipped, perhaps in an older version."""
    about = cell.get("metadata", {}).get("zerohttpd")
    return isinstance(about, dict) and about.get("as_shipped") == digest_of(source_of(cell))


def _claims_right(cells: list[Cell], task: str) -> bool:
    """Whether an output that is saved anywhere says what a check says of a right answer."""
    outputs = json.dumps([cell.get("outputs", []) for cell in cells])
    return f"{task}: right." in outputs
