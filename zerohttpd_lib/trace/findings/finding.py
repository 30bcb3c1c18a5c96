"""One finding, and what the kinds of them have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from .. import layout
from ..records import Records

IN, OUT, BROKEN, EDGE = 0x1, 0x4, 0x18, 1 << 31
RECEIVE: Final = layout.FIRST_CALL + layout.CALLS.index("receive")
ACCEPT: Final = layout.FIRST_CALL + layout.CALLS.index("accept")


@dataclass(frozen=True)
class Finding:
    """Something that looks wrong: what kind of thing, a sentence with the evidence, and where to look."""

    kind: str
    text: str
    waits: tuple[int, ...] = ()  # numbers; the first is the one to look at
    fds: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.text


def who(records: Records, fd: int, place: int) -> str:
    """The descriptor that the entry at this place is about, and who was behind it then."""
    role = records.names[records.entries["role"][place]]
    peer = records.peer_at(fd, place)
    return f"fd {fd} ({role}{' ' * bool(peer)}{peer})"


def runs(numbers: np.ndarray) -> Iterator[tuple[int, int]]:
    """The first and the last of each stretch of numbers without a gap."""
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
        if len(run):
            yield run[0], run[-1]
