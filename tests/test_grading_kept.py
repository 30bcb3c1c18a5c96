"""Verdicts that are kept: a second run judges what has changed, and no more; an end of any kind loses none."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from small_class import RIGHT_ADD, Class, needs_a_box, rows_of
from small_exercise import NAME, small_exercise
from waiting import wait_until

from zerohttpd_lib.grading.kept import Kept, key_of
from zerohttpd_lib.grading.verdict import COULD_NOT, RIGHT, Verdict
from zerohttpd_lib.lab.errors import LabError

pytestmark = pytest.mark.timeout(300)
SLOW = "import time\ntime.sleep(60)"
REPORTS = ("--csv", "score.csv", "--junitxml", "score.xml", "--html", "score.html")


@pytest.fixture
def of(tmp_path: Path) -> Class:
    return Class.new(tmp_path)


def judged_now(run: subprocess.CompletedProcess[str]) -> int:
    found = re.search(r"^(\d+) of \d+ different answers were judged now", run.stdout, re.M)
    assert found, run.stdout + run.stderr
    return int(found[1])


def kept_in(of: Class) -> list[bytes]:
    files = list((of.home / "state").rglob("*.jsonl"))
    return [line for file in files for line in file.read_bytes().splitlines() if b"verdict" in line]


@needs_a_box
def test_a_second_run_judges_what_has_changed_and_reports_all(of: Class) -> None:
    for name in ("ada", "bob"):
        of.hand_in(f"{name}/{NAME}.ipynb", add=RIGHT_ADD)
    of.hand_in(f"eve/{NAME}.ipynb", add="def add(a, b):\n    return a")
    first = of.grade(*REPORTS)
    before = rows_of(of)
    assert judged_now(first) == 3, "ada's and bob's text is the same, and so is what none has answered"
    assert str(of.home / "state") in first.stdout

    again = of.grade(*REPORTS)
    assert judged_now(again) == 0
    assert rows_of(of) == before

    of.hand_in(f"eve/{NAME}.ipynb", add="def add(a, b):\n    return b + a")
    assert judged_now(of.grade(*REPORTS)) == 1
    assert rows_of(of)["eve", "add"]["status"] == "right"

    assert judged_now(of.grade("--seed", "another")) == 3
    assert judged_now(of.grade("--anew")) == 3
    (of.home / "checks.py").write_text((of.home / "checks.py").read_text() + "\n# changed\n")
    assert judged_now(of.grade()) == 3


@needs_a_box
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_loses_nothing_that_was_judged(of: Class, how: signal.Signals) -> None:
    of.hand_in(f"ada/{NAME}.ipynb", add=RIGHT_ADD)
    of.hand_in(f"bob/{NAME}.ipynb", add=SLOW)
    of.hand_in(f"eve/{NAME}.ipynb", add=f"{RIGHT_ADD}  # eve")
    run = of.start("--jobs", "1")
    wait_until(lambda: len(kept_in(of)) == 2, seconds=60)
    run.send_signal(how)
    _, errors = run.communicate(timeout=10)
    assert "Traceback" not in errors
    if how != signal.SIGKILL:
        assert run.returncode == 130
        assert "2 of 4 answers are judged and kept" in errors
    of.hand_in(f"bob/{NAME}.ipynb", add="def add(a, b):\n    return 0")
    assert judged_now(of.grade()) == 2


@needs_a_box
def test_where_nothing_can_be_kept_the_grading_goes_on_and_says_so(of: Class) -> None:
    of.hand_in(f"ada/{NAME}.ipynb", add=RIGHT_ADD)
    (of.home / "file").touch()
    run = of.grade(environment={"XDG_STATE_HOME": str(of.home / "file")})
    assert judged_now(run) == 2
    assert "Nothing is kept" in run.stdout and "Traceback" not in run.stderr


def verdicts(folder: Path, place: Path) -> Kept:
    return Kept([place], folder)


def test_what_could_not_be_judged_is_tried_again(tmp_path: Path) -> None:
    with verdicts(tmp_path / "kept", tmp_path / "class") as kept:
        kept.keep("a", Verdict("add", COULD_NOT, "check-failed"))
        kept.keep("b", Verdict("add", RIGHT))
    with verdicts(tmp_path / "kept", tmp_path / "class") as kept:
        assert kept.get("a") is None
        assert kept.get("b") == Verdict("add", RIGHT)


@pytest.mark.parametrize(
    "damage",
    [
        b'{"key": "c", "verdict": {"task"',
        b"\xff\x00",
        b"[]\n",
        b'{"key": "c"}\n',
        b'{"key": "c", "verdict": {"task": 1}}\n',
    ],
)
def test_a_line_that_is_damaged_costs_itself_alone(tmp_path: Path, damage: bytes) -> None:
    with verdicts(tmp_path / "kept", tmp_path / "class") as kept:
        kept.keep("a", Verdict("add", RIGHT))
    assert kept.file is not None
    with open(kept.file, "ab") as file:
        file.write(damage)
    with verdicts(tmp_path / "kept", tmp_path / "class") as kept:
        kept.keep("b", Verdict("add", RIGHT))
    with verdicts(tmp_path / "kept", tmp_path / "class") as kept:
        assert kept.get("a") == kept.get("b") == Verdict("add", RIGHT)
        assert kept.get("c") is None


def test_without_a_seed_it_is_that_of_the_run_before(tmp_path: Path) -> None:
    seeds = []
    for wanted in (None, None, "mine", None):
        with verdicts(tmp_path / "kept", tmp_path / "class") as kept:
            seeds.append(kept.seed(wanted))
    assert seeds[0] == seeds[1] and len(seeds[0]) == 16
    assert seeds[2:] == ["mine", "mine"]


def inside(folder: Path, place: Path) -> Path:
    return place / "eve"


def link(folder: Path, place: Path) -> Path:
    folder.symlink_to(place)
    return folder


def others_can_write(folder: Path, place: Path) -> Path:
    with verdicts(folder, place) as kept:
        assert kept.file is not None
    os.chmod(kept.file, 0o666)
    return folder


@pytest.mark.parametrize("prepare", [inside, link, others_can_write])
def test_verdicts_are_not_taken_from_where_others_could_have_written_them(
    tmp_path: Path, prepare: Callable[[Path, Path], Path]
) -> None:
    place = tmp_path / "class"
    place.mkdir()
    with pytest.raises(LabError, match=r"elsewhere"):
        verdicts(prepare(tmp_path / "kept", place), place)
    assert list(place.iterdir()) == []


def test_two_runs_do_not_write_into_one_file(tmp_path: Path) -> None:
    with verdicts(tmp_path / "kept", tmp_path / "class") as kept:
        assert kept.file is not None
        with pytest.raises(LabError, match="Another run"):
            verdicts(tmp_path / "kept", tmp_path / "class")
    with open(kept.file) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # it is let go with the run


def test_a_key_tells_apart_all_that_a_verdict_comes_from(tmp_path: Path) -> None:
    exercise = small_exercise(tmp_path)
    keys = {
        key_of("add", "a\ud800", exercise, seed="one", box="bubblewrap"),
        key_of("add", "b", exercise, seed="one", box="bubblewrap"),
        key_of("greet", "b", exercise, seed="one", box="bubblewrap"),
        key_of("add", "b", exercise, seed="two", box="bubblewrap"),
        key_of("add", "b", exercise, seed="two", box="none"),
    }
    assert len(keys) == 5
