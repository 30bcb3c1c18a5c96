"""The check of the task "due": a load generator with an open loop, seen from the server's side."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from statistics import median
from typing import Any, Final, NamedTuple

from . import Answer, Wrong, task
from .ch07_answers import Answers, Looks
from .effort import effort_of, effort_within
from .idling import descriptors

EXACT: Final = 0.002  # seconds: two clocks read one after the other, and no more than that
SLACK: Final = 0.1  # seconds by which a latency is too short before it counts: less than a stop, more than a hiccup
STOPPED: Final = 0.4  # seconds for which the answer's process is stopped
EVERY: Final = 0.05  # seconds between two requests
LATE: Final = 3 * EVERY  # in the middle
ALL_LATE: Final = 0.8 * EVERY  # the one that was the least late
TRIES: Final = 3  # what keeps one call from being in time does not keep all of them
MOST_SLEEPS: Final = 10  # for each request: one is enough, and threads may wait for one another
PAUSE: Final = 1.2  # seconds between two requests, of which the middle is looked at
ANSWERED: Final = 0.2  # seconds until the first of them is answered, and its answer taken
REST: Final = 0.6  # seconds between the first byte of an answer and its rest
BUSY: Final = 0.8  # of all looks at a thread, in which it was running or wanted to


@task("due", seconds=25, network=True)
def check_due(answer: Answer) -> None:
    compare_quick(answer)
    compare_pause(answer)
    compare_first_byte(answer)
    compare_held(answer)
    compare_stopped(answer)


def compare_quick(answer: Answer) -> None:
    """Each is answered at once: what is returned, what comes, when, and what it costs."""
    before = len(descriptors(answer.pid))
    tries = [quick(answer)]
    while not is_in_time(tries[-1].late) and len(tries) < TRIES:
        tries.append(quick(answer))
    compare_late([each.late for each in tries])
    compare_closings(tries[-1])
    if (left := len(descriptors(answer.pid)) - before) > len(tries):
        hints = ["Close each connection when its answer has come, and what you wait with at the end."]
        raise Wrong("leaks", yours=left, expected=0, hints=hints, say="After 12 requests these descriptors are open.")


def is_in_time(late: list[float]) -> bool:
    return median(late) <= LATE and min(late) <= ALL_LATE


def compare_late(tries: list[list[float]]) -> None:
    """In no try were they in time: if the machine was busy, not in each one."""
    if any(is_in_time(late) for late in tries):
        return
    if min(median(late) for late in tries) > LATE:
        hints = [
            "The time limit of the wait is the time until the next one is due, and never more.",
            "left = max(0.0, due - time.monotonic())",
        ]
        say = "Each request was answered at once, and half of them came later than they were due, by so many seconds."
        yours = min(median(late) for late in tries)
        raise Wrong("too-late", yours=yours, expected=0.0, hints=hints, say=say)
    hints = ["Request 0 is due at once, and number n after n * every. How long do you sleep before the first one?"]
    say = f"A request was due every {EVERY:g} s, and answered at once. Each came too late, by so many seconds."
    yours = min(min(late) for late in tries)
    raise Wrong("all-late", yours=yours, expected=0.0, hints=hints, say=say)


class Quick(NamedTuple):
    """A call whose requests were answered at once. `late`: by how many seconds each of them came too late."""

    server: Answers
    yours: list[float]
    started: float
    late: list[float]


def quick(answer: Answer) -> Quick:
    effort = effort_of(answer.pid)
    with Answers() as server:
        started = time.monotonic()
        with Looks(answer.pid) as looks:
            yours = answer.call("open_loop", server.address, EVERY, 12)
        ended = time.monotonic()
    compare_requests(server, yours, 12, EVERY, started)
    compare_latencies(server, yours, EVERY, started, ended)
    if looks.busiest > BUSY:
        hints = ["Until the next one is due, sleep: time.sleep(), or the time limit of poll()."]
        say = f"It did not sleep: at {looks.busiest:.0%} of all looks it was running."
        raise Wrong("spins", say=say, hints=hints)
    if (sleeps := effort_of(answer.pid).since(effort).sleeps) > MOST_SLEEPS * 12:
        hints = ["From one request to the next that is due, or to an answer, there is nothing to do: sleep in one go."]
        say = "For 12 requests it went to sleep so many times."
        raise Wrong("ticks", yours=sleeps, expected="one or two for each", say=say, hints=hints)
    return Quick(server, yours, started, [at - started - n * EVERY for n, at in server.arrived.items()])


def compare_requests(server: Answers, yours: Any, number: int, every: float, started: float) -> None:
    if server.strange:
        hints = ['Request 17 is b"17\\n": b"%d\\n" % 17, or f"{17}\\n".encode().']
        raise Wrong("other-request", yours=server.strange[0], expected=b"0\n", hints=hints, say="This came.")
    if sorted(server.arrived) != list(range(number)):
        hints = [f"Numbers from 0 to {number - 1}, each of them once."]
        say = f"The numbers of the requests that came, of {number}."
        raise Wrong("other-numbers", yours=sorted(server.arrived), hints=hints, say=say)
    early = [n for n, at in server.arrived.items() if at < started + n * every - EXACT]
    if early:
        hints = ["Request n is due n * every seconds after the start: wait until then.", "time.sleep() takes seconds."]
        n = min(early)
        say = f"Request {n} came after this many seconds."
        raise Wrong("too-early", yours=server.arrived[n] - started, expected=n * every, hints=hints, say=say)
    early = [n for n, at in server.connected.items() if at < started + n * every - EXACT]
    if early:
        hints = [
            "To connect is a part of the request, and takes its time as well: connect when it is due.",
        ]
        n = min(early)
        say = f"The connection of request {n} was made after this many seconds."
        raise Wrong("connects-early", yours=server.connected[n] - started, expected=n * every, hints=hints, say=say)
    if not isinstance(yours, list) or len(yours) != number or not all(_is_time(each) for each in yours):
        hints = [f"Return a list with {number} numbers: the latency of each request, in seconds."]
        raise Wrong("no-list", yours=yours, say="This is no list of latencies.", hints=hints)


def _is_time(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def compare_latencies(server: Answers, yours: list[float], every: float, started: float, ended: float) -> None:
    """Bounds that hold on the slowest machine: due is no earlier than the call, and answered no later than its end.

    The other way round, the start is no later than any request's arrival less its place in the plan.
    """
    base = min(at - n * every for n, at in server.arrived.items())
    for n, latency in enumerate(yours):
        least, most = server.answered[n] - base - n * every - SLACK, ended - started - n * every + EXACT
        if latency > most and latency / 1e3 <= most and min(yours) / 1e3 < least + 1:
            hints = ["In seconds: no factor of 1,000."]
            raise Wrong("milliseconds", yours=latency, expected=latency / 1e3, hints=hints, say=f"Request {n}.")
        if latency > most:
            hints = ["A latency is a difference: answered, less when it was due.", "due = start + n * every"]
            say = f"Request {n} cannot have taken so many seconds: the whole call has not."
            raise Wrong("too-long", yours=latency, expected=f"at most {most:.3f}", hints=hints, say=say)
        if latency < least:
            raise _too_short(server, yours, n, least, every)


def compare_closings(quick: Quick) -> None:
    """Each is answered at once, and then closed: before the next but one comes, and no later than its latency says."""
    server, yours = quick.server, quick.yours
    open_still = [n for n, at in server.arrived.items() if n - 2 in server.closed and server.closed[n - 2] > at]
    if len(open_still) > len(yours) / 2:
        hints = ["The first byte of the answer is here: close the connection then, and not when all are done."]
        say = f"{len(open_still)} requests of {len(yours)} came while the last but one, answered long before, was open."
        raise Wrong("closes-late", say=say, hints=hints)
    for n, latency in enumerate(yours):
        most = server.closed.get(n, float("inf")) - quick.started - n * EVERY + SLACK
        if latency > most:
            hints = ["A latency ends when the answer comes. Read the clock then, and not when all are done."]
            say = f"Request {n} cannot have taken so many seconds: its connection was closed before."
            raise Wrong("too-long", yours=latency, expected=f"at most {most:.3f}", hints=hints, say=say)


def _too_short(server: Answers, yours: list[float], n: int, least: float, every: float) -> Wrong:
    base = min(at - m * every for m, at in server.arrived.items())
    say = f"Request {n} took at least so many seconds, from when it was due, until the server answered it."
    shown: dict[str, Any] = {"yours": yours[n], "expected": f"at least {least:.3f}", "say": say}
    if latest := _in_order_of_answers(server, yours, every):
        return Wrong("order-of-answers", hints=latest, **shown)
    late = [server.arrived[m] - base - m * every for m in sorted(server.arrived)]
    if min(late[-3:]) > 0.6 * max(late):  # it has not caught up
        hints = [
            "It was held up once, and all requests after that came late: each was timed from the one before.",
            "Reckon each due time from the start, start + n * every, and catch up with those that are overdue.",
        ]
        return Wrong("drifts", hints=hints, **shown)
    hints = [
        "Your process was held up, and this request was sent late. A user would have waited for that, too.",
        "Count from start + n * every, and not from when it was sent.",
    ]
    return Wrong("from-sent", hints=hints, **shown)


def _in_order_of_answers(server: Answers, yours: list[float], every: float) -> list[str]:
    """Hints, if the latencies would be right in the order in which the answers came."""
    base = min(at - n * every for n, at in server.arrived.items())
    order = sorted(server.answered, key=lambda n: server.answered[n])
    if order == sorted(order):
        return []
    right = all(
        latency >= server.answered[n] - base - n * every - SLACK for latency, n in zip(yours, order, strict=True)
    )
    return ["Those are in the order of the answers. Which request does an answer belong to?"] if right else []


def compare_pause(answer: Answer) -> None:
    """Two requests with a long time between them, in the middle of which nothing is to be done."""
    with Answers() as server, ThreadPoolExecutor(1) as pool:
        call = pool.submit(answer.call, "open_loop", server.address, PAUSE, 2)
        while not server.arrived and not call.done():
            time.sleep(0.005)
        time.sleep(ANSWERED)
        sleeps = min(effort_within(answer.pid, (PAUSE - 2 * ANSWERED) / 2).sleeps for _ in range(2))
        call.result()
    if sleeps:
        hints = [
            "From one request to the next that is due, or to an answer, there is nothing to do: sleep in one go.",
            "The time limit of the wait is the time until the next one is due, however long that is.",
        ]
        say = f"Two requests were due {PAUSE:g} s apart. In the middle of that it woke up so many times, for nothing."
        raise Wrong("ticks", yours=sleeps, expected=0, say=say, hints=hints)


def compare_first_byte(answer: Answer) -> None:
    """The first byte of each answer comes at once, and the rest of it later."""
    with Answers(rest_after=REST) as server:
        started = time.monotonic()
        yours = answer.call("open_loop", server.address, EVERY, 6)
    compare_requests(server, yours, 6, EVERY, started)
    base = min(at - n * EVERY for n, at in server.arrived.items())
    too_long = min(latency - (server.answered[n] - base - n * EVERY) for n, latency in enumerate(yours))
    if too_long > REST / 2:
        hints = [
            "An answer is there when its first byte is. Do not wait for its end, nor for that of its connection.",
            "One recv(), when the socket is readable; then the clock, then close().",
        ]
        say = f"The first byte of each answer came at once, and the rest {REST:g} s later. Each latency was too long by"
        raise Wrong("waits-for-the-rest", yours=too_long, expected=0.0, say=f"{say} so much, or more.", hints=hints)


def compare_held(answer: Answer) -> None:
    """Nobody is answered until all have come. Whoever waits for an answer before the next request waits for ever."""
    with Answers(hold=20) as server:
        started = time.monotonic()
        yours = answer.call("open_loop", server.address, 0.02, 20)
        ended = time.monotonic()
    if server.gave_up:
        hints = [
            "A request that is due begins, whether or not those before it were answered: so the loop is open.",
            "Wait for both at once, the next due time and any answer: the time limit of poll() is made for "
            "it. Or start a "
            "thread for each request.",
        ]
        say = "The server answers nobody until 20 requests have come. So many came, and then no more."
        raise Wrong("waits-for-answers", yours=server.gave_up, expected=20, hints=hints, say=say)
    compare_requests(server, yours, 20, 0.02, started)
    compare_latencies(server, yours, 0.02, started, ended)


def compare_stopped(answer: Answer) -> None:
    """The process is stopped in the middle, for longer than the time between two requests."""
    stopper = threading.Thread(target=_stop_for_a_while, args=(answer.pid,))

    def after_five(number: int) -> None:
        if number == 5:
            stopper.start()

    with Answers(when_come=after_five) as server:
        started = time.monotonic()
        yours = answer.call("open_loop", server.address, 0.03, 25)
        ended = time.monotonic()
        stopper.join()
    compare_requests(server, yours, 25, 0.03, started)
    compare_latencies(server, yours, 0.03, started, ended)


def _stop_for_a_while(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(STOPPED)
        os.kill(pid, signal.SIGCONT)
