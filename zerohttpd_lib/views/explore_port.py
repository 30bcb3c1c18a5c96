"""An explorable: the port from poll to epoll, method by method, and where the list of descriptors is then."""

from __future__ import annotations

import difflib
import inspect
import textwrap
from typing import Any, Final, NamedTuple

import traitlets

from ..servers import RUNGS
from ..trace.reader import Trace
from .component import Component, component
from .inspector import Source, trace_and_name
from .picture import COLOURS, INK, Picture, new_figure

PLACES: Final = (
    ("array", "Process", "its array"),
    ("interest", "Kernel", "interest list"),
    ("ready", "Kernel", "ready list"),
)
NOTE: Final = (
    "The text is that of servers/poll.py and servers/epoll.py. The numbers are counted in two recorded runs, of eight "
    "busy clients each: {runs}. A page forgets two descriptors, which says how many pages there were."
)
BEFORE: Final = (
    "The poll server. Its list is an array in its own memory. At each call all of it goes into the kernel, which keeps "
    "none of it."
)


class Step(NamedTuple):
    """One method: the places that it changes, and what it does, once it is ported."""

    name: str
    places: tuple[str, ...]
    words: str


STEPS: Final = (
    Step(
        "__init__",
        ("interest", "ready"),
        "select.epoll() makes two empty lists in the kernel (epoll_create1). Nobody is on them.",
    ),
    Step(
        "watch",
        ("array", "interest"),
        "A descriptor goes onto the kernel's list, once, by epoll_ctl. The array stays empty.",
    ),
    Step(
        "wait",
        ("ready",),
        "Nothing goes in. epoll_wait hands over the ready list, and looks at nobody else.",
    ),
    Step(
        "modify",
        ("interest",),
        "The entry gets other events, by epoll_ctl. Without this, what is no longer awaited is told again and again.",
    ),
    Step(
        "forget",
        ("interest",),
        "The entry goes, by epoll_ctl. Without this, a socket that has a copy stays on the list after its close.",
    ),
)


class Port(Component):
    """See `explore_port`. `states`: what is in each place, after so many steps."""

    _esm = component("port")
    shown = ("steps", "states", "places", "before", "note")
    steps: Any = traitlets.List().tag(sync=True)
    states: Any = traitlets.List().tag(sync=True)
    places: Any = traitlets.List().tag(sync=True)
    before: Any = traitlets.Unicode(BEFORE).tag(sync=True)
    note: Any = traitlets.Unicode().tag(sync=True)

    def __init__(self, counts: dict[str, dict[str, float]], **traits: Any) -> None:
        super().__init__(**traits)
        self.counts = counts

    def picture(self) -> Picture:
        """What a page costs each of the two: system calls to wait and to change the list, and descriptors looked at."""
        figure, axes = new_figure(9.0, 2.6, 1)
        axes.remove()
        words = []
        for ax, (what, names) in zip(figure.subplots(1, 2), _charts().items(), strict=True):
            for row, (how, counts) in enumerate(self.counts.items()):
                number = sum(counts[name] for name in names[how])
                ax.barh(row, number, color=COLOURS[how])
                ax.annotate(f"{number:,.1f}", (number, row), (4, -4), textcoords="offset points", color=INK)
                words.append(f"{how}: {number:,.1f} {what}")
            ax.set_yticks(range(len(self.counts)), list(self.counts))
            ax.spines[["top", "right"]].set_visible(False)
            ax.margins(x=0.2)
            ax.invert_yaxis()
            ax.set_title(what, loc="left", fontsize=10, color=INK)
        return Picture(figure, "\n".join(words))


def _charts() -> dict[str, dict[str, tuple[str, ...]]]:
    calls: dict[str, tuple[str, ...]] = {"poll": ("wait",), "epoll": ("wait", "watch", "modify", "forget")}
    looks: dict[str, tuple[str, ...]] = {"poll": ("looked_at",), "epoll": ("looked_at",)}
    return {"calls of poll, epoll_wait, epoll_ctl a page": calls, "descriptors looked at a page": looks}


def explore_port(poll_run: Source, epoll_run: Source) -> Port:
    """Port the poll server, a method at a time. Two runs, of poll and of epoll, say how often each method is called."""
    traces = {how: trace_and_name(run)[0] for how, run in (("poll", poll_run), ("epoll", epoll_run))}
    counts = {how: _a_page(trace) for how, trace in traces.items()}
    runs = ", ".join(f"{how} with {trace.watched.mean():,.0f} watched" for how, trace in traces.items())
    return Port(
        counts,
        steps=[_shown(step, counts) for step in STEPS],
        states=_states(traces),
        places=[{"id": id, "where": where, "name": name} for id, where, name in PLACES],
        note=NOTE.format(runs=runs),
    )


def _a_page(trace: Trace) -> dict[str, float]:
    pages = trace.total("forget") / 2
    counts = {name: trace.total(name) / pages for name in ("watch", "modify", "forget")}
    return {**counts, "wait": len(trace) / pages, "looked_at": trace.cost(round(pages)).looked_at / pages}


def _shown(step: Step, counts: dict[str, dict[str, float]]) -> dict[str, Any]:
    poll, epoll = (_source(how, step.name) for how in counts)
    return {
        **step._asdict(),
        "poll": [{"text": line, "differs": False} for line in poll],
        "epoll": _marked(poll, epoll),
        "price": {how: _price(how, step.name, counts[how]) for how in counts},
    }


def _source(how: str, name: str) -> list[str]:
    """The lines of a method; of the long one those that make the poller."""
    text = textwrap.dedent(inspect.getsource(getattr(RUNGS[how].load(), name)))
    lines = text.splitlines()
    return lines if name != "__init__" else [line.strip() for line in lines if "select." in line]


def _marked(poll: list[str], epoll: list[str]) -> list[dict[str, Any]]:
    found = [line for line in difflib.ndiff(poll, epoll) if line[0] in "+ "]
    return [{"text": line[2:], "differs": line[0] == "+"} for line in found]


def _price(how: str, name: str, counts: dict[str, float]) -> str:
    if name == "__init__":
        return "Once."
    if name == "wait":
        return f"{counts[name]:.1f} a page, a system call each; {counts['looked_at']:,.0f} descriptors looked at."
    return f"{counts[name]:.1f} a page, " + ("no system call." if how == "poll" else "a system call each.")


def _states(traces: dict[str, Trace]) -> list[dict[str, str]]:
    """What is in each place after 0, 1, ... of the steps."""
    watched, (found, of) = traces["poll"].watched.mean(), (traces["epoll"].ready.mean(), traces["epoll"].watched.mean())
    here = f"All that are watched: {watched:,.0f} on average in the record."
    kept = "All that are watched"
    no_list = "There is none."
    handed = f"Handed over by each wait: {found:.1f} of {of:,.0f} on average in the record."
    return [
        {"array": here, "interest": no_list, "ready": no_list},
        {"array": here, "interest": "Empty.", "ready": "Empty."},
        {"array": "Empty.", "interest": f"{kept}.", "ready": "Those with something to do. Nobody asks for it."},
        {"array": "Empty.", "interest": f"{kept}, with the events that they came with.", "ready": handed},
        {"array": "Empty.", "interest": f"{kept}, with the events that are awaited now.", "ready": handed},
        {"array": "Empty.", "interest": f"{kept}, and nobody else.", "ready": handed},
    ]
