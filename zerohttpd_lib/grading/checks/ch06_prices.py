"""The tasks of exercise 06 that reckon with prices: fit them, and use them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ...kernel.wait_price import measure_grid
from ..recorded import recorded_times
from . import Answer, Wrong, task

Times = Sequence[tuple[int, int, float]]  # watched, ready, seconds

# fit

OTHER_FITS: Final = {  # the mistake that explains a wrong fit, and hints
    "absolute": (
        "The squares of the plain errors were made small: then only the longest times count.",
        "Divide each row of the terms by its time, and the time, too.",
    ),
    "root-weighted": (
        "The square of the error was divided by the time: the error itself by its root, that is.",
        "(model - measured) / measured: divide by the time itself, and then square.",
    ),
    "half-weighted": (
        "Only one side of the equations was divided by the measured time.",
        "terms / seconds[:, None] goes with seconds / seconds.",
    ),
    "other-half-weighted": (
        "The times were divided by themselves, and the terms beside them by nothing.",
        "What makes 1 of a time has to be done to its row of the terms: terms / seconds[:, None].",
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
        raise Wrong("not-three", yours=yours, expected="three numbers", say=say, hints=[hint])
    if np.all(np.abs(np.array(yours) - prices) <= tolerance):
        return
    hints: Sequence[str] = (
        "Your function has to work with what it is given: other data, other prices.",
        "Every row counts, also when there are several with the same numbers of watched and ready ones.",
    )
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
    root, *_ = np.linalg.lstsq(terms / np.sqrt(seconds)[:, None], np.sqrt(seconds), rcond=None)
    half, *_ = np.linalg.lstsq(rows, seconds, rcond=None)
    other_half, *_ = np.linalg.lstsq(terms, np.ones_like(seconds), rcond=None)
    no_base, *_ = np.linalg.lstsq(rows[:, 1:], np.ones_like(seconds), rcond=None)
    return {
        "absolute": absolute,
        "root-weighted": root,
        "half-weighted": half,
        "other-half-weighted": other_half,
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
        expected = max(0.0, crossing(poll, epoll, ready, waits, changes))
        yours = answer.call("crossing", poll, epoll, ready, waits, changes)
        if is_near(yours, expected):
            continue
        code, hints = explain_crossing(yours, poll, epoll, ready, waits, changes)
        say = (
            f"{waits} waits and {changes} changes a page, {ready} ready at each wait, and prices that were drawn anew."
        )
        raise Wrong(code, yours=yours, expected=round(expected, 1), hints=hints, say=say)


def is_near(yours: Any, expected: float) -> bool:
    """The same number, or one of the whole ones beside it: descriptors may be counted in whole ones."""
    if not isinstance(yours, (int, float)) or isinstance(yours, bool):
        return False
    return math.isclose(yours, expected, rel_tol=1e-6, abs_tol=1e-6) or (
        expected > 0 and yours == round(yours) and abs(yours - expected) <= 1
    )


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
    right = crossing(poll, epoll, ready, waits, changes)
    nothing = dict.fromkeys(("base", "per_ready"), 0.0)
    mistakes = {
        "below-nothing": (right, "No list is shorter than empty. If epoll is cheaper from the start, that is 0."),
        "changes-forgotten": (
            crossing(poll, epoll, ready, waits, 0),
            "epoll pays for each change of the list, changes × per_change, and poll pays nothing for it.",
        ),
        "one-wait": (
            crossing(poll, epoll, ready, 1, changes),
            "Waits and changes are both those of a page: there are several waits, and they multiply no changes.",
        ),
        "nothing-rebuilt": (
            crossing({**poll, "per_rebuilt": 0.0}, epoll, ready, waits, changes),
            "The list has changed before each wait. Which of poll's prices is for that?",
        ),
        "rebuilt-once": (
            crossing({**poll, "per_rebuilt": poll["per_rebuilt"] / waits}, epoll, ready, waits, changes),
            "The list is made anew at every wait, as it is looked at at every wait.",
        ),
        "one-look": (
            right * waits,
            "What one more descriptor costs a page is the price of a look at it at each of the waits.",
        ),
        "rebuilt-by-change": (
            crossing({**poll, "per_rebuilt": poll["per_rebuilt"] * changes / waits}, epoll, ready, waits, changes),
            "However many changes there were, the list is made anew once, at the next wait.",
        ),
        "ready-once": (
            crossing(
                poll,
                {**epoll, "base": epoll["base"] - epoll["per_ready"] * ready * (1 - 1 / waits)},
                ready,
                waits,
                changes,
            ),
            "`ready` is how many are ready at each wait: their price is for each wait, as the base is.",
        ),
        "ready-once-in-both": (
            crossing(
                {**poll, "per_ready": poll["per_ready"] / waits},
                {**epoll, "per_ready": epoll["per_ready"] / waits},
                ready,
                waits,
                changes,
            ),
            "How many ready ones does a page have in all its waits?",
        ),
        "base-once": (
            crossing(
                {**poll, "base": poll["base"] / waits}, {**epoll, "base": epoll["base"] / waits}, ready, waits, changes
            ),
            "The base is the price of one call, and a page makes one for each wait.",
        ),
        "rebuilt-only": (
            crossing({**poll, "per_watched": 0.0}, epoll, ready, waits, changes),
            "Besides being made anew, the list is looked at: that has a price for each watched one, too.",
        ),
        "ready-forgotten": (
            crossing(poll, epoll, 0, waits, changes),
            "A ready one costs epoll more than poll: the difference does not go away.",
        ),
        "ready-for-one-only": (
            crossing({**poll, "per_ready": 0.0}, epoll, ready, waits, changes),
            "A ready one has a price for poll, too.",
        ),
        "base-forgotten": (
            crossing({**poll, "base": 0.0}, {**epoll, "base": 0.0}, ready, waits, changes),
            "Each wait has its base price, and the two are not equal.",
        ),
        "polls-price-forgotten": (
            crossing({**poll, **nothing}, epoll, ready, waits, changes),
            "poll's page has a price with nobody watched, too: what its waits cost without the list.",
        ),
        "turned-round": (
            -right,
            "Which of the two is the dearer one with an empty list? That is what poll has to make up for.",
        ),
    }
    if right > 0 and isinstance(yours, (int, float)) and yours == 0:
        return "cheaper-from-the-start", ["With nobody watched, which page is dearer? Work out both."]
    for code, (other, hint) in mistakes.items():
        if isinstance(yours, (int, float)) and math.isclose(yours, other, rel_tol=1e-6, abs_tol=1e-6):
            return code, [hint]
    hints = [
        "A page of poll costs a + b × watched, one of epoll costs c. Write down a, b and c: where are the two equal?",
        "poll: waits × (base + per_ready × ready) + waits × (per_watched + per_rebuilt) × watched. And epoll?",
    ]
    return "another-number", hints
