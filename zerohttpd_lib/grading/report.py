"""The results as files: JUnit's XML for programs, CSV for a spreadsheet, HTML for the teacher."""

from __future__ import annotations

import csv as csv_file
from html import escape
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from .exercise import code_of
from .legible import legible
from .score import Result
from .verdict import COULD_NOT, NOT_ATTEMPTED, RIGHT, WRONG

COLUMNS: Final = ("student", "exercise", "task", "status", "code", "seconds", "said", "altered", "notebook")
MARKS: Final = {RIGHT: "✓", WRONG: "✗", NOT_ATTEMPTED: "–", COULD_NOT: "?"}
STYLE: Final = """body { font: 15px sans-serif; margin: 2em } td, th { border: 1px solid #999; padding: .2em .5em }
table { border-collapse: collapse } pre { white-space: pre-wrap } summary { cursor: pointer }"""


def write_reports(
    results: list[Result], *, junitxml: str | None, html: str | None, csv: str | None, about: str
) -> None:
    """Each to the file that is named. `about`: a sentence on how it was graded."""
    if junitxml is not None:
        ElementTree.ElementTree(_junit(results)).write(junitxml, encoding="utf-8", xml_declaration=True)
    if csv is not None:
        with open(csv, "w", newline="", encoding="utf-8") as file:
            csv_file.writer(file).writerows([COLUMNS, *map(_csv_row, results)])
    if html is not None:
        Path(html).write_text(_page(results, about), encoding="utf-8")


def _junit(results: list[Result]) -> ElementTree.Element:
    """A testcase for each student × task; "could not be judged" is an error there, not a failure."""
    counts = {status: str(sum(result.status == status for result in results)) for status in MARKS}
    failed = str(int(counts[WRONG]) + int(counts[NOT_ATTEMPTED]))
    numbers = {"tests": str(len(results)), "failures": failed, "errors": counts[COULD_NOT], "skipped": "0"}
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "zerohttpd", **numbers})
    for result in results:
        name = f"{result.student}.{result.exercise}"
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=result.task, time=f"{result.seconds:g}")
        properties = ElementTree.SubElement(case, "properties")
        for key, value in zip(COLUMNS, _texts(result), strict=True):
            if key != "said":
                ElementTree.SubElement(properties, "property", name=key, value=value)
        if result.status != RIGHT:
            kind = "error" if result.status == COULD_NOT else "failure"
            ElementTree.SubElement(case, kind, message=f"{result.task}: {result.status}").text = result.in_words
    return suites


def _texts(result: Result) -> list[str]:
    said = "" if result.verdict is None else str(result.verdict)
    about = [result.student, result.exercise, result.task, result.status, result.code, f"{result.seconds:g}", said]
    return [legible(text, 10_000) for text in (*about, "\n".join(result.altered), "\n".join(result.notebook))]


def _csv_row(result: Result) -> list[str]:
    """A spreadsheet takes what begins with one of these signs for a formula, and runs it."""
    return [f"'{text}" if text.startswith(("=", "+", "-", "@")) else text for text in _texts(result)]


def _page(results: list[Result], about: str) -> str:
    students = list(dict.fromkeys(result.student for result in results))
    tasks = list(dict.fromkeys((result.exercise, result.task) for result in results))
    by_place = {(result.student, result.exercise, result.task): result for result in results}
    head = "".join(f"<th title='{escape(exercise)}'>{escape(task)}</th>" for exercise, task in tasks)
    rows = []
    for student in students:
        cells = [by_place[student, exercise, task] for exercise, task in tasks]
        right = sum(result.status == RIGHT for result in cells)
        marks = "".join(f"<td title='{escape(_why(result))}'>{MARKS[result.status]}</td>" for result in cells)
        rows.append(f"<tr><th>{escape(student)}</th>{marks}<td>{right}</td></tr>")
    legend = ", ".join(f"{mark} {status}" for status, mark in MARKS.items())
    return (
        f"<!doctype html><meta charset='utf-8'><title>Score</title><style>{STYLE}</style><h1>Score</h1>"
        f"<p>{legend}. {escape(about)}</p><table><tr><th></th>{head}<th>right</th></tr>{''.join(rows)}</table>"
        f"<h2>What each was told</h2>{''.join(_told(student, results) for student in students)}"
        f"<h2>Identical answers</h2>{_identical(results)}\n"
    )


def _why(result: Result) -> str:
    return f"{result.status} {result.code}".strip()


def _told(student: str, results: list[Result]) -> str:
    mine = [result for result in results if result.student == student and (result.status != RIGHT or result.altered)]
    texts = [*dict.fromkeys(note for result in mine for note in result.notebook), *(each.in_words for each in mine)]
    text = escape("\n\n".join(texts)) or "All right."
    return f"<details><summary>{escape(student)}</summary><pre>{text}</pre></details>"


def _identical(results: list[Result]) -> str:
    """Who has the same answer to a task, but for comments and spaces. It proves nothing: some have but one."""
    same: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if result.source and result.status != NOT_ATTEMPTED:
            same.setdefault((result.task, code_of(result.source)), []).append(result.student)
    found = [f"<li>{escape(task)}: {escape(', '.join(who))}</li>" for (task, _), who in same.items() if len(who) > 1]
    return f"<ul>{''.join(found)}</ul>" if found else "<p>None.</p>"
