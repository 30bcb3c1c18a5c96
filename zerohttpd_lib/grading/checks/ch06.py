"""Checks of exercise 06: what one page costs poll and epoll, counted and measured; others are in the files beside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from ...kernel.wait_price import measure_grid
from ...lab import Lab
from . import Answer, Wrong, ch06_prices, ch06_table, task
from .filled_in import expect_dict, expect_filled_in, expect_number, letter

if TYPE_CHECKING:
    from ...trace.reader import Trace

__all__ = ["ch06_prices", "ch06_table"]  # each registers tasks of its own

# calls

PAGES: Final = 12  # asked for one after the other, to count the calls for each
PATHS: Final = {"guestbook": "/guestbook", "style_sheet": "/style.css"}

SHORTEST_LIFE: Final = 2  # changes for a descriptor that is watched and forgotten, and nothing else

REASONS: Final = {
    "a": "Nothing is put off: before the next wait the kernel does not even know of the change.",
    "c": "The two servers have the same callbacks, and these make the same changes.",
}


@task("calls", seconds=20)
def check_calls(answer: Answer) -> None:
    counted = {variable: counts_for(answer.lab, path) for variable, path in PATHS.items()}
    for variable, (waits, changes) in counted.items():
        yours = expect_dict(variable, answer.value(variable), ("poll", "epoll"))
        for name, number in yours.items():
            expect_number(f"{variable}[{name!r}]", number)
        compare_calls(variable, yours, waits, changes, counted["guestbook"])
    because = answer.value("because")
    expect_filled_in("because", because)
    if letter(because) != "b":
        hint = REASONS.get(letter(because), "Choose a, b or c.") if isinstance(because, str) else "Choose a, b or c."
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


def compare_calls(
    variable: str, yours: dict[str, Any], waits: int, changes: int, of_the_guestbook: tuple[int, int]
) -> None:
    poll, epoll = yours["poll"], yours["epoll"]
    if (poll, epoll) == (waits, waits + changes):
        return
    if variable == "style_sheet" and (poll, epoll) == (of_the_guestbook[0], sum(of_the_guestbook)):
        code, hint = "file-asks-redis", "The style sheet is a file: who is not asked for it?"
    else:
        code, hint = _mistake_in(poll, epoll, waits, changes)
    say = f"For the {variable.replace('_', ' ')} this was counted: " + (
        "poll's number is right, epoll's is not." if poll == waits else "poll's number is another one."
    )
    hints = [hint, *(OF_CHANGES if poll == waits else OF_WAITS)[variable]]
    raise Wrong(code, yours={"poll": poll, "epoll": epoll}, expected="other numbers", hints=hints, say=say)


OF_WAITS: Final = {  # further and further, for those who are wrong about poll
    "guestbook": [
        "What becomes ready, one after the other? The listener, then the request; and three times Redis has replied.",
        "Between the request and the first reply one thing more becomes ready: the connection to Redis, for writing.",
    ],
    "style_sheet": ["What becomes ready? The listener, when somebody comes, and that one, when it has asked."],
}
OF_CHANGES: Final = {  # for those who are right about poll; epoll waits as often, and changes its list besides
    "guestbook": [
        "epoll waits as often as poll. To that add each watch, modify and forget, of the client and of its Redis.",
        "Both are watched and forgotten. And while Redis is asked, each of them is modified once.",
    ],
    "style_sheet": ["epoll waits as often as poll. To that add each change for the one descriptor of the client."],
}


def _mistake_in(poll: Any, epoll: Any, waits: int, changes: int) -> tuple[str, str]:
    few = {waits - 1: ("no-accept", "Before there is a client, somebody has to become ready, too: the listener.")}
    one_reply = "one-reply", "LRANGE, INCR, GET: each is sent when the reply to the one before is here."
    of_poll = {
        waits + changes: (
            "poll-pays-for-changes",
            "To poll's list a descriptor is added without the kernel: what is a system call then?",
        ),
        waits - 2: one_reply,
        waits - 3: one_reply,
        waits + 1: ("waits-for-the-end", "When its page is sent, the client is closed. Nobody waits for that."),
        0: ("poll-never-asks", "poll() is a system call, and it is called for each wait."),
    } | few
    two_short = (
        "One and the same descriptor is watched, modified and forgotten. Is one of these missing, for both of them?"
    )
    of_epoll = {
        waits + changes - 1: ("one-change-short", "One change is missing: whatever is watched is forgotten, too."),
        changes: ("waits-forgotten", "Those are the changes. Each wait is an epoll_wait besides."),
    }
    if changes > SHORTEST_LIFE:  # of the client and of its connection to Redis
        second = "There is a second descriptor that comes and goes with each page."
        of_epoll |= {waits + changes - 2: ("two-changes-short", two_short)}
        of_epoll |= {waits + changes // 2: ("one-descriptor", second)}
    of_epoll |= {waits: ("changes-are-free", "For epoll each change of the list is an epoll_ctl, a call of its own.")}
    other = "another-count", "Follow one page in chapter 5: `what_was_ready` shows its waits."
    return of_epoll.get(epoll, other) if poll == waits else of_poll.get(poll, other)


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
    cheaper = expect_dict("cheaper", cheaper, SITUATIONS)
    for number, (poll, epoll) in measured_waits().items():
        yours = letter(cheaper[number])
        if yours in allowed(poll / epoll):
            continue
        default = ("no-such-word", 'Choose "poll", "epoll" or "close".')
        code, hint = WINNER.get((number, yours), default) if isinstance(yours, str) else default
        say = f"Situation {number}, just measured: poll took {poll * 1e6:.2f} µs, and epoll {epoll * 1e6:.2f} µs."
        raise Wrong(code, yours=yours, expected="another word", hints=[hint], say=say)
    expect_filled_in("decides", decides)
    if letter(decides) != "c":
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
