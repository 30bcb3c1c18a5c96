"""When has a load test settled, and when was it measured for long enough?"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerohttpd_lib.load.plan import Plan
from zerohttpd_lib.load.sample import Sample
from zerohttpd_lib.load.steady import agree, has_settled, is_enough, nobody_listens, rate, why_not

PLAN = Plan("http://127.0.0.1/", clients=100, seconds=1)


def samples(requests: list[int], seconds: float = 0.1, connections: int = 100, to_come: int = 0) -> list[Sample]:
    return [
        Sample(seconds * (n + 1), seconds, number, 0, 1.0, 2.0, connections, to_come, measured=True)
        for n, number in enumerate(requests)
    ]


def test_a_rate_divides_by_the_time_that_has_passed() -> None:
    assert rate(samples([100], seconds=0.4)) == pytest.approx(250)
    assert rate(samples([100], 0.1) + samples([100], 0.3)) == pytest.approx(500)
    assert rate([]) == 0


def test_a_steady_stream_settles_when_each_has_had_an_answer() -> None:
    assert has_settled(samples([1000] * 5), PLAN) is False  # two stretches of three samples are needed
    assert has_settled(samples([1000] * 6), PLAN) is True
    slow = samples([10] * 9)  # 90 answers for 100 clients
    assert has_settled(slow, PLAN) is False
    assert has_settled(samples([10] * 12), PLAN) is True


def test_while_clients_still_come_nothing_has_settled() -> None:
    assert has_settled(samples([1000] * 50, to_come=1), PLAN) is False


def test_a_rate_that_grows_or_falls_has_not_settled() -> None:
    assert has_settled(samples([500, 600, 700, 800, 900, 1000]), PLAN) is False
    assert has_settled(samples([1000, 1000, 1000, 400, 300, 200]), PLAN) is False


def test_a_queue_that_grows_has_not_settled_though_the_rate_has() -> None:
    plan = Plan("http://127.0.0.1/", clients=2000, think=0.1)
    growing = [sample for n in range(1, 13) for sample in samples([100], connections=100 * n)]
    assert has_settled(growing, plan) is False


def test_users_who_think_are_given_the_time_for_a_thought() -> None:
    plan = Plan("http://127.0.0.1/", clients=100, think=2.0)
    assert has_settled(samples([50] * 19, connections=2), plan) is False
    assert has_settled(samples([50] * 21, connections=2), plan) is True


def test_chance_is_not_taken_for_a_change() -> None:
    assert agree(samples([9, 12, 10]), samples([14, 9, 12]))
    assert not agree(samples([900, 1200, 1000]), samples([1400, 900, 1200]))


def test_a_round_that_would_take_too_long_is_not_waited_for() -> None:
    plan = Plan("http://127.0.0.1/", clients=15_000, cap=20)
    slow = samples([23] * 90, connections=15_000)
    assert has_settled(slow[:80], plan) is False  # a crowd is let in first
    assert has_settled(slow, plan) == "at 230 a second, one round of 15,000 requests takes 65 s"
    few = Plan("http://127.0.0.1/", clients=5)
    assert has_settled(samples([0] * 12, connections=5), few) == "nobody was answered"


def test_where_all_fails_at_once_nothing_settles_and_nobody_waits_for_long() -> None:
    fails = [replace(sample, failed=80) for sample in samples([0] * 40, connections=0)]
    found = [has_settled(fails[:n], PLAN) for n in range(1, len(fails) + 1)]
    assert found == [False] * 30 + ["nobody was answered"] * 10
    assert has_settled(fails[:20] + samples([1000] * 40), PLAN) is True  # it was only starting


def refusals(each_tenth: list[int], kind: str = "refused") -> list[Sample]:
    """So many more in each tenth of a second; `failed` is their sum so far."""
    sums = list(accumulate(each_tenth))
    return [
        replace(sample, failed=number, failures={kind: number} if number else {})
        for sample, number in zip(samples([0] * len(sums), connections=0), sums, strict=True)
    ]


def test_refusals_that_go_on_are_nobody() -> None:
    refused = refusals([8] * 40)
    found = [nobody_listens(refused[:n]) for n in range(len(refused) + 1)]
    assert found == [False] * 21 + [True] * 20  # from the first refusal on, at 0.1 s
    assert not nobody_listens(refusals([8] * 40, "status 404"))


def test_a_seldom_request_that_is_refused_is_not_enough_to_tell() -> None:
    """An open loop of one in five seconds: it is the second one that tells."""
    seldom = refusals([1] + [0] * 49 + [1])
    assert not nobody_listens(seldom[:50])
    assert nobody_listens(seldom)


def test_a_server_that_comes_late_is_somebody() -> None:
    """Whoever thinks is connected by then, says nothing, and is refused no more."""
    assert not nobody_listens(refusals([8] * 15 + [0] * 50))


@pytest.mark.parametrize(
    "before", [{"failures": {"reset": 1}, "failed": 1}, {"failures": {"status 404": 1}, "failed": 1}]
)
def test_a_server_that_was_there_and_is_gone_may_come_back(before: dict[str, Any]) -> None:
    gone = refusals([8] * 100)
    assert nobody_listens(gone)
    assert not nobody_listens([replace(samples([0])[0], **before), *gone])


def test_one_who_still_waits_has_been_let_in() -> None:
    refused = refusals([8] * 40)
    assert not nobody_listens([*refused, replace(refused[-1], sent=1)])
    assert nobody_listens([replace(sample, connections=1000) for sample in refused])  # under way, and on no connection


def test_what_never_settles_is_given_up() -> None:
    plan = Plan("http://127.0.0.1/", clients=1, cap=2)
    restless = samples([1000, 200] * 3 + [5000, 100] * 8)
    found = [has_settled(restless[:n], plan) for n in range(1, len(restless) + 1)]
    assert found[-1] is True or found[-1] == "it did not settle within 2 s"


@settings(max_examples=200)
@given(st.lists(st.integers(0, 5000), max_size=80), st.integers(1, 20_000), st.floats(0.5, 5))
def test_it_always_ends(requests: list[int], clients: int, cap: float) -> None:
    """Whatever the rates are: by the cap there is an answer."""
    plan = Plan("http://127.0.0.1/", clients=clients, cap=cap)
    stream = samples(requests + [0] * (int(cap / 0.1) + 2), connections=clients)
    answers = [has_settled(stream[:n], plan) for n in range(1, len(stream) + 1)]
    assert any(answer is not False for answer in answers)


def test_it_is_measured_for_the_time_and_until_two_rounds_are_complete() -> None:
    assert not is_enough(samples([1000] * 9), PLAN)
    assert is_enough(samples([1000] * 11), PLAN)
    assert not is_enough(samples([10] * 19), PLAN)
    assert is_enough(samples([10] * 21), PLAN)


def test_at_the_cap_it_is_enough_and_says_what_is_missing() -> None:
    plan = Plan("http://127.0.0.1/", clients=1000, seconds=1, cap=2)
    assert is_enough(samples([10] * 21), plan)
    assert why_not(samples([10] * 20), plan) == "at 100 a second, one round of 1,000 requests takes 10 s"


def test_a_rate_that_changes_while_it_is_measured_is_told() -> None:
    assert why_not(samples([1000] * 10), PLAN) == ""
    found = why_not(samples([1000] * 5 + [500] * 5), PLAN)
    assert found == "the rate changed from 10,000 to 5,000 a second while it was measured"
