"""The reports, of results that hold whatever a stranger can put into a name, an answer or an exception."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zerohttpd_lib.grading.compared import identical, mistakes
from zerohttpd_lib.grading.legible import in_one_line
from zerohttpd_lib.grading.pages import class_page, page_name, student_page
from zerohttpd_lib.grading.report import Reports
from zerohttpd_lib.grading.score import Result
from zerohttpd_lib.grading.verdict import COULD_NOT, NOT_ATTEMPTED, RIGHT, WRONG, Verdict
from zerohttpd_lib.lab.errors import LabError

NASTY = [
    "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "＝1", "\t=1", "\r=1", "a\n=1", '"', "'", "]]>", "&lt;", "\0",
    "\x1b[2J", "</style><script>alert(1)</script>", "{{ 7 * 7 }}", "{% raw %}", "\ud800", "\u202e", "\ufffe", "a,b;c",
]  # fmt: skip
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(st.characters(), max_size=30))  # half surrogates, too


def result(student: str, task: str, status: str = RIGHT, *, source: str = "", said: str = "", code: str = "") -> Result:
    """As grading makes one: a student's name is shown in one line."""
    verdict = Verdict.told(task, Verdict(task, status, code, said, said, said, [said, "more"], 1.5).as_json())
    return Result(f"{in_one_line(student)}/03-x.ipynb", "03-x", task, status, code, [said], [said], verdict, source)


class Names(HTMLParser):
    """The tags of a page, and whether each that is opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(student=TEXTS.filter(lambda text: "/" not in text and text not in ("", ".")), said=TEXTS, source=TEXTS)
def test_any_text_makes_valid_files_and_is_obeyed_by_none(tmp_path: Path, student: str, said: str, source: str) -> None:
    results = [result(student, task, WRONG, said=said, source=source) for task in ("a", "b")]
    results += [result("other", task, COULD_NOT, said=said) for task in ("a", "b")]
    reports = Reports(*(tmp_path / name for name in ("a.xml", "a.html", "a.csv", "pages")))
    reports.make_sure_they_can_be_written()
    reports.write(results, "Seed: 1.")
    assert len(ElementTree.parse(tmp_path / "a.xml").findall(".//testcase")) == 4
    with open(tmp_path / "a.csv", newline="", encoding="utf-8") as file:
        cells = [cell for row in list(csv.reader(file))[1:] for cell in row]
    assert len(cells) == 4 * 11
    assert not any(cell.startswith(("=", "+", "-", "@", "＝", "\t", "\r")) for cell in cells)
    for page in [tmp_path / "a.html", *(tmp_path / "pages").iterdir()]:
        names = Names(page.read_text(encoding="utf-8"))
        assert names.open == []
        assert not names.seen & {"script", "img", "iframe", "form"}


def test_a_students_page_has_nothing_of_others_and_no_seed() -> None:
    results = [result("ada", "a", WRONG, said="of ada"), result("bob", "a", WRONG, said="of bob")]
    page = student_page("ada", results[:1])
    assert "of ada" in page
    assert "bob" not in page and "Seed" not in page


def test_each_student_has_a_page_of_their_own(tmp_path: Path) -> None:
    students = ["ada", "Ada", "../ada", "a da", "a  da", "index", "é", "è", "x" * 300, ".hidden", "-rf", "a.b"]
    names = [page_name(student) for student in students]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.html", name) and len(name) < 100 for name in names)
    Reports(pages=tmp_path).write([result(student.replace("/", "-"), "a") for student in students], "")
    assert len(list(tmp_path.iterdir())) == len(students)


def test_the_class_page_says_who_got_which_hint_and_what_was_altered() -> None:
    results = [
        result("ada", "a", WRONG, said="Look again.", code="upside-down"),
        result("bob", "a", WRONG, said="Look again.", code="upside-down"),
        result("eve", "a", NOT_ATTEMPTED),
    ]
    page = class_page(results, "Seed: 1.")
    assert "Seed: 1." in page
    assert page.count("upside-down") >= 3
    assert '<td class="wrong" title="wrong: Look again."><span class="mark">✗ !</span>' in page
    assert [(mistake.code, mistake.students) for mistake in mistakes(results)] == [("upside-down", ["ada", "bob"])]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("def f( a ):   # mine\n\n\n    return (a+1)", True),
        ("%%answer a\ndef f(a): return a + 1", True),
        ("def f(b):\n    return b + 1", False),
        ("def f(a):\n    return a + 2", False),
    ],
)
def test_answers_are_identical_but_for_comments_and_spaces(other: str, same: bool) -> None:
    results = [result("ada", "a", source="def f(a):\n    return a + 1"), result("bob", "a", WRONG, source=other)]
    assert [group.students for group in identical(results)] == ([["ada", "bob"]] if same else [])


def test_what_python_cannot_read_is_compared_by_lines() -> None:
    results = [
        result("ada", "a", WRONG, source="def f(:\n  x"),
        result("bob", "a", WRONG, source="# b\ndef f(:\n\n    x"),
    ]
    assert [group.lines for group in identical(results)] == [2]


def test_what_nobody_has_attempted_is_not_called_identical() -> None:
    assert identical([result(student, "a", NOT_ATTEMPTED, source="...") for student in ("ada", "bob")]) == []


@pytest.mark.parametrize("which", ["csv", "html", "junitxml", "pages"])
def test_a_report_that_cannot_be_written_is_said_before_anything_is_judged(tmp_path: Path, which: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LabError):
        Reports(**{which: tmp_path / "file" / "report"}).make_sure_they_can_be_written()
