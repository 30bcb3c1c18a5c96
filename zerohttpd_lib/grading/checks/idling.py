"""How a server waits when there is nothing to do: the kernel counts how often it wakes up."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from ...lab.server import Server
from . import Wrong

WATCHED_TIME: Final = 0.5  # seconds
MOST: Final = 3  # wake-ups in that time: something else may still have been under way


def expect_sleep(server: Server, hints: list[str]) -> None:
    """Raises Wrong("wakes-up") when the server, with nobody to serve, does not just sleep."""
    woken = min(wakeups(server.pid), wakeups(server.pid))
    if woken > MOST:
        say = f"With nobody to serve, it woke up {woken / WATCHED_TIME:,.0f} times a second."
        raise Wrong("wakes-up", yours=woken / WATCHED_TIME, expected=0, say=say, hints=hints)


def wakeups(pid: int) -> int:
    """How often the threads of a process have gone to sleep of their own will, within `WATCHED_TIME`."""
    before = _sleeps(pid)
    time.sleep(WATCHED_TIME)
    return _sleeps(pid) - before


def _sleeps(pid: int) -> int:
    """Of all its threads (man 5 proc, status, voluntary_ctxt_switches)."""
    number = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/status"):
        with suppress(OSError):  # ended since
            number += sum(int(line.split()[1]) for line in thread.read_text().splitlines() if line.startswith("vol"))
    return number
