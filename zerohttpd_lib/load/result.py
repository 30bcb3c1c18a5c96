"""What came of a load test, and what is to be thought of it."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np

from .cpu import Share
from .latencies import Latencies, answered_within, percentile
from .limit import ADVICE, limit
from .network import Counters
from .plan import Plan
from .sample import Sample

LAW_HOLDS: Final = 0.1  # within this share of what it should be
RECORDED: Final = {True: "yes, its waits: this slows the server", False: "no", None: "not known"}


@dataclass(frozen=True)
class LoadResult:
    """The outcome of a load test, of the time in which it was measured.

    Check it before you believe it: `problem` says why it is not of a steady state, if it is not;
    `bottleneck` who could not go faster; `law` whether clients, rate and latencies go together.
    """

    plan: Plan
    requests: int  # answered with status 200 in that time
    failures: dict[str, int]  # by kind
    seconds: float
    requests_per_second: float
    latencies: Latencies  # of the answers, the late ones too
    waiting: Latencies  # how long those had waited that had no answer at the end
    shares: dict[str, Share]
    machine: float  # how busy all cores were; 1.0: always
    samples: list[Sample]  # from the start, before it had settled, too
    problem: str = ""  # why it is not of a steady state; empty: it is
    answered_clients: int = 0  # with one answer or more
    mean_wait: float = 0.0  # seconds from request to answer
    idle_open: int = 0  # idle connections that were still open at the end
    late: int = 0  # answered after the time was up, and not in `requests`
    counters: Counters = field(default_factory=Counters)
    accept_queue: int = 0  # the longest that was seen
    recorded: bool | None = None  # were the server's waits recorded meanwhile? None: not known
    generators: int = 1  # processes
    generated_by: str = ""  # whose they are, if not this machine's alone

    @property
    def failed(self) -> int:
        """How many requests had no whole, good answer, for whatever reason."""
        return sum(self.failures.values())

    @property
    def is_steady(self) -> bool:
        """Is it of a steady state? A number of requests never is: it begins and ends in disorder."""
        return not self.problem and self.plan.requests is None

    @property
    def dropped(self) -> int:
        """Times the kernel found an accept queue full, on this whole machine."""
        return self.counters.dropped

    @property
    def bottleneck(self) -> str:
        """ "server", "generator", "redis", "machine", or "none"; see limit.py."""
        return limit(self.shares, self.machine)

    @property
    def ceiling(self) -> float | None:
        """Requests a second that these generator processes could have made, had they run all of the time."""
        cores = self.shares["generator"].cores if "generator" in self.shares else 0.0
        return self.requests_per_second * self.generators / cores if cores and self.requests else None

    def cpu_us(self, side: str) -> float | None:
        """CPU time of a side ("server", "generator", "redis") for each request, in microseconds."""
        if side not in self.shares or not self.requests_per_second:
            return None
        return self.shares[side].cores / self.requests_per_second * 1e6

    @property
    def law(self) -> float | None:
        """Little's law, as a ratio that should be 1: rate × (latency + think time) ÷ clients.

        The think time is the plan's mean: those who have ended their thought in so short a time had short ones.
        Of an open loop: the rate that was answered ÷ the rate that was asked for. None without answers, and
        for a number of requests, which begins and ends in disorder.
        """
        if self.plan.requests is not None or not self.requests:
            return None
        if self.plan.rate is not None:
            return self.requests_per_second / self.plan.rate
        return self.requests_per_second * (self.mean_wait + (self.plan.think or 0)) / self.plan.clients

    @property
    def law_holds(self) -> bool:
        """Within a tenth, or what chance can do to so few requests."""
        return self.law is None or abs(self.law - 1) <= max(LAW_HOLDS, 3 / self.requests**0.5)

    @cached_property
    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Milliseconds, and the percentage of requests that is answered within them."""
        return answered_within(self.latencies, self.waiting)

    def percentile(self, p: float) -> float | None:
        """The latency in ms within which p percent of the requests are answered.

        Those who still wait count. None where they are too many to tell, or there is no answer at all.
        """
        return percentile(self.curve, p)

    def to_dict(self) -> dict[str, Any]:
        """The numbers, for JSON. A `p.._ms` is null where too many still waited to tell."""
        return {
            "kind": self.plan.kind,
            "requests": self.requests,
            "failed": self.failed,
            "failures": self.failures,
            "seconds": round(self.seconds, 3),
            "requests_per_second": round(self.requests_per_second, 1),
            "p50_ms": _rounded(self.percentile(50)),
            "p90_ms": _rounded(self.percentile(90)),
            "p99_ms": _rounded(self.percentile(99)),
            "max_ms": _rounded(self.percentile(100)),
            "mean_ms": _rounded(self.mean_wait * 1e3 if self.requests else None),
            "clients": self.plan.clients,
            "answered_clients": self.answered_clients,
            "still_waiting": len(self.waiting),
            "idle": self.plan.idle,
            "idle_open": self.idle_open,
            "keep_alive": self.plan.keep_alive,
            "rate": self.plan.rate,
            "think": self.plan.think,
            "steady": self.is_steady,
            "problem": self.problem,
            "law": _rounded(self.law),
            "cores": {name: round(share.cores, 2) for name, share in self.shares.items()},
            "cpu_us_per_request": {name: _rounded(self.cpu_us(name), 1) for name in self.shares},
            "generators": self.generators,
            "ceiling": _rounded(self.ceiling, 0),
            "dropped": self.counters.dropped,
            "syn_retransmits": self.counters.syn_retransmits,
            "accept_queue": self.accept_queue,
            "recorded": self.recorded,
            "bottleneck": self.bottleneck,
        }

    def to_json(self) -> str:
        """What `zerohttpd load --json` prints."""
        return json.dumps(self.to_dict())

    def rows(self) -> list[tuple[str, str]]:
        """What a person wants to see, as (name, value)."""
        failures = ", ".join(f"{number:,} {name}" for name, number in self.failures.items())
        late = f", and {self.late:,} after the time was up" if self.late else ""
        return [
            ("Load", self._load()),
            *([("Generated", self.generated_by)] if self.generated_by else []),
            ("Answered", f"{self.requests:,} requests{late}; {self.requests_per_second:,.0f} a second"),
            ("Failed", failures or "none"),
            ("Clients", self._clients()),
            ("Latency", self._latency()),
            ("Accept queue", self._queue()),
            ("CPU cores used", self._cores()),
            ("Limit", self._limit()),
            ("Recorded", RECORDED[self.recorded]),
            *[("Beware", warning) for warning in self.warnings()],
        ]

    def _load(self) -> str:
        plan = self.plan
        who = plan.who + (f" beside {self.idle_open:,} idle" if plan.idle else "")
        kind = "keep-alive" if plan.keep_alive else "a connection per request"
        return f"{who}, {kind}, {self.seconds:.1f} s"

    def _limit(self) -> str:
        if self.bottleneck == "none" and "server" not in self.shares:
            return "Not known: the server is on another machine, and the generator had time to spare."
        return ADVICE[self.bottleneck]

    def _clients(self) -> str:
        """How many were served, and whether the numbers go together."""
        served = f"{self.answered_clients:,} of {self.plan.clients:,} had an answer"
        if self.law is None:
            return served
        name = "answered ÷ due" if self.plan.rate is not None else "Little's law"
        return f"{served}; {name}: {self.law:.2f}" + ("" if self.law_holds else ", which should be 1")

    def _queue(self) -> str:
        return (
            f"{self.accept_queue:,} at most; full {self.dropped:,} times, "
            f"{self.counters.syn_retransmits:,} SYNs sent again (on this whole machine)"
        )

    def _latency(self) -> str:
        if not self.requests + self.late:
            return "no answer came"
        named = (("median", 50), ("99th percentile", 99), ("slowest", 100))
        found = [(name, self.percentile(p)) for name, p in named]
        words = [f"{value:,.1f} ms {name}" for name, value in found if value is not None]
        if unknown := [name for name, value in found if value is None]:
            words.append(f"{' and '.join(unknown)}: not known")
        if len(self.waiting):
            words.append(f"{len(self.waiting):,} still waited at the end")
        return ", ".join(words)

    def _cores(self) -> str:
        each = {name: self.cpu_us(name) for name in self.shares}
        cores = [
            f"{name} {share.cores:.2f}" + ("" if each[name] is None else f" ({each[name]:,.0f} µs a request)")
            for name, share in self.shares.items()
        ]
        return ", ".join(cores) + f"; all cores together were {self.machine:.0%} busy"

    def warnings(self) -> list[str]:
        """What one must know before one believes the numbers; a sentence each."""
        plan, found = self.plan, []
        if self.problem:
            found.append(f"This is no steady state: {self.problem}.")
        if plan.rate is None and plan.requests is None and self.answered_clients < plan.clients:
            found.append(f"Of {plan.clients:,} clients {self.answered_clients:,} had an answer in this time.")
        if not self.law_holds:
            found.append(self.law_in_words)
        if self.counters.dropped or self.counters.syn_retransmits:
            found.append(
                f"The accept queue was full {self.counters.dropped:,} times, and {self.counters.syn_retransmits:,} "
                "SYNs were sent again: who sent them waited for 1, 3 or 7 s to be let in (net.core.somaxconn)."
            )
        if number := self.failures.get("no descriptor left"):
            found.append(f"The descriptor limit stopped {number:,} connections (ulimit -n).")
        if number := self.failures.get("no port left"):
            found.append(f"No port was left for {number:,} connections (net.ipv4.ip_local_port_range).")
        if self.bottleneck == "generator" and self.ceiling is not None:
            found.append(f"This generator cannot make more than about {self.ceiling:,.0f} requests a second.")
        if self.recorded:
            found.append("The server's waits were recorded meanwhile, which slows it.")
        return found

    @property
    def law_in_words(self) -> str:
        """What it means where it does not hold; a sentence."""
        law = self.law or 0.0
        if self.plan.rate is not None:
            return f"Of the requests that were due, {law:.0%} were answered: the server did not keep up."
        times = "(latency + think time)" if self.plan.think is not None else "latency"
        return (
            f"Rate × {times} makes {law * self.plan.clients:,.0f} clients, and not {self.plan.clients:,} "
            "(Little's law): not all of them are served alike."
        )

    def __repr__(self) -> str:
        return "\n".join(f"{name + ':':<16}{value}" for name, value in self.rows())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in self.rows()
        )
        return f"<table>{rows}</table>"


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)
