"""The results as pages: one of the whole class, for its teacher; one of each student, for nobody else.

A page is a file that needs no other, no network and no script, and a browser is told to take none
(Content-Security-Policy). The templates escape whatever they are given.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .compared import HOW_COMPARED, identical, mistakes
from .legible import legible
from .score import Result
from .verdict import COULD_NOT, NOT_ATTEMPTED, RIGHT, STATUSES, WRONG

TEMPLATES: Final = Path(__file__).with_name("templates")
MARKS: Final = {RIGHT: "✓", WRONG: "✗", NOT_ATTEMPTED: "–", COULD_NOT: "?"}
PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")


def page_name(student: str) -> str:
    """The file of a student's page. What cannot be in an address is left out, and a digest tells such names apart."""
    if PLAIN_NAME.fullmatch(student):
        return f"{student}.html"
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", student).lstrip(".-")[:40]
    return f"{plain or 'student'}-{hashlib.sha256(student.encode()).hexdigest()[:12]}.html"


def class_page(results: list[Result], about: str) -> str:
    """All results. `about`: sentences on how they were graded."""
    students = list(dict.fromkeys(result.student for result in results))
    tasks = list(dict.fromkeys((result.exercise, result.task) for result in results))
    by_place = {(result.student, result.exercise, result.task): result for result in results}
    rows = [(student, [by_place[student, exercise, task] for exercise, task in tasks]) for student in students]
    exercises = [(name, len(list(of_it))) for name, of_it in groupby(exercise for exercise, _ in tasks)]
    right = [sum(each.status == RIGHT for each in column) for column in zip(*(cells for _, cells in rows), strict=True)]
    return _filled(
        "class.html", rows=rows, right=right, tasks=tasks, exercises=exercises, about=about, results=results,
        groups=identical(results), how_compared=HOW_COMPARED, mistakes=mistakes(results),
    )  # fmt: skip


def student_page(student: str, results: list[Result]) -> str:
    """One student's results. Nothing of others is in it, nor the seed: it would tell what will be drawn."""
    exercises = [(name, list(of_it)) for name, of_it in groupby(results, key=lambda result: result.exercise)]
    return _filled("student.html", student=student, results=results, exercises=exercises)


def _filled(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(values)


@lru_cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["legible"] = legible
    environment.filters["with_status"] = lambda results, status: [each for each in results if each.status == status]
    environment.globals.update(MARKS=MARKS, STATUSES=STATUSES, RIGHT=RIGHT, WRONG=WRONG)
    return environment
