"""A table like the article's: servers across, number of clients (or of idle connections) down.

Each cell of the table is measured several times, each time on a server that was started for it, in a
steady state (see load/steady.py). A round measures every cell once, so that a slow minute of the
machine falls on all servers alike, and not on one of them.

A cell without a steady state is shown as such, and has no rate: nothing is compared with it.
"""

from __future__ import annotations

import csv
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from ..load.plan import Plan, PlanError
from ..servers import RUNGS
from .article import RUNGS as ARTICLE_RUNGS
from .article import WIDE
from .chance import share_by_chance
from .errors import LabError
from .load_run import LoadRun
from .measurement import Cell, Measurement, numbers, why_it_means_nothing
from .progress import progress_bar
from .redis_server import Redis
from .server import Server

# As in the article, scaled to a machine of our days that is not a server: it had ten processes of
# poll and epoll, and 20,000 threads.
WORKERS: Final = {"preforked": 10, "prethreaded": 1000, "poll": 10, "epoll": 10}
LEVELS: Final = (20, 100, 500, 1000, 3000, 8000, 15_000)  # of the article's, those of a table in ten minutes
WIDE_SPREAD: Final = 0.5  # a cell whose rounds differ by more than this share of their median
CAP: Final = 12.0  # seconds for a cell to settle, and as many to be measured, at most; and two thoughts more
CANNOT: Final = "—"
UNSTEADY: Final = "unsteady"


class Sweep:
    """What is to be measured, and what has been. `run()` goes on where it was left.

    `rungs`, `clients`, `idle`: every combination is a cell. A rung is a name, or a class of your
    own, which goes by its name, too. With `think`, the clients are users who think for so many
    seconds. `workers` has, by rung, the number of processes or threads (default: `WORKERS`). `seconds`
    and `cap` are those of a `Plan`. With `file`, each measurement is written to that CSV file at
    once, and those in it already are not made again. Raises LabError.
    """

    def __init__(
        self,
        redis: Redis,
        rungs: Sequence[str | type] = ARTICLE_RUNGS,
        clients: int | Sequence[int] = (20, 100, 500, 1000),
        idle: int | Sequence[int] = (0,),
        *,
        think: float | None = None,
        seconds: float = 1.0,
        cap: float | None = None,
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
        self.rungs, self.clients, self.idle = tuple(self.served), tuple(sorted(clients)), tuple(sorted(idle))
        self.think, self.seconds, self.rounds = think, seconds, rounds
        self.cap = CAP + 2 * (think or 0) if cap is None else cap
        self.workers = {**WORKERS, **(workers or {})}
        self.file = Path(file) if file is not None else None
        self.cells = [Cell(rung, c, i) for i in self.idle for c in self.clients for rung in self.rungs]
        self._check()
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
        with progress_bar(wanted=progress, iterable=self.missing, unit="cell") as bar:
            for number, cell in bar:
                bar.set_postfix_str(f"{cell.rung}, {cell.clients:,} clients, {cell.idle:,} idle")
                measurement = self._measure(number, cell)
                self.measurements.append(measurement)
                self._write(measurement)
                if on_measurement is not None:
                    on_measurement(self)
        return self

    def _measure(self, number: int, cell: Cell) -> Measurement:
        workers = self.workers.get(cell.rung)
        known: dict[str, Any] = {**asdict(cell), "round": number, "workers": workers}
        known |= {"think": self.think, "seconds": self.seconds}
        if reached := self._end_of(cell, number):
            return Measurement(**known, why=f"not measured: beyond its reach with {reached} clients already")
        try:
            server = Server(self.served[cell.rung], self.redis.address, workers=workers, record=False)
            try:
                plan = self._plan(server.url, cell)
                result = LoadRun(plan, self.redis.pid, recorded=False).wait(progress=False)
            finally:
                server.stop()
        except LabError as problem:
            said = str(problem).splitlines()  # of a traceback it is the last line that tells
            return Measurement(**known, why=" ".join(dict.fromkeys((said[0], said[-1]))).rstrip("."))
        return Measurement(**known, **numbers(result), why=why_it_means_nothing(result))

    def _plan(self, url: str, cell: Cell) -> Plan:
        return Plan(
            url + "/guestbook", cell.clients, cell.idle, self.seconds, think=self.think, cap=self.cap, drain=False
        )

    def _check(self) -> None:
        """Before anything is measured. Raises LabError."""
        if bad := [f"{rung}={number}" for rung, number in self.workers.items() if number < 1]:
            raise LabError(f"workers: {', '.join(bad)}; at least one has to serve.")
        try:
            for cell in self.cells:
                self._plan("http://127.0.0.1", cell).check()
        except PlanError as problem:
            raise LabError(str(problem)) from None

    def _end_of(self, cell: Cell, number: int) -> str:
        """The last two levels below this one, if both were beyond this rung's reach in this round."""
        below = [
            m for m in self.measurements
            if (m.rung, m.idle, m.round) == (cell.rung, cell.idle, number) and m.clients < cell.clients
        ]  # fmt: skip
        last = sorted(below, key=lambda m: m.clients)[-2:]
        if len(last) < 2 or not all(m.is_beyond_reach for m in last):
            return ""
        return " and ".join(f"{m.clients:,}" for m in last)

    # The table.

    def of(self, cell: Cell) -> list[Measurement]:
        """The measurements of one cell, a round each."""
        return [m for m in self.measurements if m.cell == cell]

    def rates(self, cell: Cell) -> list[float]:
        """Of the rounds in which this cell had a steady state, in requests a second."""
        return [m.requests_per_second for m in self.of(cell) if m.is_steady]

    def rate(self, cell: Cell) -> float | None:
        """The median rate of a cell; None where less than half of its rounds had a steady state."""
        rates = self.rates(cell)
        return statistics.median(rates) if rates and 2 * len(rates) > len(self.of(cell)) else None

    def unsteady_rate(self, cell: Cell) -> float | None:
        """The median of what was measured in a cell without a steady state, to be shown and not compared."""
        rates = [m.requests_per_second for m in self.of(cell) if not m.why]
        return statistics.median(rates) if rates and self.rate(cell) is None else None

    def spread(self, cell: Cell) -> float:
        """By how much the rounds of a cell differ: (largest - smallest) / median."""
        rates = self.rates(cell)
        return (max(rates) - min(rates)) / statistics.median(rates) if len(rates) > 1 else 0.0

    def comparable(self, cell: Cell) -> float | None:
        """The rate of a cell; None where it is refused: no steady state, or rounds with wide variations."""
        return None if self.spread(cell) > WIDE_SPREAD else self.rate(cell)

    def chance(self, one: Cell, other: Cell) -> float | None:
        """How often do equal servers come as far apart as these two cells? See chance.py. None: one is refused."""
        refused = None in (self.comparable(one), self.comparable(other))
        return None if refused else share_by_chance(self.rates(one), self.rates(other))

    def text(self, cell: Cell) -> str:
        """What stands in the table: a rate, "wide variations", "unsteady", or a dash where the rung cannot."""
        if not self.of(cell):
            return ""
        if self.rate(cell) is not None:
            return WIDE if (rate := self.comparable(cell)) is None else f"{rate:,.0f}"
        unsteady = self.unsteady_rate(cell)
        return CANNOT if unsteady is None else f"{UNSTEADY}: {unsteady:,.0f}"

    def axis(self) -> tuple[str, tuple[int, ...]]:
        """What varies down the table: "clients" or "idle", and its levels."""
        return ("idle", self.idle) if len(self.idle) > 1 else ("clients", self.clients)

    def cell_at(self, rung: str, level: int) -> Cell:
        """The cell in the column of `rung` and in the row of `level`."""
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
        who = "Clients ask without pause."
        if self.think is not None:
            who = f"Users think for {self.think:g} s on average before each request."
        rounds = "one round" if self.rounds == 1 else f"median of {self.rounds} rounds"
        notes = [
            f"Requests a second, {rounds} of {self.seconds:g} s or more. {who}",
            f"Processes or threads: {pools or 'one'}. No server was recorded.",
        ]
        name, _ = self.axis()
        if name == "idle":
            notes.append(f"{self.clients[0]:,} clients ask without pause; so many connections beside them are silent.")
        texts = [text for row in self.rows() for text in row]
        if WIDE in texts:
            notes.append(f"{WIDE}: the rounds differ by more than {WIDE_SPREAD:.0%} of their median.")
        if any(text.startswith(UNSTEADY) for text in texts):
            notes.append(f"{UNSTEADY}: no steady state, so that the number says little, and is compared with none.")
        return notes + self._reasons() + self._limits()

    def _reasons(self) -> list[str]:
        """Why some cells have no rate; a sentence for each rung and kind of trouble."""
        reasons: dict[tuple[str, str], Measurement] = {}
        for m in self.measurements:
            if not m.is_steady:
                reasons.setdefault((m.rung, (m.why or m.problem).partition(":")[0]), m)
        return [f"{m.rung}, {m.clients:,} clients, {m.idle:,} idle: {m.why or m.problem}." for m in reasons.values()]

    def _limits(self) -> list[str]:
        """Who could not go faster, by rung, and what the network did."""
        notes = []
        for rung in self.rungs:
            ours = [m for m in self.measurements if m.rung == rung and m.is_steady]
            counts = Counter(m.bottleneck for m in ours)
            dropped = sum(m.dropped for m in ours)
            if ours:
                limits = ", ".join(f"{name} ({number} of {len(ours)})" for name, number in counts.most_common())
                full = f" Accept queue full {dropped:,} times." if dropped else ""
                notes.append(f"What limited {rung}: {limits}.{full}")
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
            found = [Measurement.from_row(row) for row in csv.DictReader(file)]
        settings = {(m.seconds, m.think, m.rung, m.workers) for m in found}
        ours = {(self.seconds, self.think, rung, self.workers.get(rung)) for rung in {m.rung for m in found}}
        if settings - ours:
            raise LabError(
                f"{self.file} has measurements with other settings (seconds, think time or workers). "
                "Use those settings again to go on with it, or name another file."
            )
        wanted = {(n, cell) for n in range(self.rounds) for cell in self.cells}
        return [m for m in found if (m.round, m.cell) in wanted]

    def _write(self, measurement: Measurement) -> None:
        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with open(self.file, "a+", newline="") as file:
            file.seek(0)
            head = next(csv.reader(file), None)  # that of an older version has fewer columns
            writer = csv.DictWriter(file, head or [each.name for each in fields(Measurement)], extrasaction="ignore")
            if head is None:
                writer.writeheader()
            writer.writerow(asdict(measurement))
