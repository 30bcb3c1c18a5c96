"""What a process spends, for checks: a call that waits goes to sleep once more than one that does not, and one that
asks again and again is never asleep. The counting is the kernel's: see kernel/effort.py.
"""

from __future__ import annotations

from typing import Final

from ...kernel.effort import Effort, effort_of, effort_within

__all__ = ["BUSY", "Effort", "effort_of", "effort_within"]

BUSY: Final = 0.5  # of the time in which there is nothing to do: it does not sleep
