"""The results as files: JUnit's XML for programs, CSV for a spreadsheet, HTML for the teacher and for each student."""

from __future__ import annotations

import csv as csv_file
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from ..lab.errors import LabError
from .compared import identical
from .gradescope import gradescope_results
from .legible import legible
from .pages import class_page, page_name, student_page
from .score import Result
from .verdict import COULD_NOT, NOT_ATTEMPTED, RIGHT, STATUSES, WRONG

COLUMNS: Final = (
    "student", "exercise", "task", "status", "code", "seconds", "said", "hint", "altered", "notebook", "identical",
)  # fmt: skip
OF_JUNIT: Final = ("student", "exercise", "task", "status", "code", "seconds", "hint", "altered", "notebook")
LONGEST: Final = 10_000  # characters of a cell; a spreadsheet takes 32,767
# A spreadsheet takes what begins with one of these for a formula, and runs it (OWASP, CSV Injection).
FORMULAS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Reports:
    """The files to be written; `pages` is a folder, with a page for each student in it."""

    junitxml: Path | None = None
    html: Path | None = None
    csv: Path | None = None
    pages: Path | None = None
    gradescope: Path | None = None

    def make_sure_they_can_be_written(self) -> None:
        """Before anything is judged. Raises LabError."""
        for file in (self.junitxml, self.html, self.csv, self.gradescope):
            if file is not None and (file.is_dir() or not os.access(file.parent, os.W_OK | os.X_OK)):
                raise LabError(f"{file} cannot be written: name a file in a folder of yours.")
        if self.pages is not None:
            try:
                self.pages.mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                raise LabError(f"There can be no folder {self.pages} ({problem.strerror}): name another.") from None

    def write(self, results: list[Result], about: str) -> None:
        """`about`: sentences on how it was graded. Raises LabError."""
        try:
            if self.junitxml is not None:
                ElementTree.ElementTree(_junit(results)).write(self.junitxml, encoding="utf-8", xml_declaration=True)
            if self.csv is not None:
                with open(self.csv, "w", newline="", encoding="utf-8") as file:
                    csv_file.writer(file).writerows([COLUMNS, *_csv_rows(results)])
            if self.html is not None:
                self.html.write_text(class_page(results, about), encoding="utf-8")
            if self.pages is not None:
                _write_pages(results, self.pages)
            if self.gradescope is not None:
                self.gradescope.write_text(json.dumps(gradescope_results(_of_one(results)), indent=1))
        except OSError as problem:
            raise LabError(f"{problem.filename} cannot be written ({problem.strerror}).") from None


def _of_one(results: list[Result]) -> list[Result]:
    if len(students := {result.student for result in results}) > 1:
        raise LabError(f"Gradescope has one student's work graded at a time; here are {len(students)} folders.")
    return results


def _write_pages(results: list[Result], folder: Path) -> None:
    of: dict[str, list[Result]] = {}
    for result in results:
        of.setdefault(result.student, []).append(result)
    for student, mine in of.items():
        (folder / page_name(student)).write_text(student_page(student, mine), encoding="utf-8")


def _junit(results: list[Result]) -> ElementTree.Element:
    """A testcase for each student × task; "could not be judged" is an error there, not a failure."""
    counts = {status: sum(result.status == status for result in results) for status in STATUSES}
    failed = counts[WRONG] + counts[NOT_ATTEMPTED]
    numbers = {"tests": str(len(results)), "failures": str(failed), "errors": str(counts[COULD_NOT]), "skipped": "0"}
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "zerohttpd", **numbers})
    for result in results:
        name = f"{result.student}.{result.exercise}"
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=result.task, time=f"{result.seconds:g}")
        properties, texts = ElementTree.SubElement(case, "properties"), _texts(result)
        for key in OF_JUNIT:
            ElementTree.SubElement(properties, "property", name=key, value=texts[key])
        if result.status != RIGHT:
            kind = "error" if result.status == COULD_NOT else "failure"
            message = f"{result.task}: {result.status}"
            ElementTree.SubElement(case, kind, message=message).text = legible(result.in_words, LONGEST)
    return suites


def _texts(result: Result) -> dict[str, str]:
    texts = {
        "student": result.student,
        "exercise": result.exercise,
        "task": result.task,
        "status": result.status,
        "code": result.code,
        "seconds": f"{result.seconds:g}",
        "said": result.said,
        "hint": result.hint,
        "altered": "\n".join(result.altered),
        "notebook": "\n".join(result.notebook),
    }
    return {name: legible(text, LONGEST) for name, text in texts.items()}


def _csv_rows(results: list[Result]) -> list[list[str]]:
    same = {(group.exercise, group.task, student): group for group in identical(results) for student in group.students}
    rows = []
    for result in results:
        group = same.get((result.exercise, result.task, result.student))
        others = [] if group is None else [student for student in group.students if student != result.student]
        texts = _texts(result) | {"identical": legible(", ".join(others), LONGEST)}
        rows.append([_as_text(texts[name]) for name in COLUMNS])
    return rows


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULAS) else cell
