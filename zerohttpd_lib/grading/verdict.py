"""What can be said of an answer: `Wrong`, which a check raises, and `Verdict`, which people read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from .legible import legible

RIGHT: Final = "right"
WRONG: Final = "wrong"
NOT_ATTEMPTED: Final = "not attempted"
COULD_NOT: Final = "could not be judged"  # and that is nobody's mistake: it counts neither as right nor as wrong
STATUSES: Final = (RIGHT, WRONG, NOT_ATTEMPTED, COULD_NOT)

LONGEST_VALUE: Final = 400  # characters of a value that are shown
NOTHING: Final = object()  # there is no value to show: None may well be one

BY_HAND: Final = "Run your cell, then call it by hand with a small case."
_NOT_PYTHON: Final = "Python cannot read your cell. Look at that line, and at the end of the one before it."
_ALONE: Final = "The check runs this cell alone, after the first cell of the notebook: define in it all that it uses."
_NOT_THERE: Final = (
    "Look at that line. Is the name misspelt? Or has nobody given this object such an attribute before it comes here?"
)
RAISED_HINTS: Final = {
    "SyntaxError": _NOT_PYTHON,
    "IndentationError": _NOT_PYTHON,
    "NameError": _ALONE,
    "AttributeError": _NOT_THERE,
}
_OF_NONE: Final = "What stands before the dot is None there. Which call gave it to you, and when does it give None?"
_TEXT_AND_NUMBER: Final = (
    "A text and a number do not go together. Print both: a list, or a column, may have texts among its numbers."
)
_MIXED: Final = re.compile(r"'str' and '(int|float)'|'(int|float)' and 'str'")


def hint_about(kind: str, what: str) -> str | None:
    """What an exception alone tells: its class's name, and a text that has in it what it says. None: nothing."""
    if kind == "AttributeError" and "'NoneType' object" in what:
        return _OF_NONE
    if kind == "TypeError" and _MIXED.search(what):
        return _TEXT_AND_NUMBER
    return RAISED_HINTS.get(kind)


class Wrong(Exception):
    """The answer is wrong, and this is why.

    `code`: a short word for the mistake, its own within the task. `say`: what is wrong, in one
    sentence. `yours`, `expected`: values to show beside each other, where there are any.
    `hints`: shown one after the other, a step further at each attempt with the same mistake.
    """

    def __init__(
        self,
        code: str,
        *,
        yours: Any = NOTHING,
        expected: Any = NOTHING,
        hints: Sequence[str] = (),
        say: str = "",
    ) -> None:
        super().__init__(say or code)
        self.code, self.yours, self.expected = code, yours, expected
        self.hints, self.say = list(hints), say


class Raised(Wrong):
    """The learner's code raised an exception. `kind` is its class's name, `text` what it says.

    A check that expects one catches this; otherwise it is the verdict.
    """

    def __init__(self, kind: str, text: str, say: str) -> None:
        super().__init__("does-not-run", say=say, hints=[hint_about(kind, text) or BY_HAND])
        self.kind, self.text = kind, text


@dataclass(frozen=True)
class Verdict:
    """What the judge has found. Texts only: it has travelled as JSON from the judge's process."""

    task: str
    status: str  # one of STATUSES
    code: str = ""
    sentence: str = ""
    yours: str | None = None
    expected: str | None = None
    hints: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @classmethod
    def of(cls, task: str, wrong: Wrong) -> Verdict:
        """What a check has found wrong."""
        return cls(task, WRONG, wrong.code, wrong.say, shown(wrong.yours), shown(wrong.expected), wrong.hints)

    @classmethod
    def told(cls, task: str, told: dict[str, Any]) -> Verdict:
        """One that has come as JSON, on this task. Raises ValueError for one on another, and for what is none."""
        verdict = cls(**told)
        if verdict.task != task or verdict.status not in STATUSES:
            raise ValueError(f"not a verdict on {task}")
        texts: dict[str, Any] = {name: legible(text) for name, text in told.items() if isinstance(text, str)}
        return replace(verdict, **texts, hints=[legible(str(hint)) for hint in verdict.hints])

    def as_json(self) -> dict[str, Any]:
        """As it travels from the judge."""
        return asdict(self)

    def lines(self, hint: int = 0) -> list[str]:
        """In words, a line for each thing to know; `hint` is how many hints were shown before."""
        lines = [f"{self.task}: {self.status}." + (f" {self.sentence}" if self.sentence else "")]
        if self.yours is not None:
            lines.append(f"  yours:    {self.yours}")
        if self.expected is not None:
            lines.append(f"  expected: {self.expected}")
        if self.hints:
            lines.append(f"  hint:     {self.hints[min(hint, len(self.hints) - 1)]}")
        return lines

    def __str__(self) -> str:
        return "\n".join(self.lines())


def shown(value: Any) -> str | None:
    """A value as people are shown it, not longer than they can read; a text is shown as it is."""
    if value is NOTHING:
        return None
    text = value if isinstance(value, str) else repr(value)
    return legible(text, LONGEST_VALUE)
