"""Values on their way between the judge and the learner's process, as JSON and nothing else.

Pickle would run what the other side likes. Here the worst that can arrive is a wrong value.
Lists and tuples become lists; bytes, sets and dictionaries arrive as what they were, and a fraction as the
number that it is; anything else arrives as an `Other`, which can be shown but is equal to nothing that a check expects.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

LONGEST_REPR: Final = 300  # characters
MOST_BITS: Final = 2000  # of a whole number


@dataclass(frozen=True)
class Fd:
    """Descriptor `number` of the learner's process. As an argument it becomes a socket object there."""

    number: int


@dataclass(frozen=True)
class Held:
    """An object that the learner's process holds under this number."""

    number: int


@dataclass(frozen=True)
class Callback:
    """A function of the judge's. In the learner's process it is one that asks the judge what comes of it."""

    number: int


Reference = Fd | Held | Callback
REFERENCES: Final = {kind.__name__: kind for kind in (Fd, Held, Callback)}


@dataclass(frozen=True)
class Other:
    """Something that is no plain value, as its `repr` had it."""

    text: str

    def __repr__(self) -> str:
        return self.text


def encode(value: Any) -> Any:  # noqa: PLR0911 - a case for each kind
    """What json.dumps can write. Raises RecursionError for a list that contains itself."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # of a subclass, such as an enumeration's member, the value
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):  # Python writes no number that is longer (sys.get_int_max_str_digits)
        bits = value.bit_length()
        return int(value) if bits < MOST_BITS else {"other": f"<a number of {bits:,} bits>"}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"set": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, (Fd, Held, Callback)):
        return {type(value).__name__: value.number}
    if hasattr(value, "tolist") and not isinstance(value, type):  # a number or an array of numpy's
        return encode(value.tolist())
    if hasattr(value, "as_integer_ratio") and not isinstance(value, type):  # a Fraction or a Decimal
        return encode(int(value)) if value == value // 1 else float(value)
    return {"other": repr(value)[:LONGEST_REPR]}


def decode(value: Any, find: Callable[[Reference], Any] | None = None) -> Any:
    """The value that was encoded; `find` gives what a descriptor, a held object or a callback stands for.

    Raises ValueError for what `encode` would not have written.
    """
    if isinstance(value, list):
        return [decode(item, find) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) != 1:
        raise ValueError("not a value")
    ((kind, content),) = value.items()
    try:
        return _decode(kind, content, find)
    except (TypeError, KeyError) as problem:
        raise ValueError(f"not a value: {problem}") from None


def _decode(kind: str, content: Any, find: Callable[[Reference], Any] | None) -> Any:
    if kind == "bytes":
        return base64.b64decode(content)
    if kind == "set":
        return {_hashable(decode(item, find)) for item in content}
    if kind == "dict":
        return {_hashable(decode(key, find)): decode(item, find) for key, item in content}
    if kind == "other":
        return Other(str(content))
    if find is not None and kind in REFERENCES:
        return find(REFERENCES[kind](content))
    raise ValueError("not a value")


def _hashable(value: Any) -> Any:
    return tuple(_hashable(item) for item in value) if isinstance(value, list) else value
