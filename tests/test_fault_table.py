"""docs/faults.md is what its script makes, and the table speaks of rungs that exist."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from fault_outcomes import FAULTS, RUNGS, Fault

HOME = Path(__file__).parents[1]


def test_the_published_table_is_the_one_that_is_tested() -> None:
    script = runpy.run_path(str(HOME / "authoring" / "fault_table.py"))
    assert (HOME / "docs" / "faults.md").read_text() == script["document"]()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_an_exception_is_a_rung_and_is_one(fault: Fault) -> None:
    for outcome, rungs in fault.but.items():
        assert set(rungs) <= set(RUNGS)
        assert outcome is not fault.usual
    assert sum(len(rungs) for rungs in fault.but.values()) == len({r for rungs in fault.but.values() for r in rungs})
