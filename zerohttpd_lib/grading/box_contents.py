"""What is in a box, in bubblewrap's words (man 1 bwrap): in_namespaces.py and in_landlock.py read them, too."""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from ..lab.course import SOLUTIONS
from ..lab.redis_program import find_redis_server
from .package_view import PACKAGE, what_an_answer_may_see

JUDGE_FILES: Final = 256 * 1_048_576  # bytes in the judge's /tmp: logs, traces
ANSWER_FILES: Final = 32 * 1_048_576  # bytes in an answer's /tmp, and in its /dev/shm
# Of /etc, what programs read in order to start: libraries, names of hosts and users, the time zone.
ETC: Final = ("ld.so.cache", "alternatives", "hosts", "nsswitch.conf", "passwd", "group", "localtime")
DEVICES: Final = ("null", "zero", "full", "random", "urandom")
# -I: nothing is imported from the current folder, the environment or the user's own folder. -B: no .pyc is written.
ISOLATED: Final = ("-E", "-B") if str(PACKAGE).startswith(str(site.getusersitepackages())) else ("-I", "-B")
PYTHON: Final = (sys.executable, *ISOLATED)


def for_a_judge(readable: Iterable[Path]) -> list[str]:
    """The system, all of this package, and a /tmp to work in. `readable`: files that it needs besides."""
    # /tmp first, for Python and this package may lie there themselves.
    room = ["--perms", "0700", "--size", str(JUDGE_FILES), "--tmpfs", "/tmp"]
    more = [word for path in readable for word in ("--ro-bind", str(path), str(path))]
    return [*room, *_system(), *more, "--chdir", "/tmp", "--remount-ro", "/"]


def for_an_answer(setup: str, folder: Path | None) -> list[str]:
    """The system, what the package lets an answer see, and little to write to: `folder` as well."""
    room = ["--size", str(ANSWER_FILES), "--tmpfs", "/tmp"]
    shared = ["--size", str(ANSWER_FILES), "--tmpfs", "/dev/shm"]
    own = ["--bind", str(folder), str(folder)] if folder is not None else []
    # For root, whom /proc/sys obeys even without privileges, it has to be read-only.
    closed = [word for place in ("/proc", "/dev", str(PACKAGE), "/") for word in ("--remount-ro", place)]
    seen = [*_system(), *_solutions_hidden(), *what_an_answer_may_see(setup), *own, *shared]
    return [*room, *seen, "--disable-userns", *closed, "--chdir", "/tmp"]


@lru_cache
def _system() -> tuple[str, ...]:
    """Programs, libraries and Python, to be read; and a few devices."""
    words: list[str] = []
    for path in map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")):
        if path.is_symlink():
            words += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            words += ["--ro-bind", str(path), str(path)]
    for path in [*(Path("/etc", name) for name in ETC), *_pythons()]:
        words += ["--ro-bind-try", str(path), str(path)]
    words += ["--proc", "/proc", "--tmpfs", "/dev", "--dir", "/dev/shm", "--symlink", "/proc/self/fd", "/dev/fd"]
    return (*words, *(word for name in DEVICES for word in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")))


def _solutions_hidden() -> Iterator[str]:
    """An empty folder in the place of each that has solutions in it, where a checkout is inside of what is bound."""
    for name in ("solutions", "authoring", "tests"):
        folder = SOLUTIONS.with_name(name)
        if folder.is_dir() and not folder.is_relative_to(PACKAGE):  # there the whole package is hidden
            yield from ("--tmpfs", str(folder), "--remount-ro", str(folder))


def _pythons() -> list[Path]:
    """Where this Python, its packages, this package and Redis are; what lies in one of them is there already."""
    homes = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1], PACKAGE]
    homes += [Path(site.getusersitepackages())] if "-I" not in ISOLATED else []
    homes += [find_redis_server().parent]
    chosen: list[Path] = []
    for home in sorted({home for home in homes if home.exists()}, key=lambda path: len(path.parts)):
        if home != Path("/") and not any(home.is_relative_to(other) for other in [Path("/usr"), *chosen]):
            chosen.append(home)
    return chosen
