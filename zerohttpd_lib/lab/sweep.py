"""A table like the article's: servers across, number of clients (or of idle connections) down.

Each cell of the table is measured several times, each time on a server that was started for it,
after a warm-up. A round measures every cell once, so that a slow minute of the machine falls on
all servers alike, and not on one of them.
"""

from __future__ import annotations

import csv
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from tqdm.auto import tqdm

from ..load.generator import ARRIVALS
from ..load.plan import Plan
from ..published import RUNGS as ARTICLE_RUNGS
from ..published import WIDE
from ..servers import RUNGS
from .load_run import LoadRun
from .processes import LabError
from .redis_server import Redis
from .server import Server

# As in the article, scaled to a machine of our days that is not a server: it had ten processes of
# poll and epoll, and 20,000 threads.
WORKERS: Final = {"preforked": 10, "prethreaded": 1000, "poll": 10, "epoll": 10}
WIDE_SPREAD: Final = 0.5  # a cell whose rounds differ by more than this share of their median
MOST_FAILURES: Final = 0.05  # a share; with more of them, a rate means nothing
CANNOT: Final = "—"


@dataclass(frozen=True)
class Cell:
    """One place in the table."""

    rung: str
    clients: int
    idle: int


@dataclass(frozen=True)
class Measurement:
    """One measurement of one cell. `why`: what went wrong, if the rate means nothing."""

    rung: str
    clients: int
    idle: int
    round: int
    workers: int | None  # None: the rung's own default
    seconds: float
    requests_per_second: float
    failed: int
    p50_ms: float | None
    p99_ms: float | None
    bottleneck: str
    why: str = ""

    @property
    def cell(self) -> Cell:
        return Cell(self.rung, self.clients, self.idle)


class Sweep:
    """What is to be measured, and what has been. `run()` goes on where it was left.

    `rungs`, `clients`, `idle`: every combination is a cell. A rung is a name, or a class of your
    own, which goes by its name, too. `workers` has, by rung, the number of processes or threads
    (default: `WORKERS`). With `file`, each measurement is written to that CSV file at once, and
    those in it already are not made again. Raises LabError.
    """

    def __init__(
        self,
        redis: Redis,
        rungs: Sequence[str | type] = ARTICLE_RUNGS,
        clients: int | Sequence[int] = (20, 100, 500, 1000),
        idle: int | Sequence[int] = (0,),
        *,
        seconds: float = 0.6,
        rounds: int = 2,
        workers: Mapping[str, int] | None = None,
        file: str | Path | None = None,
    ) -> None:
        clients = (clients,) if isinstance(clients, int) else clients
        idle = (idle,) if isinstance(idle, int) else idle
        if not (rungs and clients and idle and rounds >= 1):
            raise LabError(
                "A sweep needs at least one rung, one number of clients, one of idle connections, one round."
            )
        self.served = {rung if isinstance(rung, str) else rung.__name__: rung for rung in rungs}
        if unknown := [rung for rung in rungs if isinstance(rung, str) and rung not in RUNGS]:
            raise LabError(f"There is no rung named {unknown[0]!r}. Choose from {', '.join(RUNGS)}.")
        self.redis = redis
        self.rungs, self.clients, self.idle = tuple(self.served), tuple(clients), tuple(idle)
        self.seconds, self.rounds = seconds, rounds
        self.workers = {**WORKERS, **(workers or {})}
        self.file = Path(file) if file is not None else None
        self.cells = [Cell(rung, c, i) for i in self.idle for c in self.clients for rung in self.rungs]
        self.measurements: list[Measurement] = self._read_file()

    @property
    def missing(self) -> list[tuple[int, Cell]]:
        """What is still to be measured, in order: (round, cell)."""
        done = {(m.round, m.cell) for m in self.measurements}
        return [(n, cell) for n in range(self.rounds) for cell in self.cells if (n, cell) not in done]

    def run(self, *, progress: bool = True, on_measurement: Callable[[Sweep], None] | None = None) -> Sweep:
        """Measure what is missing. `on_measurement` is called with the sweep after each one.

        An interrupt ends it, and leaves no process; what was measured is kept.
        """
        with tqdm(self.missing, disable=not progress, unit="cell", leave=False) as bar:
            for number, cell in bar:
                bar.set_postfix_str(f"{cell.rung}, {cell.clients:,} clients, {cell.idle:,} idle")
                measurement = self._measure(number, cell)
                self.measurements.append(measurement)
                self._write(measurement)
                if on_measurement is not None:
                    on_measurement(self)
        return self

    def _measure(self, number: int, cell: Cell) -> Measurement:
        warm_up = 0.1 + 1.25 * cell.clients / ARRIVALS  # until all have come, and a little longer
        workers = self.workers.get(cell.rung)
        try:
            server = Server(self.served[cell.rung], self.redis.address, workers=workers, record=False)
            try:
                url = server.url + "/guestbook"
                plan = Plan(url, cell.clients, cell.idle, self.seconds, warm_up=warm_up, drain=False)
                result = LoadRun(plan, self.redis.pid).wait(progress=False)
            finally:
                server.stop()
        except LabError as problem:
            return self._failed(number, cell, str(problem).splitlines()[0])
        why = ""
        if result.requests == 0:
            why = "no request was answered"
        elif result.failed > MOST_FAILURES * (result.requests + result.failed):
            kind = max(result.failures, key=lambda name: result.failures[name])
            why = f"{result.failed:,} of {result.requests + result.failed:,} requests failed, most of them: {kind}"
        return Measurement(
            cell.rung, cell.clients, cell.idle, number, workers, self.seconds,
            round(result.requests_per_second, 1), result.failed,
            result.percentile(50), result.percentile(99), result.bottleneck, why,
        )  # fmt: skip

    def _failed(self, number: int, cell: Cell, why: str) -> Measurement:
        workers = self.workers.get(cell.rung)
        return Measurement(
            cell.rung, cell.clients, cell.idle, number, workers, self.seconds, 0, 0, None, None, "none", why
        )

    # The table.

    def of(self, cell: Cell) -> list[Measurement]:
        return [m for m in self.measurements if m.cell == cell]

    def rate(self, cell: Cell) -> float | None:
        """The median rate of a cell, in requests a second; None where it cannot be told."""
        rates = [m.requests_per_second for m in self.of(cell) if not m.why]
        return statistics.median(rates) if rates and 2 * len(rates) > len(self.of(cell)) else None

    def spread(self, cell: Cell) -> float:
        """By how much the rounds of a cell differ: (largest - smallest) / median."""
        rates = [m.requests_per_second for m in self.of(cell) if not m.why]
        return (max(rates) - min(rates)) / statistics.median(rates) if len(rates) > 1 else 0.0

    def text(self, cell: Cell) -> str:
        """What stands in the table: a rate, "wide variations", or a dash where the rung cannot."""
        if not self.of(cell):
            return ""
        rate = self.rate(cell)
        if rate is None:
            return CANNOT
        return WIDE if self.spread(cell) > WIDE_SPREAD else f"{rate:,.0f}"

    def axis(self) -> tuple[str, tuple[int, ...]]:
        """What varies down the table: "clients" or "idle", and its levels."""
        return ("idle", self.idle) if len(self.idle) > 1 else ("clients", self.clients)

    def cell_at(self, rung: str, level: int) -> Cell:
        if self.axis()[0] == "idle":
            return Cell(rung, self.clients[0], level)
        return Cell(rung, level, self.idle[0])

    def rows(self) -> list[list[str]]:
        """The table as text: a head, and a row for each level."""
        name, levels = self.axis()
        body = [[f"{level:,}", *(self.text(self.cell_at(rung, level)) for rung in self.rungs)] for level in levels]
        return [[name, *self.rungs], *body]

    def notes(self) -> list[str]:
        """What one must know to read the table."""
        pools = ", ".join(f"{rung} {self.workers[rung]:,}" for rung in self.rungs if rung in self.workers)
        notes = [
            f"Requests a second, median of {self.rounds} rounds of {self.seconds:g} s.",
            f"Processes or threads: {pools or 'one'}.",
        ]
        name, _ = self.axis()
        if name == "idle":
            notes.append(f"{self.clients[0]:,} clients ask without pause; so many connections beside them are silent.")
        if any(WIDE in row for row in self.rows()):
            notes.append(f"{WIDE}: the rounds differ by more than {WIDE_SPREAD:.0%} of their median.")
        reasons = {m.why: m for m in self.measurements if m.why}
        notes += [
            f"{CANNOT} {m.rung}, {m.clients:,} clients, {m.idle:,} idle: {why}." for why, m in list(reasons.items())[:8]
        ]
        return notes

    def __repr__(self) -> str:
        rows = self.rows()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = ["  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*lines, *self.notes()])

    def _repr_html_(self) -> str:
        head, *body = self.rows()
        cells = "".join(f"<th style='text-align:right'>{name}</th>" for name in head)
        rows = "".join(
            "<tr>" + "".join(f"<td style='text-align:right'>{text}</td>" for text in row) + "</tr>" for row in body
        )
        notes = "<br>".join(self.notes())
        return f"<table><tr>{cells}</tr>{rows}</table><p>{notes}</p>"

    # The file.

    def _read_file(self) -> list[Measurement]:
        if self.file is None or not self.file.exists():
            return []
        with open(self.file, newline="") as file:
            found = [_from_row(row) for row in csv.DictReader(file)]
        settings = {(m.seconds, m.rung, m.workers) for m in found}
        ours = {(self.seconds, rung, self.workers.get(rung)) for rung in {m.rung for m in found}}
        if settings - ours:
            raise LabError(
                f"{self.file} has measurements with other settings (seconds or workers). "
                "Use those settings again to go on with it, or name another file."
            )
        wanted = {(n, cell) for n in range(self.rounds) for cell in self.cells}
        return [m for m in found if (m.round, m.cell) in wanted]

    def _write(self, measurement: Measurement) -> None:
        if self.file is None:
            return
        is_new = not self.file.exists()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with open(self.file, "a", newline="") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Measurement)])
            if is_new:
                writer.writeheader()
            writer.writerow(asdict(measurement))


def _from_row(row: dict[str, Any]) -> Measurement:
    def number(text: str) -> float | None:
        return float(text) if text else None

    return Measurement(
        rung=row["rung"],
        clients=int(row["clients"]),
        idle=int(row["idle"]),
        round=int(row["round"]),
        workers=int(row["workers"]) if row["workers"] else None,
        seconds=float(row["seconds"]),
        requests_per_second=float(row["requests_per_second"]),
        failed=int(row["failed"]),
        p50_ms=number(row["p50_ms"]),
        p99_ms=number(row["p99_ms"]),
        bottleneck=row["bottleneck"],
        why=row["why"],
    )
