"""What docs say about the code is what the code says: its modules, its public names, and what imports what."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from test_imports import ALLOWED, PACKAGE

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "authoring"))

import reference  # noqa: E402

WRITTEN = reference.ARCHITECTURE.read_text().partition(reference.MARK)[0]
ARROWS = set(re.findall(r"^    (\w+) --> (\w+)$", WRITTEN, re.MULTILINE))


def reached(start: str, arrows: set[tuple[str, str]]) -> set[str]:
    """All parts to which the arrows lead from one."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        part = ahead.pop()
        new = {below for above, below in arrows if above == part} - found
        found |= new
        ahead += new
    return found


@pytest.mark.parametrize("page", reference.pages(), ids=lambda page: page.name)
def test_what_is_made_from_the_code_is_what_the_code_says(page: Path) -> None:
    assert page.read_text() == reference.pages()[page], "run authoring/reference.py"


def test_every_module_is_listed_once() -> None:
    listed = re.findall(r"^- `([\w/]+\.py)`: \S", reference.ARCHITECTURE.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(str(module.relative_to(PACKAGE)) for module in PACKAGE.rglob("*.py"))


def test_the_picture_shows_the_rules_of_the_imports() -> None:
    rules = {(part, below) for part, others in ALLOWED.items() for below in others if not part.startswith("__")}
    assert rules >= ARROWS
    parts = {part for part, _ in rules}
    assert {part: reached(part, ARROWS) for part in parts} == {part: reached(part, rules) for part in parts}


def test_the_walks_pass_only_files_that_are_there() -> None:
    files = re.findall(r"`((?:app|kernel|trace|load|servers|lab|views|grading)/[\w/]+\.py)`", WRITTEN)
    assert len(files) > 20
    assert not [file for file in files if not (PACKAGE / file).is_file()]


def test_an_example_in_a_docstring_names_what_there_is() -> None:
    """Each call in an indented example of `Lab` is one of its methods; the chapters run them all."""
    from zerohttpd_lib import Lab

    examples = re.findall(r"lab\.(\w+)\(", Lab.__doc__ or "")
    assert examples and all(callable(getattr(Lab, name)) for name in examples)
