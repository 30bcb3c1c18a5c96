"""With details: which line of the server made a call."""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Final

from .writer import Codes

# What lies between a server and the kernel, and is not the server's own.
_BETWEEN: Final = (__name__.rpartition(".")[0], __name__.split(".")[0] + ".kernel", "socket")
MOST: Final = 250  # lines, by which the table of names is not yet full
NOBODY: Final = -1
STEP: Final = 0xFFFF_0000  # where a code has the next step


class Lines:
    """Gives each line that calls something a name, METHOD+LINES (from the first one of the method), and a code."""

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self._known: dict[tuple[int, int], int] = {}  # by code object and line
        self._kept: list[CodeType] = []  # so that no other one has the same id

    def code(self) -> int:
        """Of the nearest line of the server's among those whose calls have led here: as a next step has it."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            key = id(frame.f_code), frame.f_lineno
            code = self._known.get(key)
            if code is None:
                code = self._known[key] = self._name(frame)
            if code != NOBODY:
                return code
            frame = frame.f_back
        return self._codes["", ""] & STEP

    def _name(self, frame: FrameType) -> int:
        code, module = frame.f_code, frame.f_globals.get("__name__", "")
        self._kept.append(code)
        if any(module == between or module.startswith(f"{between}.") for between in _BETWEEN):
            return NOBODY
        if len(self._kept) > MOST:
            return self._codes["", ""] & STEP
        name = getattr(code, "co_qualname", code.co_name)  # Python 3.10 has no co_qualname
        return self._codes["", f"{name}+{frame.f_lineno - code.co_firstlineno}"] & STEP
