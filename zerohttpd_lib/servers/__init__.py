"""The ladder of servers, one file a rung. Read them in order.

A server is a class. It is made with a listening socket and the address of Redis, and its
`run()` serves until the process ends. One that waits in methods named `watch`, `modify`,
`forget` and `wait`, or has a `poller` that does, can be recorded (see zerohttpd_lib.trace).
What a number of workers means to it, it may say in an attribute `pool`; and how its processes
can share the listening socket, in an attribute `shares`. That is the whole contract: a class of
your own that keeps it runs wherever a rung does.
"""

from __future__ import annotations

import socket
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from ..kernel.sockets import Address


class RungServer(Protocol):
    """What a class has to offer in order to be a rung: `listener` is bound and listens, `redis_address` is Redis's."""

    def __init__(self, listener: socket.socket, redis_address: Address) -> None: ...

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""


class Pool(Enum):
    """What `workers=N` means to a server class."""

    PROCESSES = "N processes, each with a server of its own"  # that of a class without the attribute
    ITS_OWN = "the class is made with `workers=N`, too, and has a default"
    NONE = "nothing: there is no pool, and N other than 1 is refused"


class Rung(NamedTuple):
    """One step of the ladder. `home` is "module:Class" in this package."""

    name: str
    home: str
    what_is_new: str

    @property
    def source(self) -> Path:
        """The file to read."""
        return Path(__file__).with_name(self.home.partition(":")[0] + ".py")

    def load(self) -> type[RungServer]:
        """Import it. Returns its class."""
        module, _, name = self.home.partition(":")
        server: type[RungServer] = getattr(import_module(f"{__name__}.{module}"), name)
        return server


RUNGS: Final = {
    rung.name: rung
    for rung in (
        Rung("iterative", "iterative:IterativeServer", "one client after the other"),
        Rung("forking", "forking:ForkingServer", "a child process for each connection"),
        Rung("preforked", "preforked:PreforkedServer", "a pool of processes that all accept"),
        Rung("threaded", "threaded:ThreadedServer", "a thread for each connection"),
        Rung("prethreaded", "prethreaded:PrethreadedServer", "a pool of threads that all accept"),
        Rung("poll", "poll:PollServer", "one thread, an array of descriptors, callbacks"),
        Rung("epoll", "epoll:EpollServer", "the same server, the list of descriptors kept by the kernel"),
        Rung("nonblocking", "nonblocking:NonblockingServer", "no read and no write can block"),
        Rung("pipelined", "pipelined:PipelinedServer", "one connection to Redis, many questions under way"),
        Rung("keepalive", "keepalive:KeepaliveServer", "HTTP/1.1: many requests on one connection"),
        Rung("edge", "edge:EdgeServer", "told once about what is new, not again and again"),
        Rung("multiprocess", "multiprocess:MultiprocessServer", "several loops, a process for each"),
        # Not on the ladder: two strangers, for scale.
        Rung("asyncio", "asyncio_server:AsyncioServer", "the event loop of the standard library"),
        Rung("uvloop", "asyncio_server:UvloopServer", "the same server on an event loop written in C"),
    )
}
DEFAULT_RUNG: Final = "multiprocess"
