"""An explorable: one request out of a record, turn by turn, among the turns of all others."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from typing import Any, Final

import traitlets

from ..lab.errors import LabError
from ..servers import RUNGS
from ..trace.reader import Trace
from ..trace.wait import Call, Entry, Turn, Wait
from .component import Component, component
from .inspector import Source, trace_and_name
from .picture import COLOURS, INK, Picture, new_figure

FARTHEST: Final = 400  # waits that are looked through for the end of a request
NOTE: Final = (
    "Played from the record of a real run. Each square is an event, in the order in which the server turned to them. "
    "The time is that at which the wait returned that told of the event, counted from the one that told of the client."
)


class Request(Component):
    """See `explore_request`. `events`: for each its role, and the number of the step that it is, or -1: of others."""

    _esm = component("request")
    shown = ("title", "steps", "events", "note")
    title: Any = traitlets.Unicode().tag(sync=True)
    steps: Any = traitlets.List().tag(sync=True)
    events: Any = traitlets.List().tag(sync=True)
    note: Any = traitlets.Unicode(NOTE).tag(sync=True)

    def picture(self) -> Picture:
        """All events from the first of this request to its last: its own in colour, with their callbacks."""
        figure, ax = new_figure(9.0, 2.2, 1)
        for at, (role, step) in enumerate(self.events):
            ax.bar(at, 1, width=0.8, color=COLOURS.get(role, INK) if step >= 0 else "#d5dade")
            if step >= 0:
                ax.annotate(self.steps[step]["callback"], (at, 1.05), rotation=28, fontsize=8, color=INK)
        ax.set(ylim=(0, 2.2), yticks=[], xlabel="events, in the order in which they were handled")
        ax.spines["left"].set_visible(False)
        ax.grid(visible=False)
        ax.set_title(f"One request at {self.title}, among the turns of others", loc="left", color=INK, fontsize=10)
        words = [
            f"{step['us']:7,.0f} µs  {step['role']:8} {step['events']:4} {step['callback']}" for step in self.steps
        ]
        return Picture(figure, "\n".join(words))


def explore_request(source: Source, *, start: int = 0) -> Request:
    """Follow one request from accept() to the last byte: the first that comes after `start` of the recorded waits.

    `source`: a server that keeps one connection to Redis for each request, recorded with details, its trace, or a run.
    Raises LabError where no whole request is found.
    """
    trace, title, _ = trace_and_name(source)
    waits = trace[start : start + FARTHEST]
    turns = [(wait, turn) for wait in waits for turn in wait.turns]
    steps, events = _Follower(waits).follow(turns)
    server = RUNGS[title].load() if title in RUNGS else None
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        step["next"] = after["callback"] if after else ""
        step["source"] = _source(getattr(server, step["callback"], None))
    return Request(title=title, steps=steps, events=events)


class _Follower:
    """Goes through turns in order, and picks those of one client and of its Redis connection."""

    def __init__(self, waits: Trace) -> None:
        self.first = waits.first
        self.returned = waits.rows["returned"]
        self.client: int | None = None
        self.redis: int | None = None
        self.began = 0.0
        self.steps: list[dict[str, Any]] = []
        self.events: list[list[Any]] = []

    def follow(self, turns: list[tuple[Wait, Turn]]) -> tuple[list[dict[str, Any]], list[list[Any]]]:
        for wait, turn in turns:
            if turn.entry.kind == "end":
                continue
            is_step = self._began_in(turn) if self.client is None else turn.entry.fd in (self.client, self.redis)
            if is_step:
                self._add(wait, turn)
            if self.steps:
                self.events.append([turn.entry.role, len(self.steps) - 1 if is_step else -1])
            if self.client in _forgotten(turn.done):
                if self.redis is not None:
                    return self.steps, self.events
                self.client, self.steps, self.events = None, [], []  # it needed no Redis: on to the next one
        raise LabError(
            "No request is recorded here from its accept() to its end, with a Redis connection of its own. Record "
            'poll or epoll with record="details" while somebody asks, or begin at another wait: start=100.'
        )

    def _began_in(self, turn: Turn) -> bool:
        """Whether a client was accepted in this turn; the first of them is the one that is followed."""
        self.client = next(iter(_accepted(turn.done)), None)
        return self.client is not None

    def _add(self, wait: Wait, turn: Turn) -> None:
        """A turn of ours. In one of the client's a connection to Redis may be watched, which then is ours, too."""
        entry, at = turn.entry, float(self.returned[wait.number - self.first])
        if entry.fd == self.client:
            self.redis = next(iter(_watched_for_redis(turn.done)), None)
        ours = [
            each for each in turn.done if each.fd in (self.client, self.redis) or _accepted([each]) == [self.client]
        ]
        self.began = at if not self.steps else self.began
        self.steps.append(
            {
                "wait": wait.number,
                "us": (at - self.began) * 1e6,
                "fd": entry.fd,
                "role": entry.role,
                "events": entry.events,
                "callback": entry.step,
                "done": [*_in_words(ours)],
            }
        )


def _accepted(done: list[Entry | Call]) -> list[int]:
    return [each.count for each in done if isinstance(each, Call) and each.name == "accept" and not each.problem]


def _watched_for_redis(done: list[Entry | Call]) -> list[int]:
    return [each.fd for each in done if isinstance(each, Entry) and each.kind == "watch" and each.role == "redis"]


def _forgotten(done: list[Entry | Call]) -> list[int]:
    return [each.fd for each in done if isinstance(each, Entry) and each.kind == "forget"]


def _in_words(done: list[Entry | Call]) -> Iterator[str]:
    for each in done:
        if isinstance(each, Call):
            yield f"{each.name} on fd {each.fd}: {each.outcome}"
        else:
            yield f"{each.kind} fd {each.fd}" + (f" for {each.events}" if each.kind != "forget" else "")


def _source(method: Any) -> list[str]:
    return textwrap.dedent(inspect.getsource(method)).splitlines() if inspect.isfunction(method) else []
