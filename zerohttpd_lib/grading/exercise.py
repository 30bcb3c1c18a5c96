"""The exercise notebooks as they were shipped: what the grader trusts."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ..lab.course import EXERCISES

PRISTINE: Final = EXERCISES


@dataclass(frozen=True)
class Exercise:
    """One notebook. `name` is its stem, such as "03-inside-poll"; `version` a digest of its cells."""

    name: str
    version: str
    cells: list[dict[str, Any]] = field(repr=False)
    checks: str  # the module with its checks, or a file

    @property
    def setup(self) -> str:
        """What every answer of this notebook may use."""
        return "\n".join(source_of(cell) for cell in self.cells if "setup" in tags_of(cell))

    @property
    def answers(self) -> dict[str, dict[str, Any]]:
        """The answer cell of each task, as shipped, in the order of the notebook."""
        return {task_of(source_of(cell)): cell for cell in self.cells if "answer" in tags_of(cell)}

    @property
    def tasks(self) -> list[str]:
        return list(self.answers)

    def is_attempted(self, task: str, source: str) -> bool:
        """Whether this is other code than the shipped cell has: comments and blank lines are no code."""
        return code_of(source) != code_of(source_of(self.answers[task]))

    @property
    def skeleton(self) -> list[dict[str, Any]]:
        """The cells that grading is about: setup, answers and checks."""
        return [cell for cell in self.cells if {"setup", "answer", "check"} & set(tags_of(cell))]


def read_exercise(path: Path) -> Exercise:
    """An exercise from a pristine notebook, which may say where its checks are; usually in chNN of this package."""
    book = json.loads(path.read_text(encoding="utf-8"))
    about = book["metadata"]["zerohttpd"]
    name = about["exercise"]
    return Exercise(name, about["version"], book["cells"], about.get("checks", f"ch{name[:2]}"))


@lru_cache
def shipped() -> dict[str, Exercise]:
    """All exercises, by name, in their order."""
    return {exercise.name: exercise for exercise in map(read_exercise, sorted(PRISTINE.glob("*.ipynb")))}


def exercise_with(task: str) -> Exercise | None:
    """The exercise that has a task of this name."""
    return next((exercise for exercise in shipped().values() if task in exercise.tasks), None)


def source_of(cell: dict[str, Any]) -> str:
    """A cell's text. The format allows a list of lines, too."""
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def tags_of(cell: dict[str, Any]) -> list[str]:
    tags = cell.get("metadata", {}).get("tags", [])
    return [str(tag) for tag in tags] if isinstance(tags, list) else []


def task_of(source: str) -> str:
    """The task that the first line of an answer cell names; "" for any other cell."""
    words = source.lstrip().split("\n", 1)[0].split()
    return words[1] if len(words) > 1 and words[0] == "%%answer" else ""


def digest_of(source: str) -> str:
    """Of an answer cell's code. The shipped cell carries it, so that it is known as unchanged in later years."""
    significant = "\n".join(_significant(_without_first_line(source)))
    return hashlib.sha256(significant.encode(errors="surrogatepass")).hexdigest()[:12]


def _without_first_line(source: str) -> list[str]:
    return [line for line in source.splitlines() if not line.lstrip().startswith("%%answer")]


def code_of(source: str) -> str:
    """What two answers have in common that are the same but for comments and spaces."""
    lines = _without_first_line(source)
    try:
        return ast.dump(ast.parse("\n".join(lines)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # what ast.parse may raise
        return "\n".join(_significant(lines))


def _significant(lines: list[str]) -> Iterator[str]:
    return (line.strip() for line in lines if line.strip() and not line.strip().startswith("#"))
