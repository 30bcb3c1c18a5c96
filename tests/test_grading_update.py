"""`zerohttpd grade` and `zerohttpd update`, on the small exercise."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small_exercise import NAME, build, exercise_books, small_course, with_answers, with_pristine

from zerohttpd_lib.grading.box import best

ADD = "def add(a, b):\n    return a + b"


@pytest.fixture
def pristine(tmp_path: Path) -> Path:
    return small_course(tmp_path)[2]


def zerohttpd(pristine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys, small_pristine; from zerohttpd_lib.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=pristine.parent,
        env=with_pristine(pristine),
        capture_output=True,
        text=True,
        check=False,
    )


def make_older(path: Path) -> Path:
    """As if it had been shipped before the task `greet` was another one: its cell is not as it is now."""
    book = json.loads(path.read_text())
    book["metadata"]["zerohttpd"]["version"] = "00000000"
    path.write_text(json.dumps(book))
    return path


def sources(path: Path) -> list[str]:
    return [cell["source"] for cell in json.loads(path.read_text())["cells"]]


def test_update_moves_the_answers_and_keeps_the_old_notebook(pristine: Path) -> None:
    notebook = pristine.parent / "exercises" / f"{NAME}.ipynb"
    old = make_older(with_answers(notebook, notebook, add=ADD)).read_text()
    run = zerohttpd(pristine, "update", "exercises")
    assert run.returncode == 0, run.stderr
    assert "your answers (add) are in the new version" in run.stdout
    assert notebook.with_name(f"{NAME}.ipynb.old-1").read_text() == old
    new = sources(notebook)
    assert any(ADD in source for source in new)
    assert len(new) == len(sources(pristine / f"{NAME}.ipynb"))
    assert "up to date" in zerohttpd(pristine, "update", "exercises").stdout
    assert not notebook.with_name(f"{NAME}.ipynb.old-2").exists()


def test_update_never_takes_a_name_that_is_taken(pristine: Path) -> None:
    notebook = pristine.parent / "exercises" / f"{NAME}.ipynb"
    notebook.with_name(f"{NAME}.ipynb.old-1").write_text("of last year")
    make_older(notebook)
    assert "old-2" in zerohttpd(pristine, "update", str(notebook)).stdout
    assert notebook.with_name(f"{NAME}.ipynb.old-1").read_text() == "of last year"


def test_update_leaves_the_shipped_cell_of_an_older_version_behind(pristine: Path) -> None:
    """It is no answer, though its text is another one than today's."""
    notebook = pristine.parent / "exercises" / f"{NAME}.ipynb"
    source = pristine.parent / f"{NAME}.md"
    source.write_text(source.read_text().replace("def greet(sock):\n    ...", "def greet(sock):\n    pass"))
    build.save(exercise_books.to_be_done(build.read_source(source), NAME), notebook)
    assert "pass" in "".join(sources(notebook))
    assert "(none yet)" in zerohttpd(pristine, "update", str(notebook)).stdout
    assert "pass" not in "".join(sources(notebook))


def test_an_answer_to_a_task_that_is_no_more_is_kept_at_the_end(pristine: Path) -> None:
    notebook = pristine.parent / "exercises" / f"{NAME}.ipynb"
    book = json.loads(make_older(notebook).read_text())
    cell = {"id": "90-sub", "cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    book["cells"].append({**cell, "source": "%%answer sub\nmine = 1"})
    notebook.write_text(json.dumps(book))
    zerohttpd(pristine, "update", str(notebook))
    assert sources(notebook)[-1].endswith("%%answer sub\nmine = 1")


def test_grade_prints_the_score_and_obeys_nothing_that_was_handed_in(pristine: Path) -> None:
    ada = pristine.parent / "handed-in" / "ada"
    notebook = pristine.parent / "exercises" / f"{NAME}.ipynb"
    with_answers(notebook, ada / f"{NAME}.ipynb", add=ADD)
    (ada / "conftest.py").write_text("import os\nos._exit(0)")
    (ada / "pytest.ini").write_text("[pytest]\naddopts = --collect-only")
    (ada / "json.py").write_text("raise SystemExit(0)")
    anyway = [] if best().holds else ["--without-a-box"]
    run = zerohttpd(pristine, "grade", "handed-in", "--junitxml", "score.xml", *anyway)
    assert run.returncode == 1, run.stderr
    assert "In all: 1 of 2 tasks right." in run.stdout
    assert (pristine.parent / "score.xml").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"), [(["nowhere"], "There is no nowhere"), (["pristine/.."], ""), (["empty"], "no exercise")]
)
def test_a_wrong_path_gets_one_sentence(pristine: Path, arguments: list[str], sentence: str) -> None:
    (pristine.parent / "empty").mkdir()
    run = zerohttpd(pristine, "update", *arguments)
    assert (run.returncode, "Traceback" in run.stderr) == (2 if sentence else 0, False)
    assert sentence in run.stderr
