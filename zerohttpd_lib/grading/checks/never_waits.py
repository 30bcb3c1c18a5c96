"""Calls that must not wait: the kernel tells, of a few of them, whether they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .idling import Spent

TRIES: Final = 12  # of a call that is looked at
BY_CHANCE: Final = 1  # of them may go to sleep: somebody else may have kept it from what it wanted for a moment
BUSY: Final = 0.05  # seconds of processor time for all of these calls


def waited(spent: Sequence[Spent]) -> bool:
    """Whether several of these calls went to sleep, or all of them together kept the processor busy.

    Not only whether each has: who waits at every other call waits, too.
    """
    slept = sum(each.sleeps > 0 for each in spent)
    return slept > BY_CHANCE or sum(each.processor for each in spent) > BUSY
