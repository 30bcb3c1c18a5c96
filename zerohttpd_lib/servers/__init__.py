"""The ladder of servers, one file a rung. Read them in order.

A server is a class. It is made with a listening socket and the address of Redis, and its
`run()` serves until the process ends. One that waits in methods named `watch`, `modify`,
`forget` and `wait` can be recorded (see zerohttpd_lib.trace). That is the whole contract:
a class of your own that keeps it runs wherever a rung does.
"""

from __future__ import annotations

import socket
from importlib import import_module
from typing import Final, NamedTuple, Protocol

from ..sockets import Address


class Server(Protocol):
    def __init__(self, listener: socket.socket, redis_address: Address) -> None: ...

    def run(self) -> None: ...


class Rung(NamedTuple):
    """One step of the ladder. `home` is "module:Class" in this package."""

    name: str
    home: str
    what_is_new: str

    def load(self) -> type[Server]:
        module, _, name = self.home.partition(":")
        server: type[Server] = getattr(import_module(f"{__name__}.{module}"), name)
        return server


RUNGS: Final = {
    rung.name: rung
    for rung in (
        Rung("poll", "poll:PollServer", "one thread, an array of descriptors, callbacks"),
        Rung("epoll", "epoll:EpollServer", "the same server, the list of descriptors kept by the kernel"),
    )
}
DEFAULT_RUNG: Final = "epoll"
