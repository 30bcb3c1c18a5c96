"""A saved run in every view that does not need the server any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import traitlets

from ..lab.saved_run import Run, load_run
from .component import component
from .inspector import Inspector
from .interest_lists import InterestLists
from .load_view import KeptRun, load_of

NAMES = {"rung": "server", "keep_alive": "keep-alive", "idle": "silent connections"}
CLOCKS = " The load test has a clock of its own, and its table is of all of it; when its waits were recorded was not."


class Replay(Inspector):
    """See `replay`. `run` is what the file holds."""

    _esm = component("replay")
    shown = (*Inspector.shown, "about", "load", "lists")
    about: Any = traitlets.Unicode().tag(sync=True)
    load: Any = traitlets.Dict(allow_none=True).tag(sync=True)
    lists: Any = traitlets.Dict().tag(sync=True)

    def __init__(self, run: Run) -> None:
        super().__init__([run])
        self.run = run
        at_the_end = {interest.fd: interest for interest in run.interest} or None
        self.lists = InterestLists(at_the_end, run.trace, is_live=False).shown()
        result = run.result
        if result is None:
            self.load = None
        else:
            kept = KeptRun(1, str(run.about.get("rung", "server")), result.plan, result.samples, result)
            self.load = load_of([kept])
        about = ", ".join(f"{NAMES.get(name, name)} {value}" for name, value in run.about.items() if value is not None)
        self.about = f"A saved run: {about}." + (CLOCKS if result is not None else "")


def replay(path: str | Path) -> Replay:
    """Open a saved run, and play it: its ready lists, its interest list, its load test. Raises ValueError in words.

    Needs no server, no Redis and no Linux.
    """
    return Replay(load_run(path))
