"""The guestbook on granian, whose HTTP is written in Rust: one worker, uvloop, no access log.

It takes no socket of ours. So it is told a port that was free a moment ago, and we are told before it listens.
"""

from __future__ import annotations

import socket

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from zerohttpd_lib.kernel import sockets

from .page import tell


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sockets.raise_descriptor_limit()
    port = free_port()
    tell(port)
    Granian(
        "benchmarks.peers.asgi:app", port=port, interface=Interfaces.ASGINL, loop=Loops.uvloop, workers=1,
        websockets=False, backlog=sockets.BACKLOG, log_level=LogLevels.warning,
    ).serve()  # fmt: skip
