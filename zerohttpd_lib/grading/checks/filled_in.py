"""What is to be filled in: a number, a letter, a dictionary of them. What is still empty is no mistake of thought."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import Wrong


def expect_number(name: str, yours: Any) -> None:
    """Raises Wrong when `yours`, the value of `name`, is no number."""
    if isinstance(yours, (int, float)) and not isinstance(yours, bool):
        return
    expect_filled_in(name, yours)
    if isinstance(yours, str):
        hints = ["In quotes it is a text: '12' is not 12. Leave the quotes out."]
        raise Wrong("text-for-number", yours=repr(yours), say=f"{name} should be a number.", hints=hints)
    hints = ["One number, without a unit, and without brackets around it."]
    raise Wrong("not-a-number", yours=yours, say=f"{name} should be a number.", hints=hints)


def expect_filled_in(name: str, yours: Any) -> None:
    if yours is None:
        raise Wrong("not-filled-in", say=f"{name} is still None.", hints=["Put your answer in the place of None."])


def expect_dict(name: str, yours: Any, keys: Iterable[Any]) -> dict[Any, Any]:
    """Raises Wrong when it is no dictionary with these keys."""
    expect_filled_in(name, yours)
    in_words = ", ".join(f"{key!r}" for key in keys)
    if not isinstance(yours, dict):
        hints = [f"Keep the braces: {name} = {{{', '.join(f'{key!r}: ...' for key in keys)}}}"]
        raise Wrong("not-a-dict", yours=yours, say=f"{name} should be a dict with the keys {in_words}.", hints=hints)
    if missing := [key for key in keys if key not in yours]:
        hints = [f"The keys are as in the cell that you were given: {in_words}."]
        raise Wrong("key-missing", yours=yours, say=f"{name} has no {missing[0]!r}.", hints=hints)
    for key in keys:
        expect_filled_in(f"{name}[{key!r}]", yours[key])
    return yours


def letter(yours: Any) -> Any:
    """ "b" for "B" and for " b", too."""
    return yours.strip().lower() if isinstance(yours, str) else yours
