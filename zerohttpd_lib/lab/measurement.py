"""One measurement of one cell of a sweep: a row of its CSV file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, get_type_hints

from ..load.result import LoadResult

MOST_FAILURES: Final = 0.05  # a share; with more of them, a rate means nothing
SAME_NAMES: Final = (  # in LoadResult.to_dict and here
    "requests", "requests_per_second", "failed", "answered_clients", "p50_ms", "p99_ms", "mean_ms", "law",
    "idle_open", "dropped", "syn_retransmits", "accept_queue", "recorded", "generators", "bottleneck",
    "problem",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One place in the table."""

    rung: str
    clients: int
    idle: int


@dataclass(frozen=True)
class Measurement:
    """One measurement of one cell. `why`: what went wrong, if the rate means nothing; `problem`: why it is not of
    a steady state, if it is not. Times in milliseconds but for `seconds` and `think`; see `LoadResult`."""

    rung: str
    clients: int
    idle: int
    round: int
    workers: int | None  # None: the rung's own default
    think: float | None = None
    seconds: float = 0.0  # asked for
    measured: float = 0.0  # seconds that it took
    requests: int = 0
    requests_per_second: float = 0.0
    failed: int = 0
    answered_clients: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None
    mean_ms: float | None = None
    law: float | None = None
    server_cpu_us: float | None = None  # for each request
    idle_open: int = 0
    dropped: int = 0
    syn_retransmits: int = 0
    accept_queue: int = 0
    recorded: bool | None = None  # None: not known
    generators: int = 0
    bottleneck: str = "none"
    problem: str = ""
    why: str = ""

    @property
    def cell(self) -> Cell:
        """The cell of the table that it belongs to."""
        return Cell(self.rung, self.clients, self.idle)

    @property
    def is_steady(self) -> bool:
        """Whether it was measured in a steady state, and so means something."""
        return not self.why and not self.problem

    @property
    def is_beyond_reach(self) -> bool:
        """It failed, or it did not get round to all clients."""
        return bool(self.why) or (bool(self.problem) and self.answered_clients < self.clients)

    @classmethod
    def from_row(cls, row: dict[str, str]) -> Measurement:
        """From a row of the file, each value as what it was."""
        kinds = get_type_hints(cls)
        return cls(**{name: _read(text, kinds[name]) for name, text in row.items() if name in kinds})


def numbers(result: LoadResult) -> dict[str, Any]:
    """What a measurement keeps of a result."""
    known = result.to_dict()
    kept = {name: known[name] for name in SAME_NAMES}
    if not result.problem and not result.law_holds:
        kept["problem"] = result.law_in_words.rstrip(".")
    return kept | {"measured": known["seconds"], "server_cpu_us": known["cpu_us_per_request"]["server"]}


def why_it_means_nothing(result: LoadResult) -> str:
    """Empty: it means something."""
    asked = result.requests + result.failed
    if result.requests == 0:
        return "no request was answered"
    if result.failed > MOST_FAILURES * asked:
        kind = max(result.failures, key=lambda name: result.failures[name])
        return f"{result.failed:,} of {asked:,} requests failed, most of them: {kind}"
    return ""


def _read(text: str, kind: Any) -> Any:
    if kind is str:
        return text
    if not text:
        return None
    if kind == bool | None:
        return text == "True"
    return int(text) if kind in (int, int | None) else float(text)
