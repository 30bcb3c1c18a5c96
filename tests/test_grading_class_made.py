"""A small class of every kind, made by authoring/make_class.py: all have all rows, and the odd ones alone suffer."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from small_class import RIGHT_ADD, Class, needs_a_box, rows_of
from small_exercise import NAME, ROOT

sys.path.insert(0, str(ROOT / "authoring"))

import make_class

pytestmark = [pytest.mark.timeout(400), needs_a_box]
RIGHT = {"add": f"%%answer add\n{RIGHT_ADD}", "greet": "%%answer greet\ndef greet(sock):\n    sock.sendall(b'hello')"}
WRONG = {"add": ["%%answer add\ndef add(a, b):\n    return a - b"], "greet": ["%%answer greet\ngreet = None"]}
NUMBERS = {"right": 2, "wrong": 1, "hostile": 4, "broken": len(make_class.BROKEN)}


def test_a_class_of_every_kind_is_graded_to_the_last_row(tmp_path: Path) -> None:
    of = Class.new(tmp_path)
    of.folder.rmdir()
    make_class.Maker(NAME, json.loads(of.notebook.read_text()), RIGHT, WRONG, of.folder).make(NUMBERS)
    options = ("--exercise", "90", "--csv", "score.csv", "--junitxml", "score.xml", "--pages", "pages")
    run = of.grade(*options, "--seed", "one", "--jobs", "2")
    assert "Traceback" not in run.stderr
    found = rows_of(of)
    students = {student for student, _ in found}
    assert len(students) == sum(NUMBERS.values()) == len(list((of.home / "pages").iterdir()))
    assert len(found) == 2 * len(students)
    expected = {
        "right": ("right-", "brackets", "no-text", "HYPERLINK", "two-of-them"),
        "could not be judged": ("fifo", "link-to-another", "huge"),
        "not attempted": ("clone",),
    }
    for status, kinds in expected.items():
        for kind in kinds:
            assert {row["status"] for (student, _), row in found.items() if re.search(kind, student)} == {status}, kind
    assert {row["status"] for (student, _), row in found.items() if student.startswith("wrong")} & {"wrong"}
    for name in ("kill-all", "stop-all", "fork"):
        assert {row["status"] for (student, _), row in found.items() if student.endswith(name)} == {"right", "wrong"}, (
            name
        )
    # In its box there was nothing that it could delete, and the answer that came after it is right.
    assert {row["status"] for (student, _), row in found.items() if student.endswith("delete")} == {"right"}
