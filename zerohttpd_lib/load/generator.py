"""The load generator's process.

    python -m zerohttpd_lib.load.generator PLAN        (a Plan as JSON)

It prints a JSON line ten times a second, and one at the end. It begins at once; SIGUSR1 tells it that
what comes from now on is to be measured, and SIGUSR2 that this was enough. Who sends them watches
all generator processes, and so knows when the whole of them is in a steady state (see steady.py and
lab/load_run.py). A plan with a number of `requests` needs no telling: all of them count.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from array import array
from time import perf_counter as clock
from typing import Any, Final

from ..kernel.sockets import raise_descriptor_limit
from .latencies import Latencies
from .loops import LOOPS, Loop
from .plan import Plan

TICK: Final = 0.1  # seconds between two samples, or a little more where the generator is busy
SORTED: Final = 500  # latencies of a sample that are sorted, for its percentiles; the result's are of all
KEPT: Final = 5_000_000  # latencies: 40 MB
PATIENCE: Final = 3.0  # seconds without any answer, at the end, before we give up on the rest


class Generator:
    """Runs a loop, prints samples on the way, and adds up what is measured."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.orders: list[int] = []  # signals that have come
        self.started = self.ticked = clock()
        self.begin_to_measure(self.started)
        self.is_measured = loop.plan.requests is not None

    def begin_to_measure(self, now: float) -> None:
        self.measured_from = now
        self.histogram = Latencies()
        self.taken = array("d")  # latencies on their way into the histogram
        self.requests = 0  # answered
        self.seconds_waited = 0.0  # the sum of their latencies
        self.loop.answered = bytearray(self.loop.plan.clients)
        self.loop.failures.clear()

    def run(self) -> dict[str, Any]:
        """Run to the end, printing samples on the way. Returns what the last line says."""
        gc.disable()  # nothing here is cyclic, and a collection would look like a slow server
        loop, next_tick = self.loop, self.started + TICK
        deadline = self.started + loop.plan.longest
        while loop.left and signal.SIGUSR2 not in self.orders and (now := clock()) < deadline:
            loop.start_requests(now)
            loop.wait_once(min(next_tick, loop.next_start()) - clock())
            if (now := clock()) >= next_tick:
                loop.give_up_on_the_late()
                self.tick(now)
                next_tick = max(next_tick + TICK, now)
        return self.finish()

    def tick(self, now: float) -> None:
        """Print what has happened since the last tick. Then, if so told, begin to measure."""
        taken = self.take_in()
        window = sorted(taken[:: 1 + len(taken) // SORTED])
        sample = {
            "at": now - self.started,
            "seconds": now - self.ticked,
            "requests": len(taken),
            "failed": sum(self.loop.failures.values()),
            "failures": dict(self.loop.failures),
            "p50_ms": window[len(window) // 2] * 1e3 if window else None,
            "p99_ms": window[len(window) * 99 // 100] * 1e3 if window else None,
            "connections": len(self.loop.connections),
            "to_come": self.loop.to_come,
            "sent": self.loop.sent,
            "measured": self.is_measured,
        }
        print(json.dumps({"sample": sample}), flush=True)
        self.ticked = now
        if signal.SIGUSR1 in self.orders:
            self.orders.remove(signal.SIGUSR1)
            self.begin_to_measure(now)
            self.is_measured = True

    def take_in(self) -> array[float]:
        """Count the latencies that have come since this was last called; returns them.

        To put one into the histogram takes a microsecond: that is done at the end, unless they are very many.
        """
        new, self.loop.latencies = self.loop.latencies, array("d")
        self.taken += new
        self.requests += len(new)
        self.seconds_waited += sum(new)
        if len(self.taken) > KEPT:
            self.put_away()
        return new

    def put_away(self) -> None:
        self.histogram.record(self.taken)
        self.taken = array("d")

    def finish(self) -> dict[str, Any]:
        """No new requests. Take the answers that are under way, if that is wanted, and add it all up."""
        self.loop.left = 0
        measured = self.add_up(clock())
        if self.loop.plan.drain:
            last = self.drain()
            if self.loop.plan.requests is not None:
                measured = self.add_up(last)
        self.take_in()
        now = clock()
        waiting = Latencies.of(now - each.started for each in self.loop.connections.values())
        self.put_away()
        return measured | {
            "late": self.requests - measured["requests"],
            "failures": dict(self.loop.failures),
            "latencies": self.histogram.to_text(),
            "waiting": waiting.to_text(),
        }

    def add_up(self, now: float) -> dict[str, Any]:
        """What was measured from the beginning of that until now."""
        self.take_in()
        return {
            "seconds": now - self.measured_from,
            "requests": self.requests,
            "seconds_waited": self.seconds_waited,
            "answered": sum(self.loop.answered),
        }

    def drain(self) -> float:
        """Wait for the answers that are still to come. Returns when the last one came."""
        last_answer, loop = clock(), self.loop
        while loop.connections and clock() < last_answer + PATIENCE:
            before = len(loop.latencies)
            loop.wait_once(TICK)
            if len(loop.latencies) > before:
                last_answer = clock()
        if loop.connections and loop.plan.requests is not None:
            loop.failures["no answer"] += len(loop.connections)  # they were asked for; else they just wait on
        return last_answer


def main() -> None:
    raise_descriptor_limit()
    plan = Plan.from_json(sys.argv[1])
    generator = Generator(LOOPS[plan.kind](plan))
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda number, frame: generator.orders.append(number))
    print(json.dumps({"pid": os.getpid()}), flush=True)
    print(json.dumps({"result": generator.run()}), flush=True)


if __name__ == "__main__":
    main()
