"""A picture that is drawn again while a load test runs."""

from __future__ import annotations

import time
from typing import Final

from IPython.display import DisplayHandle, display

from ..lab.load_run import LoadRun
from ..lab.processes import interrupts_in_one_sentence
from ..lab.server import Server
from ..load.result import LoadResult
from .figures import draw_rate, draw_waits
from .picture import INK, Picture, new_figure

REDRAW: Final = 0.25  # seconds
SHOWN: Final = 2000  # the newest waits: more dots would only hide each other


def watch(server: Server, run: LoadRun) -> LoadResult:
    """Show the server's ready lists and its rate while `run` goes on; return the run's result.

    Four times a second the picture is replaced by a newer one; the one of the whole run stays.
    """
    with interrupts_in_one_sentence():
        try:
            handle: DisplayHandle = display(_picture(server, run), display_id=True)
            while run.is_running:
                time.sleep(REDRAW)
                handle.update(_picture(server, run))
            result = run.wait(progress=False)
            handle.update(_picture(server, run))  # on a busy machine the one before may be a second old
            return result
        finally:
            run.stop()


def _picture(server: Server, run: LoadRun) -> Picture:
    figure, (waits, rate) = new_figure(height=5.2, rows=2, height_ratios=[2, 1])
    trace = server.newest(SHOWN)
    draw_waits(waits, trace)
    waits.set_title(
        f"How many of the watched were ready? The {server.name} server's newest waits", loc="left", color=INK
    )
    draw_rate(rate, list(run.samples))
    newest = run.samples[-1] if run.samples else None
    rate.set_xlim(0, max(run.plan.seconds or 0, newest.at if newest else 1))
    words = f"{newest.rate:,.0f} requests a second" if newest else "No answer yet."
    return Picture(figure, f"Ready lists of the {server.name} server while it is under load. {words}")
