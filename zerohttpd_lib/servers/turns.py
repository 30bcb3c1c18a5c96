"""Turns: room for all who come, and for so many at a time to ask Redis. Rung 8 needs it.

A server with a connection to Redis for each request would have to choose. If it lets in a few at each turn
of the loop, a crowd waits at the door: the accept queue overflows, and who finds it full is not heard for
1, 3, 7 seconds. If it lets in all, each of them wants a descriptor more, and a connection of which Redis has
10,000 (redis.conf, maxclients): who gets none has status 503. A queue inside has room for all, and takes no
time from those whose turn it is. And as no more than about `at_once` are answered in a batch, no more come
again until the door is looked at: far fewer than the accept queue holds. (docs/past-the-article.md has all
three ways measured.)
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from ..app.messages import Wanted
from .event_loop import EventLoop


class Asker(Protocol):
    """Who waits for a turn."""

    state: str

    def take_turn(self, wanted: Wanted) -> None:
        """Its turn has come. It says so when it is over, by `end`."""

    def replied(self, reply: None, failed: bool) -> None:
        """Its turn will not come."""


class Turns:
    """The first `at_once` to come have a turn, and whoever has waited longest when one of them is done."""

    def __init__(self, loop: EventLoop, at_once: int) -> None:
        self.loop = loop
        self.at_once = at_once
        self.taken = 0
        self.waiting: deque[tuple[Asker, Wanted]] = deque()

    def wait(self, asker: Asker, wanted: Wanted) -> None:
        """It has a turn now, or when it is the first of those who wait."""
        self.waiting.append((asker, wanted))
        self.give()

    def give(self) -> None:
        """Let in as many as there is room for."""
        while self.waiting and self.taken < self.at_once:
            asker, wanted = self.waiting.popleft()
            if asker.state == "asking":  # else it has left
                self.taken += 1
                asker.take_turn(wanted)

    def end(self) -> None:
        """A turn is over."""
        self.taken -= 1
        if self.waiting:
            self.loop.at_end_of_batch.append(self.give)

    def turn_away(self) -> None:
        """Nobody needs to wait for a turn with a Redis that does not answer."""
        waiting, self.waiting = self.waiting, deque()
        for asker, _ in waiting:
            asker.replied(None, True)
