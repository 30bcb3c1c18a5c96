"""The load generator's process: clients in a closed loop, or requests at a fixed rate.

    python -m zerohttpd_lib.load.generator PLAN        (a Plan as JSON)

In a **closed loop** each of C clients sends its next request when it has the answer to its last
one. It slows down with the server that it tests: it says how fast the server *can* answer.

In an **open loop** requests begin at a fixed rate, whether or not the server keeps up, as those of
strangers do. The latency of each counts from the moment it was *due*: were it counted from the
moment it was sent, a server that stalls for a second would spoil one number and not a hundred.

The process prints a JSON line ten times a second, and one at the end with every latency.
"""

from __future__ import annotations

import base64
import gc
import json
import os
import select
import sys
from array import array
from collections import deque
from dataclasses import asdict
from time import perf_counter as clock
from typing import Final

from ..sockets import raise_descriptor_limit
from .clients import Clients, Connection
from .cpu import Meter
from .plan import Plan

TICK: Final = 0.1  # seconds between two samples
RETRY_AFTER: Final = 0.1  # seconds a client waits after a failure
PATIENCE: Final = 3.0  # seconds without any answer, at the end, before we give up on the rest
CATCH_UP: Final = 1.0  # seconds, at most, between the warm-up and what is measured
ARRIVALS: Final = 20_000  # clients that arrive each second, at the start: all at once would fill any backlog


class Generator(Clients):
    """Runs one Plan. A subclass says when requests begin."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.left = plan.requests if plan.requests is not None else -1  # to begin; -1: no end

    def start_requests(self, now: float) -> None:
        """Begin those whose time has come."""
        raise NotImplementedError

    def next_start(self) -> float:
        """When the next request may be due; infinity if that depends on an answer."""
        return float("inf")

    def run(self) -> dict[str, object]:
        """Run to the end, printing samples on the way. Returns what the last line says."""
        gc.disable()  # nothing here is cyclic, and a collection would look like a slow server
        if self.plan.warm_up:
            self.run_until(clock() + self.plan.warm_up, samples=False)
            self.catch_up()
        meter = Meter([os.getpid()])
        self.latencies = array("d")
        self.failures.clear()
        start = clock()
        self.run_until(start + (self.plan.seconds or float("inf")), samples=True)
        answered, finished = len(self.latencies), clock()
        self.left = 0
        if self.plan.drain:
            last = self.drain()
            if self.plan.requests is not None:
                answered, finished = len(self.latencies), last
        return {
            "seconds": finished - start,
            "answered_in_time": answered,
            "failures": dict(self.failures),
            "latencies": base64.b64encode(array("f", self.latencies).tobytes()).decode(),
            "share": asdict(meter.share()),
        }

    def run_until(self, deadline: float, samples: bool) -> None:
        start, sampled = clock(), 0
        next_tick = start + TICK
        while self.left and (now := clock()) < deadline:
            self.start_requests(now)
            self.wait_once(min(next_tick, deadline, self.next_start()) - clock())
            if clock() >= next_tick:
                self.give_up_on_the_late()
                if samples:
                    self.print_sample(clock() - start, sampled)
                sampled = len(self.latencies)
                next_tick = max(next_tick + TICK, clock())

    def catch_up(self) -> None:
        """Take the answers that came while we were busy connecting: they are the warm-up's."""
        deadline = clock() + CATCH_UP
        while self.wait_once(0) and clock() < deadline:
            pass

    def drain(self) -> float:
        """No new requests: wait for the answers that are still to come. Returns when the last one came."""
        last_answer = clock()
        while self.connections and clock() < last_answer + PATIENCE:
            before = len(self.latencies)
            self.wait_once(TICK)
            if len(self.latencies) > before:
                last_answer = clock()
        if self.connections:
            self.failures["no answer"] += len(self.connections)
        return last_answer

    def print_sample(self, at: float, sampled: int) -> None:
        window = sorted(self.latencies[sampled:])
        sample = {
            "at": at,
            "requests": len(window),
            "failed": sum(self.failures.values()),
            "p50_ms": window[len(window) // 2] * 1e3 if window else None,
            "p99_ms": window[len(window) * 99 // 100] * 1e3 if window else None,
            "connections": len(self.connections),
            "failures": dict(self.failures),
        }
        print(json.dumps({"sample": sample}), flush=True)


class ClosedLoop(Generator):
    """`clients` clients, each with one request under way at any time."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        start = clock()
        # When each client without a request may begin one.
        self.to_start = deque(start + number / ARRIVALS for number in range(plan.clients))

    def start_requests(self, now: float) -> None:
        while self.to_start and self.to_start[0] <= now and self.left:
            self.to_start.popleft()
            self.left -= 1
            self.start_request(clock())

    def next_start(self) -> float:
        return self.to_start[0] if self.to_start else float("inf")

    def go_on(self, connection: Connection, now: float, reusable: bool) -> None:
        if reusable and self.left:
            self.left -= 1
            return self.send_another(connection, now)
        self.close(connection)
        if self.left:
            self.left -= 1
            self.start_request(now)

    def try_again(self, now: float) -> None:
        self.to_start.append(now + RETRY_AFTER)


class OpenLoop(Generator):
    """`rate` requests a second, each on a connection of its own or on one that is free."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.interval = 1 / (plan.rate or 1)
        self.due = clock()
        self.free: dict[int, Connection] = {}  # keep-alive connections without a request

    def start_requests(self, now: float) -> None:
        while self.due <= now and self.left:
            self.left -= 1
            if self.free:
                fd, connection = self.free.popitem()
                self.connections[fd] = connection
                self.send_another(connection, self.due)
            else:
                self.start_request(self.due)
            self.due += self.interval

    def next_start(self) -> float:
        return self.due

    def wait_once(self, timeout: float) -> int:
        # epoll_wait counts in milliseconds, which is too coarse for a rate of thousands a
        # second. An epoll descriptor can itself be waited for, by select(), in microseconds.
        select.select([self.epoll], [], [], max(0.0, timeout))
        return super().wait_once(0)

    def go_on(self, connection: Connection, now: float, reusable: bool) -> None:
        if reusable:
            self.free[connection.fd] = self.connections.pop(connection.fd)
        else:
            self.close(connection)

    def idle_ended(self, fd: int) -> None:
        self.free.pop(fd).sock.close()

    def try_again(self, now: float) -> None:
        pass  # the next one comes when it is due, not before


def main() -> None:
    raise_descriptor_limit()
    plan = Plan.from_json(sys.argv[1])
    load = OpenLoop(plan) if plan.rate is not None else ClosedLoop(plan)
    print(json.dumps({"pid": os.getpid()}), flush=True)
    print(json.dumps({"result": load.run()}), flush=True)


if __name__ == "__main__":
    main()
