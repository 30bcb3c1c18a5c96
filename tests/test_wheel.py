"""The package as a stranger gets it: built, installed outside of any checkout, and used from init to grade.

The environment and the course lie in folders whose names have a space and an umlaut in them.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
pytestmark = pytest.mark.timeout(300)  # the first time, packages come over the network

# What a learner does in 03-inside-poll: three wrong answers to its first task, and then the solution.
LEARNER = """
import json
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
cells = {cell["id"]: "".join(cell["source"]) for cell in json.load(open("03-inside-poll.ipynb"))["cells"]}
shell.run_cell(cells["03-01"])
shell.run_cell('solution("unasked")')
shell.run_cell('%%answer unasked\\nrevents = {"a": "IN|HUP", "b": "IN", "c": "IN", "d": "ERR|HUP", "e": "NVAL"}')
for _ in range(3):
    shell.run_cell(cells["03-unasked-check"])
shell.run_cell('print(solution("unasked"))')
"""
# What an answer in its box finds of the solutions.
SPY = """
import time
from pathlib import Path
from zerohttpd_lib.grading.answer import Answer
from zerohttpd_lib.grading.box import best
from zerohttpd_lib.lab.course import PACKAGE, SOLUTIONS

paths = (SOLUTIONS / "03-inside-poll.ipynb", PACKAGE / "lab" / "course.py", PACKAGE / "__init__.py")
files = [str(path) for path in paths]
look = f"from pathlib import Path\\nfound = [Path(file).exists() for file in {files!r}]"
with Answer("", look, time.monotonic() + 30, box=best()) as answer:
    print(best().kind, [Path(file).exists() for file in files], answer.value("found"))
"""


def run(*command: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    away = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV", "REDIS_URL")}
    away["UV_SYSTEM_CERTS"] = "1"  # as pip does
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, env=away | variables, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"  # where uv is
    built = run(sys.executable, "-m", "build", "--installer", "uv", "--outdir", folder, ROOT, cwd=folder, PATH=path)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="module")
def bin_folder(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an empty environment in which the wheel has been installed."""
    environment = tmp_path_factory.mktemp("mein Kürs") / "venv"
    wheel = next(dist.glob("*.whl"))
    for command in (["venv", "--python", sys.executable, environment],
                    ["pip", "install", "--python", environment / "bin" / "python", wheel]):  # fmt: skip
        done = run(PROGRAMS / "uv", *command, cwd=dist)
        assert done.returncode == 0, done.stderr
    return environment / "bin"


@pytest.fixture(scope="module")
def course(bin_folder: Path) -> Path:
    folder = bin_folder.parents[1] / "Übungen zu Hause"
    done = run(bin_folder / "zerohttpd", "init", folder, cwd=bin_folder)
    assert done.returncode == 0, done.stderr
    assert f"zerohttpd lab '{folder}'" in done.stdout
    return folder


def test_the_packages_are_well_made(dist: Path) -> None:
    files = sorted(dist.iterdir())
    assert [file.suffix for file in files] == [".whl", ".gz"]
    for check in (["twine", "check", "--strict", *files], ["check-wheel-contents", files[0]]):
        done = run(PROGRAMS / str(check[0]), *check[1:], cwd=dist)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_says_its_version_and_finds_its_data(bin_folder: Path) -> None:
    said = run(bin_folder / "zerohttpd-lab", "--version", cwd=bin_folder).stdout
    assert re.fullmatch(r"zerohttpd \d+\.\d+\.\d+\n", said)
    code = """
from zerohttpd_lib.lab.saved_run import SHIPPED, load_run
from zerohttpd_lib.lab.page import PUBLIC
print(all(load_run(file).trace for file in SHIPPED.glob("*.npz")), len(list(PUBLIC.iterdir())))
"""
    assert run(bin_folder / "python", "-c", code, cwd=bin_folder).stdout == "True 3\n"


def test_the_lab_opens_the_course_and_says_nothing_but_how_to_use_it(bin_folder: Path, course: Path) -> None:
    command = [str(bin_folder / "zerohttpd"), "lab", str(course), "--no-browser", "--port", "0"]
    with subprocess.Popen(
        command, cwd=bin_folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "127.0.0.1" in line and "token" in line:
                break
        process.send_signal(signal.SIGTERM)
        lines.append(process.stdout.read())
    assert process.returncode == 0, lines
    assert "/lab/tree/chapters/00-start-here.ipynb" in "".join(lines)
    assert not re.search("warning|deprecated|Traceback", "".join(lines), re.I), lines


def test_a_chapter_runs(bin_folder: Path, course: Path) -> None:
    chapter = ["--nbval", "-p", "no:cacheprovider", course / "chapters" / "00-start-here.ipynb"]
    done = run(bin_folder / "python", "-m", "pytest", *chapter, cwd=course)
    assert done.returncode == 0, done.stdout
    assert "warning" not in done.stdout


def test_a_wrong_answer_gets_hints_then_its_solution_and_grading_agrees(bin_folder: Path, course: Path) -> None:
    exercises = course / "exercises"
    said = run(bin_folder / "python", "-c", LEARNER, cwd=exercises).stdout
    assert "Try it 3 more times first" in said
    assert len(set(re.findall(r"hint: .*", said))) > 1, said  # each goes further
    answer = said[said.index("%%answer unasked") :]
    notebook = exercises / "03-inside-poll.ipynb"
    book = json.loads(notebook.read_text(encoding="utf-8"))
    next(cell for cell in book["cells"] if cell["id"] == "03-unasked")["source"] = answer
    notebook.write_text(json.dumps(book), encoding="utf-8")
    graded = run(bin_folder / "zerohttpd", "grade", "03-inside-poll.ipynb", cwd=exercises)
    assert "In all: 1 of 5 tasks right." in graded.stdout, graded.stdout + graded.stderr
    assert "up to date" in run(bin_folder / "zerohttpd", "update", cwd=exercises).stdout


def test_an_answer_in_its_box_sees_no_solution(bin_folder: Path, course: Path) -> None:
    done = run(bin_folder / "python", "-c", SPY, cwd=course)
    kind, _, found = done.stdout.partition(" ")
    if kind != "bubblewrap":
        pytest.skip("no box can be made here: see zerohttpd doctor")
    assert found == "[True, True, True] [False, False, True]\n", done.stderr
