"""What the benchmark makes of its rounds: which differences are none, and who was the limit."""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import replace

import pytest

from benchmarks import crowds, many_connections, quiet, run
from benchmarks.measured import Measured, chance, cpu_text, limit_text, places, rate_text, ratios, troubles

LOW, HIGH = [1.0, 1.1, 1.2, 1.3, 1.4], [2.0, 2.1, 2.2, 2.3, 2.4]
STEADY = Measured(1000.0, 20.0, 50.0, bottleneck="server")


def test_five_rounds_that_do_not_overlap_come_about_by_chance_once_in_126_times() -> None:
    assert chance(LOW, HIGH) == chance(HIGH, LOW) == pytest.approx(1 / 126)


@pytest.mark.parametrize(
    ("ones", "others", "expected"),
    [
        (LOW, LOW, 1.0),
        ([1.0], [5.0], 1.0),  # of two values, either may be the larger one
        ([1.0, 2.0], [3.0, 4.0], 2 / 6),
        ([1.0, 3.0], [2.0, 4.0], 4 / 6),
        ([0.0, 0.0], [3.0, 4.0], 1.0),  # nothing was measured
    ],
)
def test_what_may_be_chance(ones: list[float], others: list[float], expected: float) -> None:
    assert chance(ones, others) == pytest.approx(expected)


def test_a_place_is_claimed_only_where_chance_is_out_of_the_question() -> None:
    found = places({"slow": HIGH, "quick": LOW, "as quick": [1.05, 1.15, 1.25, 1.35, 1.45]})
    assert found == {"slow": "3", "quick": "1–2", "as quick": "1–2"}


def test_one_round_gives_nobody_a_place() -> None:
    assert set(places({"a": [1.0], "b": [50.0]}).values()) == {"1–2"}


def test_a_round_in_which_one_measured_nothing_is_not_compared() -> None:
    assert ratios([2.0, 0.0, 6.0], [1.0, 1.0, 0.0]) == [2.0]


def test_a_rate_that_the_generator_limited_is_a_lower_bound() -> None:
    held_up = replace(STEADY, bottleneck="generator")
    assert rate_text([STEADY, held_up, held_up]) == "≥ 1,000/s"
    assert rate_text([STEADY, STEADY, held_up]) == "1,000/s"
    assert limit_text([STEADY, held_up, held_up]) == "generator 2×, server 1×"
    assert limit_text([STEADY, STEADY]) == "server"


def test_what_has_no_steady_state_is_said_and_not_ranked() -> None:
    unsteady = replace(STEADY, problem="the rate changed")
    assert rate_text([STEADY, unsteady, unsteady]) == "unsteady: 1,000/s"
    assert rate_text([STEADY, STEADY, unsteady]) == "1,000/s"
    assert (cpu_text([STEADY, unsteady]), cpu_text([unsteady])) == ("50 µs", "—")
    assert troubles({"poll": [STEADY, unsteady], "epoll": [STEADY]}) == [
        "- poll, no steady state in 1 of 2 rounds: the rate changed."
    ]


def pairs() -> tuple[crowds.Table, crowds.Table]:
    def cell(us: float, rate: float) -> list[Measured]:
        return [replace(STEADY, server_us=us, rate=rate)]

    poll, epoll = crowds.PAIR
    faithful = {("poll", 0): cell(100, 90), ("epoll", 0): cell(100, 100)}
    faithful |= {("poll", 15_000): cell(3000, 2), ("epoll", 15_000): cell(100, 95)}
    quick = {(poll, 0): cell(10, 1000), (epoll, 0): cell(10, 1000)}
    quick |= {(poll, 15_000): cell(800, 10), (epoll, 15_000): cell(10, 890)}
    return faithful, quick


def test_every_round_of_what_epoll_keeps_is_printed_and_judged() -> None:
    faithful, quick = pairs()
    assert "of its rate with 0: 0.95. At least 0.9 in every round: reached." in crowds.kept(faithful, "epoll")
    assert "0.89. At least 0.9 in every round: **missed**." in crowds.kept(quick, "keepalive")


def test_the_factor_is_that_of_the_pair_that_shows_it_best() -> None:
    said = crowds.best_factor(*pairs())
    assert "epoll 47.5; keepalive 89.0" in said and said.endswith("which is keepalive: reached.")


def test_why_the_pairs_differ_is_told_from_what_was_measured() -> None:
    faithful, quick = pairs()
    said = crowds.why_less(faithful, quick)
    assert "a page costs 100 µs and the scanning for it 2,900 µs, which is 30;" in said
    assert "10.0 times as dear" in said and "the scanning is 3.7 times as dear" in said
    quick[next(iter(crowds.PAIR)), 15_000] = [replace(STEADY, problem="nobody was answered")]
    assert "cannot be told" in crowds.why_less(faithful, quick)


def test_a_busy_machine_is_refused_with_what_was_measured_and_how_to_go_on() -> None:
    assert quiet.refusal(0.02) == ""
    refusal = quiet.refusal(1.25)
    assert "1.25 of " in refusal and "--anyway" in refusal and refusal.startswith("This machine is busy")


def test_a_process_that_never_sleeps_makes_a_core_busy() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as spinner:
        try:
            assert quiet.busy_cores(0.5) > quiet.MOST
        finally:
            spinner.kill()


def test_parts_are_chosen_by_letter_in_their_own_order() -> None:
    assert run.parts("c, A") == ["A", "C"]
    with pytest.raises(argparse.ArgumentTypeError, match="'X'"):
        run.parts("A,X")
    assert run.read_options([]).parts == list(run.PARTS)


def test_workers_are_as_many_as_the_descriptor_limit_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_connections, "descriptor_limit", lambda: 20_000)
    monkeypatch.setattr(many_connections.os, "cpu_count", lambda: 2)
    assert many_connections.workers_for(5000) == 2
    assert 250_000 / many_connections.workers_for(250_000) < 20_000 - many_connections.SPARE
