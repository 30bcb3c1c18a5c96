"""The stage: clients, kernel and process, step by step through a recorded run."""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Sequence
from typing import Any, Final

import traitlets

from ..lab.errors import LabError
from ..lab.saved_run import Run
from ..lab.server import Server
from ..servers import RUNGS
from ..servers.redis_connection import RedisLink
from ..servers.turns import Turns
from ..trace.reader import Trace
from .component import Component, component
from .inspector import Source, trace_and_name
from .picture import Picture
from .recording import Recording, recording_of
from .stage_still import picture_of

NOTE: Final = (
    "From the record of a real run. Yellow is what is done just now; red, a call that blocks, and whom it holds up. "
    "A lit line is the one that made the call, as it was recorded. What a wait looks at is as man 2 poll and man 7 "
    "epoll have it; only how long it took was recorded."
)
ONE_CLOCK: Final = (
    " Both clocks begin with the first wait that is shown. A call that took a millisecond or more was timed; the other "
    "steps within the handling of one wait share its time evenly: of them, only the order was recorded."
)


class Stage(Component):
    """See `stage`. `recordings`: one for each server; `starts`: with which of its waits each opens."""

    _esm = component("stage")
    shown = ("recordings", "starts", "note")
    starts: Any = traitlets.List().tag(sync=True)
    recordings: Any = traitlets.List().tag(sync=True)
    note: Any = traitlets.Unicode(NOTE).tag(sync=True)

    def __init__(self, traces: Sequence[Trace], **traits: Any) -> None:
        super().__init__(**traits)
        self.traces = traces

    def picture(self) -> Picture:
        return picture_of(self.traces, self.recordings)


def stage(*sources: Source, start: int | Sequence[int] = 0, visitors: dict[str, str] | None = None) -> Stage:
    """One server, trace or saved run, played step by step; or two of them, side by side on one clock.

    `start`: with which of the recorded waits it opens; of two servers one number, or one each. `visitors`: names for
    clients, by their HOST:PORT; a saved run may have some. Record with `record="details"`: without, there are waits,
    and not what was done after them. Raises LabError, in words.
    """
    if not 1 <= len(sources) <= 2:
        raise LabError("The stage has room for one server, or for two.")
    starts = [start] * len(sources) if isinstance(start, int) else list(start)
    traces, recordings = [], []
    for source, first in zip(sources, starts, strict=True):
        trace, title, _ = trace_and_name(source)
        if not 0 <= first < len(trace):
            raise LabError("There is no wait in this trace from there on. Ask the server for a page, and try again.")
        named = source.about.get("visitors", {}) if isinstance(source, Run) else {}
        traces.append(trace)
        recordings.append(recording_on(trace, title, class_of(source, title), visitors=named | (visitors or {})))
    return Stage(traces, recordings=recordings, starts=starts, note=NOTE + (ONE_CLOCK if len(recordings) > 1 else ""))


def class_of(source: Source, title: str) -> Any:
    """The class of the server that was recorded; None where it is not known."""
    if isinstance(source, Server) and not isinstance(source.what, str):
        return source.what
    return RUNGS[title].load() if title in RUNGS else None


def recording_on(trace: Trace, title: str, server: Any, **more: Any) -> Recording:
    """A record with the source of what it names: see web/recording.js and web/scene.js."""
    functions = {} if server is None else _functions(server)
    methods = {} if server is None else _methods(server, trace.records.names)
    named = {name.partition("+")[0] for name in trace.records.names} | set(methods.values())
    sources = {name: _source(functions[name]) for name in named if name in functions}
    return recording_of(trace, title, sources=sources, methods=methods, **more)


def _functions(server: Any) -> dict[str, Any]:
    """The methods that may run in this server's process, by their full names."""
    classes = [server, getattr(server, "connection_class", None), RedisLink, Turns]
    above = [each for kind in classes if kind is not None for each in kind.__mro__ if each is not object]
    return {each.__qualname__: each for kind in above for each in vars(kind).values() if inspect.isfunction(each)}


def _methods(server: Any, names: list[str]) -> dict[str, str]:
    """Which method is meant by a next step; by "wait"; and, where steps are states, by a role."""
    methods = {name: getattr(server, name, None) for name in names}
    methods["wait"] = getattr(server, "wait", None) or getattr(server, "run_once", None) or getattr(server, "run", None)
    connection = getattr(server, "connection_class", None)
    if connection is not None:
        methods |= {"client": connection.ready, "redis": RedisLink.ready, "listener": server.accept_clients}
    return {name: method.__qualname__ for name, method in methods.items() if inspect.isfunction(method)}


@functools.cache
def _source(method: Any) -> dict[str, Any]:
    try:
        lines = textwrap.dedent(inspect.getsource(method)).splitlines()
    except (OSError, TypeError):  # typed into a prompt that keeps nothing
        lines = []
    return {"name": method.__qualname__, "lines": lines}
