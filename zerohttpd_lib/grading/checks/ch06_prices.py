"""The tasks of exercise 06 that reckon with prices: fit them, use them, and find them in a published table."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ...kernel.wait_price import fit as fitted
from ...kernel.wait_price import measure_grid
from ...lab.article import published_table
from ..recorded import recorded_times
from . import Answer, Wrong, task

Times = Sequence[tuple[int, int, float]]  # watched, ready, seconds

# fit

OTHER_FITS: Final = {  # the mistake that explains a wrong fit, and hints
    "absolute": (
        "The squares of the plain errors were made small: then only the longest times count.",
        "Divide each row of the terms by its time, and the time, too.",
    ),
    "half-weighted": (
        "Only one side of the equations was divided by the measured time.",
        "terms / seconds[:, None] goes with seconds / seconds.",
    ),
    "no-base": ("A call costs something even with nothing to look at.", "One column of the terms is 1 in each row."),
    "swapped": ("Two of the prices are in each other's place: first the watched, then the ready.",),
    "other-unit": ("The prices are right, but not in seconds.",),
}


@task("fit", seconds=20)
def check_fit(answer: Answer) -> None:
    for how in ("poll", "epoll"):
        compare_fit(answer, recorded_times(how), f"On the recorded waits of {how}")
    fresh = [(w.watched, w.ready, w.seconds) for w in measure_grid("poll", (10, 100, 500), (1, 10, 100), 40)]
    compare_fit(answer, fresh, "On waits that were measured just now", code="typed-in")


def compare_fit(answer: Answer, times: Times, where: str, code: str = "another-fit") -> None:
    prices, tolerance = least_squares(times)
    yours = answer.call("fit", times)
    if not (isinstance(yours, list) and len(yours) == 3 and all(isinstance(p, (int, float)) for p in yours)):
        say = "`fit` should return three numbers: base, per_watched, per_ready."
        hint = "Of what a least-squares function returns, the prices are one part: return those alone."
        raise Wrong("not-three", yours=yours, say=say, hints=[hint])
    if np.all(np.abs(np.array(yours) - prices) <= tolerance):
        return
    hints: Sequence[str] = ("Your function has to work with what it is given: other data, other prices.",)
    for name, other in other_fits(times, prices).items():
        if np.allclose(yours, other, rtol=1e-3, atol=1e-15):
            code, hints = name, OTHER_FITS[name]
    say = f"{where}: base, per watched, per ready, in nanoseconds."
    raise Wrong(code, yours=_nanoseconds(yours), expected=_nanoseconds(prices), hints=hints, say=say)


def least_squares(times: Times) -> tuple[Any, Any]:
    """The prices, and what is allowed: a tenth of the standard error of each, as the data have it."""
    terms, seconds = _terms(times)
    rows = terms / seconds[:, None]
    prices, *_ = np.linalg.lstsq(rows, np.ones_like(seconds), rcond=None)
    errors = rows @ prices - 1
    variance = errors @ errors / (len(times) - len(prices))
    return prices, 0.1 * np.sqrt(variance * np.diag(np.linalg.inv(rows.T @ rows)))


def other_fits(times: Times, prices: Any) -> dict[str, Any]:
    """What comes of each of the usual mistakes."""
    terms, seconds = _terms(times)
    rows = terms / seconds[:, None]
    absolute, *_ = np.linalg.lstsq(terms, seconds, rcond=None)
    half, *_ = np.linalg.lstsq(rows, seconds, rcond=None)
    no_base, *_ = np.linalg.lstsq(rows[:, 1:], np.ones_like(seconds), rcond=None)
    return {
        "absolute": absolute,
        "half-weighted": half,
        "no-base": [0.0, *no_base],
        "swapped": prices[[0, 2, 1]],
        "other-unit": prices * 1e6,
    }


def _terms(times: Times) -> tuple[Any, Any]:
    watched, ready, seconds = np.array(times, dtype=float).T
    return np.column_stack([np.ones_like(watched), watched, ready]), seconds


def _nanoseconds(prices: Any) -> str:
    return ", ".join(f"{price * 1e9:,.4g}" for price in prices)


# crossing


@task("crossing", seconds=15)
def check_crossing(answer: Answer) -> None:
    for poll_is_slow in (False, False, False, True):
        poll, epoll, ready, waits, changes = random_prices(poll_is_slow)
        expected = crossing(poll, epoll, ready, waits, changes)
        yours = answer.call("crossing", poll, epoll, ready, waits, changes)
        if isinstance(yours, (int, float)) and abs(yours - max(0.0, expected)) <= 1:  # rounded to a whole one, perhaps
            continue
        code, hints = explain_crossing(yours, poll, epoll, ready, waits, changes)
        say = (
            f"{waits} waits and {changes} changes a page, {ready} ready at each wait, and prices that were drawn anew."
        )
        raise Wrong(code, yours=yours, expected=round(max(0.0, expected), 1), hints=hints, say=say)


def random_prices(poll_is_slow: bool) -> tuple[dict[str, float], dict[str, float], int, int, int]:
    """Prices of the size that is measured, so that epoll's page begins dearer; or, if you like, cheaper."""
    draw = random.SystemRandom().uniform
    poll = {"base": draw(4e-7, 6e-7), "per_watched": draw(5e-9, 9e-9), "per_ready": draw(2e-8, 5e-8)}
    poll |= {"per_rebuilt": draw(1e-9, 3e-9)}
    epoll = {"base": draw(6e-7, 9e-7), "per_ready": draw(1.2e-7, 1.7e-7), "per_change": draw(4e-7, 9e-7)}
    if poll_is_slow:
        poll["base"] = draw(9e-6, 12e-6)
    return poll, epoll, random.randint(2, 5), random.randint(4, 7), random.randint(6, 9)


def crossing(poll: dict[str, float], epoll: dict[str, float], ready: int, waits: float, changes: float) -> float:
    for_epoll = waits * (epoll["base"] + epoll["per_ready"] * ready) + changes * epoll["per_change"]
    for_poll = waits * (poll["base"] + poll["per_ready"] * ready)
    return (for_epoll - for_poll) / (waits * (poll["per_watched"] + poll["per_rebuilt"]))


def explain_crossing(
    yours: Any, poll: dict[str, float], epoll: dict[str, float], ready: int, waits: int, changes: int
) -> tuple[str, list[str]]:
    mistakes = {
        "below-nothing": (
            crossing(poll, epoll, ready, waits, changes),
            "No list is shorter than empty. If epoll is cheaper from the start, that is 0.",
        ),
        "changes-forgotten": (
            crossing(poll, epoll, ready, waits, 0),
            "epoll pays for each change of the list, too: changes × per_change.",
        ),
        "one-wait": (
            crossing(poll, epoll, ready, 1, changes),
            "The changes are those of a page, and so should be the waits: there are several.",
        ),
        "nothing-rebuilt": (
            crossing({**poll, "per_rebuilt": 0.0}, epoll, ready, waits, changes),
            "The list has changed before each wait. Which of poll's prices is for that?",
        ),
        "ready-forgotten": (
            crossing(poll, epoll, 0, waits, changes),
            "A ready one costs epoll more than poll: the difference does not go away.",
        ),
    }
    for code, (other, hint) in mistakes.items():
        if isinstance(yours, (int, float)) and math.isclose(yours, other, rel_tol=1e-6, abs_tol=1e-6):
            return code, [hint]
    hints = ["Write down both prices of a page, and where they are equal, solve for watched."]
    return "another-number", hints


# table

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
    if not isinstance(yours, dict):
        raise Wrong("not-a-dict", yours=yours, say='`half_at` should have a number for "poll" and for "epoll".')
    for name, column in rates.items():
        best = max(column.values())
        expected = next(n for n in column if column[n] < best / 2)
        if yours.get(name) == expected:
            continue
        code, hint = "another-level", "Go down the column until the rate is below half of the best one."
        if yours.get(name) == next((n for n in column if column[n] < column[min(column)] / 2), None):
            code, hint = "half-of-the-first", "You took half of the first rate. Which is the best one of the column?"
        elif yours.get(name) == max(n for n in column if column[n] >= best / 2):
            code, hint = "the-one-before", "That is the last level that is still above. The first one below comes next."
        raise Wrong(
            code, yours=yours, expected="another number", hints=[hint], say=f"`half_at` of {name} is not right."
        )


def compare_more(yours: Any, more: float, poll: dict[int, float]) -> None:
    mistakes = {
        "one-process": (
            more / PROCESSES * 1e3,
            "In the time that all ten make one page, each of them works all of that time.",
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
    if not isinstance(yours, (int, float)) or isinstance(yours, bool):
        raise Wrong("not-a-number", yours=yours, say=f"`{name}` should be a number.")
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
    if yours == expected:
        return
    hint = "The scan has a price here, so it explains something. Is it all?"
    code, hint = {
        "a": ("scan-explains-all", "How many times the price on this machine is the one that you have found?"),
        "c": ("scan-is-free", "Chapter 6 fitted a price for each watched descriptor. It was not 0."),
    }.get(yours if isinstance(yours, str) else "", ("no-such-verdict", hint))
    say = f"Here a look costs {here * 1e9:,.0f} ns, just measured; the table would need {price * 1e9:,.0f} ns."
    raise Wrong(code, yours=yours, expected="another verdict", hints=[hint], say=say)
