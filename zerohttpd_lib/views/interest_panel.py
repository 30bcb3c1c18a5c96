"""The interest list twice: as the kernel has it, and as the program believes it to be."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import Any, Final

import traitlets

from ..kernel.interest import Interest, interest_list
from ..lab.errors import LabError
from ..lab.server import Server
from ..trace.reader import Trace
from .component import Component, component
from .interest_lists import InterestLists, Own
from .picture import COLOURS, INK, LOCK, Picture, new_figure
from .sampler import SAMPLER

MOMENTS: Final = 5  # at most, to find one in which a server is through with its ready list
LOOK_EVERY: Final = 1.0  # seconds, when it looks by itself: the server is stopped while it is looked at


def both_lists(server: Server) -> tuple[dict[int, Interest] | None, Trace]:
    """The kernel's list (None: it keeps none) and the trace, both of one moment: the server stands still.

    What a server does with a ready list is written down when it is done with it. So it is looked at again, if it
    stands in the middle of one, but not for ever: a busy server is hardly ever anywhere else.
    """
    server.check_alive()
    for _ in range(MOMENTS):
        with server.frozen() as pids:
            trace = server.trace
            kernel = _kernels_list(server, pids)
        if not len(trace) or trace[-1].handling is not None:
            break
    return kernel, trace


def _kernels_list(server: Server, pids: list[int]) -> dict[int, Interest] | None:
    for pid in pids:
        with suppress(ProcessLookupError, FileNotFoundError):
            if (found := interest_list(pid, server.address[1], server.redis_address[1])) is not None:
                return {interest.fd: interest for interest in found}
    return None


class InterestPanel(Component):
    """See `interest_panel`. `both` are the lists as last looked at."""

    _esm = component("interest")
    shown = ("lists", "is_live", "always", "trouble")
    lists: Any = traitlets.Dict().tag(sync=True)
    is_live: Any = traitlets.Bool().tag(sync=True)
    always: Any = traitlets.Bool(False).tag(sync=True)
    trouble: Any = traitlets.Unicode().tag(sync=True)

    def __init__(self, server: Server | None, kernel: dict[int, Interest] | None, trace: Trace) -> None:
        self.server = server
        self._hold(kernel, trace)
        super().__init__(is_live=server is not None, lists=self.both.shown())
        self.on_msg(lambda _, message, __: self.look() if message.get("act") == "look" else None)
        self.observe(lambda change: SAMPLER.add(self) if change["new"] else None, "always")

    def _hold(self, kernel: dict[int, Interest] | None, trace: Trace) -> None:
        self.both = InterestLists(kernel, trace, is_live=self.server is not None)
        self._looked = monotonic()

    def look(self) -> None:
        """Read both lists once more. What goes wrong is said in the panel."""
        if self.server is None:
            return
        try:
            found = both_lists(self.server)
        except LabError as problem:
            self.trouble, self.always = str(problem), False
            return
        with LOCK:
            self._hold(*found)
            self.trouble, self.lists = "", self.both.shown()

    def refresh(self) -> bool:
        """Called by the sampler. Returns whether there is more to come."""
        if self.always and monotonic() > self._looked + LOOK_EVERY:
            self.look()
        return bool(self.always)

    def close(self) -> None:
        """Look no more, and take it off the page. May be repeated."""
        self.always = False
        SAMPLER.remove(self)
        super().close()

    def picture(self) -> Picture:
        """How many of each role are on both lists."""
        lists: dict[str, list[Interest | Own]] = {"program": [*self.both.own.values()]}
        if self.both.kernel is not None:
            lists = {"kernel": [*self.both.kernel.values()], **lists}
        roles = sorted({each.role for members in lists.values() for each in members}, reverse=True)
        names = [(role, who) for role in roles for who in reversed(lists)]
        counts = [sum(each.role == role for each in lists[who]) for role, who in names]
        figure, ax = new_figure(9.0, 1.2 + 0.3 * len(names))
        bars = ax.barh([f"{role}: {who}" for role, who in names], counts, height=0.6,
                       color=[COLOURS.get(role, INK) for role, _ in names])  # fmt: skip
        ax.bar_label(bars, fmt="{:,.0f}", padding=4)
        ax.grid(visible=False)
        ax.margins(x=0.1)
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set_xlabel("descriptors")
        ax.set_title("How many descriptors are on the list?", loc="left", color=INK, fontsize=11)
        return Picture(figure, self.both.words())


def interest_panel(server: Server) -> InterestPanel:
    """The kernel's interest list of a running server beside what the program believes it to be. Raises LabError."""
    return InterestPanel(server, *both_lists(server))
