"""`pytest --nbval exercises` on notebooks as shipped, solved, half done, altered, and of many students."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from small_exercise import NAME, run_pytest, small_course, with_answers

RIGHT_ADD = "def add(a, b):\n    return a + b"
WRONG_ADD = "def add(a, b):\n    return a - b"
RIGHT_GREET = "def greet(sock):\n    sock.sendall(b'hello')"


class Course(NamedTuple):
    home: Path
    exercises: Path
    solutions: Path
    pristine: Path

    @property
    def notebook(self) -> Path:
        return self.exercises / f"{NAME}.ipynb"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return Course(tmp_path, *small_course(tmp_path))


def test_as_shipped_each_task_fails_as_not_attempted_by_its_name(course: Course) -> None:
    run = run_pytest(course.pristine, "exercises", "-v", cwd=course.home)
    assert run.returncode == 1
    assert f"exercises/{NAME}.ipynb::add FAILED" in run.stdout
    assert f"exercises/{NAME}.ipynb::greet FAILED" in run.stdout
    for task in ("add", "greet"):
        assert f"{task}: not attempted. Its cell is as you got it." in run.stdout
    assert "In all: 0 of 2 tasks right." in run.stdout
    assert "!" not in run.stdout  # nothing is altered


def test_with_answers_the_score_is_told_task_by_task(course: Course) -> None:
    with_answers(course.notebook, course.notebook, add=WRONG_ADD, greet=RIGHT_GREET)
    run = run_pytest(course.pristine, "exercises", cwd=course.home)
    assert run.returncode == 1
    assert f"exercises/{NAME}.ipynb: 1 of 2" in run.stdout
    assert "add: wrong. That is not the sum." in run.stdout
    assert "expected: " in run.stdout and "hint:     There is a sign for it." in run.stdout
    assert "Traceback" not in run.stdout


def test_when_all_is_right_the_status_is_0(course: Course) -> None:
    with_answers(course.notebook, course.notebook, add=RIGHT_ADD, greet=RIGHT_GREET)
    run = run_pytest(course.pristine, "exercises", cwd=course.home)
    assert run.returncode == 0, run.stdout
    assert "In all: 2 of 2 tasks right." in run.stdout


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_the_junit_file_has_a_case_for_each_task(course: Course, workers: tuple[str, ...]) -> None:
    with_answers(course.notebook, course.notebook, add=WRONG_ADD, greet=RIGHT_GREET)
    run = run_pytest(course.pristine, "exercises", "--junitxml", "score.xml", *workers, cwd=course.home)
    cases = {case.attrib["name"]: case for case in ElementTree.parse(course.home / "score.xml").iter("testcase")}
    assert set(cases) == {"add", "greet"}
    assert "That is not the sum" in (cases["add"].findtext("failure") or "")
    assert cases["greet"].find("failure") is None
    properties = {each.attrib["name"]: each.attrib["value"] for each in cases["add"].iter("property")}
    assert (properties["status"], properties["code"]) == ("wrong", "no-sum")
    assert "In all: 1 of 2 tasks right." in run.stdout


def test_a_folder_for_each_student_gives_a_table(course: Course) -> None:
    with_answers(course.notebook, course.home / "handed-in/ada" / f"{NAME}.ipynb", add=RIGHT_ADD, greet=RIGHT_GREET)
    with_answers(course.notebook, course.home / "handed-in/bob" / "my copy.ipynb", add=WRONG_ADD)
    (course.home / "handed-in/eve").mkdir()
    (course.home / "handed-in/eve" / f"{NAME}.ipynb").write_text("{ this is no notebook")
    run = run_pytest(course.pristine, "handed-in", cwd=course.home)
    lines = [line.split() for line in run.stdout.splitlines()]
    assert ["folder", "90", "all"] in lines
    assert ["handed-in/ada", "2/2", "2"] in lines
    assert ["handed-in/bob", "0/2", "0"] in lines
    assert ["handed-in/eve", "0/2", "0"] in lines
    assert "cannot be read as a notebook" in run.stdout


def test_an_endless_loop_does_not_keep_the_other_task_from_being_graded(course: Course) -> None:
    with_answers(course.notebook, course.notebook, add="while True:\n    pass", greet=RIGHT_GREET)
    run = run_pytest(course.pristine, "exercises", cwd=course.home)
    assert "did not end within 8 seconds" in run.stdout
    assert "In all: 1 of 2 tasks right." in run.stdout


def test_another_version_is_told_how_to_move_its_answers(course: Course) -> None:
    book = json.loads(with_answers(course.notebook, course.notebook, add=RIGHT_ADD).read_text())
    book["metadata"]["zerohttpd"]["version"] = "00000000"
    course.notebook.write_text(json.dumps(book))
    run = run_pytest(course.pristine, "exercises", cwd=course.home)
    assert "zerohttpd update FILE" in run.stdout
    assert "In all: 1 of 2 tasks right." in run.stdout  # graded nevertheless


def test_solutions_and_other_notebooks_are_left_to_nbval(course: Course) -> None:
    other = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    cell = {"id": "a", "cell_type": "code", "source": "1 + 1", "metadata": {}, "outputs": [], "execution_count": None}
    (course.home / "notes.ipynb").write_text(json.dumps({**other, "cells": [cell]}))
    run = run_pytest(course.pristine, "--collect-only", "-q", ".", cwd=course.home)
    assert "notes.ipynb::Cell 0" in run.stdout
    assert f"solutions/{NAME}.ipynb::Cell 0" in run.stdout
    assert f"exercises/{NAME}.ipynb::add" in run.stdout
    graded = run_pytest(course.pristine, "--collect-only", "-q", "--grade-all", "solutions", cwd=course.home)
    assert f"solutions/{NAME}.ipynb::add" in graded.stdout


def test_a_chapter_with_the_name_of_an_exercise_is_left_to_nbval(course: Course) -> None:
    chapter = course.home / "chapters" / f"{NAME}.ipynb"
    chapter.parent.mkdir()
    book = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    code = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "source": "1 + 1", "execution_count": None}
    chapter.write_text(json.dumps({**book, "cells": [code]}))
    run = run_pytest(course.pristine, "chapters", cwd=course.home)
    assert run.returncode == 0, run.stdout
    assert "1 passed" in run.stdout and "tasks right" not in run.stdout
