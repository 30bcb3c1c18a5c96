"""What looks wrong in a trace, in plain words, each with its evidence.

    busy loop           ready again and again, and nothing is done about it: a write interest that is
                        never taken back (a socket is nearly always writable), input never read, or a
                        hang-up never answered by close()
    not drained         edge-triggered: told once about input, left some of it in the kernel, and so
                        will not be told again
    blocked             one event kept the loop, and with it everybody else, from going on
    stale event         an event of a descriptor that was closed earlier in the same batch is given to
                        whoever has its number now
    accept starvation   clients wait at the door while the server does other things
    no descriptor       accept() fails for want of a descriptor, and is called again at once
    silent client       one that holds a descriptor and says nothing

Of a trace without details the first can be told for output and hang-ups alone; "not drained", "stale event"
and "no descriptor" cannot be told at all: they show in what was called, and in whose turn.
"""

from __future__ import annotations

from typing import Final

from ..waits import Waits
from .about_clients import accept_starvation, no_descriptors, silent_clients
from .about_events import not_drained, stale_events
from .about_loops import blocked_loops, busy_loops
from .finding import Finding

__all__ = ["Finding", "find_all"]

MOST: Final = 20  # of one kind: more would say no more


def find_all(trace: Waits, blocked: float, silent: float) -> list[Finding]:
    """All of them, by kind. `blocked` and `silent`: seconds that are too long."""
    if not len(trace):
        return []
    kinds = (
        busy_loops(trace),
        not_drained(trace),
        blocked_loops(trace, blocked),
        stale_events(trace),
        accept_starvation(trace),
        no_descriptors(trace),
        silent_clients(trace, silent),
    )
    return [finding for kind in kinds for _, finding in zip(range(MOST), kind, strict=False)]
