"""What this very process watches by an epoll descriptor: the recorder asks, before it has seen anything itself.

It is apart from interest.py, which looks at a server from outside and knows whose each descriptor is: the recorder goes
wherever a server goes, with no more than it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

ALWAYS: Final = 0x18  # HUP and ERR, which the kernel adds to every entry (man 2 epoll_ctl)


def watched_by(epoll: int) -> list[tuple[int, int]]:
    """(descriptor, events) of all that this process watches by its epoll descriptor `epoll`, by number.

    Raises OSError where there is no such descriptor, or no /proc (man 5 proc, fdinfo).
    """
    lines = Path(f"/proc/self/fdinfo/{epoll}").read_text().splitlines()
    entries = (line.split() for line in lines if line.startswith("tfd:"))  # tfd: FD events: HEXADECIMAL data: ...
    return sorted((int(words[1]), int(words[3], 16) & ~ALWAYS) for words in entries)
