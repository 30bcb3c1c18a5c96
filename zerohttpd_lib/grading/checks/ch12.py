"""Checks of exercise 12: four records to diagnose, and an eye for those who spin. The chat is in the file beside."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, Final

from ...museum import FAULTS
from ...trace.wait import Call, Turn, Wait
from ..recorded import recorded_case
from . import Answer, Wrong, ch12_chat, task
from .filled_in import expect_dict, expect_number

__all__ = ["ch12_chat"]  # it registers a task of its own

# patients. What proves a diagnosis is looked for in the record; any wait that does is right.


def given_twice(waits: list[Wait]) -> Iterator[int]:
    """A number that accept() gives again though nobody has forgotten it; and the wait in which it was given first."""
    given: dict[int, int] = {}
    for wait in waits:
        for turn in wait.turns:
            for each in turn.done:
                if isinstance(each, Call) and each.name == "accept" and not each.problem:
                    if each.count in given:
                        yield from (given[each.count], wait.number)
                    given[each.count] = wait.number
                elif getattr(each, "kind", "") == "forget":
                    given.pop(each.fd, None)


def unheeded(waits: list[Wait]) -> Iterator[int]:
    """ERR or HUP is reported, and nothing is done."""
    for wait in waits:
        if any("HUP" in turn.entry.events.split("|") and not turn.done for turn in wait.turns):
            yield wait.number


def left_unread(waits: list[Wait]) -> Iterator[int]:
    """All that was asked for came, and nobody asked whether there is more. Where the rest comes, all is in order."""
    for wait in waits:
        for turn in wait.turns:
            calls = [call for call in turn.done if isinstance(call, Call) and call.name == "receive"]
            if calls and calls[-1].full:
                yield wait.number


def sent_away_unheard(waits: list[Wait]) -> Iterator[int]:
    """There is input, and its sender is forgotten without a receive. Not one that is gone on both sides."""
    for wait in waits:
        if any(_sends_away(turn) for turn in wait.turns):
            yield wait.number


def _sends_away(turn: Turn) -> bool:
    events = set(turn.entry.events.split("|"))
    kinds = [each.name if isinstance(each, Call) else each.kind for each in turn.done]
    return {"IN", "RDHUP"} <= events and not events & {"HUP", "ERR"} and "forget" in kinds and "receive" not in kinds


PROOFS: Final[dict[str, Callable[[list[Wait]], Iterator[int]]]] = {
    "closed_twice": given_twice,
    "hup_ignored": unheeded,
    "not_drained": left_unread,
    "half_close": sent_away_unheard,
}
AGAINST: Final = {  # by patient: what speaks against any other diagnosis, and where to look for a proof
    "A": (
        "Follow the number that the newcomer was given, from there to the next wait in which it is named.",
        "Somebody is forgotten and another one gets the number, in one wait. Who gets it next, and why is it free?",
    ),
    "B": (
        "Which descriptor is reported dozens of times? Is it for reading or writing, or is it something else?",
        "Any of the waits in which that descriptor is reported, and its turn is empty.",
    ),
    "C": (
        "Whoever waits is not reported any more. The last time it was: what came, and what did the server do?",
        "A receive that got all that it had asked for, and none after it.",
    ),
    "D": (
        "Compare the events of those who are served with those of the one that is not. What was done first for each?",
        "There is a client for whom nothing was received, and who had sent something.",
    ),
}


@task("patients", seconds=10)
def check_patients(answer: Answer) -> None:
    faults = expect_dict("fault", answer.value("fault"), AGAINST)
    proofs = expect_dict("proof", answer.value("proof"), AGAINST)
    for patient, hints in AGAINST.items():
        compare_patient(patient, faults[patient], proofs[patient], hints)


def compare_patient(patient: str, fault: Any, proof: Any, hints: tuple[str, str]) -> None:
    if not isinstance(fault, str) or fault not in FAULTS:
        words = ["Choose one of the words that FAULTS has: print(*FAULTS)."]
        raise Wrong("no-such-word", yours=fault, hints=words, say=f"This is no word for the fault of {patient}.")
    expect_number(f"proof[{patient!r}]", proof)
    waits = recorded_case(patient)
    true = {word: set(find(waits)) for word, find in PROOFS.items()}
    if not true.get(fault):
        say = f"Nothing in the record of {patient} shows that {FAULTS[fault]}."
        raise Wrong(f"{patient}-has-another", yours=fault, expected="another word", hints=hints[:1], say=say)
    if proof not in true[fault]:
        say = f"The diagnosis of {patient} is right. In this wait it does not show."
        raise Wrong(f"{patient}-another-wait", yours=proof, expected="another wait", hints=hints[1:], say=say)


# spinning

ROW: Final = 5  # waits


def in_a_row(waits: Any, most: int = ROW, *, heeds: bool = True, only_at_end: bool = False) -> list[int]:
    """Those who spin; or, with the settings, those who are taken for it by mistake."""
    row: dict[int, int] = {}
    found: set[int] = set()
    for ready, done in waits:
        idle = set(ready) - set(done) if heeds else set(ready)
        row = {fd: row.get(fd, 0) + 1 for fd in idle}
        found |= {fd for fd, number in row.items() if number >= most}
    return sorted(fd for fd, number in row.items() if number >= most) if only_at_end else sorted(found)


def in_total(waits: Any) -> list[int]:
    times = [fd for ready, done in waits for fd in set(ready) - set(done)]
    return sorted({fd for fd in times if times.count(fd) >= ROW})


def when_nothing_is_done(waits: Any) -> list[int]:
    """Those whose row is broken by whatever is done, about whomever."""
    return in_a_row([(ready if not done else [], []) for ready, done in waits])


def gaps_forgiven(waits: Any) -> list[int]:
    """Those whose row goes on although they were not ready in between."""
    row: dict[int, int] = {}
    found = set()
    for ready, done in waits:
        for fd in ready:
            row[fd] = 0 if fd in done else row.get(fd, 0) + 1
            if row[fd] >= ROW:
                found.add(fd)
    return sorted(found)


MISTAKES: Final[dict[str, tuple[Callable[[Any], list[int]], str]]] = {
    "four-are-enough": (lambda waits: in_a_row(waits, ROW - 1), "Count once more: it takes five in a row, not four."),
    "six-are-needed": (lambda waits: in_a_row(waits, ROW + 1), "Five are enough: >= 5, not > 5."),
    "not-heeded": (
        lambda waits: in_a_row(waits, heeds=False),
        "Who is ready in many waits, and is served each time, is only busy. Look at the second list, too.",
    ),
    "others-count": (
        when_nothing_is_done,
        "Something was done, but about somebody else: that is no help to the one who spins.",
    ),
    "gaps-forgiven": (gaps_forgiven, "A wait in which it is not ready ends its row, too."),
    "in-total": (in_total, "In a row: what is ready five times with breaks in between is a busy client."),
    "only-at-the-end": (
        lambda waits: in_a_row(waits, only_at_end=True),
        "One that has stopped has spun all the same: remember whom you have found.",
    ),
}


@task("spinning", seconds=15)
def check_spinning(answer: Answer) -> None:
    for meant_for, waits in cases():
        expected = in_a_row(waits)
        yours = answer.call("spinning", [[list(ready), list(done)] for ready, done in waits])
        if isinstance(yours, list) and yours == expected:
            continue
        say = f"For {waits}" if len(waits) < 10 else f"For a trace of {len(waits)} waits"
        code, hint = _mistake_in(yours, waits, expected, meant_for)
        raise Wrong(code, yours=yours, expected=expected, hints=[hint, FURTHER], say=say)


FURTHER: Final = (
    "Keep a count for each descriptor; it goes up when it was ready and nothing was done, and is 0 again otherwise."
)


def _mistake_in(yours: Any, waits: Any, expected: list[int], meant_for: str) -> tuple[str, str]:
    if not isinstance(yours, (list, set)):
        return "no-list", "Return a list of descriptors: return sorted(...)."
    if set(map(str, yours)) == set(map(str, expected)):
        return "not-sorted", "The right ones. Return each once, as a list in ascending order: sorted(...)."
    likely = [meant_for] if meant_for else list(MISTAKES)
    for code in likely:
        mistaken, hint = MISTAKES[code]
        if set(map(str, yours)) == set(map(str, mistaken(waits))):
            return code, hint
    return "others", "Take a trace of six waits and one descriptor, and count by hand."


def cases() -> Iterator[tuple[str, list[tuple[list[int], list[int]]]]]:
    """First traces that are meant for one mistake each, whose code stands before them; then what chance makes."""
    a, b, c = random.sample(range(5, 90), 3)
    none: list[int] = []
    yield "four-are-enough", [([a], none)] * 4
    yield "six-are-needed", [([a], none)] * 5
    yield "not-heeded", [([a], [a])] * 8
    yield "others-count", [([a, b], [b])] * 6
    yield "in-total", [([a], [])] * 4 + [([a], [a])] + [([a], [])] * 4
    yield "gaps-forgiven", [([a], none)] * 3 + [([b], none)] + [([a], none)] * 3
    yield "only-at-the-end", [([a], [])] * 6 + [([a], [a])] + [([c], [c])] * 3
    yield "", [([c], none), ([c], none)] * 3 + [([b, a], none)] * 7
    for _ in range(12):
        fds = random.sample(range(4, 60), 4)
        share = {fd: random.random() for fd in fds}
        trace = []
        for _ in range(random.randint(20, 60)):
            ready = [fd for fd in fds if random.random() < 0.85]
            trace.append((ready, [fd for fd in ready if random.random() < share[fd] * 0.5]))
        yield "", trace
