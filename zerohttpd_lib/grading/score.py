"""The score, as people read it: a line per task, and a table where there are several students."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .verdict import RIGHT, Verdict


@dataclass(frozen=True)
class Result:
    """One task of one notebook."""

    file: str
    exercise: str
    task: str
    status: str
    code: str = ""
    altered: list[str] = field(default_factory=list)  # about this task
    notebook: list[str] = field(default_factory=list)  # about the whole notebook
    verdict: Verdict | None = None
    source: str = ""  # the answer

    @property
    def student(self) -> str:
        return str(Path(self.file).parent)

    @property
    def seconds(self) -> float:
        return 0.0 if self.verdict is None else self.verdict.seconds

    @property
    def hint(self) -> str:
        """The one that was shown: the first. A notebook goes further with each attempt; a score is of one."""
        return self.verdict.hints[0] if self.verdict is not None and self.verdict.hints else ""

    @property
    def said(self) -> str:
        return "" if self.verdict is None else str(self.verdict)

    @property
    def in_words(self) -> str:
        """What a person needs to read."""
        notes = [f"  altered:  {note}" for note in self.altered + self.notebook]
        return "\n".join([self.said or self.status, *notes])


def score_lines(results: Iterable[Result]) -> list[str]:
    """Notebook by notebook, in the order in which they came."""
    lines: list[str] = []
    results = list(results)
    for file in dict.fromkeys(result.file for result in results):
        of_file = [result for result in results if result.file == file]
        lines += [f"{file}: {right(of_file)} of {len(of_file)}", *(f"  ! {note}" for note in of_file[0].notebook)]
        width = max(len(result.task) for result in of_file)
        for result in of_file:
            why = f"  ({result.code})" if result.code not in ("", "not-attempted", "not-handed-in") else ""
            lines.append(f"  {result.task:{width}}  {result.status}{why}")
            lines += [f"  {'':{width}}  ! {note}" for note in result.altered]
    lines += class_table(results)
    lines.append(f"In all: {right(results)} of {len(results)} tasks right.")
    return lines


def class_table(results: list[Result]) -> list[str]:
    """A row for each folder, if there are several; a dash where a notebook was not handed in."""
    folders = list(dict.fromkeys(str(Path(result.file).parent) for result in results))
    exercises = sorted({result.exercise for result in results})
    if len(folders) < 2:
        return []
    rows = [["folder", *(name[:2] for name in exercises), "all"]]
    for folder in folders:
        mine = [result for result in results if str(Path(result.file).parent) == folder]
        parts = [[result for result in mine if result.exercise == name] for name in exercises]
        rows.append([folder, *(f"{right(part)}/{len(part)}" if part else "–" for part in parts), str(right(mine))])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["", *("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows), ""]


def right(results: list[Result]) -> int:
    return sum(result.status == RIGHT for result in results)
