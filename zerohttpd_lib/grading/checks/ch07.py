"""Checks of exercise 07: a referee for load tests, a test for rounds in pairs; others are in files beside."""

from __future__ import annotations

import random
from itertools import combinations, product
from typing import Any, Final, NamedTuple

from . import Answer, Wrong, ch07_door, ch07_due, task

__all__ = ["ch07_door", "ch07_due"]  # each registers tasks of its own

# referee

OTHERS: Final = ("generator", "machine", "none", "redis")
WORDS: Final = {"law", "unsteady", "few", "limit", "door"}


class Case(NamedTuple):
    """A load test, and what a wrong verdict on it is."""

    test: dict[str, Any]
    expected: set[str]
    code: str
    hints: list[str]


def good(**changes: Any) -> dict[str, Any]:
    """A load test of which nothing bad can be said, with changes; `off` is the factor by which its law is off.

    No measured one keeps its law to the letter.
    """
    off, kind = changes.pop("off", random.uniform(0.97, 1.03)), changes.pop("kind", "closed")
    clients, latency = random.randint(20, 900), changes.pop("latency", random.uniform(0.004, 0.3))
    think = round(random.uniform(0.5, 4), 2) if kind == "think" else None
    rate = clients / (latency + (think or 0)) * off
    clients *= 3 if kind == "open" else 1  # of an open loop it says how many there may be
    test = {
        "kind": {"closed": "closed loop", "think": "users who think", "open": "open loop"}[kind],
        "requests": random.randint(20_000, 90_000), "failed": 0, "seconds": 5.0, "requests_per_second": rate,
        "mean_ms": latency * 1e3, "p50_ms": latency * 900, "p99_ms": latency * 2_000, "clients": clients,
        "rate": rate / off if kind == "open" else None, "think": think, "steady": True,
        "dropped": 0, "syn_retransmits": 0,
        "bottleneck": "server" if kind == "closed" else "none",
    }  # fmt: skip
    return {**test, **changes}


def cases() -> list[Case]:
    """In an order in which a mistake is met first by the case that is about it."""
    of_law = ["X · (R + Z) against C: what is off by more than a tenth?", "mean_ms / 1000 is R; `think or 0` is Z."]
    off = [random.uniform(1.2, 3), random.uniform(0.2, 0.8)]
    return [
        Case(good(), set(), "blames-the-good", ["R is in milliseconds, and X in answers a second.", *of_law[1:]]),
        Case(good(kind="think", latency=random.uniform(0.004, 0.02)), set(), "forgets-think", [
            "Who thinks is a client, too, meanwhile: C = X · (R + Z).",
        ]),
        Case(good(kind="think", latency=random.uniform(2, 6)), set(), "forgets-latency", [
            "Who waits for an answer is a client, too, meanwhile: R belongs to the round as Z does.", of_law[0],
        ]),
        Case(good(kind="open"), set(), "blames-the-open", OPEN),
        *[Case(good(off=each), {"law"}, "law-missed", of_law) for each in off],
        *[Case(good(off=each, kind="think"), {"law"}, "law-missed-of-users", of_law[::-1]) for each in off],
        *[Case(good(off=each, kind="open"), {"law"}, "law-of-open-missed", OPEN[::-1]) for each in off],
        *[Case(good(off=each), {"law"}, "law-missed", ["A tenth is allowed, and no more."]) for each in (0.88, 1.12)],
        *[
            Case(good(off=each, kind=kind), set(), "too-strict", ["A tenth is allowed, to either side."])
            for each in (0.92, 1.08) for kind in ("closed", "open", "think")
        ],
        *[Case(good(off=each, kind="think"), {"law"}, "law-missed-of-users", of_law[::-1]) for each in (0.88, 1.12)],
        *[Case(good(off=each, kind="open"), {"law"}, "law-of-open-missed", OPEN[::-1]) for each in (0.88, 1.12)],
        Case(good(steady=False), {"unsteady"}, "unsteady-missed", ["`steady` is True or False: believe it."]),
        Case(good(requests=random.randint(300, 990)), {"few"}, "few-missed", FEW),
        Case(good(requests=999), {"few"}, "few-missed", FEW),
        Case(good(requests=1_000), set(), "few-too-strict", FEW[::-1]),
        Case(good(requests=random.randint(1_010, 2_000)), set(), "few-too-strict", FEW[::-1]),
        Case(good(requests=random.randint(100, 900), kind="open"), {"few"}, "few-missed", FEW),
        *[Case(good(bottleneck=who), {"limit"}, "limit-missed", LIMIT) for who in OTHERS],
        Case(good(kind="open", bottleneck="machine"), set(), "limit-of-the-open", LIMIT[::-1]),
        Case(good(kind="think", bottleneck="generator"), set(), "limit-of-users", OF_USERS),
        Case(good(dropped=random.randint(1, 90)), {"door"}, "queue-missed", ["`dropped`: somebody found it full."]),
        Case(good(syn_retransmits=3), {"door"}, "syn-missed", ["Either of the two counters is reason enough."]),
        Case(good(off=2.0, steady=False, dropped=2, requests=40, bottleneck="redis"), WORDS, "stops-at-the-first", ALL),
        *[
            Case(good(kind=kind, mean_ms=None, requests=0, requests_per_second=0.0), {"law", "few"}, "nothing-answered",
                 NOTHING)
            for kind in ("closed", "open", "think")
        ],
    ]  # fmt: skip


OPEN: Final = [
    "In an open loop the clients are no number that a law could hold: some come, some go, as they are due.",
    "Where `rate` is not None: requests_per_second against rate.",
]
NOTHING: Final = ["Nothing was answered: mean_ms is None, and there is no number to reckon with."]
FEW: Final = [
    "One answer in a hundred is slower than the 99th percentile. How many of `requests` is that?",
    "Ten are enough: 1,000 requests have ten of them.",
]
LIMIT: Final = [
    "Only clients that ask without pause find out what a server can do; then bottleneck should be `server`.",
    "An open loop and users who think set the rate themselves: there it is no fault that somebody else has the limit.",
]
OF_USERS: Final = [f"They think. {LIMIT[1]}"]
LIMIT_BLAMED: Final = {  # by kind of load, of which "limit" was said without a reason
    "closed loop": ("limit-turned-round", ['`bottleneck` is "server" here, and so it should be.']),
    "users who think": ("limit-of-users", OF_USERS),
    "open loop": ("limit-of-the-open", LIMIT[::-1]),
}
BLAMED: Final = {  # other words
    "few": ("few-too-strict", FEW[::-1]),
    "unsteady": ("unsteady-blamed", ["It was steady: `steady` is True. Is it asked the wrong way round?"]),
    "door": ("door-blamed", ["Neither counter has counted anything: both are 0 there."]),
}
ALL: Final = ["More than one thing can be wrong with a test. Collect the words; return at the end."]


@task("referee", seconds=20)
def check_referee(answer: Answer) -> None:
    again = cases()
    every = [*cases(), *random.sample(again, len(again))]
    for case in every:
        yours = answer.call("complaints", case.test)
        words = _as_set(yours)
        if words == case.expected:
            continue
        if words is None:
            hints = ['Return a set, as in found = set(); found.add("law"); return found.', "An empty set is set()."]
            raise Wrong("no-set", yours=yours, expected=case.expected, hints=hints, say="This is no set of words.")
        if strange := words - WORDS:
            hints = [f"The words are {', '.join(sorted(WORDS))}."]
            raise Wrong("strange-word", yours=strange, hints=hints, say="There is no such word.")
        if case is not every[0]:
            compare_memory(answer, every[0].test)
        say = f"For a {case.test['kind']} that has " + ", ".join(f"{k}={_short(case.test[k])}" for k in SHOWN)
        code, hints = mistake_in(words, case)
        raise Wrong(code, yours=words or "nothing", expected=case.expected or "nothing", hints=hints, say=say)


def mistake_in(words: set[str], case: Case) -> tuple[str, list[str]]:
    """A case is about one word. Where the mistake is a complaint by another one, it has hints about that."""
    extra = words - case.expected
    if words >= case.expected and extra and extra <= {*BLAMED, "limit"}:
        return LIMIT_BLAMED[case.test["kind"]] if "limit" in extra else BLAMED[min(extra)]
    return case.code, case.hints


def compare_memory(answer: Answer, test: dict[str, Any]) -> None:
    """A test that was believed is believed again, whatever came in between."""
    if yours := answer.call("complaints", test):
        hints = [
            "Each call begins with an empty set of its own: make it in the function.",
            "A default value, as in `found=set()`, and a set outside of the function are made once, for all calls.",
        ]
        say = "For a load test that is good, and that you have believed, when it was asked about once more."
        raise Wrong("remembers", yours=yours, expected="nothing", hints=hints, say=say)


SHOWN: Final = (
    "clients", "requests", "requests_per_second", "mean_ms", "rate", "think", "steady", "bottleneck", "dropped",
    "syn_retransmits",
)  # fmt: skip


def _short(value: Any) -> Any:
    return f"{value:.1f}" if isinstance(value, float) else value


def _as_set(yours: Any) -> set[Any] | None:
    """A list or a tuple of words is as good as a set."""
    if isinstance(yours, (set, list)) and all(isinstance(word, str) for word in yours):
        return set(yours)
    return None


# pairs


def share_of_pairs(first: list[float], second: list[float], *, either_side: bool = True, strict: bool = False) -> float:
    """The share that the task asks for; or, with the settings, one that is asked for by mistake."""
    differences = [a - b for a, b in zip(first, second, strict=True)]
    measured = sum(differences)
    sums = [sum(s * d for s, d in zip(way, differences, strict=True)) for way in product((1, -1), repeat=len(first))]
    if either_side:
        measured, sums = abs(measured), [abs(each) for each in sums]
    return sum(each > measured if strict else each >= measured for each in sums) / len(sums)


def share_of_mixed(first: list[float], second: list[float]) -> float:
    """What the chapter's test says: all rounds are mixed."""
    rounds = first + second
    total, measured = sum(rounds), abs(sum(first) - sum(second))
    ways = [abs(2 * sum(way) - total) for way in combinations(rounds, len(first))]
    return sum(each >= measured for each in ways) / len(ways)


def share_of_signs(first: list[float], second: list[float]) -> float:
    """What a test says that only counts who won."""
    signs = [(a > b) - (a < b) for a, b in zip(first, second, strict=True)]
    return share_of_pairs([float(sign) for sign in signs], [0.0] * len(signs))


NEAR: Final = 0.04  # what chance may make of a share
MANY: Final = 30  # times twelve pairs: whoever draws ways by chance needs more of them each time than there is time for
PAIRED: Final = "A pair can be swapped, as a whole: its difference turns its sign. Nothing else moves."


@task("pairs", seconds=20)
def check_pairs(answer: Answer) -> None:
    for first, second in [*_rounds(), *(_any_rounds() for _ in range(MANY))]:
        expected = share_of_pairs(first, second)
        before = (list(first), list(second))
        yours = answer.call("share_of_pairs", first, second)
        if isinstance(yours, bool) or not isinstance(yours, (int, float)) or abs(yours - expected) > 1e-6:
            raise _mistake_in_pairs(yours, expected, *before)


def _rounds() -> list[tuple[list[float], list[float]]]:
    """With weather that is common to a pair."""
    found = [_telling_rounds(number, better) for number, better in ((5, 3), (6, 0), (7, -2), (4, 1), (8, 2), (12, -1))]
    won = [float(random.randint(20, 90)) for _ in range(5)]
    found.append((won, [each - 2 - number for number, each in enumerate(won)]))
    found.append(([each - 3 - number for number, each in enumerate(won)], won))
    return [*found, ([7.0, 7.0], [7.0, 7.0]), ([3.0], [2.0])]


def _any_rounds() -> tuple[list[float], list[float]]:
    first, second = ([random.randint(40, 400) / 4 for _ in range(12)] for _ in range(2))
    return first, second


def _telling_rounds(number: int, better: int) -> tuple[list[float], list[float]]:
    """With weather that is common to a pair, in quarters of milliseconds: sums of them are exact. Those are taken for
    which no two of the likely mistakes come to the same.
    """
    while True:
        weather = [random.randint(10, 90) for _ in range(number)]
        first = [each + better + random.randint(0, 24) / 4 for each in weather]
        second = [each + random.randint(0, 24) / 4 for each in weather]
        shares = {
            share_of_pairs(first, second),
            share_of_pairs(first, second, strict=True),
            share_of_pairs(first, second, either_side=False),
            share_of_pairs(second, first, either_side=False),
        }
        if len(shares) == 4:
            return first, second


def _mistake_in_pairs(yours: Any, expected: float, first: list[float], second: list[float]) -> Wrong:
    say = f"For {first} and {second}"
    if isinstance(yours, bool) or not isinstance(yours, (int, float)):
        code, hint = "no-number", "Return one number from 0 to 1."
    elif abs(yours / 100 - expected) < 1e-6:
        code, hint = "in-percent", "A share is a number from 0 to 1."
    elif abs(yours - share_of_pairs(first, second, either_side=False)) < 1e-6:
        code, hint = "one-side", "A sum that is as far below zero is as far: compare the amounts, with abs()."
    elif abs(yours - share_of_pairs(second, first, either_side=False)) < 1e-6:
        code, hint = "other-side", "You count the ways on one side only, and on the side where yours is not: use abs()."
    elif abs(yours - share_of_pairs(first, second, strict=True)) < 1e-6:
        code, hint = "without-itself", "At least as far: the way in which it was measured is one of them."
    elif abs(yours - share_of_mixed(first, second)) < 1e-6:
        code, hint = "mixes-all", f"That is the chapter's test. {PAIRED}"
    elif abs(yours - share_of_signs(first, second)) < 1e-6:
        code, hint = "counts-wins", "Who won a pair is not all: by how much belongs to it. Add up the differences."
    elif abs(yours * 2 ** len(first) - expected) < 1e-6 or abs(yours - expected * 2 ** len(first)) < 1e-6:
        code, hint = "not-a-share", "Divide the number of such ways by the number of all ways."
    elif any(yours == round(expected, digits) for digits in range(1, 7)):
        code, hint = "rounded", "Do not round: the share is a number of ways divided by 2ⁿ, exactly."
    elif abs(yours - expected) < NEAR:
        code, hint = "by-chance", "You are near: do not draw ways by chance; go through all of them."
    else:
        code, hint = "another-share", PAIRED
    hints = [hint, "product((1, -1), repeat=n) has all 2ⁿ ways to turn the signs of n differences."]
    return Wrong(code, yours=yours, expected=expected, hints=hints, say=say)
