"""An explorable: density, and what poll and epoll cost by it, on the fitted prices and beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import traitlets

from ..kernel.wait_price import CostModel, WaitTime
from ..lab.errors import LabError
from ..trace.reader import Trace
from .component import Component, component
from .picture import COLOURS, INK, Picture, new_figure

NOTE: Final = (
    "The lines are a model: a price for the call, one for each descriptor watched, one for each that is ready, fitted "
    "to all that was measured on the machine that ran this notebook. The marks are those measurements, with so many "
    "watched."
)
SEEN: Final = " A dotted line is the density of a server under load here, with a list of its own length."


class Density(Component):
    """See `explore_density`. Prices and times are in microseconds."""

    _esm = component("density")
    kept_as = "density"
    shown = ("models", "points", "seen", "note")
    models: Any = traitlets.List().tag(sync=True)
    points: Any = traitlets.List().tag(sync=True)
    seen: Any = traitlets.List().tag(sync=True)
    note: Any = traitlets.Unicode().tag(sync=True)

    def picture(self) -> Picture:
        """For the longest list: the lines, and the marks that lie on them or beside them."""
        watched = max(point["watched"] for point in self.points)
        figure, ax = new_figure(height=3.6)
        ready = np.geomspace(1, watched, 60)
        for model in self.models:
            colour = COLOURS[model["how"]]
            price = (model["base"] + model["per_watched"] * watched) / ready + model["per_ready"]
            ax.plot(ready / watched, price, color=colour, linewidth=2)
            ax.annotate(f"{model['how']}, model", (1, price[-1]), (8, -4), textcoords="offset points", color=colour)
            here = [p for p in self.points if p["how"] == model["how"] and p["watched"] == watched]
            ax.plot([p["ready"] / watched for p in here], [p["us"] / p["ready"] for p in here], "o", color=colour)
        ax.set(xscale="log", yscale="log", xlabel="density: ready / watched", ylabel="µs for each ready one")
        ax.margins(x=0.12)
        ax.set_title(f"What does it cost to hear of one ready descriptor, of {watched:,}?", loc="left", color=INK)
        words = [f"{seen['name']}: density {seen['density']:.4f}" for seen in self.seen]
        return Picture(figure, "\n".join([f"The price of one ready descriptor, with {watched:,} watched.", *words]))


def explore_density(
    times: Sequence[WaitTime], models: Sequence[CostModel], seen: Mapping[str, Trace] | None = None
) -> Density:
    """Drag the density. `times` were measured of poll and of epoll, and `models` are what `fit` made of them, poll's
    first; `seen`: traces of servers under load, by the words for them. Raises LabError where one is missing."""
    if [model.how for model in models] != ["poll", "epoll"] or {time.how for time in times} != {"poll", "epoll"}:
        raise LabError("Two prices are compared: give the times of poll and of epoll, and their models, poll's first.")
    loads = [{"name": name, "density": _density(trace)} for name, trace in (seen or {}).items()]
    return Density(
        models=[_in_microseconds(model) for model in models],
        points=[
            {"how": time.how, "watched": time.watched, "ready": time.ready, "us": time.seconds * 1e6}
            for time in times
            if not time.changed
        ],
        seen=loads,
        note=NOTE + (SEEN if loads else ""),
    )


def _in_microseconds(model: CostModel) -> dict[str, Any]:
    prices = {name: getattr(model, name) * 1e6 for name in ("base", "per_watched", "per_ready")}
    return {"how": model.how, **prices}


def _density(trace: Trace) -> float:
    return float(trace.ready.sum() / trace.watched.sum())
