"""What /proc knows of processes (man 5 proc), and how to wait for their end."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from waiting import wait_until


def children(pid: int) -> list[int]:
    """The processes that `pid` has started."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # this thread has ended
            found += map(int, (thread / "children").read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    """Its children, their children, and so on."""
    return [each for child in children(pid) for each in (child, *descendants(child))]


def state(pid: int) -> str:
    """One letter: R runs, S sleeps, T is stopped, Z has ended."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def command(pid: int) -> str:
    """What it was started with; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_gone(pid: int) -> bool:
    """Ended; perhaps not yet waited for by its parent."""
    try:
        return state(pid) in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_for_end(*pids: int) -> None:
    wait_until(lambda: all(map(is_gone, pids)))


def sockets_of(pid: int) -> int:
    """How many sockets it has open; one, the listener, for a server without clients."""
    number = 0
    for fd in open_descriptors(pid):
        with suppress(FileNotFoundError):  # closed since
            number += os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
    return number


def open_descriptors(pid: int) -> set[int]:
    return {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
