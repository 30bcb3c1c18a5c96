"""Texts of strangers, made fit for a terminal, a table and XML: nothing in them is obeyed, and none is endless."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 2000  # characters


def legible(text: str, most: int = LONGEST) -> str:
    """What can be printed as it is, lines included; of all else the escape: ESC becomes \\x1b.

    So do bidirectional marks, which would let a text read as another, and half surrogates, which
    cannot be encoded. XML 1.0 has room for all that is left.
    """
    cut = f" ... ({len(text):,} characters)" if len(text) > most else ""
    return "".join(map(_shown, text[:most])) + cut


def in_one_line(text: str, most: int = LONGEST) -> str:
    return legible(text, most).replace("\n", "\\n")


def _shown(character: str) -> str:
    if character == "\n" or (character.isprintable() and character <= "\U0001fffd"):
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
