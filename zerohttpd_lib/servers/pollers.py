"""Two ways to be told what is ready. The same four methods; compare them line by line.

`Epoll` is **level-triggered**: a descriptor is reported at every wait for as long as there is
something to do on it. A server that does a part of it will be told again.

`EdgeEpoll` is **edge-triggered**: it is reported once, when something *new* has happened (man 7
epoll). A server must then go on until recv() or send() says EAGAIN, for it will not be told
again. In return nothing needs to be changed later on: a descriptor is registered once, for
reading and writing alike, and costs no further epoll_ctl.

Either returns events as the kernel has them. Whoever is called with them takes HUP and ERR for a
reason to read or to write: that call finds out what has happened, so that there is one place for
each error.
"""

from __future__ import annotations

import select
from typing import Final

READABLE: Final = select.EPOLLIN
WRITABLE: Final = select.EPOLLOUT
# Behind what recv() gives first there is more, however little that was: the end, which the kernel reports
# with the data and only once, or what follows urgent data, at which recv() always stops (man 7 tcp).
READ_ON: Final = select.EPOLLRDHUP | select.EPOLLPRI  # only an EdgeEpoll asks for it
BROKEN: Final = select.EPOLLERR | select.EPOLLHUP
EVENTS_AT_ONCE: Final = 1024  # a ready list may be longer; the rest comes with the next wait

Ready = list[tuple[int, int]]


class Epoll:
    """Level-triggered."""

    must_drain = False

    def __init__(self) -> None:
        self._epoll = select.epoll()

    def watch(self, fd: int, events: int) -> None:
        """Put it on the interest list."""
        self._epoll.register(fd, events)

    def modify(self, fd: int, events: int) -> None:
        """It is to be reported for these events from now on."""
        self._epoll.modify(fd, events)

    def forget(self, fd: int) -> None:
        """Take it off the list."""
        self._epoll.unregister(fd)

    def wait(self, timeout: float) -> Ready:
        """The ready list, after at most `timeout` seconds (-1: as long as it takes)."""
        return self._epoll.poll(timeout, EVENTS_AT_ONCE)


class EdgeEpoll:
    """Edge-triggered."""

    must_drain = True

    def __init__(self) -> None:
        self._epoll = select.epoll()

    def watch(self, fd: int, events: int) -> None:
        """Put it on the interest list."""
        if not events & select.EPOLLEXCLUSIVE:  # which goes with a listener, and with nothing else
            events = READABLE | WRITABLE | READ_ON
        self._epoll.register(fd, events | select.EPOLLET)

    def modify(self, fd: int, events: int) -> None:
        """Nothing: it is watched for both already."""

    def forget(self, fd: int) -> None:
        """Take it off the list."""
        self._epoll.unregister(fd)

    def wait(self, timeout: float) -> Ready:
        """The ready list, after at most `timeout` seconds (-1: as long as it takes)."""
        return self._epoll.poll(timeout, EVENTS_AT_ONCE)
