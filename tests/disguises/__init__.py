"""Wrong answers in disguise: what only one who has read the checks would hand in. Each was tried, and many once passed.

tests/test_cheating.py judges them, docs/cheating.md lists them. Those of tests/cheats.py are about notebooks and the
box, and all of one task; these are about what a check looks at, so each belongs to a task. Most are the solution
with a few lines changed: disguised.py makes them.
"""

from __future__ import annotations

from . import calls, drivers, loops, pollers, servers, threads, values
from .disguised import ANY, Disguise

__all__ = ["ANY", "DISGUISES", "Disguise"]

DISGUISES: list[Disguise] = [
    disguise for theme in (servers, threads, loops, calls, pollers, drivers, values) for disguise in theme.DISGUISES
]
