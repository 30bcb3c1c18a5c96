"""Start a server in a process of its own: what it is to be, checked and sent there; its first word."""

from __future__ import annotations

import json
import os
import pickle
import select
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import cloudpickle

from ..servers import RUNGS
from .errors import LabError, ServerDidNotStart
from .processes import GuardedProcess, new_folder, no_room

START_TIME: Final = 10.0  # seconds for a server to listen
LONGEST_ANNOUNCEMENT: Final = 1000  # bytes of the line that says where

InABox = Callable[[list[str], Path], list[str]]


def check(what: str | type, record: bool | str) -> None:
    """Raises LabError for what cannot be served, or recorded."""
    if record not in (True, False, "details"):
        raise LabError(f'record={record!r}: choose True (its waits), "details" (its calls on sockets, too) or False.')
    if isinstance(what, str) and what not in RUNGS:
        raise LabError(f"There is no rung named {what!r}. Choose one of {', '.join(RUNGS)}, or give a class.")
    if not isinstance(what, (str, type)) or not (isinstance(what, str) or hasattr(what, "run")):
        raise LabError(
            f"{what!r} cannot be served: give the name of a rung, or a class with __init__(self, listener, "
            "redis_address) and run(self)."
        )


def trace_in(folder: Path) -> Path:
    """Where a server that has this folder writes its trace."""
    return folder / "trace"


class Started:
    """A server's `process`, and what it has announced: `url` and `pid`. `spec` is what servers/child.py is given.

    With a `box` it is run by the command that this makes of the arguments of Python and of a folder that
    it may write to. Raises ServerDidNotStart.
    """

    def __init__(self, name: str, spec: dict[str, Any], record: bool | str, box: InABox | None) -> None:
        folder = new_folder(name)
        spec |= {"trace_file": str(trace_in(folder)) if record else None, "details": record == "details"}
        try:
            (folder / "spec").write_bytes(_pickled(spec))
        except BaseException as problem:
            shutil.rmtree(folder)  # no process yet to do that at its end
            if isinstance(problem, OSError):
                raise no_room(problem) from None
            raise
        arguments = ["-m", "zerohttpd_lib.servers.child", str(folder / "spec")]
        self.process = GuardedProcess([sys.executable, *arguments] if box is None else box(arguments, folder), folder)
        self.url: str
        self.pid: int
        try:
            self.url, number = self._read_announcement()
            self.pid = number if box is None else self.process.pid_of(number)
        except BaseException as problem:
            self.process.stop()
            if isinstance(problem, (ValueError, LookupError, TypeError, ProcessLookupError)):
                said = self.process.errors() or "nothing"
                raise ServerDidNotStart(f"The {name} server did not start. It said:\n{said}") from None
            raise

    def _read_announcement(self) -> tuple[str, int]:
        """The first line that the process says: its URL and its number. Raises ValueError and such for anything else.

        In a process that runs a learner's code, that could have written it.
        """
        fd, line, deadline = self.process.output.fileno(), b"", time.monotonic() + START_TIME
        waiting = select.poll()  # not select(): it takes no descriptor above 1023, and a notebook may be there
        waiting.register(fd, select.POLLIN)
        while b"\n" not in line and len(line) < LONGEST_ANNOUNCEMENT:
            left = deadline - time.monotonic()
            data = os.read(fd, LONGEST_ANNOUNCEMENT) if left > 0 and waiting.poll(left * 1000) else b""
            if not data:
                break
            line += data
        announced = json.loads(line)
        url, number = str(announced["url"]), int(announced["pid"])
        if urlsplit(url).port is None:
            raise ValueError("no URL of a server's")
        return url, number


def _pickled(spec: dict[str, Any]) -> bytes:
    """By value, so that a class from a notebook cell arrives with all that it needs."""
    try:
        pickled: bytes = cloudpickle.dumps(spec)
    except (TypeError, pickle.PicklingError, AttributeError) as problem:
        raise LabError(
            f"The class cannot be sent to a process of its own: {problem}. "
            "It may refer to an open socket, file or server of this notebook; make those inside the class."
        ) from None
    return pickled
