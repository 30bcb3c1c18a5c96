"""Latencies: what goes in comes out, to three digits, and those who still wait count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerohttpd_lib.load.latencies import Latencies, answered_within, percentile

SECONDS = st.lists(st.floats(1e-5, 3000), min_size=1, max_size=60)


def value(answered: list[float], waiting: list[float], p: float) -> float | None:
    return percentile(answered_within(Latencies.of(answered), Latencies.of(waiting)), p)


@given(SECONDS, st.sampled_from([1, 50, 90, 99, 100]))
def test_percentiles_agree_with_numpy_to_three_digits(seconds: list[float], p: float) -> None:
    expected = float(np.percentile(seconds, p, method="inverted_cdf"))
    assert value(seconds, [], p) == pytest.approx(expected * 1e3, rel=2e-3, abs=2e-3)


@given(SECONDS, SECONDS)
def test_histograms_add_up_and_travel_as_text(one: list[float], other: list[float]) -> None:
    both = Latencies.of(one)
    both.add(Latencies.from_text(Latencies.of(other).to_text()))
    assert len(both) == len(one) + len(other)
    for found, expected in zip(both.counts(), Latencies.of(one + other).counts(), strict=True):
        assert found.tolist() == expected.tolist()


@given(SECONDS, SECONDS)
def test_those_who_still_wait_never_make_it_look_better(answered: list[float], waiting: list[float]) -> None:
    for p in (50, 90, 99):
        without, with_them = value(answered, [], p), value(answered, waiting, p)
        assert without is not None
        assert with_them is None or with_them >= without


def test_who_has_waited_for_less_time_than_all_answers_took_changes_nothing() -> None:
    assert value([0.1] * 10, [0.01] * 10, 99) == pytest.approx(100, rel=1e-3)


def test_a_queue_that_is_cut_off_in_the_middle_shows_its_whole_length() -> None:
    """First come, first served, three seconds each: at the end all ages from 0 to 3 s are waiting."""
    answered, waiting = [3.0] * 1000, [3.0 * number / 1000 for number in range(1000)]
    assert value(answered, waiting, 50) == pytest.approx(3000, rel=1e-3)


def test_half_who_are_never_answered_are_half_of_the_requests() -> None:
    answered, waiting = [0.1] * 50, [9.0] * 50
    assert value(answered, waiting, 50) == pytest.approx(100, rel=1e-3)
    assert value(answered, waiting, 51) is None


def test_nothing_is_nothing() -> None:
    assert value([], [], 50) is None
    assert value([], [1.0], 50) is None


def test_what_is_too_long_or_too_short_is_counted_at_the_end_of_the_scale() -> None:
    found = Latencies.of([0.0, -1.0, 1e9])
    assert len(found) == 3
    assert found.counts()[0][-1] == pytest.approx(3.6e6, rel=1e-3)
