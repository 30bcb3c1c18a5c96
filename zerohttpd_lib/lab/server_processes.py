"""A server's processes, all together: counted, and stopped for a moment to be looked at."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from .guard import descendants

STANDS_WITHIN: Final = 1.0  # seconds; one that is in the middle of a slow system call takes a while


def census(pid: int) -> tuple[int, int]:
    """How many processes and how many threads there are of `pid` and all that it has started."""
    pids = [pid, *descendants(pid)]
    return len(pids), sum(_threads(each) for each in pids)


@contextmanager
def frozen(pid: int) -> Iterator[list[int]]:
    """Within this block none of them runs. Their clients, and the kernel, wait for them."""
    pids = [pid, *descendants(pid)]
    for each in pids:
        _send(each, signal.SIGSTOP)
    try:
        for each in pids:
            _wait_until_it_stands(each)
        yield pids
    finally:
        for each in pids:
            _send(each, signal.SIGCONT)


def _wait_until_it_stands(pid: int) -> None:
    """kill() returns when the signal is under way: on another core the process may run for a moment more."""
    deadline = time.monotonic() + STANDS_WITHIN
    while time.monotonic() < deadline and any(state not in "TtZX" for state in _states(pid)):
        time.sleep(0.0005)


def _states(pid: int) -> list[str]:
    """Of all its threads (man 5 proc, stat, the third field)."""
    states = []
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):  # it has ended
            states.append(thread.read_text().rpartition(")")[2].split()[0])
    return states


def _threads(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except FileNotFoundError:  # it has ended
        return 0


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
