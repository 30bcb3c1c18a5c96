"""`zerohttpd grade` on a folder of strangers' files: each has a row for each task, and none costs another anything."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_class import RIGHT_ADD, Class, needs_a_box, rows
from small_exercise import NAME

from zerohttpd_lib.grading.legible import legible

pytestmark = [pytest.mark.timeout(400), needs_a_box]


@pytest.fixture
def of(tmp_path: Path) -> Class:
    return Class.new(tmp_path)


def statuses(found: dict[tuple[str, str], dict[str, str]], student: str) -> list[str]:
    return [row["status"] for (name, _), row in found.items() if name == student]


def fifo(path: Path) -> None:
    os.mkfifo(path / f"{NAME}.ipynb")


def link(path: Path) -> None:
    (path / f"{NAME}.ipynb").symlink_to(path.parent / "ada" / f"{NAME}.ipynb")


def huge(path: Path) -> None:
    with open(path / f"{NAME}.ipynb", "wb") as file:
        file.truncate(6_000_000)


def deep(path: Path) -> None:
    (path / f"{NAME}.ipynb").write_text('{"cells": ' + "[" * 100_000)


def a_folder(path: Path) -> None:
    (path / f"{NAME}.ipynb").mkdir()


def no_text(path: Path) -> None:
    (path / f"{NAME}.ipynb").write_bytes(b"\xff\xfe\x00{}")


def odd_cells(path: Path) -> None:
    (path / f"{NAME}.ipynb").write_text(json.dumps({"cells": [{"id": [1], "metadata": {"tags": 3}, "source": None}]}))


BROKEN: dict[str, Callable[[Path], None]] = {
    function.__name__: function for function in (fifo, link, huge, deep, a_folder, no_text, odd_cells)
}


def test_every_file_whatever_costs_its_owner_a_row_and_nobody_else_anything(of: Class) -> None:
    of.hand_in(f"ada/{NAME}.ipynb", add=RIGHT_ADD, greet="def greet(sock):\n    sock.sendall(b'hello')")
    for name, do in BROKEN.items():
        (of.folder / name).mkdir()
        do(of.folder / name)
    (of.folder / "empty").mkdir()
    (of.folder / "linked").symlink_to(of.folder / "ada")
    found = rows(of)
    assert statuses(found, "ada") == ["right", "right"]
    for name in ("fifo", "link", "huge", "deep", "no_text"):
        assert statuses(found, name) == ["could not be judged"] * 2, name
    for name in ("empty", "linked", "a_folder", "odd_cells"):
        assert statuses(found, name) == ["not attempted"] * 2, name
    assert "no regular file" in found["fifo", "add"]["said"]
    assert "5,242,880" in found["huge", "add"]["said"]
    assert "link" in found["linked", "add"]["notebook"]


ODD_NAMES = [
    b"x[1]",
    b"a::b",
    b"-rf",
    b"=cmd()",
    b"\x1b[2J",
    b"caf\xe9",
    "\u202ereversed".encode(),
    b"a\nb",
    b"$(id)",
    b"%s{}",
]


def test_odd_names_are_shown_and_obeyed_by_nobody(of: Class) -> None:
    for name in ODD_NAMES:
        folder = of.folder / os.fsdecode(name)
        of.hand_in(f"{os.fsdecode(name)}/{os.fsdecode(name)}.ipynb", add=RIGHT_ADD)
        assert folder.is_dir()
    found = rows(of)
    assert len(found) == 2 * len(ODD_NAMES)
    assert {row["status"] for (_, task), row in found.items() if task == "add"} == {"right"}
    written = (of.home / "score.html").read_text() + (of.home / "score.xml").read_text()
    assert "\x1b" not in written and "\u202e" not in written
    with open(of.home / "score.csv", newline="") as file:
        assert not re.search(r"^[=+@-]", file.read(), re.M)


def test_odd_cells_are_read_or_told(of: Class) -> None:
    cells = {
        "surrogate": "x = '\ud800'",
        "zero": "x = '\0'",
        "minus": "x = " + "-" * 90_000 + "1",
        "brackets": "(" * 90_000,
        "attributes": "x" + ".a" * 45_000,
        "long": "#" * 200_000,
        "escape": "raise ValueError('\x1b[2J]]>&<\ufffe')",
    }
    for name, code in cells.items():
        of.hand_in(f"{name}/{NAME}.ipynb", add=code)
    of.hand_in(f"ada/{NAME}.ipynb", add=RIGHT_ADD)
    found = rows(of)
    assert found["ada", "add"]["status"] == "right"
    assert {found[name, "add"]["status"] for name in cells} == {"wrong"}
    assert found["long", "add"]["code"] == "too-long"
    assert "\\x1b[2J" in found["escape", "add"]["said"]


def test_copies_of_a_notebook_count_once_and_it_is_said_which(of: Class) -> None:
    for name in ("a.ipynb", "b.ipynb", "deeper/c.ipynb"):
        of.hand_in(f"bob/{name}", add=RIGHT_ADD)
    of.hand_in("bob/0-empty.ipynb")
    found = rows(of)
    assert set(found) == {("bob", "add"), ("bob", "greet")}
    assert found["bob", "add"]["status"] == "right"
    assert "4 notebooks of this exercise were handed in; a.ipynb counts" in found["bob", "add"]["notebook"]


def test_a_whole_course_handed_in_does_not_grade_its_solutions(of: Class) -> None:
    of.hand_in(f"eve/course/solutions/{NAME}.ipynb", add=RIGHT_ADD)
    of.hand_in(f"eve/course/exercises/{NAME}.ipynb")
    assert statuses(rows(of), "eve") == ["not attempted"] * 2


def test_only_the_exercise_that_is_asked_for_is_graded(of: Class) -> None:
    of.hand_in(f"ada/{NAME}.ipynb", add=RIGHT_ADD)
    assert set(rows(of, "--exercise", "90")) == {("ada", "add"), ("ada", "greet")}
    refused = of.grade("--exercise", "91")
    assert refused.returncode == 2
    assert "There is no exercise 91" in refused.stderr


def test_what_lies_beside_a_notebook_is_not_run(of: Class) -> None:
    of.hand_in(f"eve/{NAME}.ipynb", add="def add(a, b):\n    return 0")
    ran = of.home / "ran"
    for name in ("conftest.py", "zerohttpd_lib/__init__.py", "json.py", "stringprep.py", "sitecustomize.py"):
        for folder in (of.folder, of.folder / "eve"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(f"open({str(ran)!r}, 'w')")
    (of.folder / "pytest.ini").write_text("[pytest]\naddopts = --collect-only")
    assert rows(of)["eve", "add"]["status"] == "wrong"
    assert not ran.exists()


HOSTILE = {
    "kill-all": "import os\nos.kill(-1, 9)",
    "stop-all": "import os\nif not os.fork():\n    import time; time.sleep(60)\nos.kill(-1, 19)",
    "disk": "for n in range(900):\n    open(f'/tmp/{n}', 'wb').write(bytes(1_000_000))",
    "shout": "raise Exception('x' * 15_000_000)",
    "delete": "import os, shutil\nfor name in os.listdir('/'):\n    shutil.rmtree('/' + name, ignore_errors=True)",
    "stay": "import os, time\nif not os.fork():\n    os.setsid()\n    time.sleep(600)",
}


def test_those_who_do_harm_do_it_to_nobody(of: Class) -> None:
    for name, code in HOSTILE.items():
        of.hand_in(f"{name}/{NAME}.ipynb", add=f"{code}\ndef add(a, b):\n    return 0")
    mine = of.hand_in(f"zoe/{NAME}.ipynb", add=RIGHT_ADD)
    before = mine.read_bytes()
    found = rows(of, "--jobs", "3")
    assert found["zoe", "add"]["status"] == "right"
    assert {found[name, "add"]["status"] for name in HOSTILE} == {"wrong"}
    assert mine.read_bytes() == before
    assert max(len(row["said"]) for row in found.values()) < 5000


def test_the_same_seed_gives_the_same_report_however_many_jobs(of: Class) -> None:
    for name in ("ada", "bob", "eve"):
        of.hand_in(f"{name}/{NAME}.ipynb", add="def add(a, b):\n    return [a, b]")
    reports = [rows(of, "--seed", "one", "--jobs", jobs) for jobs in ("1", "3")]
    for report in reports:
        for row in report.values():
            row.pop("seconds")
    assert reports[0] == reports[1]
    assert len({row["said"] for (_, task), row in reports[0].items() if task == "add"}) == 1


def test_the_page_shows_a_mark_for_each_and_who_has_the_same_answer(of: Class) -> None:
    of.hand_in(f"ada/{NAME}.ipynb", add=RIGHT_ADD)
    of.hand_in(f"bob/{NAME}.ipynb", add=f"# mine\n{RIGHT_ADD}")
    rows(of)
    page = (of.home / "score.html").read_text()
    assert page.count('<td class="right" title="right">') == 2
    assert "<td>ada, bob</td>" in page


def test_nobody_is_taken_for_another_who_has_a_name_that_is_shown_alike(of: Class) -> None:
    names = ["\x1b", "\\x1b", "x" * 150 + "a", "x" * 150 + "b"]
    for name in names:
        of.hand_in(f"{name}/{NAME}.ipynb", add=RIGHT_ADD if name.endswith("a") else "add = None")
    found = rows(of)
    assert len({student for student, _ in found}) == len(names)
    assert [row["status"] for (_, task), row in found.items() if task == "add"].count("right") == 1


def test_without_a_box_others_are_refused_in_a_sentence_unless_asked_for(of: Class) -> None:
    of.hand_in(f"ada/{NAME}.ipynb", add=RIGHT_ADD)
    no_box = {"NO_BOX_OF": "bubblewrap unshare Landlock"}
    refused = of.grade(environment=no_box)
    assert refused.returncode != 0
    assert "other people's answers" in refused.stderr and "apt install bubblewrap" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "ada" in of.grade("--without-a-box", environment=no_box).stdout


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb", "a\\tb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("é ∑", "é ∑"),
        ("\ud800", "\\ud800"),
        ("a\nb", "a\nb"),
        ("\ufffe", "\\ufffe"),
    ],
)
def test_a_text_is_made_legible(text: str, shown: str) -> None:
    assert legible(text) == shown
    legible(text).encode()


def test_a_long_text_has_an_end() -> None:
    value: Any = legible("x" * 10_000, 10)
    assert value == "xxxxxxxxxx ... (10,000 characters)"
