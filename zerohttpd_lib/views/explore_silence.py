"""An explorable: silent clients at seven servers, who holds them, and whether the next client gets an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import traitlets

from ..lab.errors import LabError
from .component import Component, component
from .picture import INK, Picture, new_figure

# What holds a client in each of the seven, as their files have it: "entry" is one on the list of a single thread.
HOLDERS: Final = {
    "iterative": "process", "forking": "process", "preforked": "process", "threaded": "thread", "prethreaded": "thread",
    "poll": "entry", "epoll": "entry",
}  # fmt: skip
NOTE: Final = (
    "Where it says measured, a server of this kind was started on the machine that ran this notebook, so many clients "
    "kept silent, and another one asked. For other numbers it says what follows from how the server is made: how many "
    "processes or threads it has, and that each waits for one client."
)


class Silence(Component):
    """See `explore_silence`. Of each server: what holds a client, how many of these it has (None: as many as clients
    come), and pairs of a number of silent clients and whether the next one was answered."""

    _esm = component("silence")
    kept_as = "silence"
    shown = ("servers", "most", "note")
    servers: Any = traitlets.List().tag(sync=True)
    most: Any = traitlets.Int().tag(sync=True)
    note: Any = traitlets.Unicode(NOTE).tag(sync=True)

    def picture(self) -> Picture:
        """What was measured."""
        numbers = sorted({number for server in self.servers for number, _ in server["measured"]})
        figure, ax = new_figure(width=7.0, height=2.8)
        words = []
        for row, server in enumerate(self.servers):
            for number, answered in server["measured"]:
                said = "answers" if answered else "STUCK"
                colour, weight = (INK, "normal") if answered else ("#b4231c", "bold")
                ax.text(numbers.index(number), row, said, ha="center", va="center", color=colour, weight=weight)
                words.append(f"{server['name']} beside {number} silent: {said}")
        ax.set(xlim=(-0.6, len(numbers) - 0.4), ylim=(len(self.servers) - 0.5, -0.5), xlabel="silent clients")
        ax.set_xticks(range(len(numbers)), [str(number) for number in numbers])
        ax.set_yticks(range(len(self.servers)), [server["name"] for server in self.servers])
        ax.tick_params(length=0)
        ax.set_title("Who answers the next client?", loc="left", color=INK)
        return Picture(figure, "\n".join(words))


def explore_silence(measured: Mapping[str, Mapping[int, bool]], *, pool: int) -> Silence:
    """Drag silent clients to the seven servers. `measured`: by server, and by number of silent clients, whether the
    next one was answered; `pool`: how many processes or threads those with a pool had. Raises LabError for another
    server, and where nothing was measured."""
    if other := sorted(set(measured) - set(HOLDERS)):
        raise LabError(f"How {other[0]} holds its clients is not known here. There are: {', '.join(HOLDERS)}.")
    if not any(measured.values()):
        raise LabError("Nothing was measured: give for each server who was answered, {'poll': {1: True}}.")
    workers = {"iterative": 1, "preforked": pool, "prethreaded": pool}
    servers = [
        {
            "name": name,
            "holder": HOLDERS[name],
            "workers": workers.get(name),
            "measured": [[number, bool(answered)] for number, answered in sorted(found.items())],
        }
        for name, found in measured.items()
    ]
    return Silence(servers=servers, most=max(max(found, default=0) for found in measured.values()) + 5)
