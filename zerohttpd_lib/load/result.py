"""What came of a load test."""

from __future__ import annotations

import html
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from .cpu import Share, bottleneck
from .plan import Plan

SAMPLE_SECONDS: Final = 0.1

ADVICE = {
    "server": "The server was the bottleneck: it was busy all of the time.",
    "generator": "The load generator was the bottleneck: the server could have answered more.",
    "redis": "Redis was the bottleneck: the server waited for it.",
    "none": "Nobody was busy all of the time: they waited for one another, or had time to spare.",
}


@dataclass(frozen=True)
class Sample:
    """A tenth of a second of a running load test. Latencies are of the answers in it."""

    at: float  # seconds since the start
    requests: int  # answered in this window
    failed: int  # since the start
    p50_ms: float | None
    p99_ms: float | None
    connections: int  # open now, without the idle ones
    cores: dict[str, float] = field(default_factory=dict)  # CPU used by each side, in cores
    failures: dict[str, int] = field(default_factory=dict)  # `failed`, by kind


def merge_samples(parts: list[Sample], cores: dict[str, float]) -> Sample:
    """One sample out of those of several generator processes: sums, and of the percentiles the worst."""
    return Sample(
        at=max(part.at for part in parts),
        requests=sum(part.requests for part in parts),
        failed=sum(part.failed for part in parts),
        p50_ms=max((part.p50_ms for part in parts if part.p50_ms is not None), default=None),
        p99_ms=max((part.p99_ms for part in parts if part.p99_ms is not None), default=None),
        connections=sum(part.connections for part in parts),
        cores=cores,
        failures=dict(sum((Counter(part.failures) for part in parts), Counter())),
    )


@dataclass(frozen=True)
class LoadResult:
    """The outcome. `latencies_ms` has one number per answered request, sorted."""

    plan: Plan
    requests: int  # answered with status 200
    failures: dict[str, int]  # by kind
    seconds: float
    requests_per_second: float
    latencies_ms: np.ndarray
    shares: dict[str, Share]
    samples: list[Sample]
    idle_open: int = 0  # idle connections that were still open at the end
    late: int = 0  # of the requests: answered after the time was up, and not counted in the rate
    dropped: int = 0  # times the kernel found an accept queue full, on this whole machine

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    @property
    def bottleneck(self) -> str:
        """ "server", "generator", "redis", or "none"."""
        return bottleneck(self.shares)

    def percentile(self, p: float) -> float | None:
        """The latency in ms that p percent of the answers did not exceed; None without answers."""
        return float(np.percentile(self.latencies_ms, p)) if len(self.latencies_ms) else None

    def to_dict(self) -> dict[str, Any]:
        """The numbers, for JSON."""
        return {
            "requests": self.requests,
            "failed": self.failed,
            "failures": self.failures,
            "seconds": round(self.seconds, 3),
            "requests_per_second": round(self.requests_per_second, 1),
            "p50_ms": _rounded(self.percentile(50)),
            "p90_ms": _rounded(self.percentile(90)),
            "p99_ms": _rounded(self.percentile(99)),
            "max_ms": _rounded(self.percentile(100)),
            "clients": self.plan.clients,
            "idle": self.plan.idle,
            "idle_open": self.idle_open,
            "keep_alive": self.plan.keep_alive,
            "cores": {name: round(share.cores, 2) for name, share in self.shares.items()},
            "dropped": self.dropped,
            "bottleneck": self.bottleneck,
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    def rows(self) -> list[tuple[str, str]]:
        """What a person wants to see, as (name, value)."""
        who = f"{self.plan.clients:,} clients" if self.plan.rate is None else f"{self.plan.rate:,.0f} due a second"
        who += f" beside {self.idle_open:,} idle" if self.plan.idle else ""
        kind = "keep-alive" if self.plan.keep_alive else "a connection per request"
        failures = ", ".join(f"{number:,} {name}" for name, number in self.failures.items())
        latency = ", ".join(
            f"{value:.1f} ms {name}"
            for name, p in (("median", 50), ("99th percentile", 99), ("slowest", 100))
            if (value := self.percentile(p)) is not None
        )
        late = f" ({self.late:,} of them after the time was up)" if self.late else ""
        cores = ", ".join(f"{name} {share.cores:.2f}" for name, share in self.shares.items())
        return [
            ("Load", f"{who}, {kind}, {self.seconds:.1f} s"),
            ("Answered", f"{self.requests:,} requests{late}, {self.requests_per_second:,.0f} a second"),
            ("Failed", failures or "none"),
            ("Latency", latency or "no answer came"),
            ("CPU cores used", cores),
            ("Bottleneck", ADVICE[self.bottleneck]),
            *self._limits(),
        ]

    def _limits(self) -> list[tuple[str, str]]:
        """What of this machine stood in the way, if anything did, and what to do about it."""
        found = []
        if self.dropped:
            found.append(f"the server's accept queue was full {self.dropped:,} times (net.core.somaxconn)")
        if number := self.failures.get("no descriptor left"):
            found.append(f"the descriptor limit stopped {number:,} connections (ulimit -n)")
        if number := self.failures.get("no port left"):
            found.append(f"no port was left for {number:,} connections (net.ipv4.ip_local_port_range)")
        return [("Limits met", "; ".join(found))] if found else []

    def __repr__(self) -> str:
        return "\n".join(f"{name + ':':<16}{value}" for name, value in self.rows())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in self.rows()
        )
        return f"<table>{rows}</table>"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
