"""Checks of exercise 01: who is stuck by silence, a thread for each client, a patient pool, an order."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable
from typing import Any, Final

from ...lab import Lab
from ...lab.article import RUNGS
from ...lab.server import Server
from . import Answer, Raised, Wrong, ch01_patience, ch01_servers, task
from .asking import answers, silent_client, who_answers

__all__ = ["ch01_patience", "ch01_servers"]  # each registers tasks of its own

POOLS: Final = ("preforked", "prethreaded")
POOL_SIZE: Final = 3
NO_NEWS: Final = 1.2  # seconds since the last of the others has answered
PER_CLIENT: Final = ("forking", "threaded")
LOOPS: Final = ("poll", "epoll")

# stuck


def measured_stuck(lab: Lab, numbers: Iterable[int]) -> list[set[str]]:
    """For each number of silent clients, which of the seven do not answer beside them."""
    servers = {name: lab.serve(name, workers=POOL_SIZE if name in POOLS else None, record=False) for name in RUNGS}
    held: list[socket.socket] = []
    found = []
    for number in numbers:
        held += [silent_client(server) for server in servers.values() for _ in range(number - len(held) // len(RUNGS))]
        found.append(set(servers) - who_answers(servers, NO_NEWS))
    return found


@task("stuck", seconds=30)
def check_stuck(answer: Answer) -> None:
    names = ("stuck_by_one", "stuck_by_three")
    yours = [_as_set(answer.value(name), name) for name in names]
    because = answer.value("a_worker")
    for name, said, measured in zip(names, yours, measured_stuck(answer.lab, (1, POOL_SIZE)), strict=True):
        if said != measured:
            raise _wrong_prediction(name, said, measured)
    if because not in ("a", "b", "c"):
        hints = ["Fill in one of the three letters, in quotes."]
        raise Wrong("no-letter", yours=because, say='a_worker should be "a", "b" or "c".', hints=hints)
    if because != "b":
        hints = [
            "Chapter 1 says where a server sits while a client is silent, and what it costs in processor time.",
            "It has accepted its client already, and it does not use the processor: what is it waiting in?",
        ]
        say = "Both sets are right. The worker does something else."
        raise Wrong("wrong-reason", yours=because, expected="another letter", hints=hints, say=say)


def _as_set(value: Any, name: str) -> set[str]:
    if isinstance(value, (set, list)) and all(isinstance(item, str) and item in RUNGS for item in value):
        return set(value)
    say = f"{name} should be a set of names, each of them one of {', '.join(RUNGS)}."
    hints = ['Quotes around each name, as in {"iterative", "poll"}. An empty set is set(), not {}.']
    raise Wrong("not-a-set-of-names", yours=value, say=say, hints=hints)


def _wrong_prediction(name: str, said: set[str], measured: set[str]) -> Wrong:
    """The first thing that is wrong, by kind of server; the measured set itself is for the learner to find."""
    wrong = said ^ measured
    for code, kind, hints in STUCK:
        if wrong & set(kind):
            which = f"-{name.removeprefix('stuck_by_')}" if kind == POOLS else ""
            crowd = "There are as many silent clients now as a pool has workers. " if which == "-three" else ""
            about = ", ".join(sorted(wrong & set(kind)))
            say = f"{name}: what was measured is different for {about}."
            return Wrong(
                code + which, yours=sorted(said), expected="another set", hints=[crowd + hints[0], *hints[1:]], say=say
            )
    raise AssertionError(wrong)


STUCK: Final = (
    ("iterative", ("iterative",), [
        "How many clients can the first server serve at the same time?",
        "It sits in recv(), waiting for the silent one; there is nobody else to serve the next.",
    ]),
    ("event-loops", LOOPS, [
        "One thread is not the same as one client at a time.",
        "A loop waits in poll() or epoll_wait() for all of them, and never in recv() for a client that is silent.",
    ]),
    ("new-worker-for-each", PER_CLIENT, [
        "When the next client comes, who serves it?",
        "forking and threaded make a new process or thread for each: the silent ones hold only their own.",
    ]),
    ("pools", POOLS, [
        "Each silent client holds one worker. How many are left?",
        "With three workers, one silent client leaves two, and three leave none.",
    ]),
)  # fmt: skip

# silence


@task("silence", seconds=30)
def check_silence(answer: Answer) -> None:
    for rung, workers, silent in _cases():
        yours = answer.call("more_silent_clients", rung, workers, silent)
        expected = _worked_out(rung, workers, silent)
        if yours != expected or isinstance(yours, bool):
            call = f"more_silent_clients({rung!r}, {workers}, {silent})"
            code, hints = _mistake(rung, workers, silent, yours)
            raise Wrong(code, yours=yours, expected=expected, hints=hints, say=f"For {call}:")
    rung, workers = random.choice(POOLS), random.randint(2, 5)
    silent = random.randint(1, workers)
    measured = measured_silence(answer.lab, rung, workers, silent)
    yours = answer.call("more_silent_clients", rung, workers, silent)
    if yours != measured:
        say = f"Measured with {rung}, {workers} workers and {silent} silent clients:"
        raise Wrong("not-as-measured", yours=yours, expected=measured, say=say)


def _cases() -> list[tuple[str, int, int]]:
    """Few silent clients and too many, for each rung."""
    workers = random.randint(4, 50)
    some, many = random.randint(1, workers - 2), workers + random.randint(1, 9)
    return [
        (rung, workers, silent) for rung in (*POOLS, *LOOPS, *PER_CLIENT, "iterative") for silent in (0, some, many)
    ]


def _worked_out(rung: str, workers: int, silent: int) -> int | None:
    if rung in POOLS:
        return max(0, workers - silent)
    return max(0, 1 - silent) if rung == "iterative" else None


def measured_silence(lab: Lab, rung: str, workers: int, silent: int) -> int:
    """How many silent clients were let in, after the first ones, before nobody was answered any more."""
    server: Server = lab.serve(rung, workers=workers, record=False)
    held = [silent_client(server) for _ in range(silent)]
    while answers(server):
        held.append(silent_client(server))
    return len(held) - silent


def _mistake(rung: str, workers: int, silent: int, yours: Any) -> tuple[str, list[str]]:
    if rung not in POOLS:
        return OTHERS[rung]
    free = max(0, workers - silent)
    if isinstance(yours, int) and yours < 0:
        return "below-zero", ["There may be more silent clients than workers.", "Then 0 more are needed: max(0, ...)."]
    if yours == workers:
        return "forgets-the-silent", ["Some workers are taken already.", "Only workers - silent of them are free."]
    if yours in (free + 1, free - 1):
        return "off-by-one", [
            "Try it by hand: a pool of 2, and 1 silent client. How many more?",
            "When as many are silent as there are workers, nobody is answered: workers - silent more.",
        ]
    return "something-else", ["Each silent client takes one worker away. How many are left to be taken?"]


OTHERS: Final = {
    "iterative": ("iterative", ["It is a pool, too. How large?", "It has one worker, whatever `workers` says."]),
    **dict.fromkeys(
        LOOPS, ("event-loops", ["What does a silent client cost poll and epoll?", "No number stops a loop: None."])
    ),
    **dict.fromkeys(
        PER_CLIENT, ("new-worker-for-each", ["Who serves the next client?", "A new worker for each client: None."])
    ),
}


# order


def _order(first: list[float | None], second: list[float | None]) -> str:
    a, b = ([rate for rate in rates if rate is not None] for rates in (first, second))
    if not a or not b:
        return "?"
    return ">" if min(a) > max(b) else "<" if max(a) < min(b) else "?"


def _rates(low: float, high: float, number: int = 4) -> list[float | None]:
    return [round(random.uniform(low, high), 1) for _ in range(number)]


def _noisy() -> tuple[list[float | None], list[float | None]]:
    """The first has the higher mean, median, first and best round, and yet there is no order."""
    base = random.randint(1000, 5000)
    higher, lower = (2.0, 1.9, 1.8, 1.1), (1.2, 1.0, 1.05, 0.9)
    return [round(base * factor, 1) for factor in higher], [round(base * factor, 1) for factor in lower]


Case = tuple[str, list[Any], list[Any], list[str]]


def _order_cases() -> list[Case]:
    low, high = _clear_pair()
    a, b = _noisy()
    tie = round(random.uniform(1000, 5000), 1)
    same = "Two equal rates are neither above nor below each other."
    return [
        ("turned-round", high, low, ['The first one is above: that is ">".', "Which of the two is `first`?"]),
        ("one-way-only", low, high, ['The first one can be the slower one, too: "<".', "Compare the other way, too."]),
        ("averages", a, b, [
            "Look at the worst round of the first and the best round of the second.",
            "Means and medians hide how far the rounds are apart. Every round against every round: min and max.",
        ]),
        ("averages", b, a, ["Every round of the one has to be below every round of the other: max and min."]),
        ("ties", [tie, tie + 10], [tie - 10, tie], [same, "Use > and <, not >= and <=."]),
        ("ties", [tie - 10, tie], [tie, tie + 10], [same, "Use > and <, not >= and <=."]),
        ("failed-rounds", [None, *high], [*low, None], [
            "A round that failed has no rate: leave it out.", "[rate for rate in first if rate is not None]",
        ]),
        ("nothing-left", [None, None], low, ["No round, no order.", 'Ask first whether a list is empty: "?".']),
        ("nothing-left", low, [], ["No round, no order.", 'Ask first whether a list is empty: "?".']),
        ("zero-is-a-rate", [0.0, *high], low, [
            "0 requests a second is a rate, and a very low one.", "`if rate` is false for 0; ask `is not None`.",
        ]),
    ]  # fmt: skip


def _clear_pair() -> tuple[list[float | None], list[float | None]]:
    base = random.uniform(1000, 5000)
    return _rates(base, base * 1.2), _rates(base * 1.5, base * 2)


@task("order", seconds=15)
def check_order(answer: Answer) -> None:
    for code, first, second, hints in _order_cases():
        say = f"For order({first}, {second}):"
        yours = _called(answer, first, second, code, say, hints)
        if yours != _order(first, second):
            raise Wrong(code, yours=yours, expected=_order(first, second), hints=hints, say=say)
    for _ in range(40):
        first, second = _any_rates(), _any_rates()
        say = f"For order({first}, {second}):"
        yours = _called(answer, first, second, "some-rounds", say, BY_HAND)
        if yours != _order(first, second):
            raise Wrong("some-rounds", yours=yours, expected=_order(first, second), hints=BY_HAND, say=say)


BY_HAND: Final = ["Compare by hand: is every rate of the one above every rate of the other?", "min() and max()."]


def _any_rates() -> list[float | None]:
    """A few rates from a few numbers, so that equal ones are frequent."""
    return [random.choice([None, 0, 1, 2, 3, 4.5]) for _ in range(random.randint(0, 4))]


def _called(answer: Answer, first: list[Any], second: list[Any], code: str, say: str, hints: list[str]) -> Any:
    """What it returns; an exception on a case of failed rounds is a mistake of its own."""
    try:
        return answer.call("order", first, second)
    except Raised as raised:
        if code not in ("failed-rounds", "nothing-left"):
            raise
        raise Wrong(code, yours=f"{raised.kind}: {raised.text}", hints=hints, say=say) from None
