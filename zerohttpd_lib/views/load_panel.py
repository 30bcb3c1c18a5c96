"""The load panel: choose a server and a load, start it, watch it; runs stay on the chart, to be compared."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import ipywidgets as widgets

from ..lab.errors import LabError, ServerHangs
from ..lab.lab import Lab
from ..lab.load_run import LoadRun
from ..lab.processes import interrupts_in_one_sentence
from ..lab.server import Server
from ..load.limit import ADVICE
from ..load.plan import Plan
from ..load.result import LoadResult
from ..servers import RUNGS
from .load_controls import LoadControls
from .load_view import STYLES, KeptRun, LoadRuns, load_of, still_of
from .panel import Panel, button, told_in_words
from .picture import LOCK, Picture

# Of these, each process or thread waits for one client, and there are only so many of them.
ONE_CLIENT_EACH: Final = frozenset({"iterative", "preforked", "prethreaded"})


class LoadPanel(Panel):
    """See `load_panel`. `runs` has what was measured."""

    name = "load panel"

    def __init__(
        self, lab: Lab, rungs: Sequence[str | type], target: Server | str | None, chosen: dict[str, Any]
    ) -> None:
        super().__init__()
        self.lab, self.target = lab, target
        self.served = {rung if isinstance(rung, str) else rung.__name__: rung for rung in rungs}
        self.runs: list[KeptRun] = []
        self.updates = 0  # drawings so far
        self._run: LoadRun | None = None
        self._stopping = threading.Event()
        self._build(chosen)
        self._draw_all()

    def _build(self, chosen: dict[str, Any]) -> None:
        self.controls = LoadControls(list(self.served), chosen, for_target=self.target is not None)
        self.start = button("Start", "Start a server and put it under this load", self._pressed_start)
        self.start.button_style = "primary"
        self.stop = button("Stop", "End the load test now", self._pressed_stop, disabled=True)
        self.clear = button("Clear the chart", "Forget the runs so far", self._pressed_clear)
        self.view = LoadRuns()
        buttons = widgets.HBox([self.start, self.stop, self.clear])
        self.fill(*self.controls.rows(), buttons, self._message, self.view)

    # Buttons.

    @told_in_words
    def _pressed_start(self) -> None:
        rung, plan = self.controls.settings({})
        self.begin(lambda: self._measure(rung, plan))

    @told_in_words
    def _pressed_stop(self) -> None:
        self.say("Stopping ...")
        self.interrupt()

    @told_in_words
    def _pressed_clear(self) -> None:
        with LOCK:
            self.runs = [run for run in self.runs if run.result is None and not run.problem]
            self._draw_all()

    def interrupt(self) -> None:
        self._stopping.set()
        if self._run is not None:
            self._run.stop()

    # One load test.

    def run(self, **chosen: Any) -> LoadResult:
        """As if Start had been pressed, with other settings if you like; wait for the end. Raises LabError."""
        if self._still is None:
            self.show()
        rung, load = self.controls.settings(chosen)
        self.claim()
        try:
            with interrupts_in_one_sentence():
                self._measure(rung, load)
        finally:
            self.release()
        result = self.runs[-1].result
        if result is None:
            raise LabError(self.runs[-1].problem or "The load test was stopped.")
        return result

    def _measure(self, rung: str, load: dict[str, Any]) -> None:
        """Start a server, load it, end it. In the thread of a cell, or in one of our own."""
        server = None
        try:
            self.say(f"Starting {rung} ..." if self.target is None else "Starting ...")
            if self.target is None:
                port, record = self.controls.port.value, self.controls.record.value
                server = self.lab.serve(self.served[rung], port=port, record=record)
            self._load(server or self.target, rung, load)
        finally:
            if server is not None:
                server.stop()
                with suppress(ValueError):
                    self.lab.servers.remove(server)
            with LOCK:
                self._run = None
                self._draw_all()
                self.keep_still()

    def _load(self, target: Any, rung: str, load: dict[str, Any]) -> None:
        self.say("Opening the connections ..." if load["idle"] else "")
        self._run = run = self.lab.start_load(target, **load)
        name = rung if self.target is None else getattr(target, "name", "server")
        same = sum(kept.rung == name for kept in self.runs)
        number = self.runs[-1].number + 1 if self.runs else 1
        kept = KeptRun(number, name, run.plan, run.samples, style=STYLES[same % len(STYLES)])
        with LOCK:
            self.runs.append(kept)
        self.begin_updates()
        self.say("")
        try:
            if self._stopping.is_set():
                run.stop()
            kept.result = run.wait(progress=False)
            if isinstance(target, Server):
                target.check_answered(kept.result)
                if self.target is None and self.controls.record.value:
                    kept.saved = target.to_run(kept.result)
            self.say(ADVICE[kept.result.bottleneck])
        except LabError as problem:
            if not self._stopping.is_set():
                kept.problem = "answered nobody" if isinstance(problem, ServerHangs) else str(problem).splitlines()[0]
                raise _explained(problem, name, run.plan) from problem
            kept.problem = "stopped"
            self.say("Stopped. No process of it is left.")
        except BaseException:
            kept.problem = "interrupted"
            raise
        finally:
            with suppress(ValueError):
                self.lab.loads.remove(run)

    def claim(self) -> None:
        super().claim()
        self._stopping.clear()
        self.start.disabled, self.stop.disabled = True, False

    def release(self) -> None:
        """Start can be pressed again: the server has ended, and the still picture has this run."""
        super().release()
        if not self.is_closed:
            self.start.disabled, self.stop.disabled = False, True

    def save(self, path: str | Path) -> None:
        """Save the newest recorded run to a file, to be opened with `replay`."""
        saved = [run.saved for run in self.runs if run.saved is not None]
        if not saved:
            raise LabError('No run here was recorded: tick "Record the waits" before you start one.')
        saved[-1].save(path)

    # Drawing.

    def draw(self) -> bool:
        run = self._run
        self._draw_all()
        self.updates += 1
        return run is not None and run.is_running

    def _draw_all(self) -> None:
        if not self.is_closed:
            self.view.load = load_of(self.runs, self._run)

    def picture(self) -> Picture | None:
        return still_of(self.runs)


def _explained(problem: LabError, rung: str, plan: Plan) -> LabError:
    """Why a server that silent clients have stopped has answered nobody; of others, what the problem says."""
    if not isinstance(problem, ServerHangs) or rung not in ONE_CLIENT_EACH or not plan.idle:
        return problem
    return LabError(
        f"{rung} answered none of its {plan.clients:,} busy clients, and was ended. Each of its processes or threads "
        f"waits for one client, and the {plan.idle:,} silent ones, who came first, say nothing. "
        "Choose 0 silent connections, or another server: threaded, poll and those after it."
    )


def load_panel(
    lab: Lab, rungs: Sequence[str | type] = (*RUNGS,), *, target: Server | str | None = None, **chosen: Any
) -> LoadPanel:
    """A panel to put servers under load. `rungs`: what can be chosen; names, or classes of yours.

    `target`: a running server of the lab, or a URL of this machine, in place of a server for each
    run. What the controls show at first: `rung`, `clients`, `think` or `rate`, `idle`, `seconds`,
    `keep_alive`, `port`, `record`. `panel.run()` does what Start does and returns the result; `panel.runs` has
    all that was measured; `panel.close()` ends everything.
    """
    return LoadPanel(lab, rungs, target, chosen)
