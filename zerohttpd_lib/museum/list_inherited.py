"""An interest list that is older than the processes that wait for it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from ..servers.event_loop import EventLoop
from ..servers.pollers import EdgeEpoll
from ..servers.workers import run_workers
from .small_server import SmallServer

if TYPE_CHECKING:
    from .visit import Notes, Visit


RECORDED = False  # two processes would write into one trace


class Pair(SmallServer):
    """Two processes at one door. Each makes its loop after fork()."""

    poller_class = EdgeEpoll

    def run(self) -> None:
        run_workers(lambda number: self.in_a_child(), 2)

    def in_a_child(self) -> None:
        SmallServer.run(type(self)(self.listener, self.redis_address))


class Broken(Pair):
    def run(self) -> None:
        self.look_at_the_door()  # "what is made once need not be made twice"
        super().run()

    def in_a_child(self) -> None:
        EventLoop.run(self)


Mended = Pair


def visit(place: Visit) -> None:
    """Each of two processes lets three clients in, while the other one is held up. Then all six ask, one by one."""
    clients = []
    for held in place.workers(2):
        os.kill(held, signal.SIGSTOP)
        place.settle()
        clients += [place.client() for _ in range(3)]
        place.settle()
        os.kill(held, signal.SIGCONT)
        place.settle()
    place.notes["interest lists that the kernel keeps for the two"] = place.different_lists()
    for client in clients:
        client.settimeout(0.6)
        client.sendall(b"GET / HTTP/1.1\r\nHost: museum\r\n\r\n")
    answers = [place.answer(client) for client in clients]
    place.notes["clients that ask, of six that were let in"] = len(clients)
    place.notes["of these are never answered"] = answers.count("nothing")


def is_ill(notes: Notes) -> bool:
    return int(str(notes["of these are never answered"])) > 0
