"""docs/mutants.md: what became of the mutants of each exercise, and why those that pass may do so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zerohttpd_lib.grading.verdict import RIGHT

if TYPE_CHECKING:
    from mutants import Judged

HEAD: Final = """# Mutants

How good are the checks? Each solution is changed in one place at a time, by a tool (`authoring/mutants.py`), and the
result is handed to the judge like anybody's answer. A check that lets one pass has not looked at that place, unless
the change makes no difference that the task speaks of: then the reason is below, written down by hand.

Below each chapter is the day on which it was tried. Of a task with more than a hundred mutants, a hundred were drawn.
"""
TABLE: Final = (
    "\n| task | mutants | not passed | passed, with a reason | passed, without one |\n|---|---:|---:|---:|---:|\n"
)


def summary(judged: Iterable[Judged]) -> str:
    """One line: how many, and how many are left to be explained."""
    every = list(judged)
    left = sum(one.survives and not one.reason for one in every)
    killed = sum(not one.survives for one in every)
    return (
        f"{len(every)} mutants: {killed} were not passed, {len(every) - killed} were, {left} of them without a reason."
    )


def rewrite(page: Path, exercise: str, judged: list[Judged]) -> None:
    """Put in this exercise's part; the parts of the others stay."""
    parts = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", page.read_text(), re.M)) if page.exists() else {}
    parts[exercise] = part_of(judged)
    page.write_text(HEAD + "".join(f"\n## {name}\n{parts[name].rstrip()}\n" for name in sorted(parts)))


def part_of(judged: list[Judged]) -> str:
    tasks = dict.fromkeys(one.mutant.task for one in judged)
    rows = [row(f"`{task}`", [one for one in judged if one.mutant.task == task]) for task in tasks]
    rows.append(row("together", judged))
    passed = [
        f"- `{one.mutant.task}`: `{one.mutant.change}`\n  {one.reason or without_one(one)}\n"
        for one in judged
        if one.survives
    ]
    return f"\nTried on {date.today():%d %B %Y}.\n" + TABLE + "".join(rows) + "\n" + "".join(passed)


def without_one(judged: Judged) -> str:
    return "**no reason yet**" if judged.status == RIGHT else f"**{judged.status}**"


def row(name: str, judged: list[Judged]) -> str:
    explained = sum(one.survives and bool(one.reason) for one in judged)
    left = sum(one.survives and not one.reason for one in judged)
    return f"| {name} | {len(judged)} | {len(judged) - explained - left} | {explained} | {left} |\n"
