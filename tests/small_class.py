"""A class that has handed in the small exercise, graded as a teacher does it."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from small_exercise import NAME, small_course, with_answers, with_pristine

from zerohttpd_lib.grading.box import best

RIGHT_ADD = "def add(a, b):\n    return a + b"
needs_a_box = pytest.mark.skipif(not best().holds, reason="no box can be made here: see zerohttpd doctor")


# Kinds of box that are not to be used are named in the environment.
GRADE = """
import os, small_pristine, sys
from zerohttpd_lib.cli import main
from zerohttpd_lib.grading import box
for kind in os.environ.get("NO_BOX_OF", "").split():
    del box.KINDS[kind]
sys.exit(main(sys.argv[1:]))
"""


class Class(NamedTuple):
    """A course with the small exercise, and a folder for what was handed in."""

    home: Path
    notebook: Path
    pristine: Path
    folder: Path

    @classmethod
    def new(cls, where: Path) -> Class:
        exercises, _, pristine = small_course(where)
        (where / "handed-in").mkdir()
        return cls(where, exercises / f"{NAME}.ipynb", pristine, where / "handed-in")

    def hand_in(self, where: str, **answers: str) -> Path:
        return with_answers(self.notebook, self.folder / where, **answers)

    def start(self, *options: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """`zerohttpd grade` with these options; it keeps its verdicts in a folder of this class."""
        command = [sys.executable, "-c", GRADE, "grade", str(self.folder), *options]
        own = {**with_pristine(self.pristine), "XDG_STATE_HOME": str(self.home / "state"), **(environment or {})}
        return subprocess.Popen(
            command, cwd=self.home, env=own, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def grade(self, *options: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        run = self.start(*options, environment=environment)
        out, errors = run.communicate(timeout=300)
        return subprocess.CompletedProcess(run.args, run.returncode, out, errors)


def rows(of: Class, *options: str) -> dict[tuple[str, str], dict[str, str]]:
    """By student and task, as they are in the CSV file; which has to agree with JUnit's."""
    run = of.grade("--csv", "score.csv", "--junitxml", "score.xml", "--html", "score.html", *options)
    assert "Traceback" not in run.stderr, run.stderr
    return rows_of(of)


def rows_of(of: Class) -> dict[tuple[str, str], dict[str, str]]:
    with open(of.home / "score.csv", newline="", encoding="utf-8") as file:
        found = {(row["student"].removeprefix("'"), row["task"]): row for row in csv.DictReader(file)}
    cases = ElementTree.parse(of.home / "score.xml").findall(".//testcase")
    assert sorted((case.attrib["classname"].rpartition(".")[0], case.attrib["name"]) for case in cases) == sorted(found)
    return found
