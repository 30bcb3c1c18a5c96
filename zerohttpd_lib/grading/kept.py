"""Verdicts that are kept from one run to the next, so that a second one judges only what has changed.

A verdict is kept under a digest of all that it comes from: the text of the answer, the task, the exercise
with its checks, the library, the seed, the kind of box. Change one of them, and it is judged anew.

The file lies in the state folder of whoever grades (XDG Base Directory Specification), where no box leads;
never beside what was handed in, where somebody could hand in verdicts as well. It grows by a line for each
verdict, which is on the disk before the next is begun: an interrupt loses nothing, and of a power cut only
the line that was being written, which is then passed over.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from ..lab.errors import LabError
from .exercise import Exercise
from .verdict import COULD_NOT, Verdict
from .version import checks_of, library_version

MORE_THAN_LETTERS: Final = re.compile(r"[^A-Za-z0-9.-]+")


def key_of(task: str, source: str, exercise: Exercise, *, seed: str, box: str) -> str:
    """The digest under which the verdict on an answer is kept. `box`: its kind."""
    about = [task, source, exercise.name, exercise.version, exercise.setup, checks_of(exercise)]
    return hashlib.sha256(json.dumps([*about, library_version(), seed, box]).encode()).hexdigest()


def default_folder() -> Path:
    """Where verdicts are kept if nobody says otherwise."""
    state = os.environ.get("XDG_STATE_HOME", "")
    home = Path(state) if os.path.isabs(state) else Path(os.path.expanduser("~")) / ".local" / "state"
    return home / "zerohttpd-lab" / "grading"


class Kept:
    """The verdicts on what was handed in at `paths`, in a file of its own in `folder`.

    With None they are kept in memory, for this run alone; and so they are where the file cannot be written: `why`
    says so. One run at a time uses a file. Raises LabError where it is in use, or where others could write to it.
    """

    def __init__(self, paths: Iterable[Path], folder: Path | None) -> None:
        self.why = ""
        self.file: Path | None = None
        self._verdicts: dict[str, Verdict] = {}
        self._last_seed = ""
        self._fd: int | None = None
        if folder is not None:
            self._open([path.resolve() for path in paths], folder)

    def _open(self, places: list[Path], folder: Path) -> None:
        if inside := [place for place in places if folder.resolve().is_relative_to(place)]:
            raise LabError(f"{folder} lies in {inside[0]}, which is graded: keep the verdicts elsewhere.")
        digest = hashlib.sha256("\0".join(map(os.fspath, places)).encode(errors="surrogateescape")).hexdigest()[:12]
        name = MORE_THAN_LETTERS.sub("-", places[0].name) or "all"
        self.file = folder / f"{name}-{digest}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._fd = os.open(self.file, flags, 0o600)
        except OSError as problem:
            self.why = f"{folder} cannot be written to ({problem.strerror})"
            return
        self._make_sure_it_is_ours(self._fd)
        self._read(self._fd)

    def _make_sure_it_is_ours(self, fd: int) -> None:
        about = os.fstat(fd)
        if about.st_uid != os.geteuid() or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise LabError(f"Others can write to {self.file}: delete it, or keep the verdicts elsewhere (--keep-in).")
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LabError(f"Another run is grading the same just now: it has {self.file} open.") from None

    def _read(self, fd: int) -> None:
        with open(fd, "rb", closefd=False) as file:
            data = file.read()
        for line in data.splitlines():
            try:
                self._take(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError):  # cut off, or of another version
                continue
        if data and not data.endswith(b"\n"):
            os.write(fd, b"\n")

    def _take(self, line: dict[str, Any]) -> None:
        if "seed" in line:
            self._last_seed = str(line["seed"])
        else:
            self._verdicts[str(line["key"])] = Verdict.told(line["verdict"]["task"], line["verdict"])

    def seed(self, wanted: str | None) -> str:
        """The seed to be used: `wanted`, or else that of the run before; without one, a new one."""
        seed = wanted or self._last_seed or secrets.token_hex(8)
        if seed != self._last_seed:
            self._write({"seed": seed})
            self._last_seed = seed
        return seed

    @property
    def is_kept(self) -> bool:
        """Whether it is there for the next run."""
        return self._fd is not None

    def get(self, key: str) -> Verdict | None:
        return self._verdicts.get(key)

    def keep(self, key: str, verdict: Verdict) -> None:
        """Until the next run. What could not be judged is tried again then."""
        if verdict.status != COULD_NOT:
            self._verdicts[key] = verdict
            self._write({"key": key, "verdict": verdict.as_json()})

    def forget(self) -> None:
        """All that is kept, the seed too."""
        self._verdicts.clear()
        self._last_seed = ""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)

    def _write(self, line: dict[str, Any]) -> None:
        if self._fd is None:
            return
        try:
            os.write(self._fd, json.dumps(line).encode() + b"\n")
            os.fsync(self._fd)
        except OSError as problem:  # no room: what comes from now on is not kept, and the grading goes on
            self.why = f"{self.file} cannot be written to any more ({problem.strerror})"
            self.close()

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Kept:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self.close()
