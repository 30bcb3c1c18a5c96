"""A tenth of a second of a running load test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Sample:
    """What happened in `seconds` that ended at `at`. Latencies are of the answers in it."""

    at: float  # seconds since the start
    seconds: float  # a tenth, or more where the generator was busy: rates divide by this
    requests: int  # answered in this time
    failed: int  # since measuring began
    p50_ms: float | None
    p99_ms: float | None
    connections: int  # requests under way at its end
    to_come: int = 0  # clients that had not begun yet
    sent: int = 0  # requests, since the start: nobody sends one who was not let in
    accept_queue: int = 0  # connections that the server had not accepted yet
    measured: bool = False  # does it belong to what the result tells of?
    cores: dict[str, float] = field(default_factory=dict)  # CPU used by each side, in cores
    failures: dict[str, int] = field(default_factory=dict)  # `failed`, by kind

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds if self.seconds else 0.0


def merge_samples(parts: Sequence[Sample], accept_queue: int, cores: dict[str, float]) -> Sample:
    """One sample out of those of several generator processes: sums, and of the percentiles the worst.

    Their times differ a little; the rates are added, and so it is the mean time that counts.
    """
    seconds = sum(part.seconds for part in parts) / len(parts)
    return Sample(
        at=max(part.at for part in parts),
        seconds=seconds,
        requests=sum(part.requests for part in parts),
        failed=sum(part.failed for part in parts),
        p50_ms=max((part.p50_ms for part in parts if part.p50_ms is not None), default=None),
        p99_ms=max((part.p99_ms for part in parts if part.p99_ms is not None), default=None),
        connections=sum(part.connections for part in parts),
        to_come=sum(part.to_come for part in parts),
        sent=sum(part.sent for part in parts),
        accept_queue=accept_queue,
        measured=all(part.measured for part in parts),
        cores=cores,
        failures=dict(sum((Counter(part.failures) for part in parts), Counter())),
    )


def join_samples(parts: Sequence[Sample]) -> Sample:
    """One sample out of several of the same process, one after the other: as long as all of them."""
    return replace(
        parts[-1],
        seconds=sum(part.seconds for part in parts),
        requests=sum(part.requests for part in parts),
        p50_ms=max((part.p50_ms for part in parts if part.p50_ms is not None), default=None),
        p99_ms=max((part.p99_ms for part in parts if part.p99_ms is not None), default=None),
        measured=all(part.measured for part in parts),
    )
