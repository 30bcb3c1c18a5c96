"""The cost model finds the prices that are in the data; the measurement is of real connections."""

import pytest

from zerohttpd_lib.kernel.wait_price import CostModel, WaitTime, fit, measure_grid

KNOWN = CostModel("poll", base=2e-6, per_watched=50e-9, per_ready=80e-9, per_rebuilt=20e-9)


def made_with(model: CostModel) -> list[WaitTime]:
    grid = [(w, r) for w in (10, 100, 1000) for r in (1, 10, 100) if r <= w]
    return [WaitTime("poll", w, r, changed, model.seconds(w, r, changed)) for w, r in grid for changed in (False, True)]


def test_fit_finds_the_prices_that_the_times_were_made_with() -> None:
    found = fit(made_with(KNOWN))
    assert found.base == pytest.approx(KNOWN.base)
    assert found.per_watched == pytest.approx(KNOWN.per_watched)
    assert found.per_ready == pytest.approx(KNOWN.per_ready)
    assert found.per_rebuilt == pytest.approx(KNOWN.per_rebuilt)


def test_a_price_is_never_negative() -> None:
    cheap = CostModel("epoll", base=1e-6, per_watched=-1e-12, per_ready=1e-7, per_rebuilt=0.0)
    assert fit(made_with(cheap)).per_watched == 0.0


def test_a_list_that_has_changed_costs_its_rebuilding() -> None:
    assert KNOWN.seconds(1000, 1, changed=True) - KNOWN.seconds(1000, 1) == pytest.approx(20e-6)


@pytest.mark.parametrize("settings", [{}, {"may_sleep": True}, {"cold": True}], ids=str)
@pytest.mark.parametrize("how", ["poll", "epoll"])
def test_the_grid_has_each_combination_that_can_be_changed_and_unchanged(how: str, settings: dict[str, bool]) -> None:
    times = measure_grid(how, watched=(5, 20), ready=(1, 10), repeats=5, **settings)
    assert {(t.watched, t.ready, t.changed) for t in times} == {
        (w, r, changed) for w, r in ((5, 1), (20, 1), (20, 10)) for changed in (False, True)
    }
    assert all(t.how == how and t.seconds > 0 for t in times)
