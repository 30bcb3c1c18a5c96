"""accept() fails, as no descriptor is left, and the client stays at the door."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING, Final

from .small_server import SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit

MOST: Final = 40  # descriptors that the process may have: a small machine


class SmallMachine(SmallServer):
    def run(self) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST, MOST))
        super().run()


class Broken(SmallMachine):
    def out_of_descriptors(self) -> None:
        pass  # "it will be better next time"


Mended = SmallMachine


def visit(place: Visit) -> None:
    """Sixty clients connect to a server that has room for fewer, and say nothing."""
    for _ in range(60):
        place.client()
    place.settle()
    place.notes["descriptors of the server"] = place.descriptors()
    place.look_at_the_door()
    place.look_at_effort()


def is_ill(notes: Notes) -> bool:
    return int(str(notes["waits while nobody wanted anything"])) > 50
