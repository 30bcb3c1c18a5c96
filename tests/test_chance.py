"""The permutation test counts every way to deal out the names, and no more than that."""

from __future__ import annotations

import random

import pytest

from zerohttpd_lib.lab.chance import share_by_chance

LOW, HIGH = [1.0, 1.1, 1.2, 1.3, 1.4], [2.0, 2.1, 2.2, 2.3, 2.4]


@pytest.mark.parametrize(
    ("ones", "others", "expected"),
    [
        (LOW, HIGH, 2 / 252),
        (HIGH, LOW, 2 / 252),
        (LOW, LOW, 1.0),
        ([1, 2], [3, 4], 2 / 6),
        ([1, 3], [2, 4], 4 / 6),
        ([1, 2, 3], [10], 1 / 4),  # of groups of three and one, too
        ([0.1 + 0.2, 0.5], [0.3, 0.5], 1.0),  # what differs in the last bit does not differ
        ([7], [9], 1.0),
        ([], [9], 1.0),
    ],
)
def test_the_share_of_all_ways(ones: list[float], others: list[float], expected: float) -> None:
    assert share_by_chance(ones, others) == pytest.approx(expected)


@pytest.mark.parametrize(("ones", "others"), [([1.0, float("nan")], [2.0]), ([1.0] * 11, [2.0] * 11)])
def test_what_cannot_be_compared_is_said_so(ones: list[float], others: list[float]) -> None:
    with pytest.raises(ValueError, match="no more than ten"):
        share_by_chance(ones, others)


def test_neither_the_unit_nor_the_order_matters() -> None:
    draw = random.Random(5)
    ones, others = ([draw.gauss(10, 1) for _ in range(5)] for _ in range(2))
    share = share_by_chance(ones, others)
    assert share_by_chance([1e6 * value for value in ones[::-1]], [1e6 * value for value in others]) == share


def test_of_equal_servers_one_in_twenty_seems_to_differ() -> None:
    draw = random.Random(5)
    rounds = ([draw.gauss(10, 1) for _ in range(10)] for _ in range(400))
    seem = sum(share_by_chance(ten[:5], ten[5:]) <= 0.05 for ten in rounds)
    assert 8 <= seem <= 33  # 20 are expected, and three times the root of that on either side
