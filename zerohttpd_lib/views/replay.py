"""A saved run in every view that does not need the server any more."""

from __future__ import annotations

from pathlib import Path

import ipywidgets as widgets

from ..lab.saved_run import Run, load_run
from ..load.limit import ADVICE
from .inspector import Inspector
from .interest_panel import InterestPanel
from .load_panel import KeptRun, load_charts, numbers_of
from .panel import Panel
from .picture import COLOURS, INK, Picture

NAMES = {"rung": "server", "keep_alive": "keep-alive", "idle": "silent connections"}


class Replay(Panel):
    """See `replay`. `run` is what the file holds; `inspector` and `interest` are two of its views."""

    name = "replay"

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run
        self.inspector = Inspector(run)
        views, titles = [self.inspector.box], ["Ready lists"]
        if run.result is not None:
            views.insert(0, self._load_view())
            titles.insert(0, "Load test")
        self.interest = InterestPanel(None, {i.fd: i for i in run.interest} or None, run.trace)
        about = ", ".join(f"{NAMES.get(name, name)} {value}" for name, value in run.about.items() if value is not None)
        title = widgets.HTML(f"<p style='color:{INK};background:#fff;margin:4px 0'>A saved run: {about}.</p>")
        tabs = widgets.Tab([*views, self.interest.box], titles=[*titles, "Interest list at the end"])
        self.box.children = [title, self._message, tabs]

    def _load_view(self) -> widgets.VBox:
        result = self.run.result
        assert result is not None
        rung = str(self.run.about.get("rung", "server"))
        colour = COLOURS.get(rung, "#5a5f63")
        self._kept = KeptRun(1, rung, result.plan, result.samples, result, colour=colour)
        charts = "".join(chart.svg() for chart in load_charts([self._kept]))
        advice = f"<p style='color:{INK};background:#fff'>{ADVICE[result.bottleneck]}</p>"
        return widgets.VBox([widgets.HTML(charts), widgets.HTML(numbers_of([self._kept], None) + advice)])

    def picture(self) -> Picture:
        return self.inspector.picture()


def replay(path: str | Path) -> Replay:
    """Open a saved run: its load test, its ready lists, its interest list. Raises ValueError in words.

    Needs no server, no Redis and no Linux.
    """
    return Replay(load_run(path))
