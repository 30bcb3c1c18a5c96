"""Mutants that pass the checks, and may: by task, the changed line (as mutants.py shows it) and the reason.

Either the change makes no difference at all, or none that the task speaks of.
"""

from __future__ import annotations

from typing import Final

EQUIVALENT: Final[dict[str, dict[str, str]]] = {
    # exercise 01
    # exercise 02
    # exercise 03
    # exercise 04
    "drain": {
        "take_all: piece = sock.recv(4097)": "How much one read asks for is free: it goes on until nothing is left.",
    },
    # exercise 05
    # exercise 06
}
