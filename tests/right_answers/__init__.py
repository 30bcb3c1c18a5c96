"""Right answers to each task that are unlike its solution: other means, other types, another structure."""

from typing import NamedTuple


class RightAnswer(NamedTuple):
    """`unusual`: what is unlike the solution. `cell`: the text of an answer cell."""

    unusual: str
    cell: str
