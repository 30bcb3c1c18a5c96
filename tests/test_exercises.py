"""The two-way proof: as shipped every task fails by its name, with the solutions every task passes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from small_exercise import SOURCE, build, exercise_books

from zerohttpd_lib.grading.exercise import shipped

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(build.EXERCISE_SOURCES.glob("*.md"))
TASKS = {(name, task) for name, exercise in shipped().items() for task in exercise.tasks}
pytestmark = pytest.mark.timeout(400)


def grade(command: list[str], score: Path) -> tuple[subprocess.CompletedProcess[str], dict[tuple[str, str], str]]:
    """What was printed, and the status of each task."""
    run = subprocess.run(
        [sys.executable, "-m", *command, "--junitxml", str(score)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    statuses = {}
    for case in ElementTree.parse(score).iter("testcase"):
        about = {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
        statuses[about["exercise"], about["task"]] = about["status"]
    return run, statuses


def test_as_shipped_every_task_fails_as_not_attempted(tmp_path: Path) -> None:
    run, statuses = grade(["pytest", "--nbval", "-v", "-n0", "exercises"], tmp_path / "score.xml")
    assert run.returncode == 1
    assert statuses == dict.fromkeys(TASKS, "not attempted")
    for name, task in TASKS:
        assert f"exercises/{name}.ipynb::{task} FAILED" in run.stdout
    assert not re.search(r"^\s*!", run.stdout, re.M), "something is reported as altered"


@pytest.mark.more  # each judges its own, among the chapters
def test_with_the_solutions_every_task_passes(tmp_path: Path) -> None:
    run, statuses = grade(["zerohttpd_lib", "grade", "solutions"], tmp_path / "score.xml")
    assert statuses == dict.fromkeys(TASKS, "right"), run.stdout
    assert run.returncode == 0
    assert not re.search(r"^\s*!", run.stdout, re.M), "something is reported as altered"


def test_each_exercise_has_a_source_a_chapter_and_three_notebooks() -> None:
    names = [source.stem for source in SOURCES]
    for folder in (build.EXERCISES, build.SOLUTIONS, build.PRISTINE):
        assert sorted(path.stem for path in folder.glob("*.ipynb")) == names
    assert {name for name in names if not (build.SOURCES / f"{name}.md").exists()} == set()


def test_no_two_tasks_have_the_same_name() -> None:
    tasks = [task for _, task in TASKS]
    assert len(tasks) == len(set(tasks))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_an_exercise_has_three_to_five_tasks(source: Path) -> None:
    book = build.read_source(source)
    assert exercise_books.mistakes(book) == []
    assert 3 <= len(shipped()[source.stem].tasks) <= 5


def test_a_source_with_mistakes_is_told_them(tmp_path: Path) -> None:
    source = tmp_path / "90-mistaken.md"
    source.write_text(SOURCE.replace('check("greet")', 'check("greed")').replace(":tags: [setup]", ":tags: []"))
    first, second = exercise_books.mistakes(build.read_source(source))
    assert "greed" in first
    assert "setup" in second
