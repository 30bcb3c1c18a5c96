"""Calls that must not wait: the kernel tells, of a few of them, whether they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .idling import Spent

TRIES: Final = 3  # of a call that is looked at: what happens by chance does not happen each time
BUSY: Final = 0.05  # seconds of processor time for all of these calls


def waited(spent: Sequence[Spent]) -> bool:
    """Whether each of these calls went to sleep, or all of them together kept the processor busy."""
    return min(each.sleeps for each in spent) > 0 or sum(each.processor for each in spent) > BUSY
