"""The hall: an exhibit is served, visited, and looked at. What was seen is a `Case`."""

from __future__ import annotations

import inspect
from importlib import import_module
from types import ModuleType
from typing import Final

from ..kernel.interest import InterestList
from ..lab.errors import LabError
from ..lab.lab import Lab
from ..lab.server import Server
from ..trace.findings import Finding, find_all
from ..trace.reader import Trace
from . import EXHIBITS, FAULTS, Exhibit
from .visit import Notes, Visit

BLOCKED: Final = 0.1  # seconds that one event may keep the loop


class Case:
    """One visit: `notes`, what clients and kernel have seen; `trace`; `interest`, the kernel's list, and `findings`,
    what the library thinks of the trace. It does not say what is wrong: `compare(word)` does."""

    def __init__(self, exhibit: Exhibit, module: ModuleType, visit: Visit) -> None:
        self.exhibit, self._module = exhibit, module
        self.notes: Notes = visit.notes
        self.story = inspect.getdoc(module.visit) or ""
        self.interest = _list_of(visit.server)
        self.trace: Trace | None = visit.server.trace if visit.server.is_recorded else None
        self.is_ill: bool = module.is_ill(self.notes)

    @property
    def findings(self) -> list[Finding]:
        return find_all(self.trace, BLOCKED, float("inf")) if self.trace is not None else []

    def compare(self, word: str) -> str:
        """Your diagnosis beside the true one. Raises LabError for a word that is no diagnosis."""
        if word not in FAULTS:
            raise LabError(f"{word!r} is none of the words. Choose one of: {', '.join(FAULTS)}.")
        right = word == self.exhibit.name
        said = f"You said {word}. {'So it is' if right else f'It is {self.exhibit.name}'}: {self.exhibit.fault}."
        return f"{said}\nIt has happened: {self.exhibit.seen_in}" if self.exhibit.seen_in else said

    def source(self) -> str:
        """The classes that are broken, as they are written."""
        broken = [cls for name, cls in vars(self._module).items() if name.startswith("Broken")]
        return "\n\n".join(inspect.getsource(cls).rstrip() for cls in broken)

    def __repr__(self) -> str:
        lines = [f"Exhibit {self.exhibit.number}", self.story, ""]
        lines += [f"  {name}: {value}" for name, value in self.notes.items()]
        if self.trace is not None and len(self.trace):
            lines.append(f"  its trace: {len(self.trace):,} waits, {self.trace.watched.max():,} watched at the most")
        if self.interest is not None:
            roles = ", ".join(f"{number} {role}" for role, number in self.interest.count_by_role().items())
            lines.append(f"  the kernel's interest list: {roles}")
        return "\n".join(lines)


def visit(lab: Lab, number: int, *, mended: bool = False, serves: type | None = None) -> Case:
    """Serve an exhibit, do to it what makes its fault show, and end it. Raises LabError if there is none.

    `mended`: the same visit to the server without the fault; `serves`: to a class of yours in its place.
    """
    exhibit, module = _exhibit(number)
    serves = serves or (module.Mended if mended else module.Broken)
    server = lab.serve(serves, record="details" if getattr(module, "RECORDED", True) else False)
    place = Visit(lab, server)
    try:
        module.visit(place)
        return Case(exhibit, module, place)
    finally:
        place.end()
        server.stop()


def _exhibit(number: int) -> tuple[Exhibit, ModuleType]:
    for exhibit in EXHIBITS:
        if exhibit.number == number:
            return exhibit, import_module(f"{__package__}.{exhibit.name}")
    raise LabError(f"There is no exhibit {number!r}. They have the numbers 1 to {len(EXHIBITS)}.")


def _list_of(server: Server) -> InterestList | None:
    try:
        return server.interest_list()
    except LabError:
        return None
