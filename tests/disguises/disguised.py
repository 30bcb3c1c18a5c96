"""A wrong answer in disguise, made out of the solution or written from scratch."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from zerohttpd_lib.grading.exercise import source_of, task_of

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
ANY = "any"


class Disguise(NamedTuple):
    """`code`: of the mistake that it has to be told; ANY where that depends on what is drawn."""

    task: str
    what: str
    code: str
    cell: str


@lru_cache
def solutions() -> dict[str, str]:
    """The answer cells of all solutions, by task."""
    books = (json.loads(path.read_text()) for path in sorted(SOLUTIONS.glob("*.ipynb")))
    return {task: source_of(cell) for book in books for cell in book["cells"] if (task := task_of(source_of(cell)))}


def changed(
    task: str, what: str, code: str, *changes: tuple[str, str], before: str = "", after: str = "", cell: str = ""
) -> Disguise:
    """The solution, or `cell`, with these parts replaced, each of them found once, and code before and after it.

    Code after it that is indented belongs to its last class.
    """
    first, _, text = f"{solutions()[task].rstrip()}\n".partition("\n")
    text = cell.lstrip("\n") if cell else text
    for old, new in changes:
        assert text.count(old) == 1, (task, what, old)
        text = text.replace(old, new)
    return Disguise(task, what, code, f"{first}\n{before.lstrip(chr(10))}{text.rstrip()}\n{after.lstrip(chr(10))}")


def written(task: str, what: str, code: str, cell: str) -> Disguise:
    """A cell of its own."""
    return changed(task, what, code, cell=cell)
