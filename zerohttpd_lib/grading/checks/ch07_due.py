"""The check of the task "due": a load generator with an open loop, seen from the server's side."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from . import Answer, Wrong, task
from .effort import effort_of
from .idling import descriptors

EXACT: Final = 0.002  # seconds: two clocks read one after the other, and no more than that
SLACK: Final = 0.1  # seconds by which a latency is too short before it counts: less than a stop, more than a hiccup
GAP: Final = 0.005  # seconds between two answers that were held back: time to read one before the next
STOPPED: Final = 0.4  # seconds for which the answer's process is stopped
NO_NEWS: Final = 2.0  # seconds without a new request: none will come before somebody is answered
MOST_SLEEPS: Final = 10  # for each request: one is enough, and threads may wait for one another
BUSY: Final = 0.8  # of all looks at a thread, in which it was running or wanted to


class Answers:
    """A server of requests that are numbers. `hold`: answer nobody until so many have come; then the last one first."""

    def __init__(self, hold: int = 0, when_come: Callable[[int], None] = lambda number: None) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = self.listener.getsockname()
        self.arrived: dict[int, float] = {}  # when each request came, by its number
        self.answered: dict[int, float] = {}
        self.closed: dict[int, float] = {}  # when its client had closed it
        self.strange: list[bytes] = []
        self.gave_up = 0  # how many had come when nobody came any more; 0: all came that were waited for
        self._hold, self._when_come = hold, when_come
        self._gap = GAP if hold else 0.0
        self._held: list[tuple[int, socket.socket]] = []
        self._poller = select.poll()
        self._clients: dict[int, tuple[int | None, socket.socket]] = {}  # with the number, once it is answered
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Answers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self.listener.close()

    def _serve(self) -> None:
        self._poller.register(self.listener, select.POLLIN)
        news = time.monotonic()
        while not self._is_over.is_set():
            if self._serve_those_who_are_ready():
                news = time.monotonic()
            if self._held and time.monotonic() - news > NO_NEWS:
                self.gave_up = len(self.arrived)
                self._answer_held()
        self._serve_those_who_are_ready()  # they have closed, as far as they have, by now
        for sock in (*(sock for _, sock in self._clients.values()), *(sock for _, sock in self._held)):
            sock.close()

    def _serve_those_who_are_ready(self) -> bool:
        ready = self._poller.poll(20)
        for fd, _ in ready:
            if fd == self.listener.fileno():
                self._watch(None, self.listener.accept()[0])
                continue
            self._poller.unregister(fd)
            number, sock = self._clients.pop(fd)
            if number is None:
                self._take(sock)
            else:  # there is nothing more to come but its end
                self.closed[number] = time.monotonic()
                sock.close()
        return bool(ready)

    def _watch(self, number: int | None, sock: socket.socket) -> None:
        self._clients[sock.fileno()] = number, sock
        self._poller.register(sock, select.POLLIN)

    def _take(self, sock: socket.socket) -> None:
        line = b""
        with suppress(OSError):
            sock.settimeout(NO_NEWS)
            line = sock.recv(64)
        if not line.endswith(b"\n") or not line.strip().isdigit():
            self.strange.append(line)
            return sock.close()
        number = int(line)
        self.arrived[number] = time.monotonic()
        self._when_come(len(self.arrived))
        self._held.append((number, sock))
        if len(self.arrived) >= self._hold:
            self._answer_held()

    def _answer_held(self) -> None:
        self._hold = 0
        while self._held:
            number, sock = self._held.pop()
            self.answered[number] = time.monotonic()
            with suppress(OSError):
                sock.sendall(b"done\n")
                sock.shutdown(socket.SHUT_WR)
            self._watch(number, sock)
            time.sleep(self._gap)


class Looks:
    """Looks at all threads of a process, again and again, until the end of the block: do they sleep (man 5 proc)?"""

    def __init__(self, pid: int) -> None:
        self._threads = Path(f"/proc/{pid}/task")
        self._running: Counter[str] = Counter()
        self._all = 0
        self._is_over = threading.Event()
        self._looker = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Looks:
        self._looker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._looker.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.004):
            self._all += 1
            for thread in self._threads.glob("*/stat"):
                with suppress(OSError):  # it has ended
                    self._running[thread.parent.name] += thread.read_text().rpartition(")")[2].split()[0] == "R"

    @property
    def busiest(self) -> float:
        """Of the thread that slept least, the share of looks at which it ran, or waited for a processor."""
        return max(self._running.values(), default=0) / max(self._all, 1)


@task("due", seconds=25, network=True)
def check_due(answer: Answer) -> None:
    compare_quick(answer)
    compare_held(answer)
    compare_stopped(answer)


def compare_quick(answer: Answer) -> None:
    """Each is answered at once: what is returned, what comes, when, and what it costs."""
    before, effort = len(descriptors(answer.pid)), effort_of(answer.pid)
    with Answers() as server:
        started = time.monotonic()
        with Looks(answer.pid) as looks:
            yours = answer.call("open_loop", server.address, 0.05, 12)
        ended = time.monotonic()
    compare_requests(server, yours, 12, 0.05, started)
    compare_latencies(server, yours, 0.05, started, ended)
    if looks.busiest > BUSY:
        hints = ["Until the next one is due, sleep: time.sleep(), or the time limit of poll()."]
        say = f"It did not sleep: at {looks.busiest:.0%} of all looks it was running."
        raise Wrong("spins", say=say, hints=hints)
    if (sleeps := effort_of(answer.pid).since(effort).sleeps) > MOST_SLEEPS * 12:
        hints = ["From one request to the next that is due, or to an answer, there is nothing to do: sleep in one go."]
        say = "For 12 requests it went to sleep so many times."
        raise Wrong("ticks", yours=sleeps, expected="one or two for each", say=say, hints=hints)
    if (left := len(descriptors(answer.pid)) - before) > 1:
        hints = ["Close each connection when its answer has come, and what you wait with at the end."]
        raise Wrong("leaks", yours=left, expected=0, hints=hints, say="After 12 requests these descriptors are open.")
    compare_closings(server, yours, 0.05, started)


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


def compare_closings(server: Answers, yours: list[float], every: float, started: float) -> None:
    """Each is answered at once, and then closed: before the next but one comes, and no later than its latency says."""
    open_still = [n for n, at in server.arrived.items() if n - 2 in server.closed and server.closed[n - 2] > at]
    if len(open_still) > len(yours) / 2:
        hints = ["The first byte of the answer is here: close the connection then, and not when all are done."]
        say = f"{len(open_still)} requests of {len(yours)} came while the last but one, answered long before, was open."
        raise Wrong("closes-late", say=say, hints=hints)
    for n, latency in enumerate(yours):
        most = server.closed.get(n, float("inf")) - started - n * every + SLACK
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
