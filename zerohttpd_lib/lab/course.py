"""The notebooks of the course: where they are as shipped, where the learner's copies are, and how these are made.

A chapter is laid out without its outputs: below a guess would stand the answer. It carries the version that it is a
copy of, as exercises do. So an update knows a chapter that the learner has typed into or run from one that has only
become old. Of what a learner did nothing is ever overwritten.
"""

from __future__ import annotations

import errno
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
NO_NOTEBOOK: Final = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
)  # by what reading fails of one that is none
NO_PLACE: Final = (errno.ENOENT, errno.ENAMETOOLONG, errno.ELOOP)  # of a folder that is to be made
MINE: Final = "my-chapters"  # the learner's, in a checkout, whose `chapters` are git's


def find_course(start: Path | None = None) -> Path:
    """The folder with the chapters: `start`, or one above it; without `start` the current folder, one above it,
    or the checkout that this package is in. Raises LabError."""
    here = (start or Path.cwd()).resolve()
    above = here.parents if here.exists() else ()  # of what is mistyped they are not what was meant
    for folder in (here, *above, *([PACKAGE.parent] if start is None else [])):
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
    except (FileExistsError, NotADirectoryError):
        in_the_way = next(path for path in (target, *target.parents) if os.path.lexists(path))
        raise LabError(f"{in_the_way} is no folder. Choose another place: zerohttpd init my-lab") from None
    except OSError as problem:
        if problem.errno not in NO_PLACE:
            raise
        reason = f"There can be no folder {folder} ({problem.strerror})."
        raise LabError(f"{reason} Choose another place: zerohttpd init my-lab") from None


def chapters_of(course: Path) -> Path:
    """The folder with the learner's chapters; in a checkout there may be none yet."""
    chapters = course / "chapters"
    return course / MINE if CHAPTERS.samefile(chapters) else chapters


def copy_chapters(course: Path) -> Iterator[str]:
    """In a checkout, lay out the learner's own chapters, and bring up to date those that are as they were laid out.
    Yields a line for what is new, and for each that stays old because the learner has changed it."""
    folder = chapters_of(course)
    if folder.name != MINE:
        return
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise LabError(
            f"{folder} is a file, and your copies of the chapters go into a folder of that name: move it."
        ) from None
    copied = 0
    for shipped in notebooks_in(CHAPTERS):
        path = folder / shipped.name
        if add(shipped, path):
            copied += 1
        elif not _is_up_to_date(path, shipped):
            if _is_as_laid_out(path):
                _put_in_place(path, shipped)
            else:
                yield f"{path} is older than the chapter here. To have the new one, and keep yours: zerohttpd update"
    if copied:
        yield f"{folder}: {copied} chapters, without their outputs, for you to run and to change."


def update_chapters(course: Path) -> Iterator[str]:
    """Bring the learner's chapters up to date. Yields a line for each: what was done."""
    folder = chapters_of(course)
    for shipped in notebooks_in(CHAPTERS) if folder.is_dir() else ():
        path = folder / shipped.name
        yield f"{path}: {_update_chapter(path, shipped)}"


def _update_chapter(path: Path, shipped: Path) -> str:
    if add(shipped, path):
        return "it is new."
    if _is_up_to_date(path, shipped):
        return "it is up to date."
    kept = _put_in_place(path, shipped)
    return f"it is the new version; the old one is {kept.name}." if kept else "it is the new version."


def _put_in_place(path: Path, shipped: Path) -> Path | None:
    """The new version under this name. Returns where the old one is, if a learner has done anything with it."""
    kept = replace(path, _as_laid_out(shipped))
    if not _is_as_laid_out(kept):
        return kept
    kept.unlink()
    return None


def notebooks_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.ipynb"))


def add(shipped: Path, path: Path) -> bool:
    """Copy one notebook, unless something has that name, be it a link to nowhere. Returns whether it was copied."""
    text = _as_laid_out(shipped)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
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
    """Its text, with its version in it, and without outputs. An exercise is built with a version, and has none."""
    book = _read(shipped)
    book["metadata"].setdefault("zerohttpd", {"chapter": shipped.stem, "version": _version(book)})
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _is_up_to_date(path: Path, shipped: Path) -> bool:
    try:
        book = _read(path)
        about = book["metadata"].get("zerohttpd", {})
        return (about.get("version") or _version(book)) == _version(_read(shipped))
    except NO_NOTEBOOK:
        return False


def _is_as_laid_out(path: Path) -> bool:
    """Whether nothing was typed into this copy, and nothing was run."""
    try:
        book = _read(path)
        was_run = any(cell.get("outputs") or cell.get("execution_count") for cell in book["cells"])
        return not was_run and book["metadata"]["zerohttpd"]["version"] == _version(book)
    except NO_NOTEBOOK:
        return False


def _version(book: dict[str, Any]) -> str:
    text = json.dumps([[cell["cell_type"], "".join(cell["source"])] for cell in book["cells"]])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _read(path: Path) -> dict[str, Any]:
    book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return book
