"""A ready list that tells when the server turns to one of its entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Ready = list[tuple[int, int]]


class Turns(Ready):
    """`turn(fd, number)` is called before entry `number` is given out, and once with -1 at the end of the list.

    Only the first time that somebody goes through it: then the server is at work.
    """

    def __init__(self, ready: Ready, turn: Callable[[int, int], None]) -> None:
        super().__init__(ready)
        self._turn: Callable[[int, int], None] | None = turn

    def __iter__(self) -> Iterator[tuple[int, int]]:
        turn, self._turn = self._turn, None
        return super().__iter__() if turn is None else self._noted(turn)

    def _noted(self, turn: Callable[[int, int], None]) -> Iterator[tuple[int, int]]:
        for number, event in enumerate(super().__iter__()):
            turn(event[0], number)
            yield event
        turn(-1, len(self))  # what follows is for the whole list

    def __reduce_ex__(self, protocol: object) -> tuple[type, tuple[Ready]]:
        return list, (self[:],)  # a copy is a plain list
