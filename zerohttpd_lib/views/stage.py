"""The stage: clients, kernel and process, step by step through a recorded run."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import traitlets
from matplotlib.figure import Figure

from ..lab.errors import LabError
from ..servers import RUNGS
from ..servers.redis_connection import RedisLink
from ..trace.reader import Trace
from .component import Component, component
from .inspector import Source, trace_and_name
from .picture import COLOURS, Picture
from .recording import Recording, recording_of

NOTE: Final = (
    "Played from the record of a real run. A line of the source is found by its name in the method that the server "
    "said it would call next: the record has the method, not the line."
)
ONE_CLOCK: Final = (
    " Each begins with the first of the waits that are shown. Steps within the handling of one wait share its time "
    "evenly: of each, only the order was recorded."
)


class Stage(Component):
    """See `stage`. `recordings`: one for each server."""

    _esm = component("stage")
    shown = ("recordings", "note")
    recordings: Any = traitlets.List().tag(sync=True)
    note: Any = traitlets.Unicode(NOTE).tag(sync=True)

    def __init__(self, traces: Sequence[Trace], **traits: Any) -> None:
        super().__init__(**traits)
        self.traces = traces

    def picture(self) -> Picture:
        """Of each server the wait that found most ready: who is watched, who is ready, and what was done first."""
        figure = Figure(figsize=(9.0, 3.4), layout="constrained")
        words = []
        for number, (trace, recording) in enumerate(zip(self.traces, self.recordings, strict=True), 1):
            wait = trace[int(trace.ready.argmax())]
            words.append(f"{recording['meta']['title']}: {wait}")
            listed = trace[wait.number - trace.first :].listed
            _draw(figure.add_subplot(1, len(self.traces), number), words[-1], listed, {each.fd for each in wait.ready})
        return Picture(figure, "\n\n".join(words))


def stage(*sources: Source, start: int | Sequence[int] = 0, visitors: dict[str, str] | None = None) -> Stage:
    """One server, trace or saved run, played step by step; or two of them, side by side on one clock.

    `start`: how many of the recorded waits to leave out; of two servers one number, or one each. `visitors`: names for
    clients, by their HOST:PORT. Record with `record="details"`: without, there are waits, and not what was done after
    them. Raises LabError, in words.
    """
    if not 1 <= len(sources) <= 2:
        raise LabError("The stage has room for one server, or for two.")
    starts = [start] * len(sources) if isinstance(start, int) else start
    traces, recordings = [], []
    for source, first in zip(sources, starts, strict=True):
        trace, title, _ = trace_and_name(source)
        traces.append(trace[first:])
        recordings.append(_recording(trace[first:], title, visitors or {}))
    return Stage(traces, recordings=recordings, note=NOTE + (ONE_CLOCK if len(recordings) > 1 else ""))


def _recording(trace: Trace, title: str, visitors: dict[str, str]) -> Recording:
    if not len(trace):
        raise LabError("There is no wait in this trace from there on. Ask the server for a page, and try again.")
    server = RUNGS[title].load() if title in RUNGS else None
    return recording_of(trace, title, visitors=visitors, sources=_sources(server, trace.records.names))


def _sources(server: Any, names: list[str]) -> dict[str, Any]:
    """The text of the methods that a record of this class may name: its steps; and by role, where steps are states."""
    if server is None:
        return {}
    connection = getattr(server, "connection_class", None)
    methods = {name: getattr(server, name) for name in names if inspect.isfunction(getattr(server, name, None))}
    methods["wait"] = getattr(server, "wait", None) or getattr(server, "run_once", None) or server.run
    if connection is not None:
        methods |= {"client": connection.ready, "redis": RedisLink.ready, "listener": server.accept_clients}
    return {name: _source(method) for name, method in methods.items()}


def _source(method: Any) -> dict[str, Any]:
    lines = textwrap.dedent(inspect.getsource(method)).splitlines()
    return {"name": method.__qualname__, "lines": lines}


def _draw(ax: Any, words: str, listed: Any, ready: set[int]) -> None:
    fds = [] if listed is None else [int(fd) for fd in listed["fd"]]
    columns = max(1, round((len(fds) * 3) ** 0.5))
    at = np.arange(len(fds))
    ax.scatter(
        at % columns, at // columns, c=[COLOURS["epoll"] if fd in ready else "#d5dade" for fd in fds], marker="s", s=9
    )
    ax.set_title("\n".join(words.splitlines()[:6]), loc="left", fontsize=8, family="monospace")
    ax.set_aspect("equal")
    ax.invert_yaxis()
    ax.axis("off")
