"""Start a process of the lab under a guard, talk to it, and end it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final
from weakref import WeakSet

from .errors import LabError
from .guard import descendants, ends_in_time

GUARD: Final = Path(__file__).with_name("guard.py")
# The guard's status when there were more processes or threads, or more memory, than allowed; or hardly any left.
TOO_MANY, TOO_MUCH, TOO_LITTLE_LEFT = 96, 97, 98
MOST_STACKS: Final = 3
LAST_LINES_TIME: Final = 1.0  # seconds for a reader to take in what was printed last
STACK_TIME: Final = 2.0  # seconds for a hanging process to write its stack


@contextmanager
def interrupts_in_one_sentence() -> Iterator[None]:
    """In a notebook an interrupt is no mishap to be traced to its line."""
    try:
        yield
    except KeyboardInterrupt:
        raise LabError("Interrupted. What was started for this has been ended; you can go on.") from None


@contextmanager
def interrupts_held_back() -> Iterator[None]:
    """An interrupt comes when this is over. An import that is interrupted leaves modules behind that never
    work again, and a thread that is about to start can be neither joined nor forgotten.

    To block the signal would not do: a notebook's kernel has other threads that it can be delivered to, and
    whoever gets it, the handler runs in the main thread (the Python reference, signal, "Signals and threads").
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is ever interrupted
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


class Lines:
    """What a command prints, line by line. Any thread may read it, one at a time, and any may close it.

    After the last line, and once it is closed, a line is "".
    """

    def __init__(self, pipe: IO[str]) -> None:
        self._pipe = pipe
        self._reading = threading.Lock()

    def readline(self) -> str:
        return self._read(self._pipe.readline)

    def read(self) -> str:
        """All that is still to come, up to its end."""
        return self._read(self._pipe.read)

    def _read(self, how: Callable[[], str]) -> str:
        with self._reading:
            return "" if self._pipe.closed else how()

    def __iter__(self) -> Iterator[str]:
        return iter(self.readline, "")

    def fileno(self) -> int:
        return self._pipe.fileno()

    def close(self) -> None:
        """To be called when all who wrote are gone: a reader has come, or comes now, to the end."""
        if self._reading.acquire(timeout=LAST_LINES_TIME):  # else somebody writes still: leave it open
            try:
                self._pipe.close()
            finally:
                self._reading.release()


class GuardedProcess:
    """One command under a guard, with a folder of its own that goes when it goes.

    `output` is the command's standard output, line by line. Its standard error goes to a file,
    which we hold open: what a command says last is read after it has died and its folder is gone.
    With `most`, more processes than that at a time are the end of all of them; the status is then
    TOO_MANY. With `memory` as well, so are more bytes in all; then it is TOO_MUCH. The command
    gets the descriptors in `keep`; close them here when it has been started. Raises LabError when no
    process can be started.

    It belongs to the process that made it. A fork of that one has no part in it: what the fork
    stops goes on, and when it goes on longer than we do, the guard learns of our end all the same.
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
        self.grace = grace
        self._owner = os.getpid()
        guard = [sys.executable, "-I", "-S", str(GUARD), "--remove", str(folder), "--grace", str(grace)]
        limit = [] if most is None else ["--most", str(most)]
        limit += [] if memory is None else ["--memory", str(memory)]
        limit += ["--keep", ",".join(map(str, keep))] if keep else []
        try:
            self._errors = open(folder / "stderr", "x+b")  # noqa: SIM115 - closed in stop()
            self._guard = subprocess.Popen(
                [*guard, *limit, "--", *command],
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
        except BaseException as problem:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(problem, OSError):
                raise LabError(f"No process can be started: {problem}.") from None
            raise
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        self._until_closed = self._guard.stdin
        self._reading_errors = threading.Lock()  # a number that is closed meanwhile may be another file's
        self._last_errors = ""
        self.output = Lines(self._guard.stdout)
        _started_here.add(self)

    @property
    def is_ours(self) -> bool:
        """Whether we are the process that has started it, not a fork of that one."""
        return self._owner == os.getpid()

    def let_go(self) -> None:
        """In a fork: while it has our end of the guard's standard input open, the guard would not see ours go."""
        self._until_closed.close()

    def errors(self) -> str:
        """What the command has written to its standard error so far."""
        with self._reading_errors:
            if not self._errors.closed:  # else that was all
                size = os.fstat(self._errors.fileno()).st_size
                self._last_errors = os.pread(self._errors.fileno(), size, 0).decode(errors="replace").strip()
        return self._last_errors

    def how_it_ended(self) -> str:
        """In words; the guard passes on the exit status, with 128 added to the number of a signal."""
        status = self._guard.poll()
        if status is None:
            return "is still running"
        if status < 0:
            return f"was ended by signal {signal.SIGKILL}, because its guard was, by signal {-status}"
        return f"was ended by signal {status - 128}" if status > 128 else f"has ended with status {status}"

    def has_ended(self) -> bool:
        if not self.is_ours:  # then it is no child of ours, and cannot be waited for
            return not Path(f"/proc/{self._guard.pid}").exists()
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

    def beside(self, pid: int) -> list[int]:
        """The other processes that run where `pid`, one of ours, does, whosever children they are by now: not those
        that have ended, nor those that have made a PID namespace for it, the first one in it among them."""
        outside = len(_numbers(self._guard.pid))
        others = [each for each in descendants(self._guard.pid) if each != pid and _is_running(each)]
        inside = {each: numbers for each in others if (numbers := _numbers(each))}
        if len(_numbers(pid)) == outside:
            return list(inside)
        return [each for each, numbers in inside.items() if len(numbers) > outside and numbers[-1] != 1]

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
        """Let the guard send SIGTERM. Returns whether the command has ended half of the grace later,
        which counts anew while it is busy closing its connections."""
        with suppress(OSError, ValueError):  # it has ended, or was asked before
            # The guard takes a word, and the end of its input, as "enough". The end alone would not
            # do: it comes when nobody has it open any more.
            os.write(self._until_closed.fileno(), b"enough")
        self._until_closed.close()
        return ends_in_time(lambda: self.ends_within(self.grace / 2), self._guard.pid)

    def ends_within(self, seconds: float) -> bool:
        """Wait for it to end, but no longer than this. Returns whether it has."""
        try:
            self._guard.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> int:
        """End the command and all that it has started. Returns its exit status. May be repeated.

        Whoever still reads `output`, in whatever thread, comes to its end. In a fork it does nothing.
        """
        if not self.is_ours:
            return 0
        self.ask_to_stop()
        if not ends_in_time(lambda: self.ends_within(self.grace + 10), self._guard.pid):
            # Somebody has stopped the guard (SIGSTOP).
            self._guard.kill()
        status = self._guard.wait()
        self.output.close()
        self.errors()  # once more, for those who ask later
        with self._reading_errors:
            self._errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # the guard has done so, unless it was killed
        return status


def _numbers(pid: int) -> list[int]:
    """What a process is called in each PID namespace that it is in, ours first; nothing if it has ended."""
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        return [int(number) for number in re.search(r"NSpid:(.*)", status)[1].split()]  # type: ignore[index]
    return []


def _is_running(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


_started_here: WeakSet[GuardedProcess] = WeakSet()


def _let_go_of_all() -> None:
    for process in list(_started_here):
        process.let_go()


os.register_at_fork(after_in_child=_let_go_of_all)


def new_folder(name: str) -> Path:
    """A private folder for one process: its files, its log, its trace. Raises LabError when there can be none."""
    try:
        return Path(tempfile.mkdtemp(prefix=f"zerohttpd-{name}-")).resolve()  # Redis tells its own without links
    except OSError as problem:
        raise no_room(problem) from None


def no_room(problem: OSError) -> LabError:
    """For a file or folder of the lab's that cannot be made."""
    return LabError(
        f"There is no room for the lab's files: {problem.strerror or problem}. Free some space, or set the environment "
        "variable TMPDIR to a folder that can be written to, and start this notebook's kernel again."
    )
