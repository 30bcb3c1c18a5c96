"""What one wait was given, gave back, and led to, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Entry:
    """One descriptor of a ready list (kind "ready"), or one change to the interest list
    (kind "watch", "modify" or "forget"), with its events by name."""

    fd: int
    events: str
    role: str  # "listener", "client", "redis", or what the server's describe() said
    step: str  # what the server was going to do next for it
    kind: str
    peer: str = ""  # HOST:PORT at the other end; "" where nobody is

    def __str__(self) -> str:
        if self.kind == "end":
            return self.step
        return f"{self.kind:6} {self.fd:5}  {self.events:10} {self.role:9} {self.step}"


THE_END: Final = Entry(-1, "", "", "the end of the list", "end")


@dataclass(frozen=True)
class Call:
    """One call on a socket. `count`: bytes; of an accept the new descriptor."""

    fd: int
    name: str
    count: int
    problem: str  # "", "EAGAIN", "ECONNRESET", ...
    full: bool  # a receive that got all it asked for: there may be more
    took: float  # seconds; 0.0 is "less than a millisecond"
    role: str
    peer: str = ""

    @property
    def outcome(self) -> str:
        """In words: how many bytes, which descriptor, or what went wrong."""
        if self.problem:
            return self.problem
        if self.name == "accept":
            return f"new fd {self.count}"
        if self.name == "receive":
            return "end of input" if not self.count else f"{self.count:,} bytes" + (", perhaps not all" * self.full)
        return f"{self.count:,} bytes" if self.name == "send" else "done"

    def __str__(self) -> str:
        took = f", took {self.took * 1e3:,.0f} ms" if self.took else ""
        return f"{self.name:12} {self.fd:5}  {self.role:9} {self.outcome}{took}"


@dataclass(frozen=True)
class Turn:
    """One entry of a ready list, and what the server did when it turned to it, in order.

    What it did once it was through with the list is a turn, too, with THE_END in place of an entry.
    """

    entry: Entry
    done: list[Entry | Call] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([str(self.entry), *(f"  {each}" for each in self.done)])


@dataclass(frozen=True)
class Wait:
    """One call of wait(): how many descriptors were watched, which were ready, how long it took."""

    number: int  # counted from the start of the server
    watched: int
    ready: list[Entry]
    changes: list[Entry]  # made to the interest list while the ready ones were handled
    waited: float  # seconds inside wait()
    handling: float | None  # seconds until the server came back to wait(); None: it has not yet
    calls: list[Call] = field(default_factory=list)  # on sockets; only with details
    turns: list[Turn] = field(default_factory=list)  # the same by entry; empty if that is not known

    @property
    def watched_after(self) -> int:
        """Descriptors watched once these changes were made: so many the next wait() is given."""
        kinds = [change.kind for change in self.changes]
        return self.watched + kinds.count("watch") - kinds.count("forget")

    def __str__(self) -> str:
        took = "not back yet" if self.handling is None else f"handled in {self.handling * 1e3:.3f} ms"
        head = f"wait {self.number}: {len(self.ready)} ready of {self.watched} watched, "
        head += f"waited {self.waited * 1e3:.3f} ms, {took}"
        return "\n".join([head, *_shortened(self.ready), *_shortened(self.changes)])

    __repr__ = __str__


def _shortened(entries: Sequence[Entry], most: int = 10) -> list[str]:
    lines = [f"  {entry}" for entry in entries[:most]]
    return lines if len(entries) <= most else [*lines, f"  ... and {len(entries) - most:,} more"]
