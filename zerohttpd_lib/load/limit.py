"""Who could not go faster? The limit of a load test, told from how busy each side was.

"server", "generator", "redis"   a process of that side ran all of the time: the others waited for it
"machine"                        none did, but all cores were busy: with more of them it would be more
"none"                           neither: they waited for one another, for time-outs, sleeps or a disk,
                                 or the load was light

A process that *runs* all of the time would go no faster on a larger machine. One that could run, and
waits for a core that somebody else has, would: that is for want of cores.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .cpu import Share

ALWAYS: Final = 0.9  # of the time; the rest goes to interrupts, and to whoever else runs here
FULL: Final = 0.95  # of all cores: nobody could have had more
NEARLY_FULL: Final = 0.8  # of all cores: enough to make somebody wait for one
ADVICE: Final = {
    "server": "The server was the limit: it was busy all of the time.",
    "generator": "The load generator was the limit: the server could have answered more.",
    "redis": "Redis was the limit: the server waited for it.",
    "machine": "This machine was the limit: all its cores were busy, and no single process was.",
    "none": "Nobody was busy all of the time: they waited for one another, or had time to spare.",
}


def limit(shares: Mapping[str, Share], machine: float) -> str:
    """`shares` by side; `machine`: how busy all cores were, 1.0 at most."""
    busiest = max(shares, key=lambda side: shares[side].ran, default="none")
    if shares and shares[busiest].ran >= ALWAYS:
        return busiest
    hurried = max(shares, key=lambda side: shares[side].busy, default="none")
    somebody_waits = bool(shares) and shares[hurried].busy >= ALWAYS
    if machine >= FULL or (machine >= NEARLY_FULL and somebody_waits):
        return "machine"
    return hurried if somebody_waits else "none"
