"""A timer that is set anew when its work is done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ..app.messages import Command
from .counting import CountingServer

if TYPE_CHECKING:
    from .visit import Notes, Visit

PERIOD: Final = 0.04  # seconds
WORK: Final = 0.02  # seconds that it takes
KEY: Final = b"heartbeats"


class BeatingServer(CountingServer):
    """Tells Redis that it is alive, 25 times a second; to find out whether it is takes 20 ms."""

    def run(self) -> None:
        self.due = time.monotonic()
        self.beat()
        super().run()

    def beat(self) -> None:
        time.sleep(WORK)
        self.redis.ask(Command(b"INCR", (KEY,)), lambda reply, failed: None)
        self.set_the_next()

    def set_the_next(self) -> None:
        self.due += PERIOD  # from when it was due, not from now
        self.timers.call_in(self.due - time.monotonic(), self.beat)


class Broken(BeatingServer):
    def set_the_next(self) -> None:
        self.timers.call_in(PERIOD, self.beat)  # "40 ms from now"


Mended = BeatingServer


def visit(place: Visit) -> None:
    """Nobody comes. How often does its heart beat?"""
    place.settle()
    redis = place.lab.redis.client
    before, start = int(redis.get(KEY) or 0), time.monotonic()
    time.sleep(1.2)
    beats, seconds = int(redis.get(KEY) or 0) - before, time.monotonic() - start
    place.notes["heartbeats that were due"] = int(seconds / PERIOD)
    place.notes["heartbeats that Redis has counted"] = beats


def is_ill(notes: Notes) -> bool:
    due, counted = (int(str(notes[f"heartbeats that {how}"])) for how in ("were due", "Redis has counted"))
    return counted < due * 0.8
