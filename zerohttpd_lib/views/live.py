"""A picture that is drawn again while a load test runs: ready lists above, answers below, on one clock."""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np
from IPython.display import DisplayHandle, display

from ..lab.load_run import LoadRun
from ..lab.processes import interrupts_in_one_sentence
from ..lab.server import Server
from ..load.result import LoadResult
from ..load.steady import rate as mean_rate
from ..trace.reader import Trace
from .figures import ROLES, draw_rate
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

    Four times a second the picture is replaced by a newer one; the one of the whole run stays.
    """
    with interrupts_in_one_sentence():
        try:
            seen = WaitsSeen(server)
            handle: DisplayHandle = display(_picture(server, run, seen), display_id=True)
            while run.is_running:
                time.sleep(REDRAW)
                handle.update(_picture(server, run, seen))
            result = run.wait(progress=False)
            # On a busy machine the one before may be a second old.
            handle.update(_picture(server, run, seen, f"{result.requests_per_second:,.0f} requests a second"))
            return result
        finally:
            run.stop()


class WaitsSeen:
    """The waits so far, added up by columns of time: `sums` has for each column what was counted in it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.mark = server.newest(1).end
        self.started = time.perf_counter()  # of the load test; the recorder has the same clock
        self.sums: dict[int, np.ndarray] = {}  # waits, most watched, then of each role: waits with it, ready

    def start_from(self, run: LoadRun) -> None:
        """When the load test began, as far as its samples tell: each came a moment after its end."""
        if run.samples:
            self.started = min(self.started, time.perf_counter() - run.samples[-1].at)

    def look(self) -> None:
        trace = self.server.newest(NEWEST).since(self.mark)
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

    def draw(self, ax: Any) -> None:
        """Into `ax`: the length of the interest list, and the mean of the ready ones where there were any."""
        columns = sorted(self.sums)
        at = (np.array(columns) + 0.5) * COLUMN
        table = np.array([self.sums[column] for column in columns]).reshape(-1, 2 + 2 * len(ROLES))
        ax.plot(at, table[:, 1], "_", color=INK, markersize=4, label="watched")
        for place, role in enumerate(ROLES):
            some = table[:, 2 + 2 * place] > 0
            mean = table[some, 3 + 2 * place] / table[some, 2 + 2 * place]
            sign, size, fill = MARKS[role]
            ax.plot(at[some], mean, sign, color=COLOURS[role], markersize=size, fillstyle=fill, label=f"ready: {role}")
        ax.set_yscale("log")
        ax.set_ylim(*SCALE)
        ax.yaxis.set_major_formatter("{x:,.0f}")
        ax.set_ylabel("descriptors")
        ax.legend(loc="upper left", ncols=4, frameon=False, fontsize=8)


def _picture(server: Server, run: LoadRun, seen: WaitsSeen, words: str = "") -> Picture:
    figure, (waits, rate) = new_figure(height=5.2, rows=2, height_ratios=[2, 1])
    seen.start_from(run)
    seen.look()
    seen.draw(waits)
    waits.set_title(
        f"{server.name}: how many of the watched were ready? Means of {COLUMN * 1e3:.0f} ms", loc="left", color=INK
    )
    draw_rate(rate, list(run.samples))
    newest = run.samples[-1] if run.samples else None
    measured = [sample for sample in run.samples if sample.measured]
    end = max(run.plan.seconds or 0, newest.at if newest else 1)
    for ax in (waits, rate):
        ax.set_xlim(0, end)
    rate.set_xlabel("seconds since the start of the load test, for both")
    so_far = f"{mean_rate(measured):,.0f} requests a second so far" if measured else "The rate has not settled yet."
    words = words or so_far
    return Picture(figure, f"Ready lists of the {server.name} server while it is under load. {words}")
