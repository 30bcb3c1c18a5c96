"""Each exhibit of the museum shows its fault to whoever looks from outside; mended, it has none to show."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.museum import EXHIBITS, FAULTS, Exhibit, hall
from zerohttpd_lib.servers.event_loop import EventLoop

# What the library's own eyes find in a trace of theirs. Of the others it has no finding: that is for people to see.
# (A handler that waits is "blocked" only if few were ready beside it: the record has the time of the whole batch.)
FOUND = {
    "write_kept": "busy loop",
    "not_drained": "not drained",
    "number_reused": "stale event",
    "door_starved": "accept starvation",
    "hup_ignored": "busy loop",
    "descriptors_out": "no descriptor",
}
pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_the_fault_shows_and_is_gone_when_it_is_mended(lab: Lab, exhibit: Exhibit) -> None:
    broken = hall.visit(lab, exhibit.number)
    assert broken.is_ill, broken
    found = {finding.kind for finding in broken.findings}
    assert FOUND.get(exhibit.name) is None or FOUND[exhibit.name] in found
    mended = hall.visit(lab, exhibit.number, mended=True)
    assert not mended.is_ill, mended
    assert exhibit.name not in FOUND or FOUND[exhibit.name] not in {finding.kind for finding in mended.findings}


def test_nothing_that_is_shown_before_the_guess_names_the_fault(lab: Lab) -> None:
    case = hall.visit(lab, 3)
    assert case.exhibit.name not in repr(case)
    assert case.exhibit.fault not in repr(case)


def test_a_diagnosis_is_compared(lab: Lab) -> None:
    case = hall.visit(lab, 3)
    assert "So it is" in case.compare("half_close")
    assert "It is half_close" in case.compare("write_kept")
    assert case.exhibit.seen_in in case.compare("half_close")
    with pytest.raises(LabError, match="none of the words"):
        case.compare("flu")


def test_there_is_no_exhibit_0(lab: Lab) -> None:
    with pytest.raises(LabError, match="1 to 16"):
        hall.visit(lab, 0)


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_an_exhibit_says_what_is_done_to_it(exhibit: Exhibit) -> None:
    module = import_module(f"zerohttpd_lib.museum.{exhibit.name}")
    assert module.visit.__doc__
    assert issubclass(module.Broken, EventLoop) and issubclass(module.Mended, EventLoop)


def test_there_are_enough_of_them_and_three_have_really_happened() -> None:
    assert len(EXHIBITS) == len(FAULTS) == 16
    assert sum(bool(exhibit.seen_in) for exhibit in EXHIBITS) >= 3
