"""`zerohttpd init` and `zerohttpd update`: chapters and exercises in a folder of the learner's own."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zerohttpd_lib.cli import main
from zerohttpd_lib.grading.update import update_all
from zerohttpd_lib.lab import course
from zerohttpd_lib.lab.errors import LabError

CHAPTERS = [path.name for path in course.notebooks_in(course.CHAPTERS)]
EXERCISES = [path.name for path in course.notebooks_in(course.EXERCISES)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "Übung eins"
    list(course.lay_out(target))
    return target


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def source(path: Path, cell: int) -> str:
    return "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][cell]["source"])


def retype(path: Path, cell: int, text: str, **about: str) -> None:
    """As a learner does who types into a cell; `about`: what the notebook says of itself."""
    book = json.loads(path.read_text(encoding="utf-8"))
    book["cells"][cell]["source"] = text
    book["metadata"].setdefault("zerohttpd", {}).update(about)
    path.write_text(json.dumps(book), encoding="utf-8")


def test_init_lays_out_chapters_and_exercises_and_no_solution(folder: Path) -> None:
    assert names(folder) == ["chapters", "exercises"]
    assert names(folder / "chapters") == CHAPTERS
    assert names(folder / "exercises") == EXERCISES
    assert course.find_course(folder / "exercises") == folder


def test_init_lays_out_nothing_over_what_is_there(folder: Path) -> None:
    mine, dangling = folder / "chapters" / CHAPTERS[0], folder / "exercises" / EXERCISES[0]
    mine.write_text("mine")
    dangling.unlink()
    dangling.symlink_to("nowhere")
    (folder / "chapters" / CHAPTERS[1]).unlink()
    assert [line.partition(": ")[2] for line in course.lay_out(folder)] == [
        f"1 notebooks; {len(CHAPTERS) - 1} were there, and are as they were.",
        f"0 notebooks; {len(EXERCISES)} were there, and are as they were.",
    ]
    assert mine.read_text() == "mine"
    assert dangling.is_symlink() and not (folder / "exercises" / "nowhere").exists()


@pytest.mark.parametrize("in_the_way", ["", "chapters", "exercises"])
def test_init_says_what_is_in_the_way(tmp_path: Path, in_the_way: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "course"
    if in_the_way:
        target.mkdir()
    (target / in_the_way).write_text("a file")
    assert main(["init", str(target)]) == 2
    assert f"{target / in_the_way} is no folder. Choose another place" in capsys.readouterr().err
    assert (target / in_the_way).read_text() == "a file"


def test_init_names_what_is_no_folder_above_the_one_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "/dev/null/a/b"]) == 2
    assert "/dev/null is no folder." in capsys.readouterr().err


@pytest.mark.parametrize("place", ["/proc/nothing", "x" * 300])
def test_init_says_where_there_can_be_no_folder(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", place]) == 2
    assert f"There can be no folder {place} (" in capsys.readouterr().err


def test_a_folder_without_chapters_is_told_how_to_get_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", str(tmp_path / "a b")]) == 2
    assert f"zerohttpd init '{tmp_path / 'a b'}'" in capsys.readouterr().err


def test_a_folder_that_is_mistyped_is_not_the_course_above_it(folder: Path) -> None:
    assert course.find_course(folder / "chapters") == folder
    with pytest.raises(LabError, match="There are no chapters in"):
        course.find_course(folder / "chaptres")


def test_update_leaves_alone_what_is_as_new_as_the_package(folder: Path) -> None:
    chapter = folder / "chapters" / CHAPTERS[5]
    retype(chapter, 1, "typed by a learner")
    lines = list(update_all([str(folder)]))
    assert len(lines) == len(CHAPTERS) + len(EXERCISES)
    assert all(line.endswith(": it is up to date.") for line in lines)
    assert source(chapter, 1) == "typed by a learner"


def test_update_brings_a_new_chapter_and_keeps_the_old_one(folder: Path) -> None:
    chapter = folder / "chapters" / CHAPTERS[0]
    retype(chapter, 1, "typed by a learner", version="of last year")
    (folder / "chapters" / CHAPTERS[1]).unlink()
    (folder / "exercises" / EXERCISES[1]).unlink()
    lines = [line.partition(f"{folder}/")[2] for line in update_all([str(folder)])]
    assert f"chapters/{CHAPTERS[0]}: it is the new version; the old one is {CHAPTERS[0]}.old-1." in lines
    assert f"chapters/{CHAPTERS[1]}: it is new." in lines
    assert f"exercises/{EXERCISES[1]}: it is new." in lines
    assert source(chapter, 1) == source(course.CHAPTERS / CHAPTERS[0], 1)
    assert source(chapter.with_name(f"{CHAPTERS[0]}.old-1"), 1) == "typed by a learner"
    assert all(line.endswith("it is up to date.") for line in update_all([str(folder)]))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 1, "metadata": []}', "\0"])
def test_update_replaces_a_chapter_that_is_no_notebook_and_keeps_it(folder: Path, text: str) -> None:
    chapter = folder / "chapters" / CHAPTERS[0]
    chapter.write_text(text)
    assert any(f"the old one is {CHAPTERS[0]}.old-1" in line for line in course.update_chapters(folder))
    assert chapter.with_name(f"{CHAPTERS[0]}.old-1").read_text() == text


def test_update_of_the_chapters_alone_updates_chapters(folder: Path) -> None:
    retype(folder / "chapters" / CHAPTERS[1], 1, "typed by a learner", version="of last year")
    lines = list(update_all([str(folder / "chapters")]))
    assert [line.partition(": ")[2] for line in lines[:2]] == [
        "it is up to date.",
        f"it is the new version; the old one is {CHAPTERS[1]}.old-1.",
    ]
    assert len(lines) == len(CHAPTERS)


def test_a_chapter_is_never_taken_for_its_exercise(tmp_path: Path, folder: Path) -> None:
    chapter = folder / "chapters" / CHAPTERS[1]
    before = chapter.read_text(encoding="utf-8")
    with pytest.raises(LabError, match="no exercise notebook"):
        list(update_all([str(chapter)]))
    lines = list(update_all([str(tmp_path)]))  # of which the course is a part
    assert len(lines) == len(EXERCISES)
    assert chapter.read_text(encoding="utf-8") == before


def outputs(path: Path) -> list[object]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [each for cell in cells for each in (*cell.get("outputs", []), cell.get("execution_count")) if each]


def test_a_chapter_that_is_laid_out_shows_no_answer_and_the_shipped_one_has_them(folder: Path) -> None:
    for name in CHAPTERS:
        assert outputs(course.CHAPTERS / name)
        assert not outputs(folder / "chapters" / name)
        assert source(folder / "chapters" / name, 1) == source(course.CHAPTERS / name, 1)


def run_and_save(path: Path) -> str:
    """As JupyterLab does after a learner has run the first cell with code."""
    book = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in book["cells"] if cell["cell_type"] == "code")
    cell |= {"execution_count": 1, "outputs": [{"output_type": "stream", "name": "stdout", "text": "mine"}]}
    path.write_text(json.dumps(book), encoding="utf-8")
    return path.read_text(encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose chapters are the ones that are shipped."""
    shutil.copytree(course.CHAPTERS, tmp_path / "chapters")
    monkeypatch.setattr(course, "CHAPTERS", tmp_path / "chapters")
    return tmp_path


def new_version(checkout: Path, name: str) -> None:
    """As `git pull` may bring one."""
    retype(checkout / "chapters" / name, 1, "of tomorrow")


def as_text(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_a_checkout_has_the_learners_chapters_beside_its_own(checkout: Path) -> None:
    before = as_text(checkout / "chapters")
    assert [line.partition(": ")[2] for line in course.copy_chapters(checkout)] == [
        f"{len(CHAPTERS)} chapters, without their outputs, for you to run and to change."
    ]
    mine = course.chapters_of(checkout)
    assert mine != checkout / "chapters" and names(mine) == CHAPTERS
    assert not any(outputs(path) for path in mine.iterdir())
    assert as_text(checkout / "chapters") == before
    copies = as_text(mine)
    assert not list(course.copy_chapters(checkout)) and as_text(mine) == copies


def test_only_a_copy_with_which_nothing_was_done_follows_the_checkout(checkout: Path) -> None:
    list(course.copy_chapters(checkout))
    mine = course.chapters_of(checkout)
    untouched, was_run, typed, garbled = CHAPTERS[:4]
    kept = {was_run: run_and_save(mine / was_run)}
    retype(mine / typed, 0, "typed by a learner")
    kept[typed] = (mine / typed).read_text()
    kept[garbled] = "no notebook"
    (mine / garbled).write_text(kept[garbled])
    for name in CHAPTERS[:4]:
        new_version(checkout, name)
    told = list(course.copy_chapters(checkout))
    assert [line.split(" is older")[0] for line in told] == [str(mine / name) for name in sorted(kept)]
    assert source(mine / untouched, 1) == "of tomorrow"
    assert names(mine) == CHAPTERS
    assert {name: (mine / name).read_text() for name in kept} == kept

    lines = list(course.update_chapters(checkout))
    assert {name: (mine / f"{name}.old-1").read_text() for name in kept} == kept
    assert all(source(mine / name, 1) == "of tomorrow" for name in CHAPTERS[:4])
    assert sum("the old one is" in line for line in lines) == len(kept)


def test_update_keeps_no_copy_of_a_chapter_with_which_nothing_was_done(checkout: Path) -> None:
    list(course.copy_chapters(checkout))
    new_version(checkout, CHAPTERS[0])
    assert next(course.update_chapters(checkout)).endswith("it is the new version.")
    assert names(course.chapters_of(checkout)) == CHAPTERS


def test_in_a_checkout_only_the_copies_can_be_updated(checkout: Path) -> None:
    list(course.copy_chapters(checkout))
    new_version(checkout, CHAPTERS[1])
    before = as_text(checkout / "chapters")
    assert sum("it is the new version" in line for line in update_all([str(checkout / "my-chapters")])) == 1
    with pytest.raises(LabError, match="no exercise notebook"):
        list(update_all([str(checkout / "chapters")]))
    assert as_text(checkout / "chapters") == before


def test_solutions_are_never_taken_for_exercises(tmp_path: Path) -> None:
    shutil.copytree(course.SOLUTIONS, tmp_path / "solutions")
    with pytest.raises(LabError, match="no exercise notebook"):
        list(update_all([str(tmp_path / "solutions")]))


def test_a_checkout_without_copies_is_given_none_by_update(checkout: Path) -> None:
    before = as_text(checkout / "chapters")
    assert not list(course.update_chapters(checkout))
    assert as_text(checkout / "chapters") == before
    assert not course.chapters_of(checkout).exists()


def test_a_file_in_the_place_of_the_copies_is_a_sentence(checkout: Path) -> None:
    course.chapters_of(checkout).write_text("mine")
    with pytest.raises(LabError, match="is a file"):
        list(course.copy_chapters(checkout))


def test_a_folder_that_was_laid_out_is_opened_as_it_is(folder: Path) -> None:
    (folder / "chapters" / CHAPTERS[1]).unlink()
    assert not list(course.copy_chapters(folder))
    assert course.chapters_of(folder) == folder / "chapters"
    assert names(folder / "chapters") == [CHAPTERS[0], *CHAPTERS[2:]]


def test_the_lab_opens_the_copies_of_a_checkout(tmp_path: Path) -> None:
    root = course.PACKAGE.parent
    if course.CHAPTERS.parent != root:
        pytest.skip("this is no checkout")
    for name in ("zerohttpd_lib", "chapters", "exercises"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    before = as_text(tmp_path / "chapters")
    command = [sys.executable, "-m", "zerohttpd_lib", "lab", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            address = next(found[0] for line in process.stderr if (found := re.search(r"http://127\S+", line)))
        finally:
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
    assert f"/lab/tree/my-chapters/{CHAPTERS[0]}" in address
    assert names(tmp_path / "my-chapters") == CHAPTERS
    assert as_text(tmp_path / "chapters") == before


def test_there_is_a_sentence_for_a_folder_that_is_no_course(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no exercise notebook"):
        list(update_all([str(tmp_path)]))
