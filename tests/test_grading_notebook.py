"""An exercise notebook in a real kernel: %%answer, check, its hints, progress, reset, solution."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from small_exercise import NAME, run_pytest, small_course, with_pristine

SETUP = "import small_pristine\nfrom zerohttpd_lib.grading import check, progress, reset, solution"
WRONG = "%%answer add\n\ndef add(a, b):\n    return a - b"
RIGHT = "%%answer add\n\ndef add(a, b):\n    return a + b"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    *_, pristine = small_course(tmp_path)
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "00-start-here.ipynb").write_text("{}")  # by this a course is known
    monkeypatch.setenv("PYTHONPATH", with_pristine(pristine)["PYTHONPATH"])
    yield tmp_path


def say(course: Path, *cells: str, folder: str = "exercises") -> list[str]:
    """Run cells in a new kernel, in the order of a notebook. Returns what each of them shows."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (SETUP, *cells)])
    resources = {"metadata": {"path": str(course / folder)}}
    NotebookClient(book, timeout=60, allow_errors=True, resources=resources).execute()
    return ["".join(map(text_of, cell.outputs)) for cell in book.cells[1:]]


def text_of(output: nbformat.NotebookNode) -> str:
    if output.output_type == "error":
        return "\n".join(output.traceback)
    return str(output.get("text") or output.data["text/plain"])


def test_a_wrong_answer_raises_and_shows_yours_expected_and_a_hint_without_a_traceback(course: Path) -> None:
    _, shown = say(course, WRONG, 'check("add")')
    assert re.fullmatch(
        r"WrongAnswer: add: wrong. That is not the sum.\n  yours:    -\d+\n  expected: \d+\n"
        r"  hint:     There is a sign for it.\nCheck again after a change; the next hint goes further.",
        shown,
    )


def test_a_right_answer_is_told_in_one_line(course: Path) -> None:
    assert say(course, RIGHT, 'check("add")') == ["", "add: right.\n"]


def test_an_answer_cell_runs_like_any_other(course: Path) -> None:
    _, three, shown = say(course, RIGHT, "add(1, 2)", "%%answer add\n1 / 0")
    assert three == "3"
    assert "ZeroDivisionError" in shown and "line 2" in shown


def test_the_text_that_is_judged_is_that_of_the_last_run(course: Path) -> None:
    *_, shown = say(course, WRONG, RIGHT, 'check("add")', "%%answer add\n\ndef add(a, b) return", 'check("add")')
    assert "SyntaxError" in shown  # it does not run, but it is what stands there


@pytest.mark.parametrize("stub", [(), ("%%answer add\n\ndef add(a, b):\n    ...",)])
def test_no_answer_is_not_attempted(course: Path, stub: tuple[str, ...]) -> None:
    *_, shown = say(course, *stub, 'check("add")')
    assert shown.startswith("NotAttempted: add: not attempted.")
    assert "\n" not in shown


def test_hints_come_in_steps_and_then_the_solution(course: Path) -> None:
    *_, refused, one, two, three, shown = say(
        course, WRONG, 'solution("add")', 'check("add")', 'check("add")', 'check("add")', 'solution("add")'
    )
    assert "Try it 3 more times first" in refused
    assert "There is a sign for it." in one
    assert "The sign is +." in two
    assert "hint:     return a + b" in three and 'solution("add")' in three
    assert "return math.fsum([a, b])" in shown


def test_progress_is_kept_from_kernel_to_kernel_and_can_be_reset(course: Path) -> None:
    say(course, WRONG, 'check("add")')
    _, before, _, after = say(course, RIGHT, "progress()", 'check("add")', "progress()")
    assert re.search(r"add +not yet \(wrong attempts: 1\)", before)
    assert f"{NAME}: 1 of 2" in after
    (shown,) = say(course, "progress()")
    assert re.search(r"add +right \(wrong attempts: 1\)", shown)
    assert re.search(r"greet +not attempted", shown)
    *_, shown = say(course, "reset()", RIGHT, "progress()")
    assert re.search(r"add +not attempted", shown)


def test_progress_of_the_solutions_is_not_kept(course: Path) -> None:
    say(course, RIGHT, 'check("add")', folder="solutions")
    assert not (course / ".lab" / "progress.json").exists()


def test_a_damaged_progress_file_is_begun_anew(course: Path) -> None:
    (course / ".lab").mkdir()
    (course / ".lab" / "progress.json").write_text("[1, 2")
    assert say(course, RIGHT, 'check("add")')[-1] == "add: right.\n"


def test_a_name_that_is_no_task_is_said_so(course: Path) -> None:
    (shown,) = say(course, 'check("ad")')
    assert shown.startswith("LabError: There is no task named 'ad'.")


@pytest.mark.parametrize(("version", "is_told"), [("00000000", True), (None, False)])
def test_an_older_notebook_is_told_so_in_jupyterlab(course: Path, version: str | None, is_told: bool) -> None:
    path = course / "exercises" / f"{NAME}.ipynb"
    book = nbformat.read(path, as_version=4)
    book.metadata["zerohttpd"]["version"] = version or book.metadata["zerohttpd"]["version"]
    nbformat.write(book, path)
    as_jupyterlab_does = f"import os\nos.environ['JPY_SESSION_NAME'] = {str(path)!r}"
    *_, shown, again = say(course, as_jupyterlab_does, RIGHT, 'check("add")', 'check("add")')
    assert (f"zerohttpd update {NAME}.ipynb" in shown) == is_told
    assert shown.endswith("add: right.\n") and again == "add: right.\n"


def test_the_solutions_pass_nbval_to_the_letter(course: Path) -> None:
    path = course / "solutions" / f"{NAME}.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells.insert(0, nbformat.v4.new_code_cell("import small_pristine"))
    NotebookClient(book, timeout=60, resources={"metadata": {"path": str(path.parent)}}).execute()
    nbformat.write(book, path)
    run = run_pytest(course / "pristine", "solutions", cwd=course)
    assert run.returncode == 0, run.stdout
