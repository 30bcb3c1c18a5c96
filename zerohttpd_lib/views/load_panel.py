"""The load panel: choose a server and a load, start it, watch it; runs stay on the chart, to be compared."""

from __future__ import annotations

import resource
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
from ..load.plan import SPARE_DESCRIPTORS, Plan
from ..load.result import LoadResult
from ..servers import RUNGS
from .load_view import STYLES, KeptRun, LoadRuns, load_of, still_of
from .panel import Panel, button, told_in_words
from .picture import LOCK, Picture

# Of these, each process or thread waits for one client, and there are only so many of them.
ONE_CLIENT_EACH: Final = frozenset({"iterative", "preforked", "prethreaded"})
# These hold all their connections in one process, whose descriptor limit they share.
ONE_PROCESS: Final = frozenset(RUNGS) - {"iterative", "forking", "preforked", "multiprocess"}
WITHOUT_PAUSE: Final = "ask without pause"
THINKING: Final = "think before they ask"
PACES: Final = {  # what the number beside each kind of load is
    WITHOUT_PAUSE: None,
    THINKING: "for, on average, seconds",
    "come at a fixed rate": "of, a second, requests",
}


def _kind_of(chosen: dict[str, Any]) -> str:
    if chosen.get("think") is not None:
        return THINKING
    return "come at a fixed rate" if chosen.get("rate") is not None else WITHOUT_PAUSE


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
        wide = {"style": {"description_width": "initial"}, "layout": {"width": "auto"}}
        names = list(self.served)
        self.rung = widgets.Dropdown(
            options=names,
            value=chosen.get("rung", "epoll" if "epoll" in names else names[0]),
            description="Server",
            **wide,
        )
        self.clients = widgets.IntText(value=chosen.get("clients", 8), description="Clients", **wide)
        self.kind = widgets.Dropdown(options=list(PACES), value=_kind_of(chosen), description="who", **wide)
        self.pace = widgets.FloatText(value=chosen.get("think") or chosen.get("rate") or 1.0, **wide)
        self.kind.observe(lambda change: self._name_the_pace(), "value")
        self._name_the_pace()
        self.idle = widgets.IntText(value=chosen.get("idle", 0), description="Silent connections beside them", **wide)
        self.seconds = widgets.FloatText(value=chosen.get("seconds", 5.0), description="Seconds", **wide)
        self.port = widgets.IntText(value=chosen.get("port", 0), description="Port (0: any free one)", **wide)
        self.keep_alive = widgets.Checkbox(
            value=chosen.get("keep_alive", False), description="Keep connections alive", indent=False
        )
        self.record = widgets.Checkbox(value=chosen.get("record", False), description="Record the waits", indent=False)
        widths = (
            (self.clients, 150),
            (self.kind, 230),
            (self.pace, 230),
            (self.idle, 270),
            (self.seconds, 130),
            (self.port, 210),
        )
        for field_, width in widths:
            field_.layout.width = f"{width}px"
        self.rung.layout.width = "190px"
        for box in (self.keep_alive, self.record):
            box.layout.width = "190px"
        if self.target is not None:
            self.rung.disabled = self.port.disabled = self.record.disabled = True
        self.start = button("Start", "Start a server and put it under this load", self._pressed_start)
        self.start.button_style = "primary"
        self.stop = button("Stop", "End the load test now", self._pressed_stop, disabled=True)
        self.clear = button("Clear the chart", "Forget the runs so far", self._pressed_clear)
        self.view = LoadRuns()
        self.box.children = [
            widgets.HBox([self.rung, self.clients, self.kind, self.pace, self.idle], layout={"flex_flow": "row wrap"}),
            widgets.HBox([self.seconds, self.port, self.keep_alive, self.record], layout={"flex_flow": "row wrap"}),
            widgets.HBox([self.start, self.stop, self.clear]),
            self._message,
            self.view,
        ]

    def _name_the_pace(self) -> None:
        """Say what the number beside the kind of load means; nothing, where clients ask without pause."""
        self.pace.description = PACES[self.kind.value] or ""
        self.pace.layout.display = "" if PACES[self.kind.value] else "none"

    # Buttons.

    @told_in_words
    def _pressed_start(self) -> None:
        rung, plan = self._settings({})
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
        rung, load = self._settings(chosen)
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

    def _settings(self, chosen: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """What the controls say, or `chosen` in their place. Raises LabError when it cannot be done."""
        for name, value in chosen.items():
            if name in ("think", "rate"):
                self.kind.value, self.pace.value = _kind_of({name: value}), value
            elif name in ("rung", "clients", "idle", "seconds", "port", "keep_alive", "record"):
                getattr(self, name).value = value
            else:
                raise LabError(f"The load panel has no setting {name!r}.")
        names = ("clients", "idle", "seconds", "keep_alive")
        load = {name: getattr(self, name).value for name in names}
        if self.kind.value != WITHOUT_PAUSE:
            load["think" if self.kind.value == THINKING else "rate"] = self.pace.value
        if not 0 <= self.port.value <= 65_535:
            raise LabError(f"Port {self.port.value}: choose from 1 to 65535, or 0 for any free one.")
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_DESCRIPTORS
        needed = load["clients"] + load["idle"]
        if self.target is None and self.rung.value in ONE_PROCESS and needed > limit:
            raise LabError(
                f"{needed:,} connections are too many: a process may open about {limit:,} descriptors here "
                "(ulimit -Hn), and this server is one process. Choose fewer clients or silent connections."
            )
        return self.rung.value, load

    def _measure(self, rung: str, load: dict[str, Any]) -> None:
        """Start a server, load it, end it. In the thread of a cell, or in one of our own."""
        server = None
        try:
            self.say(f"Starting {rung} ..." if self.target is None else "Starting ...")
            if self.target is None:
                server = self.lab.serve(self.served[rung], port=self.port.value, record=self.record.value)
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
                if self.target is None and self.record.value:
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
