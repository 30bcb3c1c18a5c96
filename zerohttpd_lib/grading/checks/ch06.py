"""Checks of exercise 06: what one page costs poll and epoll, counted and measured; two more are in ch06_prices."""

from __future__ import annotations

import time
from typing import Any, Final

from ...kernel.wait_price import measure_grid
from ...lab import Lab
from ...trace.reader import Trace
from . import Answer, Wrong, ch06_prices, task

__all__ = ["ch06_prices"]  # registers tasks of its own

# calls

PAGES: Final = 12  # asked for one after the other, to count the calls for each
PATHS: Final = {"guestbook": "/guestbook", "style_sheet": "/style.css"}

REASONS: Final = {
    "a": "Nothing is put off: before the next wait the kernel does not even know of the change.",
    "c": "The two servers have the same callbacks, and these make the same changes.",
}


@task("calls", seconds=20)
def check_calls(answer: Answer) -> None:
    counted = {variable: counts_for(answer.lab, path) for variable, path in PATHS.items()}
    for variable, (waits, changes) in counted.items():
        yours = answer.value(variable)
        if not isinstance(yours, dict):
            raise Wrong("not-a-dict", yours=yours, say=f'`{variable}` should have a number for "poll" and for "epoll".')
        compare_calls(variable, yours, waits, changes)
    because = answer.value("because")
    if because != "b":
        hint = REASONS.get(because, "Choose a, b or c.") if isinstance(because, str) else "Choose a, b or c."
        hints = [hint, "What does `register` of a `select.poll` object do, besides writing into a dict?"]
        raise Wrong("wrong-reason", yours=because, expected="another reason", hints=hints, say="The counts are right.")


def counts_for(lab: Lab, path: str) -> tuple[int, int]:
    """(waits, changes of the list) for one page of the poll server, which has the epoll server's callbacks."""
    server = lab.serve("poll")
    for _ in range(PAGES):
        server.get(path)
    trace = _settled(server, PAGES)
    server.stop()
    changes = sum(trace.total(kind) for kind in ("watch", "modify", "forget"))
    return round(len(trace) / PAGES), round(changes / PAGES)


def _settled(server: Any, pages: int) -> Trace:
    """The trace once the last client is forgotten, which is a moment after it has its page."""
    deadline = time.monotonic() + 2
    while (trace := server.trace).total("watch") > trace.total("forget") and time.monotonic() < deadline:
        time.sleep(0.01)
    settled: Trace = trace
    return settled


def compare_calls(variable: str, yours: dict[str, Any], waits: int, changes: int) -> None:
    poll, epoll = yours.get("poll"), yours.get("epoll")
    if (poll, epoll) == (waits, waits + changes):
        return
    hints = ["Write down each wait of one page: what is it that becomes ready?", "Then each watch, modify and forget."]
    code, hint = _mistake_in(poll, epoll, waits, changes)
    say = f"For the {variable.replace('_', ' ')} this was counted: " + (
        "poll's number is right, epoll's is not." if poll == waits else "poll's number is another one."
    )
    raise Wrong(code, yours={"poll": poll, "epoll": epoll}, expected="other numbers", hints=[hint, *hints], say=say)


def _mistake_in(poll: Any, epoll: Any, waits: int, changes: int) -> tuple[str, str]:
    if poll == waits + changes:
        return (
            "poll-pays-for-changes",
            "To poll's list a descriptor is added without the kernel: what is a system call then?",
        )
    if poll == waits - 1:
        return "no-accept", "Before there is a client, somebody has to become ready, too: the listener."
    if poll in (waits - 2, waits - 3):
        return "one-reply", "LRANGE, INCR, GET: each is sent when the reply to the one before is here."
    if poll == waits and epoll == waits:
        return "changes-are-free", "For epoll each change of the list is an epoll_ctl, a call of its own."
    if poll == waits and epoll in (waits + changes - 1, waits + changes - 2):
        return "never-forgets", "What was watched is forgotten before it is closed, by one more epoll_ctl each."
    return "another-count", "Follow one page in chapter 5: `what_was_ready` shows its waits."


# winner

SITUATIONS: Final = {1: (1000, 1), 2: (1000, 10), 3: (1000, 1000), 4: (3, 1)}  # (watched, ready)
CLEARLY: Final = 3.0  # times as cheap
NEARLY: Final = 1.25  # a ratio so near to CLEARLY counts as either side of it

WINNER: Final = {  # the mistake that a wrong prediction is, and a hint
    (1, "poll"): ("scan-is-free", "Who has to look at the other 999?"),
    (1, "close"): ("scan-is-cheap", "Looking at one is cheap, far below a microsecond. There are a thousand."),
    (2, "poll"): ("ten-cost-more", "epoll pays more for each ready one, ten times. poll pays for each of a thousand."),
    (2, "close"): ("ten-make-it-even", "Ten ready ones are still one in a hundred."),
    (3, "poll"): ("epoll-collapses", "For epoll a ready one costs more than for poll, but not three times as much."),
    (3, "epoll"): ("epoll-always", "When all are ready, a scan of all finds all: nobody is looked at in vain."),
    (4, "poll"): ("call-is-free", "With a handful watched, both pay for the call itself, and for little else."),
    (4, "epoll"): ("three-are-many", "How long does it take to look at three descriptors?"),
}


@task("winner", seconds=20)
def check_winner(answer: Answer) -> None:
    cheaper, decides = answer.value("cheaper"), answer.value("decides")
    if not isinstance(cheaper, dict):
        raise Wrong("not-a-dict", yours=cheaper, say="`cheaper` should have a word for each of 1, 2, 3 and 4.")
    for number, (poll, epoll) in measured_waits().items():
        yours = cheaper.get(number)
        if yours in allowed(poll / epoll):
            continue
        default = ("no-such-word", 'Choose "poll", "epoll" or "close".')
        code, hint = WINNER.get((number, yours), default) if isinstance(yours, str) else default
        say = f"Situation {number}, just measured: poll took {poll * 1e6:.2f} µs, and epoll {epoll * 1e6:.2f} µs."
        raise Wrong(code, yours=yours, expected="another word", hints=[hint], say=say)
    if decides != "c":
        hints = ["Compare situations 2 and 3, then 1 and 3: what is the same, and what is not?"]
        say = "The situations are right."
        raise Wrong("wrong-reason", yours=decides, expected="another reason", hints=hints, say=say)


def measured_waits() -> dict[int, tuple[float, float]]:
    """Seconds for poll and for epoll in each situation. The best of four medians: others use this machine, too."""
    times: dict[tuple[str, int, int], float] = {}
    for how in ("poll", "epoll") * 4:
        for watched, ready in ((1000, (1, 10, 1000)), (3, (1,))):
            for wait in measure_grid(how, (watched,), ready, repeats=40):
                key = (how, wait.watched, wait.ready)
                if not wait.changed:
                    times[key] = min(wait.seconds, times.get(key, wait.seconds))
    return {number: (times["poll", w, r], times["epoll", w, r]) for number, (w, r) in SITUATIONS.items()}


def allowed(ratio: float) -> set[str]:
    """The right words, when poll's wait takes `ratio` times as long as epoll's: two of them on the border."""
    words = {"epoll"} if ratio > CLEARLY else {"poll"} if ratio < 1 / CLEARLY else {"close"}
    if CLEARLY / NEARLY < ratio < CLEARLY * NEARLY:
        words = {"epoll", "close"}
    elif CLEARLY / NEARLY < 1 / ratio < CLEARLY * NEARLY:
        words = {"poll", "close"}
    return words
