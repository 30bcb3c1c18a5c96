"""Plausible wrong answers to each task, and the mistake that each has to be told."""

from typing import NamedTuple


class WrongAnswer(NamedTuple):
    """`cell`: the text of an answer cell. `code`: the code of the `Wrong` that it must get."""

    code: str
    cell: str
