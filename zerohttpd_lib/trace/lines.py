"""With details: which line of the server made a call."""

from __future__ import annotations

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
        # By code object and the instruction that it is at. To find the line of an instruction, Python goes through
        # the table of the whole function (frame.f_lineno), which costs more than all else here: so that is done once.
        self._known: dict[tuple[int, int], int] = {}
        self._kept: dict[int, CodeType] = {}  # so that no other one has the same id
        self._named: set[str] = set()

    def code(self, frame: FrameType | None) -> int:
        """Of the nearest line of the server's among those whose calls have led to `frame`: as a next step has it."""
        while frame is not None:
            key = id(frame.f_code), frame.f_lasti
            code = self._known.get(key)
            if code is None:
                code = self._known[key] = self._name(frame)
            if code != NOBODY:
                return code
            frame = frame.f_back
        return self._codes["", ""] & STEP

    def _name(self, frame: FrameType) -> int:
        code, module = frame.f_code, frame.f_globals.get("__name__", "")
        self._kept[id(code)] = code
        if any(module == between or module.startswith(f"{between}.") for between in _BETWEEN):
            return NOBODY
        name = getattr(code, "co_qualname", code.co_name)  # Python 3.10 has no co_qualname
        line = f"{name}+{frame.f_lineno - code.co_firstlineno}"
        if line not in self._named and len(self._named) >= MOST:
            return self._codes["", ""] & STEP
        self._named.add(line)
        return self._codes["", line] & STEP
