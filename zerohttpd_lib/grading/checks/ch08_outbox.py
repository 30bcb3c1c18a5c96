"""The check of the task "outbox": what is kept, for how long, in which order, and that nothing waits."""

from __future__ import annotations

import random
from typing import Final

from . import Answer, Wrong, task
from .ch08_stage import OVERTAKES, PIECE, WAITS, Stage, capacity
from .idling import spent_in
from .never_waits import TRIES, waited


@task("outbox", seconds=25)
def check_outbox(answer: Answer) -> None:
    compare_small(answer)
    compare_full(answer)
    compare_two(answer)
    compare_limits(answer)
    compare_zero(answer)
    compare_sends(answer)


def compare_small(answer: Answer) -> None:
    """Nobody is slow: each piece is sent at once, and nothing is left to be done."""
    with Stage(answer, 1000, 100) as stage:
        if not stage.ask("source_may_go_on"):
            hints = ["The source may begin: nothing is kept."]
            say = "Nothing was written yet. source_may_go_on()?"
            raise Wrong("stops-before-it-starts", yours=False, expected=True, hints=hints, say=say)
        for _ in range(3):
            stage.write(random.randint(5, 50))
            stage.read()
            if stage.kept:
                hints = [
                    "If nothing is kept, give the kernel the new piece at once. Only what it does not take is kept."
                ]
                say = "The client reads, and this many bytes of a small piece have not come."
                raise Wrong("not-at-once", yours=stage.kept, expected=0, hints=hints, say=say)
        stage.write(0)
        if stage.ask("wants_out"):
            hints = ["OUT is for as long as something is kept. A socket is nearly always writable: the loop spins."]
            raise Wrong("always-wants-out", yours=True, expected=False, hints=hints, say="All is sent. wants_out()?")
        if not stage.ask("source_may_go_on"):
            hints = ["Nothing is kept: there is no reason to stop the source."]
            raise Wrong(
                "stops-at-once", yours=False, expected=True, hints=hints, say="All is sent. source_may_go_on()?"
            )


def compare_full(answer: Answer) -> None:
    """The kernel takes no more. Nothing waits, and the order stays."""
    with Stage(answer, 10_000_000, 0) as stage:
        stage.fill()
        stage.write(20 * capacity())  # so that some of it is kept whatever room the kernel still finds
        before = len(stage.written)
        writes = [spent_in(stage.pid, lambda: stage.write(7)) for _ in range(TRIES)]
        readies = [spent_in(stage.pid, stage.ready) for _ in range(TRIES)]
        for method, spent in (("write", writes), ("ready", readies)):
            if waited(spent):
                raise Wrong("waits", say=f"The client does not read. {method}() goes to sleep for it.", hints=WAITS)
        answer.expect_to_be_alone()
        stage.read()
        received = len(stage.received)
        stage.write(PIECE)
        stage.read()
        if len(stage.received) > received:
            say = "Something was kept, the socket was writable again, and write() was called before ready()."
            raise Wrong("does-not-wait-for-ready", say=f"{say} It gave the kernel some.", hints=OVERTAKES[::-1])
        if stage.kept < len(stage.written) - before:
            raise Wrong("overtakes", say="What was written last has come first.", hints=OVERTAKES)
        _empty(stage)


def compare_two(answer: Answer) -> None:
    """A client who does not read, and another one: what is kept for the one is nothing to the other."""
    with Stage(answer, 1000, 100) as slow, Stage(answer, 1000, 100) as quick:
        slow.fill()
        hints = [
            "What stands in the class itself is one for all its objects. Make it in __init__: self.kept = ...",
            "self.kept += data changes the one object that they share, if it is a bytearray or a list.",
        ]
        if quick.ask("wants_out"):
            say = "Two clients have an Outbox each. One of them is slow, and wants_out() of the other is True."
            raise Wrong("one-for-all", yours=True, expected=False, hints=hints, say=say)
        quick.write(PIECE // 10)
        quick.read()
        if quick.kept:
            say = (
                "Two clients have an Outbox each. One of them is slow, and what was written for the other did not come."
            )
            raise Wrong("one-for-all", yours=quick.kept, expected=0, hints=hints, say=say)


def compare_sends(answer: Answer) -> None:
    """In all that was asked of it: was the kernel tried again at once, after it had taken less than it was given?"""
    if number := answer.sends_too_many():
        hints = [
            "A send() that takes less than it is given has said it: no room now. Return; ready() will be called.",
            "No loop until BlockingIOError: a number that is less than len(data) says the same, a system call earlier.",
        ]
        say = "After a send() that was not taken whole, send() was called once more, in the same write() or ready()."
        raise Wrong("tries-again", yours=f"{number} times", expected="never", hints=hints, say=say)


def _empty(stage: Stage) -> None:
    """Have all that is kept sent."""
    while stage.kept:
        if not stage.ask("wants_out"):
            hints = ["As long as one byte is kept, the loop has to hear of the next room for it."]
            say = "So many bytes are kept, and wants_out() is False."
            raise Wrong("forgets-the-rest", yours=stage.kept, expected=0, hints=hints, say=say)
        before = stage.kept
        stage.ready()
        stage.read()
        if stage.kept == before:
            hints = ["ready() is called when there is room: send what is kept."]
            raise Wrong("never-sends", say="The socket is writable, and ready() sends nothing.", hints=hints)
    if stage.ask("wants_out"):
        hints = ["What was sent has to be taken away from what is kept."]
        raise Wrong("always-wants-out", yours=True, expected=False, hints=hints, say="All is sent. wants_out()?")


HYSTERESIS: Final = [
    "Two limits: False when more than `high` are kept, True when `low` or fewer are. Between them it stays "
    "what it was.",
    "So it has to be remembered: an attribute that only those two cases change.",
]


def compare_limits(answer: Answer) -> None:
    """Up to the high limit and over it, down between the two, below the low one, and up between the two."""
    room = capacity()
    high, low = 4 * room + random.randint(0, 999), room // 2 + random.randint(0, 999)
    with Stage(answer, high, low) as stage:
        stage.fill()
        stage.read()
        stage.write(high - stage.kept)
        _expect(stage, True, "stops-too-early", "exactly `high` bytes are kept")
        stage.write(1)
        _expect(stage, False, "never-stops", "one byte more than `high` is kept")
        while stage.kept > low:
            stage.ready()
            stage.read()
            if low < stage.kept <= high:
                _expect(stage, False, "goes-on-too-early", "fewer than `high` are kept, and more than `low`")
        _expect(stage, True, "stays-stopped", "fewer than `low` are kept")
        if stage.kept:
            stage.write((low + high) // 2 - stage.kept)
            _expect(stage, True, "stops-below-high", "it is not more than `high` again")
        _empty(stage)


def _expect(stage: Stage, expected: bool, code: str, when: str) -> None:
    if stage.ask("source_may_go_on") is not expected:
        hints = [SAYS[code], *HYSTERESIS]
        say = f"source_may_go_on(), when {when}."
        raise Wrong(code, yours=not expected, expected=expected, hints=hints, say=say)


SAYS: Final = {
    "stops-too-early": "More than `high`: `high` itself is not too much.",
    "never-stops": "Count what is kept, and not what was written in one piece: is that more than `high`?",
    "goes-on-too-early": "It is below `high` again, but the source may go on only at `low`.",
    "stays-stopped": "ready() can bring it below `low`, too: look at the limits there as well.",
    "stops-below-high": "It has been at `low` or below, so it may go on up to `high`.",
}


def compare_zero(answer: Answer) -> None:
    """With a low limit of 0 the source may go on when all is sent."""
    with Stage(answer, random.randint(1, 99), 0) as stage:
        stage.fill()
        stage.write(PIECE)
        _expect(stage, False, "never-stops", "a whole piece more than `high` is kept")
        stage.read()
        _empty(stage)
        if not stage.ask("source_may_go_on"):
            hints = ["`low` or fewer: with low=0 that is when nothing is kept."]
            raise Wrong("never-at-low", yours=False, expected=True, hints=hints, say="low is 0, and nothing is kept.")
