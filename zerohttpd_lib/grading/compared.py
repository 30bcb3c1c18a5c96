"""What is seen only when the results of a class lie side by side: who has the same answer, and the same mistake."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from .exercise import code_of
from .score import Result
from .verdict import NOT_ATTEMPTED, WRONG

# Said wherever the list is shown.
HOW_COMPARED: Final = (
    "Two answers are identical if Python reads them as the same program: comments, blank lines, spaces and line breaks "
    "do not count, names do. An answer that Python cannot read is compared line by line, without comments and indents. "
    "It proves nothing: short answers have few ways to be written."
)


class Identical(NamedTuple):
    """Students whose answer to a task is the same. `lines`: of code, in the shortest of them."""

    exercise: str
    task: str
    lines: int
    students: list[str]


class Mistake(NamedTuple):
    """A mistake, the hint that belongs to it, and who made it."""

    exercise: str
    task: str
    code: str
    hint: str
    students: list[str]


def identical(results: Iterable[Result]) -> list[Identical]:
    """Of two students or more, the largest groups and the longest answers first. What was not attempted is left out."""
    same: dict[tuple[str, str, str], list[Result]] = {}
    for result in results:
        if result.source and result.status != NOT_ATTEMPTED:
            same.setdefault((result.exercise, result.task, code_of(result.source)), []).append(result)
    found = [
        Identical(exercise, task, min(_lines(each.source) for each in group), [each.student for each in group])
        for (exercise, task, _), group in same.items()
        if len(group) > 1
    ]
    return sorted(found, key=lambda group: (-len(group.students), -group.lines, group.exercise, group.task))


def mistakes(results: Iterable[Result]) -> list[Mistake]:
    """Wrong answers by mistake, the most frequent first."""
    found: dict[tuple[str, str, str], Mistake] = {}
    for result in results:
        if result.status == WRONG:
            of = (result.exercise, result.task, result.code)
            found.setdefault(of, Mistake(*of, result.hint, [])).students.append(result.student)
    return sorted(found.values(), key=lambda mistake: -len(mistake.students))


def _lines(source: str) -> int:
    lines = (line.strip() for line in source.splitlines())
    return sum(bool(line) and not line.startswith(("#", "%%answer")) for line in lines)
