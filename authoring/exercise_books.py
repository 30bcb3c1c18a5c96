"""From the source of an exercise, three notebooks: to be done, solved, and pristine.

An [answer] cell is what a learner gets; the [solution] cell after it takes its place in
solutions/, under the same id. The pristine copy travels in the package: it is what is graded by.
"""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path

import nbformat

from zerohttpd_lib.grading.exercise import digest_of, task_of


def to_be_done(book: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """The notebook that a learner opens, from all cells of the source."""
    kept = [copy.deepcopy(cell) for cell in book.cells if not is_a(cell, "solution")]
    for cell in kept:
        if is_a(cell, "answer"):
            cell.metadata["zerohttpd"] = {"as_shipped": digest_of(cell.source)}
    return finished(book, kept, {"exercise": name, "version": version_of(kept)})


def solved(book: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """The same, with the solutions in place of the answers."""
    done = to_be_done(book, name)
    solutions = {cell.id: cell.source for cell in book.cells if is_a(cell, "solution")}
    for cell in done.cells:
        cell.source = solutions.get(cell.id, cell.source)
    return finished(done, done.cells, {"solution": name, "version": done.metadata["zerohttpd"]["version"]})


def finished(
    book: nbformat.NotebookNode, cells: list[nbformat.NotebookNode], about: dict[str, str]
) -> nbformat.NotebookNode:
    made = copy.copy(book)
    made.metadata = nbformat.from_dict({**book.metadata, "zerohttpd": about})
    made.cells = [copy.deepcopy(cell) for cell in cells]
    return made


def name_cells(book: nbformat.NotebookNode, source: Path) -> None:
    """Ids that stay when text around a cell changes: `03-scan`, `03-scan-check`, others `03-00`, `03-01`..."""
    number = source.stem[:2]
    others = 0
    for cell in book.cells:
        if is_a(cell, "answer") or is_a(cell, "solution"):
            cell.id = f"{number}-{task_of(cell.source)}"
        elif is_a(cell, "check"):
            cell.id = f"{number}-{checked(cell)}-check"
        else:
            cell.id = f"{number}-{others:02}"
            others += 1


def mistakes(book: nbformat.NotebookNode) -> list[str]:
    """What is wrong with a source, a sentence for each thing."""
    answers = [cell.id for cell in book.cells if is_a(cell, "answer")]
    solutions = [cell.id for cell in book.cells if is_a(cell, "solution")]
    checks = [cell.id.removesuffix("-check") for cell in book.cells if is_a(cell, "check")]
    found = []
    if not answers or len(set(answers)) != len(answers):
        found.append("each answer cell needs a first line `%%answer TASK`, with a task of its own.")
    if answers != solutions:
        found.append(f"the answers are {answers}, but the solutions {solutions}.")
    if answers != checks:
        found.append(f'the answers are {answers}, but there is a check("TASK") for {checks}.')
    if sum(is_a(cell, "setup") for cell in book.cells) != 1:
        found.append("exactly one cell has to be tagged setup.")
    return found


def tasks_of(book: nbformat.NotebookNode) -> set[str]:
    return {task_of(cell.source) for cell in book.cells if is_a(cell, "answer")}


def version_of(cells: list[nbformat.NotebookNode]) -> str:
    text = json.dumps([[cell.id, cell.cell_type, cell.source] for cell in cells])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def is_a(cell: nbformat.NotebookNode, kind: str) -> bool:
    return kind in cell.metadata.get("tags", [])


def checked(cell: nbformat.NotebookNode) -> str:
    """The task of a check cell, which is `check("TASK")`."""
    return cell.source.strip().removeprefix('check("').removesuffix('")')
