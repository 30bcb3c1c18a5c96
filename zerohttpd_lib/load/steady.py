"""Has it settled, and was it measured for long enough?

A load test begins in disorder: clients come, queues fill, everybody's first answer is quick or very
late. What a server does for a long time is seen when

- all clients have come, and users who think have had the time for a thought,
- as much has been answered since then as there are requests under way: the queue has gone round once,
- and neither the rate nor the queue changes any more: two stretches of time, one after the other, agree.

Then it is measured: for as long as was asked for, and until there were two answers for each client.
Where that would take too long, it is measured all the same, and the result says why it is not of a
steady state: such a number is shown, and never compared. Where every connection is refused there is nothing to measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from .plan import Plan
from .sample import Sample

SHORTEST: Final = 3  # samples in a stretch
AGREE: Final = 0.1  # two rates that differ by less than this share of the larger one are the same
SMALL: Final = 0.02  # of all clients
CHANGED: Final = 0.25  # by more than this share from the first half to the second: that was no steady state
ROUNDS: Final = 2  # answers for each client, on average
PATIENCE: Final = 1.0  # seconds, before a rate is believed enough to give up ...
CROWD: Final = 2000  # ... and one more for so many clients: a server lets all of a crowd in before it answers
REFUSED: Final = 2.0  # seconds of refused connections: a server that is just being started listens by then
FAILING: Final = 3.0  # seconds in which all fails


def rate(samples: Sequence[Sample]) -> float:
    """Requests a second, by the time that has passed."""
    seconds = sum(sample.seconds for sample in samples)
    return sum(sample.requests for sample in samples) / seconds if seconds else 0.0


def agree(before: Sequence[Sample], after: Sequence[Sample], within: float = AGREE) -> bool:
    """Do these stretches have the same rate, `within` a share of it, as far as chance lets one say?

    A count of n varies by its square root (Poisson): three times that, and it was not chance.
    """
    answers = [sum(sample.requests for sample in stretch) for stretch in (before, after)]
    by_chance = 3 * sum(answers) ** 0.5 / max(1, min(answers))
    return _is_near(rate(before), rate(after), max(within, by_chance))


def queues_agree(before: Sequence[Sample], after: Sequence[Sample], clients: int) -> bool:
    """Do they have as many requests under way? A difference that is small beside all clients does not matter."""
    first, then = [sum(sample.connections for sample in stretch) / len(stretch) for stretch in (before, after)]
    return abs(first - then) <= SMALL * clients or _is_near(first, then, max(AGREE, 3 / max(first, then, 1) ** 0.5))


def _is_near(one: float, other: float, share: float) -> bool:
    return abs(one - other) <= share * max(one, other)


def has_settled(samples: Sequence[Sample], plan: Plan) -> bool | str:
    """True, False for "not yet", or a sentence that says why it is of no use to wait.

    `samples` are all since the start of the load test.
    """
    come = [sample for sample in samples if not sample.to_come]
    since = sum(sample.seconds for sample in come)
    answered = sum(sample.requests for sample in come)
    length = max(SHORTEST, len(come) // 3)
    before, last = come[-2 * length : -length], come[-length:]
    if len(before) == length and since >= (plan.think or 0):
        under_way = max(sample.connections for sample in last)
        if not answered and samples[-1].failed:
            if since >= FAILING + plan.clients / CROWD:
                return _too_slow(under_way, 0)
        elif answered >= under_way and agree(before, last) and queues_agree(before, last, plan.clients):
            return True
        elif since >= PATIENCE + plan.clients / CROWD and answered + rate(last) * (plan.cap - since) < under_way:
            return _too_slow(under_way, rate(last))
    if samples and samples[-1].at > plan.cap:
        return f"it did not settle within {plan.cap:g} s"
    return False


def nobody_listens(samples: Sequence[Sample]) -> bool:
    """Was every connection refused, for as long as a server may take to come (back)?

    One who was let in, and it is no: a server that is started anew in the middle of a load test is measured with
    its gap. `samples` are all since the start of the load test.
    """
    if not samples or samples[-1].sent or any(sample.failures.keys() - {"refused"} for sample in samples):
        return False
    counts = [0, *(sample.failed for sample in samples)]
    refused = [sample.at for sample, (before, now) in zip(samples, pairwise(counts), strict=True) if now != before]
    return bool(refused) and refused[-1] - refused[0] >= REFUSED


def is_enough(measured: Sequence[Sample], plan: Plan) -> bool:
    """Was it measured for long enough?"""
    seconds = sum(sample.seconds for sample in measured)
    if seconds < (plan.seconds or 0):
        return False
    return seconds >= plan.cap or sum(sample.requests for sample in measured) >= answers_wanted(plan)


def answers_wanted(plan: Plan) -> int:
    return ROUNDS * plan.clients if plan.kind != "open loop" else 1


def why_not(measured: Sequence[Sample], plan: Plan) -> str:
    """After a measurement that began in a steady state: why it was not one after all, or nothing."""
    half = len(measured) // 2
    if half >= SHORTEST and not agree(measured[:half], measured[half:], within=CHANGED):
        before, after = rate(measured[:half]), rate(measured[half:])
        return f"the rate changed from {before:,.0f} to {after:,.0f} a second while it was measured"
    if sum(sample.requests for sample in measured) < answers_wanted(plan):
        return _too_slow(plan.clients, rate(measured))
    return ""


def _too_slow(clients: int, answers_a_second: float) -> str:
    if not answers_a_second:
        return "nobody was answered"
    seconds = clients / answers_a_second
    return f"at {answers_a_second:,.0f} a second, one round of {clients:,} requests takes {seconds:,.0f} s"
