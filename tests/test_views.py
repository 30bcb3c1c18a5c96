"""Each figure is a picture, says in words what is on it, and is drawn without pyplot's global state."""

import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from zerohttpd_lib import views
from zerohttpd_lib.kernel.wait_price import fit, measure_grid
from zerohttpd_lib.lab import Lab
from zerohttpd_lib.lab.sweep import Measurement, Sweep
from zerohttpd_lib.load.latencies import Latencies
from zerohttpd_lib.load.result import LoadResult
from zerohttpd_lib.trace.reader import Trace
from zerohttpd_lib.views.live import COLUMN, WaitsSeen
from zerohttpd_lib.views.picture import new_figure
from zerohttpd_lib.views.race import draw_sweep

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def run() -> tuple[LoadResult, Trace]:
    with Lab() as lab:
        server = lab.serve("epoll")
        return lab.load(server, clients=4, seconds=0.5, progress=False), server.trace


def sweep_of(lab: Lab, rates: dict[int, float]) -> Sweep:
    sweep = Sweep(lab.redis, ("poll", "epoll"), tuple(rates), rounds=1)
    sweep.measurements = [
        Measurement(rung, clients, 0, 0, 10, requests_per_second=rate, bottleneck="server")
        for clients, rate in rates.items()
        for rung in ("poll", "epoll")
    ]
    return sweep


def test_a_load_is_shown_with_its_numbers_in_words(run: tuple[LoadResult, Trace]) -> None:
    picture = views.show_load(run[0])
    assert picture.png.startswith(PNG)
    assert f"{run[0].requests:,} requests" in repr(picture)


def test_a_load_without_an_answer_is_shown_too(run: tuple[LoadResult, Trace]) -> None:
    result = run[0]
    nothing = replace(result, requests=0, failures={"refused": 3}, latencies=Latencies(), samples=[])
    assert views.show_load(nothing).png.startswith(PNG)


def test_waits_are_shown_with_their_range_in_words(run: tuple[LoadResult, Trace]) -> None:
    trace = run[1]
    picture = views.show_waits(trace)
    assert picture.png.startswith(PNG)
    assert f"Watched: {trace.watched.min():,} to {trace.watched.max():,}" in repr(picture)


def test_an_empty_trace_is_shown_too(run: tuple[LoadResult, Trace]) -> None:
    assert views.show_waits(run[1][:0]).png.startswith(PNG)


def test_the_price_of_waits_is_shown(run: tuple[LoadResult, Trace]) -> None:
    assert views.show_work({"epoll": run[1]}).png.startswith(PNG)


def test_two_pictures_of_other_data_differ(run: tuple[LoadResult, Trace]) -> None:
    trace = run[1]
    assert views.show_waits(trace[: len(trace) // 2]).png != views.show_waits(trace[len(trace) // 2 :]).png


def test_a_sweep_and_the_published_table_are_shown(lab: Lab) -> None:
    sweep = sweep_of(lab, {20: 2000.0, 100: 2100.0, 1000: 1500.0})
    for picture in (views.show_sweep(sweep), views.show_both(sweep), views.show_published()):
        assert picture.png.startswith(PNG)
    assert "2,100" in repr(views.show_sweep(sweep))


def test_a_sweep_that_has_just_begun_is_shown_too(lab: Lab) -> None:
    assert views.show_sweep(Sweep(lab.redis, ("poll",), (20,), (0, 100))).png.startswith(PNG)


def test_the_cost_of_a_wait_is_shown() -> None:
    times = measure_grid("poll", (5, 50), (1,), repeats=3)
    assert views.show_cost(times, [fit(times)]).png.startswith(PNG)


def test_a_notebook_gets_the_image_and_the_words(run: tuple[LoadResult, Trace]) -> None:
    bundle = views.show_waits(run[1])._repr_mimebundle_()
    assert set(bundle) == {"image/png", "text/plain"}


def test_nothing_here_uses_pyplot() -> None:
    code = "import sys, zerohttpd_lib.views as v; v.show_published(); sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_price_of_a_scan_is_shown_with_its_numbers_in_words() -> None:
    picture = views.show_scan(measure_grid("poll", (5, 20), (1,), repeats=5))
    assert picture.png.startswith(PNG)
    assert "the list has just changed" in repr(picture)
    assert "µs for 20" in repr(picture)


def test_what_is_watched_is_drawn_on_the_clock_of_the_load_test(lab: Lab) -> None:
    """Each wait is counted once, in the column of its time, and none lies outside of the run."""
    server = lab.serve("epoll")
    server.get("/")
    run = lab.start_load(server, clients=4, seconds=1)
    seen = WaitsSeen(server)
    start = seen.mark
    while run.is_running:
        time.sleep(0.1)
        seen.start_from(run)
        seen.look()
    result = run.wait(progress=False)
    seen.look()
    counted = sum(int(sums[0]) for sums in seen.sums.values())
    assert counted == seen.mark - start > 0
    assert min(seen.sums) * COLUMN > -1
    assert max(seen.sums) * COLUMN < result.samples[-1].at + 1


def test_two_pictures_that_are_to_be_compared_have_one_scale(lab: Lab) -> None:
    axes = []
    for idle in (0, 50):
        server = lab.serve("epoll")
        held = lab.hold_idle(server, idle) if idle else None
        seen = WaitsSeen(server)
        server.get("/")
        seen.look()
        _, ax = new_figure()
        seen.draw(ax)
        axes.append(ax.get_ylim())
        if held is not None:
            held.stop()
    assert axes[0] == axes[1]


def test_no_line_goes_through_what_varied_widely(lab: Lab) -> None:
    sweep = sweep_of(lab, {20: 2000.0, 100: 2100.0, 1000: 1500.0})
    again = [
        replace(each, requests_per_second=each.requests_per_second * 4)
        for each in sweep.measurements
        if each.clients == 100
    ]
    sweep.measurements += again
    _, ax = new_figure()
    draw_sweep(ax, sweep, "")
    lines = [line for line in ax.lines if len(line.get_ydata()) == 3]
    assert len(lines) == 2
    assert all(np.isnan(line.get_ydata()).tolist() == [False, True, False] for line in lines)
