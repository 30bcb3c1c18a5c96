"""Watch a server while a load test runs: ready lists above, answers below, on one clock; and a picture that stays."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import numpy as np
import traitlets
from IPython.display import display

from ..lab.errors import LabError
from ..lab.load_run import LoadRun
from ..lab.processes import interrupts_in_one_sentence
from ..lab.server import Server
from ..load.result import LoadResult
from ..load.sample import Sample
from ..load.steady import rate as mean_rate
from ..trace.reader import Trace
from .component import Component, component
from .figures import ROLES, draw_rate
from .panel import PAPER, view_of
from .picture import COLOURS, INK, Picture, new_figure

REDRAW: Final = 0.25  # seconds
NEWEST: Final = 20_000  # waits that are read each time: of a quicker server, some are not drawn
COLUMN: Final = 0.05  # seconds whose waits are one mark
SCALE: Final = (0.7, 20_000.0)  # descriptors: the same in every picture, for they are compared
MARKS: Final = {
    "listener": ("^", 4, "full"),
    "client": ("o", 7, "none"),
    "redis": ("s", 3, "full"),
}  # one shows in another


def watch(server: Server, run: LoadRun) -> LoadResult:
    """Show the server's ready lists and its rate while `run` goes on; return the run's result.

    Four times a second the browser is sent what is new to be drawn. Behind it stays a picture of the whole run.
    """
    seen = WaitsSeen(server)
    watching = Watching(seen=shown_of(server.name, [], seen, run.plan.seconds or 1.0))
    words = ""
    with interrupts_in_one_sentence():
        try:
            display(view_of(watching), raw=True)
            while run.is_running:
                time.sleep(REDRAW)
                watching.look(server, run, seen)
            result = run.wait(progress=False)
            words = f"{result.requests_per_second:,.0f} requests a second"
            return result
        finally:
            run.stop()
            with suppress(LabError):  # a server that has ended has no more to tell
                watching.look(server, run, seen)
            display(_picture(server, run, seen, words), metadata=PAPER)


class Watching(Component):
    """What `watch` shows: `seen` is what `shown_of` makes."""

    _esm = component("watching")
    shown = ("seen",)
    seen: Any = traitlets.Dict().tag(sync=True)

    def look(self, server: Server, run: LoadRun, seen: WaitsSeen) -> None:
        """Show what has happened until now."""
        seen.start_from(run)
        seen.look()
        self.seen = shown_of(server.name, list(run.samples), seen, run.plan.seconds or 1.0)


def shown_of(name: str, samples: Sequence[Sample], seen: WaitsSeen, seconds: float) -> dict[str, Any]:
    """The numbers of both charts, as web/watching.js takes them."""
    at, watched, ready = seen.columns()
    return {
        "title": name, "column_ms": COLUMN * 1e3, "scale": list(SCALE), "end": _end(samples, seconds),
        "at": at.tolist(), "watched": watched.tolist(),
        "ready": {role: [None if np.isnan(mean) else mean for mean in means.tolist()] for role, means in ready.items()},
        "sampled": [sample.at for sample in samples], "rates": [sample.rate for sample in samples],
        "measured": [sample.measured for sample in samples],
    }  # fmt: skip


def _end(samples: Sequence[Sample], seconds: float) -> float:
    """Seconds that the time axis has."""
    return max(seconds, samples[-1].at if samples else 0.0)


class WaitsSeen:
    """The waits so far, added up by columns of time: `sums` has for each column what was counted in it.

    `server`: whose new waits each `look` adds; without one, there are those of `take`.
    """

    def __init__(self, server: Server | None = None) -> None:
        self.server = server
        self.mark = server.newest(1).end if server is not None else 0
        self.started = time.perf_counter()  # of the load test; the recorder has the same clock
        self.sums: dict[int, np.ndarray] = {}  # waits, most watched, then of each role: waits with it, ready

    def start_from(self, run: LoadRun) -> None:
        """When the load test began, as far as its samples tell: each came a moment after its end."""
        if run.samples:
            self.started = min(self.started, time.perf_counter() - run.samples[-1].at)

    def look(self) -> None:
        """Add what the server has recorded since the look before."""
        if self.server is not None:
            self.take(self.server.newest(NEWEST).since(self.mark))

    def take(self, trace: Trace) -> None:
        self.mark = trace.end
        columns = np.floor((trace.rows["called"] - self.started) / COLUMN).astype(int)
        for column in np.unique(columns):
            here = np.flatnonzero(columns == column)
            self._add(int(column), trace[int(here[0]) : int(here[-1]) + 1])

    def _add(self, column: int, part: Trace) -> None:
        sums = self.sums.setdefault(column, np.zeros(2 + 2 * len(ROLES)))
        sums[0] += len(part)
        sums[1] = max(sums[1], part.watched.max())
        for place, role in enumerate(ROLES):
            counts = part.ready_by_role(role)
            sums[2 + 2 * place] += (counts > 0).sum()
            sums[3 + 2 * place] += counts.sum()

    def columns(self) -> tuple[Any, Any, dict[str, Any]]:
        """In seconds the middle of each column; the length of the interest list; by role the mean of the ready ones,
        of those waits that found any (nan: none did)."""
        numbers = sorted(self.sums)
        table = np.array([self.sums[number] for number in numbers]).reshape(-1, 2 + 2 * len(ROLES))
        ready = {}
        for place, role in enumerate(ROLES):
            waits, found = table[:, 2 + 2 * place], table[:, 3 + 2 * place]
            ready[role] = np.divide(found, waits, out=np.full(len(table), np.nan), where=waits > 0)
        return (np.array(numbers) + 0.5) * COLUMN, table[:, 1], ready

    def draw(self, ax: Any) -> None:
        """The columns, into `ax`."""
        at, watched, ready = self.columns()
        ax.plot(at, watched, "_", color=INK, markersize=4, label="watched")
        for role, means in ready.items():
            sign, size, fill = MARKS[role]
            ax.plot(at, means, sign, color=COLOURS[role], markersize=size, fillstyle=fill, label=f"ready: {role}")
        ax.set_yscale("log")
        ax.set_ylim(*SCALE)
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.set_ylabel("descriptors")
        ax.legend(loc="upper left", ncols=4, frameon=False, fontsize=8)


def _picture(server: Server, run: LoadRun, seen: WaitsSeen, words: str) -> Picture:
    figure, (waits, rate) = new_figure(height=5.2, rows=2, height_ratios=[2, 1])
    seen.draw(waits)
    waits.set_title(
        f"{server.name}: how many of the watched were ready? Means of {COLUMN * 1e3:.0f} ms", loc="left", color=INK
    )
    draw_rate(rate, list(run.samples))
    measured = [sample for sample in run.samples if sample.measured]
    for ax in (waits, rate):
        ax.set_xlim(0, _end(run.samples, run.plan.seconds or 1.0))
    rate.set_xlabel("seconds since the start of the load test, for both")
    if not words:  # it was interrupted
        words = f"{mean_rate(measured):,.0f} requests a second so far" if measured else "The rate has not settled yet."
    return Picture(figure, f"Ready lists of the {server.name} server while it is under load. {words}")
