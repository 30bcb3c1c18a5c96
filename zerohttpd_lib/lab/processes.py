"""Start a process of the lab under a guard, talk to it, and end it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from .guard import descendants

GUARD: Final = Path(__file__).with_name("guard.py")
TOO_MANY, TOO_MUCH = 96, 97  # the guard's status when there were more processes, or more memory, than allowed
MOST_STACKS: Final = 3
STACK_TIME: Final = 2.0  # seconds for a hanging process to write its stack


class LabError(Exception):
    """Something a learner can mend. The message says what is wrong and what to do.

    A notebook shows the message alone: the traceback would lead into the library.
    """

    def _render_traceback_(self) -> list[str]:  # IPython asks for this
        return [f"{type(self).__name__}: {self}"]


@contextmanager
def interrupts_in_one_sentence() -> Iterator[None]:
    """In a notebook an interrupt is no mishap to be traced to its line."""
    try:
        yield
    except KeyboardInterrupt:
        raise LabError("Interrupted. What was started for this has been ended; you can go on.") from None


class GuardedProcess:
    """One command under a guard, with a folder of its own that goes when it goes.

    `output` is the command's standard output, line by line. Its standard error goes to a file,
    which we hold open: what a command says last is read after it has died and its folder is gone.
    With `most`, more processes than that at a time are the end of all of them; the status is then
    TOO_MANY. With `memory` as well, so are more bytes in all; then it is TOO_MUCH. The command
    gets the descriptors in `keep`; close them here when it has been started.
    """

    def __init__(
        self,
        command: list[str],
        folder: Path,
        *,
        grace: float = 3.0,
        most: int | None = None,
        memory: int | None = None,
        keep: tuple[int, ...] = (),
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.folder = folder
        self._errors = open(folder / "stderr", "x+b")  # noqa: SIM115 - closed in stop()
        guard = [sys.executable, "-I", "-S", str(GUARD)]
        limit = [] if most is None else ["--most", str(most)]
        limit += [] if memory is None else ["--memory", str(memory)]
        limit += ["--keep", ",".join(map(str, keep))] if keep else []
        self._guard = subprocess.Popen(
            [*guard, "--remove", str(folder), "--grace", str(grace), *limit, "--", *command],
            env=environment,
            cwd=cwd,
            pass_fds=keep,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # so that Ctrl-C reaches the lab, and only the lab
        )
        self.grace = grace

    @property
    def output(self) -> IO[str]:
        assert self._guard.stdout is not None
        return self._guard.stdout

    def errors(self) -> str:
        """What the command has written to its standard error so far."""
        if not self._errors.closed:
            size = os.fstat(self._errors.fileno()).st_size
            self._last_errors = os.pread(self._errors.fileno(), size, 0).decode(errors="replace").strip()
        return self._last_errors

    _last_errors = ""

    def how_it_ended(self) -> str:
        """In words; the guard passes on the exit status, with 128 added to the number of a signal."""
        status = self._guard.poll()
        if status is None:
            return "is still running"
        return f"was ended by signal {status - 128}" if status > 128 else f"has ended with status {status}"

    def has_ended(self) -> bool:
        return self._guard.poll() is not None

    def pid_of(self, number: int) -> int:
        """Of the process that has this number where it runs, the number here (NSpid, man 5 proc).

        They are different ones in a PID namespace of its own. Raises ProcessLookupError when it is not ours.
        """
        for pid in descendants(self._guard.pid):
            with suppress(OSError):  # ended since
                status = Path(f"/proc/{pid}/status").read_text()
                if int(re.search(r"NSpid:.*\b(\d+)\n", status)[1]) == number:  # type: ignore[index]
                    return pid
        raise ProcessLookupError(f"There is no process {number}.")

    def last_stack(self, pid: int) -> str:
        """Where Python process `pid` hangs: the stack of each thread, the innermost call first; of many
        threads, the newest and the first one's.

        The process must have called `faulthandler.register(signal.SIGUSR1)`.
        """
        before = len(self.errors())
        try:
            os.kill(pid, signal.SIGUSR1)
        except ProcessLookupError:
            return self.errors()
        deadline = time.monotonic() + STACK_TIME
        while time.monotonic() < deadline:
            if "most recent call first" in self.errors()[before:]:
                time.sleep(0.05)  # it is being written: give it time to end
                break
            time.sleep(0.01)
        stacks = self.errors()[before:].strip().split("\n\n")
        if len(stacks) > MOST_STACKS:
            stacks = [stacks[0], f"({len(stacks) - 2:,} more threads)", stacks[-1]]
        return "\n\n".join(stacks)

    def ask_to_stop(self) -> bool:
        """Let the guard send SIGTERM. Returns whether the command has ended half of the grace later."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()  # the guard takes this as "enough"
        return self.ends_within(self.grace / 2)

    def ends_within(self, seconds: float) -> bool:
        """Wait for it to end, but no longer than this. Returns whether it has."""
        try:
            self._guard.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> int:
        """End the command and all that it has started. Returns its exit status. May be repeated."""
        self.ask_to_stop()
        status = self._guard.wait(self.grace + 10)
        self.output.close()
        self.errors()  # once more, for those who ask later
        self._errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # the guard has done so, unless it was killed
        return status


def new_folder(name: str) -> Path:
    """A private folder for one process: its files, its log, its trace."""
    return Path(tempfile.mkdtemp(prefix=f"zerohttpd-{name}-")).resolve()  # Redis tells its own without links
