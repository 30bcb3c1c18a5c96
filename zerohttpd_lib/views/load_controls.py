"""The controls of the load panel: which server, and which load; what they say, as the arguments of a load test."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from typing import Any, Final

import ipywidgets as widgets

from ..lab.errors import LabError
from ..load.plan import SPARE_DESCRIPTORS
from ..servers import RUNGS

# These hold all their connections in one process, whose descriptor limit they share.
ONE_PROCESS: Final = frozenset(RUNGS) - {"iterative", "forking", "preforked", "multiprocess"}
WITHOUT_PAUSE: Final = "ask without pause"
THINKING: Final = "think before they ask"
PACES: Final = {  # what the number beside each kind of load is
    WITHOUT_PAUSE: None,
    THINKING: "for, on average, seconds",
    "come at a fixed rate": "of, a second, requests",
}
NAMES: Final = ("rung", "clients", "idle", "seconds", "port", "keep_alive", "record")  # beside think and rate


class LoadControls:
    """A row for whom to ask and how, a row for the rest. `chosen`: what they show at first; see `load_panel`.

    `for_target`: the server is there already, so there is none to choose.
    """

    def __init__(self, names: Sequence[str], chosen: dict[str, Any], *, for_target: bool) -> None:
        self._for_target = for_target
        self.rung = widgets.Dropdown(
            options=names,
            value=chosen.get("rung", "epoll" if "epoll" in names else names[0]),
            description="Server",
            **_wide(190),
        )
        self.clients = widgets.IntText(value=chosen.get("clients", 8), description="Clients", **_wide(150))
        self.kind = widgets.Dropdown(options=list(PACES), value=_kind_of(chosen), description="who", **_wide(230))
        self.pace = widgets.FloatText(value=chosen.get("think") or chosen.get("rate") or 1.0, **_wide(230))
        self.idle = widgets.IntText(
            value=chosen.get("idle", 0), description="Silent connections beside them", **_wide(270)
        )
        self.seconds = widgets.FloatText(value=chosen.get("seconds", 5.0), description="Seconds", **_wide(130))
        self.port = widgets.IntText(value=chosen.get("port", 0), description="Port (0: any free one)", **_wide(210))
        self.keep_alive = _box("Keep connections alive", chosen.get("keep_alive", False))
        self.record = _box("Record the waits", chosen.get("record", False))
        self.rung.disabled = self.port.disabled = self.record.disabled = for_target
        self.kind.observe(lambda change: self._name_the_pace(), "value")
        self._name_the_pace()

    def rows(self) -> list[widgets.HBox]:
        rows = [[self.rung, self.clients, self.kind, self.pace, self.idle],
                [self.seconds, self.port, self.keep_alive, self.record]]  # fmt: skip
        return [widgets.HBox(row, layout={"flex_flow": "row wrap"}) for row in rows]

    def settings(self, chosen: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The server, and the arguments of a load test, once the controls show `chosen`.

        Raises LabError when there is no such control, and when what they say cannot be done.
        """
        for name, value in chosen.items():
            if name in ("think", "rate"):
                self.kind.value, self.pace.value = _kind_of({name: value}), value
            elif name in NAMES:
                getattr(self, name).value = value
            else:
                raise LabError(f"The load panel has no setting {name!r}.")
        load = {name: getattr(self, name).value for name in ("clients", "idle", "seconds", "keep_alive")}
        if self.kind.value != WITHOUT_PAUSE:
            load["think" if self.kind.value == THINKING else "rate"] = self.pace.value
        if not 0 <= self.port.value <= 65_535:
            raise LabError(f"Port {self.port.value}: choose from 1 to 65535, or 0 for any free one.")
        self._check_descriptors(load["clients"] + load["idle"])
        return self.rung.value, load

    def _check_descriptors(self, needed: int) -> None:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_DESCRIPTORS
        if not self._for_target and self.rung.value in ONE_PROCESS and needed > limit:
            raise LabError(
                f"{needed:,} connections are too many: a process may open about {limit:,} descriptors here "
                "(ulimit -Hn), and this server is one process. Choose fewer clients or silent connections."
            )

    def _name_the_pace(self) -> None:
        """Say what the number beside the kind of load means; nothing, where clients ask without pause."""
        self.pace.description = PACES[self.kind.value] or ""
        self.pace.layout.display = "" if PACES[self.kind.value] else "none"


def _wide(pixels: int) -> dict[str, Any]:
    return {"style": {"description_width": "initial"}, "layout": {"width": f"{pixels}px"}}


def _box(words: str, is_on: bool) -> widgets.Checkbox:
    return widgets.Checkbox(value=is_on, description=words, indent=False, layout={"width": "190px"})


def _kind_of(chosen: dict[str, Any]) -> str:
    if chosen.get("think") is not None:
        return THINKING
    return "come at a fixed rate" if chosen.get("rate") is not None else WITHOUT_PAUSE
