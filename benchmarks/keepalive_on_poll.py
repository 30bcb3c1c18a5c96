"""The rung `keepalive` with poll() in place of epoll, and nothing else changed.

The article's pair, `poll` and `epoll`, spends most of its time on the page. This pair has a page that costs
little, so that what the kernel does to find the ready ones is most of what there is to see.
"""

from __future__ import annotations

import select

from zerohttpd_lib.servers.keepalive import KeepaliveServer
from zerohttpd_lib.servers.pollers import Ready


class Poll:
    """The methods of `polling.Epoll`. The array is in this process, and poll() is given all of it each time."""

    must_drain = False

    def __init__(self) -> None:
        self._poll = select.poll()

    def watch(self, fd: int, events: int) -> None:
        self._poll.register(fd, events)

    def modify(self, fd: int, events: int) -> None:
        self._poll.modify(fd, events)

    def forget(self, fd: int) -> None:
        self._poll.unregister(fd)

    def wait(self, timeout: float) -> Ready:
        """The ready list, after at most `timeout` seconds (-1: as long as it takes)."""
        return self._poll.poll(timeout * 1000 if timeout >= 0 else None)  # poll() counts in milliseconds


class KeepaliveOnPoll(KeepaliveServer):
    poller_class = Poll  # type: ignore[assignment]  # it is none of the two, and has their methods
