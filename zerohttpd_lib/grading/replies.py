"""What the learner's process has replied: a value, or why there is none."""

from __future__ import annotations

import json
from typing import Any, Final

from .channel import SHOWN, Garbled
from .values import Other, decode
from .verdict import Raised, Wrong

YOURS: Final = ["That is the library's: write yours. What you may use, the first cell of the notebook imports."]
IMPORTS: Final = ("ImportError", "ModuleNotFoundError")
SPELLING: Final = ["The name has to be spelt as in the cell that you were given."]
RETURN: Final = ["Let your code come to its end by itself: return from the function."]


def understood(reply: dict[str, Any], name: str) -> Any:
    """The value in a reply, when `name` was asked for. Raises Wrong for any other one, and Garbled for none at all."""
    if "value" in reply:
        try:
            return decode(reply["value"], lambda reference: reference)
        except (ValueError, RecursionError):  # a set of sets, a list in a list in a list ...
            return Other("<a value that cannot be compared>")
    if "missing" in reply:
        missing = str(reply["missing"])
        raise Wrong("missing-name", say=f"Your answer does not define {missing}.", hints=SPELLING)
    if "exits" in reply:
        raise Wrong("exits", say="Your code calls sys.exit() or exit().", hints=RETURN)
    raised = reply.get("raised")
    if not isinstance(raised, dict):
        raise Garbled(json.dumps(reply).encode()[:SHOWN])
    kind, text, line = str(raised.get("kind")), str(raised.get("text")), raised.get("line")
    where = f" in line {line} of the cell" if isinstance(line, int) else ""
    if is_withheld(kind, text):
        raise library(where, text)
    what = f"{kind}: {text}" if text else kind
    raise Raised(kind, text, f"{name or 'Your code'} raised {what},{where or ' outside of the cell'}.")


def is_withheld(kind: str, text: str) -> bool:
    """Whether an exception says that a part of the library was asked for that an answer does not get."""
    return kind in IMPORTS and "zerohttpd_lib" in text


def library(where: str, text: str) -> Wrong:
    """`where`: such as " in line 3 of the cell"; `text`: what the exception says."""
    say = f"Your code imports a part of the library{where} that it cannot have while it is judged: {text}."
    return Wrong("library", say=say, hints=YOURS)
