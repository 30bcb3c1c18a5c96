"""What changes from one rung to another: the diff of their two files, for a terminal and for a notebook."""

from __future__ import annotations

import difflib
import html
from typing import Final

from . import RUNGS

# How a terminal (man 4 console_codes) and a page show a line that begins so. The page shines through.
INK: Final = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
PAPER: Final = {"+": "rgba(46, 160, 67, 0.25)", "-": "rgba(248, 81, 73, 0.25)", "@": "rgba(128, 128, 128, 0.2)"}
PLAIN: Final = "\x1b[0m"


class Difference:
    """The unified diff of the files of two rungs, by their names.

    As text by `str()`, with escape codes by `coloured`, and in a notebook as it is displayed. Raises KeyError
    for a name that is no rung's.
    """

    def __init__(self, before: str, after: str) -> None:
        files = [RUNGS[name].source for name in (before, after)]
        old, new = (file.read_text(encoding="utf-8").splitlines() for file in files)
        self.lines = [*difflib.unified_diff(old, new, files[0].name, files[1].name, lineterm="")]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    __repr__ = __str__

    @property
    def coloured(self) -> str:
        """For a terminal: what is new is green, what is gone is red, and where it is, is blue."""
        return "\n".join(f"{INK[line[0]]}{line}{PLAIN}" if line[:1] in INK else line for line in self.lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<div style="background: {PAPER.get(line[:1], "none")}">{html.escape(line) or " "}</div>'
            for line in self.lines
        )
        return f'<pre style="line-height: 1.25; overflow-x: auto"><code>{rows}</code></pre>'
