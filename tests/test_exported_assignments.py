"""What authoring/export_assignment.py makes of an exercise for other graders, and what goes back from us to them."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from small_class import RIGHT_ADD, Class, needs_a_box
from small_exercise import NAME

ROOT = Path(__file__).resolve().parents[1]


def export(kind: str, folder: Path, exercise: str = "03") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "authoring" / "export_assignment.py"), kind, str(folder)]
    return subprocess.run([*command, "--exercise", exercise], capture_output=True, text=True, check=False)


def test_nbgrader_gets_the_shipped_cells_with_a_point_for_each_check(tmp_path: Path) -> None:
    assert export("nbgrader", tmp_path).returncode == 0
    made = json.loads((tmp_path / "source" / "03-inside-poll" / "03-inside-poll.ipynb").read_text())
    shipped = json.loads((ROOT / "exercises" / "03-inside-poll.ipynb").read_text())
    graded = [cell["metadata"].pop("nbgrader") for cell in made["cells"] if "nbgrader" in cell["metadata"]]
    assert made == shipped
    assert len(graded) == 5
    assert all(each["grade"] and each["locked"] and each["points"] == 1 for each in graded)


def test_otter_gets_a_test_for_each_task_that_is_what_the_check_cell_says(tmp_path: Path) -> None:
    assert export("otter", tmp_path).returncode == 0
    names: dict[str, dict[str, object]] = {}
    for file in (tmp_path / "tests").iterdir():
        space: dict[str, dict[str, object]] = {}
        exec(file.read_text(), space)
        names[file.stem] = space["test"]
    assert sorted(names) == ["array", "density", "last_words", "looks", "unasked"]
    assert ">>> check('array')\\narray: right." in repr(names["array"])


def test_gradescope_gets_two_scripts_and_the_whole_library_as_a_wheel(tmp_path: Path) -> None:
    made = export("gradescope", tmp_path)
    assert made.returncode == 0, made.stderr
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        scripts, (wheel,) = [
            [name for name in archive.namelist() if name.endswith(".whl") is is_wheel] for is_wheel in (False, True)
        ]
        assert sorted(scripts) == ["run_autograder", "setup.sh"]
        assert all(archive.getinfo(name).external_attr >> 16 & 0o111 for name in scripts)
        assert "--exercise 03-inside-poll" in archive.read("run_autograder").decode()
        with zipfile.ZipFile(archive.open(wheel)) as library:
            names = set(library.namelist())
    shipped = {f"zerohttpd_lib/notebooks/solutions/{path.name}" for path in (ROOT / "solutions").glob("*.ipynb")}
    assert shipped <= names and "zerohttpd_lib/grading/pristine/03-inside-poll.ipynb" in names
    assert export("gradescope", tmp_path).returncode == 2


def test_nothing_is_overwritten_and_a_mistake_gets_a_sentence(tmp_path: Path) -> None:
    assert export("otter", tmp_path).returncode == 0
    for again in (export("otter", tmp_path), export("otter", tmp_path, "77")):
        assert again.returncode == 2
        assert "there" in again.stderr.lower() and "Traceback" not in again.stderr


@needs_a_box
def test_gradescope_gets_a_point_for_each_task_of_one_student(tmp_path: Path) -> None:
    of = Class.new(tmp_path)
    of.hand_in(f"student/some/folder/{NAME}.ipynb", add=RIGHT_ADD)
    of.grade("--gradescope", "results.json")
    found = json.loads((of.home / "results.json").read_text())
    assert [(test["name"], test["score"], test["max_score"], test["status"]) for test in found["tests"]] == [
        (f"{NAME}: add", 1, 1, "passed"),
        (f"{NAME}: greet", 0, 1, "failed"),
    ]
    of.hand_in(f"another/{NAME}.ipynb", add=RIGHT_ADD)
    refused = of.grade("--gradescope", "results.json")
    assert refused.returncode == 2 and "one student" in refused.stderr


@pytest.mark.parametrize("name", ["setup.sh", "run_autograder"])
def test_the_scripts_of_the_autograder_are_shell(tmp_path: Path, name: str) -> None:
    sys.path.insert(0, str(ROOT / "authoring"))
    import export_assignment

    script = {"setup.sh": export_assignment.SETUP, "run_autograder": export_assignment.RUN}[name]
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
