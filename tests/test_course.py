"""`zerohttpd init` and `zerohttpd update`: chapters and exercises in a folder of the learner's own."""

from __future__ import annotations

import json
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
    book["metadata"]["zerohttpd"].update(about)
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
    assert "is a file. Choose another folder" in capsys.readouterr().err
    assert (target / in_the_way).read_text() == "a file"


def test_a_folder_without_chapters_is_told_how_to_get_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", str(tmp_path / "a b")]) == 2
    assert f"zerohttpd init '{tmp_path / 'a b'}'" in capsys.readouterr().err


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


def test_a_checkout_gets_its_chapters_from_git_and_they_stay_as_they_are() -> None:
    checkout = course.PACKAGE.parent
    if course.CHAPTERS.parent != checkout:
        pytest.skip("this is no checkout")
    assert all("/exercises/" in line for line in update_all([str(checkout)]))


def test_there_is_a_sentence_for_a_folder_that_is_no_course(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no exercise notebook"):
        list(update_all([str(tmp_path)]))
