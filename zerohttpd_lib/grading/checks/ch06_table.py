"""The task "table" of exercise 06: what a published table says of the price of a look at one descriptor."""

from __future__ import annotations

import math
from typing import Any, Final

from ...kernel.wait_price import fit as fitted
from ...kernel.wait_price import measure_grid
from ...lab.article import published_table
from . import Answer, Wrong, task
from .filled_in import expect_dict, expect_filled_in, expect_number, letter

FEW, MANY, PROCESSES, WAITS = 300, 2500, 10, 6
CLOSE: Final = 0.02  # a share: for those who round


@task("table", seconds=20)
def check_table(answer: Answer) -> None:
    published = published_table()
    rates = {name: {n: r for n, r in published[name].items() if isinstance(r, float)} for name in ("poll", "epoll")}
    compare_half(answer.value("half_at"), rates)
    poll = rates["poll"]
    more = PROCESSES / poll[MANY] - PROCESSES / poll[FEW]  # seconds
    compare_more(answer.value("more_per_page"), more, poll)
    more_watched = 2 * (MANY - FEW) / PROCESSES
    price = more / (WAITS * more_watched)
    compare_price(answer.value("price"), price)
    compare_verdict(answer.value("verdict"), price)


def compare_half(yours: Any, rates: dict[str, dict[int, float]]) -> None:
    yours = expect_dict("half_at", yours, rates)
    for name, column in rates.items():
        expect_number(f"half_at[{name!r}]", yours[name])
        best = max(column.values())
        expected = next(n for n in column if column[n] < best / 2)
        if yours[name] == expected:
            continue
        code, hint = (
            "another-level",
            "Go down the column until the rate is below half of its best one, not of its first.",
        )
        if yours[name] == max(n for n in column if column[n] >= best / 2):
            code, hint = "the-one-before", "That is the last level that is still above. The first one below comes next."
        raise Wrong(
            code, yours=yours, expected="another number", hints=[hint], say=f"`half_at` of {name} is not right."
        )


def compare_more(yours: Any, more: float, poll: dict[int, float]) -> None:
    mistakes = {
        "one-process": (
            more / PROCESSES * 1e3,
            "Ten pages are made at the same time, one by each process: a page takes 10 / rate seconds, not 1 / rate.",
        ),
        "rates-subtracted": (
            PROCESSES / (poll[FEW] - poll[MANY]) * 1e3,
            "Times can be subtracted, rates cannot: how long does a page take here, and how long there?",
        ),
        "other-unit": (more, "The number is right, but in seconds."),
        "all-of-it": (
            PROCESSES / poll[MANY] * 1e3,
            "That is all that a page takes with 2,500. By how much is it *more*?",
        ),
    }
    _compare_number("more_per_page", "another-time", yours, more * 1e3, mistakes)


def compare_price(yours: Any, price: float) -> None:
    mistakes = {
        "one-wait": (price * WAITS * 1e9, "A page takes six waits, and each of them looks at the whole list."),
        "nobody-shares": (
            price / PROCESSES * 1e9,
            "Ten processes share the clients: each has a tenth of them on its list.",
        ),
        "no-redis": (price * 2 * 1e9, "Beside each client, its connection to Redis is on the list."),
        "others-forgotten": (
            price * (MANY - FEW) / MANY * 1e9,
            "The page with 300 clients had a list to scan as well. What is *more* goes with what is *more*.",
        ),
        "microseconds": (price * 1e6, "The number is right, but in microseconds."),
    }
    _compare_number("price", "another-price", yours, price * 1e9, mistakes)


def _compare_number(
    name: str, otherwise: str, yours: Any, expected: float, mistakes: dict[str, tuple[float, str]]
) -> None:
    expect_number(name, yours)
    if math.isclose(yours, expected, rel_tol=CLOSE):
        return
    code, hint = otherwise, "Seconds a page = processes / rate. Write the units beside each number."
    for each, (other, its_hint) in mistakes.items():
        if math.isclose(yours, other, rel_tol=CLOSE):
            code, hint = each, its_hint
    raise Wrong(code, yours=yours, expected="another number", hints=[hint], say=f"`{name}` is not right.")


def compare_verdict(yours: Any, price: float) -> None:
    """What the scan explains, by the price of a look on this machine, the rebuilt array included."""
    model = fitted(measure_grid("poll", (10, 100, 500), (1, 10), 40))
    here = model.per_watched + model.per_rebuilt
    expected = "b" if price > 2 * here else "a"
    expect_filled_in("verdict", yours)
    yours = letter(yours)
    if yours == expected:
        return
    hint = "The scan has a price here, so it explains something. Is it all?"
    code, hint = {
        "a": ("scan-explains-all", "How many times the price on this machine is the one that you have found?"),
        "c": ("scan-is-free", "Chapter 6 fitted a price for each watched descriptor. It was not 0."),
    }.get(yours if isinstance(yours, str) else "", ("no-such-verdict", hint))
    say = f"Here a look costs {here * 1e9:,.0f} ns, just measured; the table would need {price * 1e9:,.0f} ns."
    raise Wrong(code, yours=yours, expected="another verdict", hints=[hint], say=say)
