"""The box: where an answer runs, so that it can do nothing but answer.

There are two, one in the other, made by bubblewrap (man 1 bwrap) out of namespaces (man 7 namespaces):

- The judge's box has a network of its own, with nothing but a loopback; process ids of its own; and of
  the file system only the system's programs, Python and this package, none of which can be written to.
- In it, each process of the answer's gets a box of its own. There the judge, its Redis and the servers
  of its own are in another PID namespace, and cannot be seen, stopped or killed. Of this package only
  what an answer may use is there: no check, no server that a task asks for. The judge's network is
  there only where a task is about connecting, and for servers, which have to be reached.

Whoever uses another machine, or another kind of box, reads in `covers` what it holds back.
"""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from ..lab.course import SOLUTIONS
from ..lab.redis_program import find_redis_server
from .answer_process import IN_A_BOX
from .package_view import PACKAGE, what_an_answer_may_see

JUDGE_FILES: Final = 256 * 1_048_576  # bytes in the judge's /tmp: logs, traces
ANSWER_FILES: Final = 32 * 1_048_576  # bytes in an answer's /tmp, and in its /dev/shm
PROBE_TIME: Final = 10.0  # seconds
# Of /etc, what programs read in order to start: libraries, names of hosts and users, the time zone.
ETC: Final = ("ld.so.cache", "alternatives", "hosts", "nsswitch.conf", "passwd", "group", "localtime")
DEVICES: Final = ("null", "zero", "full", "random", "urandom")
NAMESPACES: Final = ("user", "pid", "ipc", "uts")
# -I: nothing is imported from the current folder, the environment or the user's own folder. -B: no .pyc is written.
ISOLATED: Final = ("-E", "-B") if str(PACKAGE).startswith(str(site.getusersitepackages())) else ("-I", "-B")


class Box(NamedTuple):
    """A kind of box. `covers` says in a sentence what it holds back, and what it does not."""

    kind: str
    covers: str

    @property
    def holds(self) -> bool:
        """Whether the work of strangers may run in it."""
        return self.kind == "bubblewrap"

    def for_the_judge(self, arguments: list[str], readable: Iterable[Path] = ()) -> list[str]:
        """The command that runs `python ARGUMENTS` in the judge's box. `readable`: files that it needs besides."""
        command = [sys.executable, *ISOLATED, *arguments]
        if not self.holds:
            return command
        more = [word for path in readable for word in ("--ro-bind", str(path), str(path))]
        # First, for Python and this package may lie in /tmp themselves.
        room = ["--perms", "0700", "--size", str(JUDGE_FILES), "--tmpfs", "/tmp"]
        closed = ["--chdir", "/tmp", "--remount-ro", "/"]
        return [*_bubblewrap(), "--unshare-net", *room, *_system(), *more, *closed, "--", *command]

    def for_an_answer(
        self, arguments: list[str], *, setup: str, folder: Path | None = None, network: bool = False
    ) -> list[str]:
        """The command, for use inside the judge's box, that runs `python ARGUMENTS` in an answer's.

        `setup`: the cell that the answer may build upon. `folder`: one that it may write to.
        """
        command = [sys.executable, *ISOLATED, *arguments]
        if not self.holds:
            return command
        own = ["--bind", str(folder), str(folder)] if folder is not None else []
        room = ["--size", str(ANSWER_FILES), "--tmpfs", "/tmp"]
        shared = ["--size", str(ANSWER_FILES), "--tmpfs", "/dev/shm"]
        # For root, whom /proc/sys obeys even without privileges, it has to be read-only.
        closed = [word for place in ("/proc", "/dev", str(PACKAGE), "/") for word in ("--remount-ro", place)]
        alone = [] if network else ["--unshare-net"]
        start = [*_bubblewrap(), "--disable-userns", "--setenv", IN_A_BOX, self.kind, *alone]
        seen = [*_system(), *_solutions_hidden(), *what_an_answer_may_see(setup), *own, *shared, "--chdir", "/tmp"]
        return [*start, *room, *seen, *closed, "--", *command]


BUBBLEWRAP: Final = Box(
    "bubblewrap",
    "bubblewrap: an answer has its own users, processes and network, reads nothing but the system's programs and "
    "its part of this package, and writes to nothing but a small folder in memory.",
)
NONE: Final = Box(
    "none",
    "no box: an answer is kept from the judge's memory and output, and all that it starts is ended; but it can "
    "read, change and end whatever you can.",
)
KINDS: Final = {box.kind: box for box in (BUBBLEWRAP, NONE)}
HOW_TO_GET_ONE: Final = (
    "Install bubblewrap 0.8 or newer (Debian, Ubuntu: sudo apt install bubblewrap); in a container, allow it user "
    "namespaces. `zerohttpd doctor` says whether it works."
)


@lru_cache
def best() -> Box:
    """The best box that can be made here. It is tried once, with a box in a box."""
    if shutil.which("bwrap") is None:
        return NONE
    inner = BUBBLEWRAP.for_an_answer(["-c", "import zerohttpd_lib.grading.answer_process"], setup="")
    with_both = BUBBLEWRAP.for_the_judge([])
    outer = with_both[: with_both.index("--") + 1]
    try:
        done = subprocess.run([*outer, *inner], capture_output=True, timeout=PROBE_TIME, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return NONE
    return BUBBLEWRAP if done.returncode == 0 else NONE


def _bubblewrap() -> list[str]:
    """Nobody in particular, without privileges, and gone when whoever has started it goes."""
    apart = [f"--unshare-{name}" for name in NAMESPACES]
    nobody = ["--cap-drop", "ALL", "--uid", "65534", "--gid", "65534"]
    return [str(shutil.which("bwrap")), *apart, *nobody, "--die-with-parent"]


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
