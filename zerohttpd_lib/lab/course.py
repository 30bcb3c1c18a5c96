"""The notebooks of the course: where they are as shipped, where the learner's copies are, and how these are made.

A chapter that is laid out carries the version that it is a copy of, as exercises do. So an update knows a
chapter that the learner has typed into from one that has become old. Nothing is ever overwritten.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from .errors import LabError

PACKAGE: Final = Path(__file__).resolve().parents[1]
FIRST_CHAPTER: Final = "chapters/00-start-here.ipynb"
# A wheel has its chapters and solutions in `notebooks`, where pyproject.toml puts them; a checkout has them beside
# the package. Its `exercises` are the learner's own to change: what was shipped is what the grader goes by.
_BESIDE: Final = PACKAGE / "notebooks" if (PACKAGE / "notebooks").is_dir() else PACKAGE.parent
CHAPTERS: Final = _BESIDE / "chapters"
EXERCISES: Final = PACKAGE / "grading" / "pristine"
SOLUTIONS: Final = _BESIDE / "solutions"  # these are shown one by one, when they are due


def find_course(start: Path | None = None) -> Path:
    """The folder with the chapters: `start`, or one above it; without `start` the current folder, one above it,
    or the checkout that this package is in. Raises LabError."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, *([PACKAGE.parent] if start is None else [])):
        if (folder / FIRST_CHAPTER).exists():
            return folder
    name = shlex.quote(str(start or "my-lab"))
    raise LabError(f"There are no chapters in {here}. To lay them out and open them: "
                   f"zerohttpd init {name}; zerohttpd lab {name}")  # fmt: skip


def lay_out(folder: Path) -> Iterator[str]:
    """Copy chapters and exercises into `folder`. Yields a line for each kind; raises LabError where that cannot be."""
    try:
        for name, source in (("chapters", CHAPTERS), ("exercises", EXERCISES)):
            target = folder / name
            target.mkdir(parents=True, exist_ok=True)
            new = [add(shipped, target / shipped.name) for shipped in notebooks_in(source)]
            there = f"; {new.count(False)} were there, and are as they were" if False in new else ""
            yield f"{target}: {new.count(True)} notebooks{there}."
    except (FileExistsError, NotADirectoryError) as problem:
        raise LabError(f"{problem.filename} is a file. Choose another folder: zerohttpd init my-lab") from None


def update_chapters(course: Path) -> Iterator[str]:
    """Bring the chapters in a learner's folder up to date. Yields a line for each: what was done."""
    for shipped in notebooks_in(CHAPTERS):
        path = course / "chapters" / shipped.name
        yield f"{path}: {_update_chapter(path, shipped)}"


def _update_chapter(path: Path, shipped: Path) -> str:
    if add(shipped, path):
        return "it is new."
    if _version_of_copy(path) == _version(_read(shipped)):
        return "it is up to date."
    return f"it is the new version; the old one is {replace(path, _as_laid_out(shipped)).name}."


def notebooks_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.ipynb"))


def add(shipped: Path, path: Path) -> bool:
    """Copy one notebook, unless something has that name, be it a link to nowhere. Returns whether it was copied."""
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(_as_laid_out(shipped))
    except FileExistsError:
        return False
    return True


def replace(path: Path, text: str) -> Path:
    """Put `text` in the place of a file, which goes on under another name. Returns that name."""
    number = 1
    while True:
        kept = path.with_name(f"{path.name}.old-{number}")
        try:
            os.link(path, kept)  # fails when the name is taken: unlike rename, it overwrites nothing (man 2 link)
            break
        except FileExistsError:
            number += 1
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
    return kept


def _as_laid_out(shipped: Path) -> str:
    """Its text, with its version in it. An exercise is built with one."""
    book = _read(shipped)
    book["metadata"].setdefault("zerohttpd", {"chapter": shipped.stem, "version": _version(book)})
    return json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _version_of_copy(path: Path) -> str:
    """What it was a copy of; for one that does not say, what it is itself. "" for what is no notebook."""
    try:
        book = _read(path)
        about = book["metadata"].get("zerohttpd", {})
        return str(about.get("version") or _version(book))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def _version(book: dict[str, Any]) -> str:
    text = json.dumps([[cell["cell_type"], "".join(cell["source"])] for cell in book["cells"]])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _read(path: Path) -> dict[str, Any]:
    book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return book
