"""A server's processes, all together: counted, and stopped for a moment to be looked at."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .guard import descendants


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
        yield pids
    finally:
        for each in pids:
            _send(each, signal.SIGCONT)


def _threads(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except FileNotFoundError:  # it has ended
        return 0


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
