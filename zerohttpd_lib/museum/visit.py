"""What is done to an exhibit, and what is seen of it: from outside, by its clients and by the kernel."""

from __future__ import annotations

import re
import resource
import socket
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final

import numpy as np

from ..kernel.effort import effort_within
from ..lab.guard import descendants
from ..lab.lab import Lab
from ..lab.server import Server
from ..load.network import accept_queue

LOOKED_AT: Final = 0.3  # seconds
STARTING_TIME: Final = 5.0  # seconds
PATIENCE: Final = 1.0  # seconds until an answer counts as none
SNMP: Final = Path("/proc/net/snmp")

Notes = dict[str, object]


class Visit:
    """A visitor of one server. `notes` is what was seen, in order; `end()` sends all clients home."""

    def __init__(self, lab: Lab, server: Server) -> None:
        self.lab, self.server = lab, server
        self.notes: Notes = {}
        self._clients: list[socket.socket] = []

    # Clients.

    def client(self, path: str = "", *, method: str = "GET", rest: bytes = b"") -> socket.socket:
        """Somebody who connects; and who asks for `path`, if there is one, sending `rest` behind the head."""
        sock = socket.create_connection(self.server.address, PATIENCE)
        sock.settimeout(PATIENCE)
        self._clients.append(sock)
        if path:
            sock.sendall(
                f"{method} {path} HTTP/1.1\r\nHost: museum\r\nContent-Length: {len(rest)}\r\n\r\n".encode() + rest
            )
        return sock

    def answer(self, client: socket.socket) -> str:
        """The first line of its answer; or "nothing", or how its connection ended."""
        try:
            data = client.recv(65_536)
        except TimeoutError:
            return "nothing"
        except OSError as problem:
            return type(problem).__name__
        return data.partition(b"\r\n")[0].decode("latin-1") or "the connection was closed"

    def take(self, client: socket.socket, number: int) -> int:
        """Read up to so many bytes. Returns how many came before nothing did for a while."""
        came = 0
        with suppress(OSError):
            while came < number and (data := client.recv(65_536)):
                came += len(data)
        return came

    def asks(self, path: str = "/") -> str:
        """What somebody who comes now, and asks, is answered."""
        return self.answer(self.client(path))

    def says(self, client: socket.socket) -> str:
        """The last line that this client can read now; "nothing" if there is none."""
        with suppress(OSError):
            return client.recv(65_536).decode("latin-1").strip().rpartition("\n")[2]
        return "nothing"

    def workers(self, number: int) -> list[int]:
        """The processes that the server's own has started, as soon as there are so many."""
        deadline = time.monotonic() + STARTING_TIME
        while len(found := descendants(self.server.pid)) < number and time.monotonic() < deadline:
            time.sleep(0.02)
        self.settle()
        return found

    # The server, seen by the kernel.

    def frozen(self) -> AbstractContextManager[list[int]]:
        """Within this block the server stands still, and events pile up for it."""
        return self.server.frozen()

    def settle(self) -> None:
        """Give the server time to do what it has been given to do."""
        time.sleep(0.1)

    def look_at_effort(self) -> None:
        """How hard does it work, while nobody wants anything?"""
        mark = self.server.trace.end
        effort = effort_within(self.server.pid, LOOKED_AT)
        self.notes["waits while nobody wanted anything"] = self.server.trace.end - mark
        self.notes["share of a processor meanwhile"] = f"{effort.seconds / LOOKED_AT:.0%}"

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.server.pid}/fd").iterdir()))

    def memory(self) -> int:
        """Bytes that the process holds in memory (man 5 proc, statm)."""
        pages = int(Path(f"/proc/{self.server.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def longest_handling(self) -> float:
        """Milliseconds that what was ready in one wait kept the server, at the most."""
        trace = self.server.trace
        handling = np.array(trace.handling)
        if trace.now is not None and np.isnan(handling[-1]):  # it is still at it
            handling[-1] = trace.now - trace.rows["returned"][-1]
        return round(float(np.nanmax(handling)) * 1e3, 1)

    def look_at_the_door(self) -> None:
        self.notes["clients in the kernel's accept queue"] = accept_queue(self.server.address[1])

    def different_lists(self) -> int:
        """How many interest lists, of those with the listener on them, do all its processes have? By what is on them:
        one that is shared by two processes is one."""
        with self.server.frozen() as pids:
            texts = {text for pid in pids for text in _interest_lists(pid)}
        return len(texts)

    def failed_connects(self) -> int:
        """Of this machine, since it has started (/proc/net/snmp, Tcp: AttemptFails)."""
        names, values = [line.split() for line in SNMP.read_text().splitlines() if line.startswith("Tcp:")]
        return int(values[names.index("AttemptFails")])

    def end(self) -> None:
        for client in self._clients:
            client.close()


def _interest_lists(pid: int) -> list[str]:
    """What is on each interest list of a process, its listener included (man 5 proc, fdinfo); "" is none."""
    found = []
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        with suppress(OSError):  # closed since
            lines = re.findall(r"tfd:.*ino:\w+", entry.read_text())
            if len(lines) > 1:  # a loop that does not run watches its own wake-up, and nothing else
                found.append("\n".join(sorted(re.sub(r" pos:\w+", "", line) for line in lines)))
    return found
