"""What a class has handed in: a folder of strangers' files, of which nothing is trusted and nothing is run.

A student is a folder, or the folder itself where notebooks lie in it directly. Files are opened
without following links, only if they are regular ones, and read no further than a notebook can
be long. Of several notebooks for an exercise one counts, and it is said which. Whatever a file is
or is called, it costs its owner a sentence, and nobody else anything.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..lab.course import MINE
from ..lab.errors import LabError
from .exercise import Exercise, shipped
from .legible import in_one_line
from .submission import Reading, Unreadable, exercise_of, parse_book, reading_of

LARGEST: Final = 5 * 1_048_576  # bytes of a notebook
MOST_FILES: Final = 200  # notebooks of a student that are looked at
DEEPEST: Final = 6  # folders in folders
LONGEST_NAME: Final = 100  # characters that are shown
# In a copy of the whole course these hold notebooks that nobody has to do.
NOT_HANDED_IN: Final = ("solutions", "chapters", MINE, "pristine", ".ipynb_checkpoints")


@dataclass(frozen=True)
class HandedIn:
    """One exercise of one student: a `reading`, or the `problem` that stands against it. `notes`: sentences."""

    student: str
    exercise: Exercise
    reading: Reading | None = None
    problem: str = ""
    notes: list[str] = field(default_factory=list)


class File(NamedTuple):
    """A notebook that was found; `name` as people are shown it, from the student's folder on."""

    name: str
    depth: int
    exercise: Exercise | None
    reading: Reading | None
    problem: str


def handed_in(paths: list[Path], only: Sequence[str] = ()) -> list[HandedIn]:
    """Every student × exercise: those whose names begin with one of `only`, or all that anybody has handed in.

    Raises LabError where there is nothing to be graded.
    """
    files: dict[Path, list[File]] = {}
    for path in paths:
        for folder, file in _files(path):
            files.setdefault(folder, [])
            if file is not None:
                files[folder].append(file)
    exercises = {file.exercise.name for found in files.values() for file in found if file.exercise is not None}
    if not exercises:
        raise LabError("There is no exercise notebook here: name one, or a folder with some.")
    exercises = _chosen_by_name(only) if only else exercises
    wanted = [exercise for name, exercise in shipped().items() if name in exercises]
    names = _names(files)
    return [_chosen(names[folder], exercise, found) for folder, found in files.items() for exercise in wanted]


def _chosen_by_name(beginnings: Sequence[str]) -> set[str]:
    chosen: set[str] = set()
    for beginning in beginnings:
        found = {name for name in shipped() if name.startswith(beginning)}
        if not found:
            raise LabError(f"There is no exercise {in_one_line(beginning)}; there are {', '.join(shipped())}.")
        chosen |= found
    return chosen


def _names(folders: Iterable[Path]) -> dict[Path, str]:
    """What each student is called: nobody as another, although what is shown of two names may be the same."""
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for folder in folders:
        name = shown = _shown(folder.name)
        number = 1
        while name in taken:
            number += 1
            name = f"{shown} ({number})"
        names[folder] = name
        taken.add(name)
    return names


def _chosen(student: str, exercise: Exercise, files: list[File]) -> HandedIn:
    """The one notebook that counts: one with answers before one without, then the one that is easiest to find."""
    notes = [file.problem for file in files if file.exercise is None and file.problem]
    mine = sorted((file for file in files if file.exercise == exercise), key=_how_good)
    if not mine:
        return HandedIn(student, exercise, notes=notes)
    best = mine[0]
    if len(mine) > 1:
        others = ", ".join(file.name for file in mine[1:4]) + (", ..." if len(mine) > 4 else "")
        notes = [f"{len(mine)} notebooks of this exercise were handed in; {best.name} counts, not {others}.", *notes]
    return HandedIn(student, exercise, best.reading, best.problem, notes)


def _how_good(file: File) -> tuple[bool, bool, int, str]:
    reading, exercise = file.reading, file.exercise
    answered = reading is not None and exercise is not None
    done = answered and any(exercise.is_attempted(task, answer) for task, answer in reading.answers.items())  # type: ignore[union-attr]
    return not done, reading is None, file.depth, file.name


# Files, one after the other.


def _files(path: Path) -> Iterator[tuple[Path, File | None]]:
    """Each student's folder, and each notebook of theirs; None for a folder, so that an empty one is a student, too."""
    if not path.exists():
        raise LabError(f"There is no {path}: name a notebook, or a folder with notebooks.")
    if not path.is_dir():
        with _opened(path.resolve().parent) as folder:
            yield path.resolve().parent, _read(path.name, path.name, 0, folder)
        return
    path = path.resolve()
    with os.scandir(path) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    with _opened(path) as top:
        for entry in entries:
            if entry.name.endswith(".ipynb") and not entry.is_dir(follow_symlinks=False):
                yield path, _read(entry.name, entry.name, 0, top)
    for entry in entries:
        if entry.name.startswith(".") or (entry.name.endswith(".ipynb") and not entry.is_dir(follow_symlinks=False)):
            continue
        if entry.is_symlink() and entry.is_dir():
            problem = f"{_shown(entry.name)} is a link to another folder; it is not followed."
            yield Path(entry.path), File(_shown(entry.name), 0, None, None, problem)
        elif entry.is_dir(follow_symlinks=False):
            yield Path(entry.path), None
            yield from ((Path(entry.path), file) for file in _below(Path(entry.path)))


def _below(folder: Path) -> Iterator[File]:
    number = 0
    for where, folders, names, fd in os.fwalk(folder, follow_symlinks=False):
        depth = len(Path(where).relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if name not in NOT_HANDED_IN) if depth < DEEPEST else []
        for name in sorted(name for name in names if name.endswith(".ipynb")):
            number += 1
            if number > MOST_FILES:
                yield File("", depth, None, None, f"There are more than {MOST_FILES} notebooks; no more are looked at.")
                return
            yield _read(os.path.relpath(os.path.join(where, name), folder), name, depth, fd)


def _read(shown: str, name: str, depth: int, folder: int) -> File:
    shown, stem = _shown(shown), name.removesuffix(".ipynb")
    try:
        book = parse_book(_content(name, folder), name)
        exercise = exercise_of(book, stem)
        return File(shown, depth, exercise, reading_of(book, exercise) if exercise else None, "")
    except Unreadable as problem:
        return File(shown, depth, shipped().get(stem), None, str(problem))
    except Exception as problem:  # it is theirs, and none of the others'
        say = f"{shown} cannot be read ({in_one_line(repr(problem), LONGEST_NAME)})."
        return File(shown, depth, shipped().get(stem), None, say)


def _content(name: str, folder: int) -> bytes:
    """What is in a file. Raises Unreadable, and OSError."""
    # O_NOFOLLOW: a link is an error; O_NONBLOCK: a FIFO without a writer is none, and does not wait (man 2 open).
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with open(fd, "rb") as file:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable(f"{_shown(name)} is no regular file.")
        if about.st_size > LARGEST:
            raise Unreadable(f"{_shown(name)} has {about.st_size:,} bytes; more than {LARGEST:,} are not read.")
        return file.read(LARGEST)


class _opened:
    """A folder's descriptor, for as long as the block lasts."""

    def __init__(self, folder: Path) -> None:
        self.fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> int:
        return self.fd

    def __exit__(self, *error: Any) -> None:
        os.close(self.fd)


def _shown(name: str) -> str:
    return in_one_line(name, LONGEST_NAME)
