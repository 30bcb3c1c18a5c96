"""A wrong answer stays wrong, whatever is done to the notebook around it; and the report says what was done."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
from cheats import ANSWER, CHEATS, EXERCISE, FOR_THE_BOX, RIGHT, TASK, WRONG, cell
from disguises import ANY, DISGUISES, Disguise
from proc import command, descendants

from zerohttpd_lib.grading.box import BUBBLEWRAP, UNSHARED, best, can_be_made
from zerohttpd_lib.grading.judge import judge

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "exercises" / f"{EXERCISE}.ipynb"
pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(not best().holds, reason="no box can be made here: see zerohttpd doctor"),
]


class Report(NamedTuple):
    """On one task of one notebook."""

    status: str
    code: str
    text: str


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """Of every attempt."""
    return reports_on(CHEATS, tmp_path_factory.mktemp("handed-in"))


GRADE = """
import sys
from zerohttpd_lib import cli
from zerohttpd_lib.grading import box
for kind in sys.argv.pop(1).split():
    del box.KINDS[kind]
sys.exit(cli.main())
"""


def reports_on(names: Iterable[str], handed_in: Path, *, but: str = "") -> dict[str, Report]:
    """Attempts in a folder each, as if handed in by a class, and one right answer. Graded in one go.

    `but`: kinds of box that are not to be used.
    """
    for name in names:
        cheat = CHEATS[name]
        book = json.loads(SHIPPED.read_text())
        cell(book, ANSWER)["source"] = f"%%answer {TASK}\n{WRONG}"
        cheat.do(book)
        hand_in(handed_in / name.replace(" ", "-"), book)
    book = json.loads(SHIPPED.read_text())
    cell(book, ANSWER)["source"] = f"%%answer {TASK}\n{RIGHT}"
    hand_in(handed_in / "honest", book)
    score = handed_in / "score.xml"
    command = [sys.executable, "-c", GRADE, but, "grade", str(handed_in), "--junitxml", str(score)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stderr
    return dict(map(report_on, ElementTree.parse(score).iterfind(f".//testcase[@name='{TASK}']")))


def hand_in(folder: Path, book: dict) -> None:
    folder.mkdir()
    (folder / f"{EXERCISE}.ipynb").write_text(json.dumps(book))


def report_on(case: ElementTree.Element) -> tuple[str, Report]:
    about = {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
    text = "\n".join([case.findtext("failure") or "", about["altered"], about["notebook"]])
    folder = case.attrib["classname"].split(".")[0]
    return folder, Report(about["status"], about["code"], text)


@pytest.mark.parametrize("name", CHEATS)
def test_the_wrong_answer_still_fails_and_the_attempt_is_reported(name: str, reports: dict[str, Report]) -> None:
    cheat, report = CHEATS[name], reports[name.replace(" ", "-")]
    assert report.status in ("wrong", "not attempted")
    assert report.code == cheat.code
    assert cheat.reported in report.text


@pytest.fixture(scope="module")
def without_bubblewrap(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """Of those that are the box's to hold back."""
    return reports_on(FOR_THE_BOX, tmp_path_factory.mktemp("handed-in-again"), but=BUBBLEWRAP.kind)


@pytest.mark.skipif(not can_be_made(UNSHARED), reason="unshare makes no box here")
@pytest.mark.parametrize("name", FOR_THE_BOX)
def test_so_it_does_in_a_box_made_by_unshare(name: str, without_bubblewrap: dict[str, Report]) -> None:
    cheat, report = CHEATS[name], without_bubblewrap[name.replace(" ", "-")]
    assert (report.status, report.code) == ("wrong", cheat.code)
    assert cheat.reported in report.text
    assert without_bubblewrap["honest"].status == "right"


def disguises() -> Iterable[Any]:
    """All of them; what a task has beside the first one is `more`."""
    seen: set[str] = set()
    for each in DISGUISES:
        more = [pytest.mark.more] if each.task in seen else []
        seen.add(each.task)
        yield pytest.param(each, id=f"{each.task}: {each.what}", marks=more)


@pytest.mark.parametrize("disguise", [*disguises()])
def test_a_wrong_answer_in_disguise_is_told_its_mistake(disguise: Disguise) -> None:
    verdict = judge(disguise.task, disguise.cell)
    assert verdict.status == "wrong", verdict
    assert disguise.code in (ANY, verdict.code), verdict


def test_a_right_answer_beside_them_is_right_and_nothing_is_reported(reports: dict[str, Report]) -> None:
    assert reports["honest"] == Report("right", "", "\n\n")


def test_what_is_no_alteration_is_not_reported_as_one(reports: dict[str, Report]) -> None:
    assert "altered:" not in reports["nothing"].text


def test_no_process_is_left(reports: dict[str, Report]) -> None:
    assert not [pid for pid in descendants(os.getpid()) if "grading" in command(pid)]


def test_the_published_list_is_the_one_that_is_tested() -> None:
    script = runpy.run_path(str(ROOT / "authoring" / "cheating_table.py"))
    assert (ROOT / "docs" / "cheating.md").read_text() == script["document"]()
