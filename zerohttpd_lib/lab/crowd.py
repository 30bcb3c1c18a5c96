"""A crowd at the door of a server: so many clients that connect, or that ask one after the other; and what it cost.

For servers of several processes: who was woken, who has whom, and who is left waiting.
"""

from __future__ import annotations

import select
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..kernel.effort import effort_of
from ..kernel.interest import interest_list
from .errors import LabError
from .guard import descendants

if TYPE_CHECKING:
    from .server import Server

ANSWER_TIME: Final = 3.0  # seconds for one answer
STARTING_TIME: Final = 5.0  # seconds until all processes of a server are there
REST: Final = 0.02  # seconds until those who were woken sleep again
REQUEST: Final = b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"


def workers_of(server: Server, number: int) -> list[int]:
    """The process numbers of its workers, as soon as there are so many and all of them sleep. Raises LabError."""
    deadline = time.monotonic() + STARTING_TIME
    while time.monotonic() < deadline:
        found = descendants(server.pid)
        if len(found) == number and all(_sleeps(pid) for pid in found):
            return found
        time.sleep(0.02)
    raise LabError(f"The {server.name} server has {len(descendants(server.pid))} workers, not {number}.")


def wake_ups(server: Server, workers: list[int], clients: int) -> dict[int, int]:
    """How often each worker was woken while so many clients came, one after the other, and were answered.

    The kernel counts how often a process goes to sleep of its own will (man 5 proc): once for each time it woke.
    """
    before = {pid: effort_of(pid).sleeps for pid in workers}
    for _ in range(clients):
        with socket.create_connection(server.address, ANSWER_TIME) as client:
            client.settimeout(ANSWER_TIME)
            client.sendall(REQUEST)
            while client.recv(65_536):
                pass
        time.sleep(REST)  # so that the next one finds all of them asleep
    return {pid: effort_of(pid).sleeps - before[pid] for pid in workers}


def clients_of(server: Server, workers: list[int]) -> list[int]:
    """How many clients each worker has, as the kernel's interest lists say."""
    port, redis = server.address[1], server.redis_address[1]
    lists = [interest_list(pid, port, redis) for pid in workers]
    return [found.count_by_role().get("client", 0) if found else 0 for found in lists]


class Crowd:
    """`number` clients that connect at the same time, and stay until `leave()`. `connect()` does not ask the server:
    the kernel lets them in (man 2 listen)."""

    def __init__(self, server: Server, number: int) -> None:
        self.clients: list[socket.socket] = []
        try:
            for _ in range(number):
                self.clients.append(socket.create_connection(server.address, ANSWER_TIME))
        except BaseException:
            self.leave()
            raise

    def ask(self, seconds: float = 1.0) -> int:
        """Each asks for a page. Returns how many have had an answer when nobody has got one for so many seconds."""
        waiting = select.poll()
        for client in self.clients:
            client.setblocking(False)
            with suppress(OSError):
                client.send(REQUEST)
            waiting.register(client, select.POLLIN)
        answered = 0
        while ready := waiting.poll(seconds * 1000):
            for fd, events in ready:
                waiting.unregister(fd)
                answered += bool(events & select.POLLIN)
        return answered

    def leave(self) -> None:
        for client in self.clients:
            client.close()

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *about: object) -> None:
        self.leave()


def _sleeps(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"
    except OSError:  # it has ended
        return False
