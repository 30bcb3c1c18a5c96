"""The box: where an answer runs, so that it can do nothing but answer.

There are two, one in the other, made out of namespaces (man 7 namespaces):

- The judge's box has a network of its own, with nothing but a loopback; process ids of its own; and of
  the file system only the system's programs, Python and this package, none of which can be written to.
- In it, each process of the answer's gets a box of its own. There the judge, its Redis and the servers
  of its own are in another PID namespace, and cannot be seen, stopped or killed. Of this package only
  what an answer may use is there: no check, no server that a task asks for. The judge's network is
  there only where a task is about connecting, and for servers, which have to be reached.

bubblewrap (man 1 bwrap) makes both; where it is not, `unshare` (man 1) does, with in_namespaces.py. Where no
namespaces can be made, Landlock (man 7) keeps an answer from files and from processes, and from less than a box
of namespaces does: that is for one's own work. What is in a box is in box_contents.py; which system calls
cannot be made in any, in system_calls.py.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Final

from . import box_contents
from .answer_process import IN_A_BOX
from .box_contents import PYTHON

PROBE_TIME: Final = 10.0  # seconds
PROGRAMS: Final = "/usr/local/bin:/usr/bin:/bin"
NOBODY: Final = "65534"
PROBE: Final = "from zerohttpd_lib.grading.answer_process import limit_resources; limit_resources()"


class Box:
    """No box, and what every kind of box has: two commands, to be started as they are.

    `covers` says in a sentence what it holds back, and what it does not; `holds`, whether the work of strangers
    may run in it.
    """

    kind: ClassVar[str] = "none"
    holds: ClassVar[bool] = False
    covers: ClassVar[str] = (
        "no box: an answer is kept from the judge's memory and output, and all that it starts is ended; but it can "
        "read, change and end whatever you can."
    )

    def for_the_judge(self, arguments: list[str], readable: Iterable[Path] = ()) -> list[str]:
        """The command that runs `python ARGUMENTS` in the judge's box. `readable`: files that it needs besides."""
        return [*PYTHON, *arguments]

    def for_an_answer(
        self, arguments: list[str], *, setup: str, folder: Path | None = None, network: bool = False
    ) -> list[str]:
        """The command, for use inside the judge's box, that runs `python ARGUMENTS` in an answer's.

        `setup`: the cell that the answer may build upon. `folder`: one that it may write to.
        """
        return [*PYTHON, *arguments]


class Landlocked(Box):
    """The judge runs as it is, and the answer behind rules of Landlock's."""

    kind = "Landlock"
    covers = (
        "Landlock alone, for your own work: an answer reads nothing but the system's programs and its part of this "
        "package, writes to its own folder only, connects to nothing by TCP, and ends no process of yours; but it can "
        "change the rights and times of your files, send UDP, reach Unix sockets that have a path, and fill your disk."
    )

    def for_an_answer(
        self, arguments: list[str], *, setup: str, folder: Path | None = None, network: bool = False
    ) -> list[str]:
        words = box_contents.for_an_answer(setup, folder or Path("."))
        begin = [*PYTHON, "-m", f"{__package__}.in_landlock", *(["--network"] if network else [])]
        return [*begin, *words, "--", *PYTHON, *arguments]


class Bubblewrap(Box):
    """Both boxes are made by the program bwrap."""

    kind = "bubblewrap"
    holds = True
    covers = (
        "bubblewrap: an answer has its own users, processes and network, reads nothing but the system's programs and "
        "its part of this package, and writes to nothing but a small folder in memory."
    )

    def for_the_judge(self, arguments: list[str], readable: Iterable[Path] = ()) -> list[str]:
        return [*self.begin(network=False), *box_contents.for_a_judge(readable), "--", *PYTHON, *arguments]

    def for_an_answer(
        self, arguments: list[str], *, setup: str, folder: Path | None = None, network: bool = False
    ) -> list[str]:
        seen = box_contents.for_an_answer(setup, folder)
        return [*self.begin(network=network), "--setenv", IN_A_BOX, self.kind, *seen, "--", *PYTHON, *arguments]

    def begin(self, *, network: bool) -> list[str]:
        """Nobody in particular, without privileges, and gone when whoever has started it goes."""
        apart = [f"--unshare-{name}" for name in ("user", "pid", "ipc", "uts", *([] if network else ["net"]))]
        nobody = ["--cap-drop", "ALL", "--uid", NOBODY, "--gid", NOBODY]
        return [program("bwrap"), *apart, *nobody, "--die-with-parent"]


class Unshared(Bubblewrap):
    """The same boxes, made by `unshare` of util-linux and a program of ours."""

    kind = "unshare"
    covers = (
        "unshare: an answer has its own users, processes and network, reads nothing but the system's programs and its "
        "part of this package, and writes to nothing but a small folder in memory, as with bubblewrap."
    )

    def begin(self, *, network: bool) -> list[str]:
        apart = [f"--{name}" for name in ("mount", "pid", "ipc", "uts", *([] if network else ["net"]))]
        nobody = [f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--keep-caps"]
        build = [sys.executable, "-I", "-S", str(Path(__file__).with_name("in_namespaces.py"))]
        return [program("unshare"), *nobody, *apart, "--", *build, *([] if network else ["--loopback"])]


BUBBLEWRAP: Final = Bubblewrap()
UNSHARED: Final = Unshared()
LANDLOCKED: Final = Landlocked()
NONE: Final = Box()
KINDS: Final = {box.kind: box for box in (BUBBLEWRAP, UNSHARED, LANDLOCKED, NONE)}  # the best one first
HOW_TO_GET_ONE: Final = (
    "Install bubblewrap 0.8 or newer (Debian, Ubuntu: sudo apt install bubblewrap); in a container, allow it user "
    "namespaces. `zerohttpd doctor` says whether it works."
)


def best() -> Box:
    """The best box that can be made here."""
    return next(box for box in KINDS.values() if can_be_made(box))


def program(name: str) -> str:
    """Where it is, in the judge's box as well: there are no other folders with programs."""
    return shutil.which(name, path=PROGRAMS) or name


@lru_cache
def can_be_made(box: Box) -> bool:
    """Whether it can: it is tried once, with a box in a box."""
    if box is NONE:
        return True
    inner = box.for_an_answer(["-c", PROBE], setup="")
    outer = box.for_the_judge([])
    outer = outer[: len(outer) - len(PYTHON)]
    try:
        done = subprocess.run([*outer, *inner], capture_output=True, timeout=PROBE_TIME, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
