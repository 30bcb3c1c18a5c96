"""Mutants that pass the checks, and may: by task, the changed line (as mutants.py shows it) and the reason.

Either the change makes no difference at all, or none that the task speaks of.
"""

from __future__ import annotations

from typing import Final

SMALL: Final = "small and capital letters mean the same event: the check takes both on purpose"

EQUIVALENT: Final[dict[str, dict[str, str]]] = {
    # exercise 01
    # exercise 02
    # exercise 03
    "unasked": {
        '"a": "in|hup",': SMALL,
        '"b": "NONE",': SMALL,
        '"c": "in",': SMALL,
        '"d": "err|hup",': SMALL,
        '"e": "nval",': SMALL,
    },
    "last_words": {
        "last_words: array = (PollFd * 2)(PollFd(sock.fileno(), select.POLLIN))": (
            "the second entry asks for nothing, of descriptor 0, on which nothing happens"
        ),
        "last_words: poll(array, milliseconds=-2)": "any negative limit is none (man 2 poll)",
        "last_words: piece = sock.recv(1001)": "the size of a piece is free",
    },
    "array": {
        "modify: raise KeyError(None)": "the task says which exception, and not what is in it",
    },
    # exercise 04
    "drain": {
        "take_all: piece = sock.recv(4097)": "How much one read asks for is free: it goes on until nothing is left.",
    },
    # exercise 05
    # exercise 06
}
