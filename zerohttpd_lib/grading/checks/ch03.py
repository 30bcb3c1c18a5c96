"""Inside poll(): what comes out of the array. (The other tasks are in the files beside.)"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from typing import Any, Final

from . import Answer, Wrong, ch03_array, ch03_density, ch03_words, task
from .witness import reported, reset, tcp_pair

__all__ = ["ch03_array", "ch03_density", "ch03_words"]


# What comes unasked: the kernel itself is asked.


def after(leave: Callable[[socket.socket], None], pair: tuple[socket.socket, socket.socket], asked: int) -> str:
    ours, theirs = pair
    leave(theirs)
    with ours:
        return reported(ours.fileno(), asked)


def closed_number() -> str:
    ours, theirs = socket.socketpair()
    with theirs:
        number = os.dup(ours.fileno())
        os.close(number)
        with ours:
            return reported(number, select.POLLIN)


UNASKED: Final[
    dict[str, tuple[str, Callable[[], str], list[str]]]
] = {  # by question: the code, how to measure it, and the hints
    "a": (
        "pair-closed",
        lambda: after(socket.socket.close, socket.socketpair(), select.POLLIN),
        [
            "Two things are true of a pair whose other side is closed. You asked for one of them.",
            "A read would not block: it returns the end of file. And both directions are shut, which is told unasked.",
        ],
    ),
    "b": (
        "close-unasked",
        lambda: after(socket.socket.close, tcp_pair(), 0),
        [
            "Over TCP a close() shuts one direction only: the client's. Yours is still open.",
            "HUP means that both are shut. A close is an end of file, for those who ask to read.",
        ],
    ),
    "c": (
        "close-asked",
        lambda: after(socket.socket.close, tcp_pair(), select.POLLIN),
        [
            "You asked for IN. What else do you get only if you ask for it?",
            "RDHUP has to be asked for, HUP needs both directions shut. There is an end of file to read: no more.",
        ],
    ),
    "d": (
        "reset-unasked",
        lambda: after(reset, tcp_pair(), 0),
        [
            "Two of the events are reported whether you ask or not: man 2 poll.",
            "A reset is an error, and it shuts both directions at once.",
        ],
    ),
    "e": (
        "closed-number",
        closed_number,
        [
            "A number that is no open descriptor is neither skipped nor an exception.",
            "There is an event of its own for an invalid number: man 2 poll, near the end of the list of events.",
        ],
    ),
}
MORE: Final = [
    "ERR and HUP are right: they come unasked. Every other event has to be asked for, and d asks for nothing."
]
KNOWN: Final = {"none", "IN", "PRI", "OUT", "ERR", "HUP", "NVAL", "RDHUP"}


@task("unasked", seconds=15)
def check_unasked(answer: Answer) -> None:
    yours = names_in(answer.value("revents"))
    if not isinstance(yours, dict) or set(yours) != set(UNASKED) or not all(map(are_events, yours.values())):
        raise Wrong(
            "no-names",
            yours=yours,
            say="revents has to have the names of events for each of a to e, joined by |, such as 'IN|OUT' or 'none'.",
            hints=["Fill in all five. Where you do not know, predict: the check tells you what the kernel says."],
        )
    for letter, (code, measure, hints) in UNASKED.items():
        measured = measure()
        names, expected = set(yours[letter].split("|")), set(measured.split("|"))
        if names != expected:
            say = f"The kernel was asked about {letter} just now, and says otherwise."
            shown = {"yours": f"{letter}: {yours[letter]}", "expected": f"{letter}: {measured}"}
            if letter == "d" and names > expected:
                raise Wrong("reset-and-more", hints=MORE, say=say, **shown)
            raise Wrong(code, hints=hints, say=say, **shown)


def names_in(revents: Any) -> Any:
    """The same with names as event_names has them: a set of names is as good, and so is "" for none."""
    if not isinstance(revents, dict) or not any(revents.values()):
        return revents
    return {letter: as_event_names(said) for letter, said in revents.items()}


def as_event_names(said: Any) -> Any:
    names = said.split("|") if isinstance(said, str) else said
    if not isinstance(names, (list, set)) or not all(isinstance(name, str) for name in names):
        return said
    return (
        "|".join(name.strip().upper().removeprefix("POLL") for name in names if name.strip()).replace("NONE", "none")
        or "none"
    )


def are_events(text: Any) -> bool:
    return isinstance(text, str) and set(text.split("|")) <= KNOWN
