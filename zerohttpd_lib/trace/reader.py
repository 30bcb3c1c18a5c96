"""Read a trace: its waits, and what can be told from them."""

from __future__ import annotations

from pathlib import Path

from . import archive
from .findings import Finding, find_all
from .history import Life, lives_of
from .score import Cost, cost_of
from .wait import Call, Entry, Turn, Wait
from .waits import Waits

__all__ = ["Call", "Entry", "Trace", "Turn", "Wait"]


class Trace(Waits):
    """The waits that were recorded: `len`, index and loop over them; see `Waits` for what they are as arrays."""

    def history(self, fd: int) -> list[Life]:
        """What this number stood for, one after the other: its lives, the oldest first."""
        return lives_of(self, fd)

    def cost(self, requests: int | None = None) -> Cost:
        """What these waits have cost, for each event and for each request."""
        return cost_of(self, requests)

    def warnings(self, blocked_ms: float = 100, silent_s: float = 5) -> list[Finding]:
        """What looks wrong in these waits, in plain words with the evidence; see the package findings."""
        return find_all(self, blocked_ms / 1e3, silent_s)

    def save(self, path: str | Path) -> None:
        """Save it to one file; `load_trace` opens it."""
        archive.save(path, self)
