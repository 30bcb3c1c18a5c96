"""What a held server is doing, and who has to wait because of it, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from ..lab.visitors import Visitor
from ..trace.reader import Trace
from ..trace.stepper import State
from .recording import GIVEN_NAMES


def names_of(visitors: Sequence[Visitor]) -> dict[str, str]:
    """Of each client that was added, by its HOST:PORT, a name: in the order in which they came."""
    spare = [f"client {number + 1}" for number in range(len(GIVEN_NAMES), len(visitors))]
    return {each.address: name for each, name in zip(visitors, [*GIVEN_NAMES, *spare], strict=False)}


def waits(visitor: Visitor) -> bool:
    """It has sent a request, and has no answer yet."""
    return visitor.state == "request sent" and not visitor.answer


def stuck_in_words(state: State, trace: Trace, visitors: Sequence[Visitor]) -> str:
    """In which call, for whom, and who has to wait because of that."""
    names, records = names_of(visitors), trace.records
    address = records.peer_at(state.fd, len(records.entries))
    whose = f"{names[address]}'s socket, fd {state.fd}" if address in names else f"fd {state.fd}"
    held_up = [names[each.address] for each in visitors if waits(each) and each.address != address]
    until = f"Until it does, {_listed(held_up)} for it." if held_up else "Until it does, nobody is served."
    return f"{state.call}() on {whose}, has not returned: what it waits for has not come. {until}"


def state_in_words(state: State, trace: Trace, visitors: Sequence[Visitor], redis_is_frozen: bool) -> str:
    """Where the server is, and what it waits for there."""
    if state.call:
        return stuck_in_words(state, trace, visitors)
    if not redis_is_frozen or state.where not in ("running", "in wait"):
        return str(state)
    names = names_of(visitors)
    waiting = [names[each.address] for each in visitors if waits(each)]
    what = "The server runs" if state.where == "running" else "The server sleeps in its wait"
    return f"{what}, and Redis is frozen: no reply comes. {f'{_listed(waiting)} for one.' if waiting else ''}".strip()


def _listed(names: list[str]) -> str:
    """The names, and a verb: "Ada waits", "Ada and Bob wait"."""
    *others, last = names
    return f"{', '.join(others)} and {last} wait" if others else f"{last} waits"
