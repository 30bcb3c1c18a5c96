"""Inside poll(): density, and what busy and silent clients do to it."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import Any, Final

from . import Answer, Raised, Wrong, task


@task("density", seconds=25)
def check_density(answer: Answer) -> None:
    for watched, ready in (a_real_run(answer), *(a_short_run() for _ in range(4))):
        more = [after - before for before, after in pairwise(watched)]
        expected = sum(ready) / sum(watched[:-1])
        yours = answer.call("density", watched[0], ready, more)
        if not isinstance(yours, (int, float)) or not math.isclose(yours, expected, rel_tol=1e-6):
            raise not_the_density(yours, expected, watched, ready)
    try:
        none = answer.call("density", random.randint(1, 9), [], [])
    except Raised as raised:
        none = raised.kind
    if none != 0.0:
        hints = ["A trace may have no wait in it. Look at the sum before you divide by it."]
        raise Wrong("no-wait", yours=none, expected=0.0, say="Of no wait at all it has to be 0.0.", hints=hints)


def a_real_run(answer: Answer) -> tuple[list[int], list[int]]:
    """Watched and ready, by wait, of a poll server: beside nobody, then beside silent clients. Watched has one more."""
    server = answer.lab.serve("poll")
    answer.lab.load(server, clients=8, seconds=0.4, progress=False)
    answer.lab.hold_idle(server, random.randint(300, 400))
    answer.lab.load(server, clients=8, seconds=0.4, progress=False)
    server.stop()
    trace = server.trace
    return trace.watched[-1500:].tolist(), trace.ready[-1500:-1].tolist()


def a_short_run() -> tuple[list[int], list[int]]:
    """The same, made up: its list grows and shrinks a lot."""
    watched = [random.randint(5, 300) for _ in range(random.randint(5, 9))]
    return watched, [random.randint(1, number) for number in watched[:-1]]


def not_the_density(yours: Any, expected: float, run: list[int], ready: list[int]) -> Wrong:
    watched, following = run[:-1], run[1:]
    mistakes: list[tuple[str, float, list[str]]] = [
        (
            "mean-of-shares",
            sum(r / w for r, w in zip(ready, watched, strict=True) if w) / len(watched),
            [
                "You took the mean of each wait's own share. Then one with 10 on its list counts like one with 1,000.",
                "Count entries, not waits: all the ready ones, divided by all that were looked at.",
            ],
        ),
        (
            "changed-too-soon",
            sum(ready) / sum(following),
            [
                "What one wait changes counts from the next one on. How many were watched at the very first?",
                "Add up how many are watched before you add the change to it.",
            ],
        ),
        (
            "never-changes",
            sum(ready) / (run[0] * len(ready)),
            ["The list does not stay as long as at the first wait: `more` says how it goes on."],
        ),
        ("upside-down", sum(watched) / sum(ready), ["That is how many were looked at for one that was ready."]),
        ("per-wait", sum(ready) / len(ready), ["That is how many were ready at a wait, of however many."]),
        ("longest", max(ready) / max(watched), ["Two longest lists tell of two moments, and not of the whole run."]),
        ("last", ready[-1] / watched[-1], ["That is the last wait alone."]),
        ("percent", 100 * expected, ["A share is a number from 0 to 1."]),
        ("whole", sum(ready) // sum(watched), ["// throws away what is behind the point: use /."]),
    ]
    shown: dict[str, Any] = {"yours": yours, "expected": expected}
    if isinstance(yours, (int, float)):
        for code, wrong, hints in mistakes:
            if math.isclose(yours, wrong, rel_tol=1e-6):
                return Wrong(code, **shown, hints=hints)
    return Wrong("not-density", **shown, hints=["All the ready ones of all waits, divided by all that were watched."])


# Busy or silent.

CHOICES: Final = (1, 10, 100, 1000)


@task("looks", seconds=28)
def check_looks(answer: Answer) -> None:
    yours = {name: answer.value(name) for name in ("busy", "silent", "because")}
    if yours["busy"] not in CHOICES or yours["silent"] not in CHOICES or yours["because"] not in tuple("abcd"):
        say = "busy and silent have to be 1, 10, 100 or 1000, and because 'a', 'b', 'c' or 'd'."
        raise Wrong("no-choice", yours=yours, say=say, hints=["Predict first. The check measures it afterwards."])
    few, many, beside = looked_at(answer, 8), looked_at(answer, 200), looked_at(answer, 8, idle=1500)
    measured = f"{few:,.0f} with 8 busy, {many:,.0f} with 200 busy, {beside:,.0f} with 8 beside 1,500 silent"
    say = f"Entries looked at for a page, measured just now: {measured}."
    busy, silent = nearest(many / few), nearest(beside / few)
    if yours["busy"] != busy:
        raise Wrong("busy", yours=f"busy = {yours['busy']}", expected=f"busy = {busy}", say=say, hints=BUSY)
    if yours["silent"] != silent:
        code, hints = ("silent-free", SILENT_FREE) if yours["silent"] < silent else ("silent-too-much", SILENT_MUCH)
        raise Wrong(code, yours=f"silent = {yours['silent']}", expected=f"silent = {silent}", say=say, hints=hints)
    if yours["because"] != "b":
        hints = [WHY_NOT[yours["because"]]]
        raise Wrong(f"because-{yours['because']}", say=f"Both numbers are right. {say}", hints=hints)


BUSY: Final = [
    "Two hundred busy clients make the list longer. What else do they make longer?",
    "A client that waits for a busy server is ready, or its reply from Redis is. One look serves many pages.",
]
SILENT_FREE: Final = [
    "A silent client is never ready. Does the kernel know that without looking?",
    "The whole list is gone through at each call, and the ready ones are as few as before.",
]
SILENT_MUCH: Final = [
    "A page of a busy server does not cost many looks: with eight clients, one look often serves several pages.",
    "With 8 alone there are a dozen on the list, with the silent ones 1,500 more. Divide.",
]
WHY_NOT: Final = {
    "a": "With 200 busy clients the list was much longer than with 8. Did a page cost as many times more?",
    "c": "If silent entries were skipped, the third run would have cost what the first one did.",
    "d": "The third run has as many pages in the making as the first, and the same Redis. Yet its cost differs.",
}


def looked_at(answer: Answer, clients: int, idle: int = 0) -> float:
    """Entries looked at for a page, under this load."""
    server = answer.lab.serve("poll")
    held = answer.lab.hold_idle(server, idle)
    start = server.trace.end
    answer.lab.load(server, clients=clients, seconds=0.5, progress=False)
    trace = server.trace.since(start)
    server.stop()
    held.stop()
    pages = trace.total("forget") / 2  # a page forgets its client and its connection to Redis
    return float(trace.watched.sum() / pages)


def nearest(factor: float) -> int:
    return min(CHOICES, key=lambda choice: abs(math.log(choice / factor)))
