"""The loop of rungs 8 to 12: wait, call whom it concerns, and nothing else. It knows no protocol.

Whoever waits for a socket gives it to `watch`, with a handler; the loop calls that with the events.
One table, where `epoll` has two look-ups: a handler knows by itself whether it belongs to a
client or to Redis. What is done once per batch of events, and not once per event, is in
`end_of_batch`; what is to happen at a certain time is in `timers`. Signals and other threads
write to a socket of the loop's, and so are events, too.
"""

from __future__ import annotations

import heapq
import signal
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from time import monotonic
from typing import Any

from ..kernel import sockets
from .pollers import EVENTS_AT_ONCE, READABLE, EdgeEpoll, Epoll


class EventLoop:
    """`run()` until `is_over`. A subclass says how to wait, in `poller_class`."""

    poller_class: type[Epoll] | type[EdgeEpoll] = Epoll

    def __init__(self) -> None:
        self.poller = self.poller_class()
        self.handlers: dict[int, Callable[[int], object]] = {}  # by descriptor
        self.timers = Timers()
        self.now = monotonic()  # at the start of this batch
        self.batch_is_full = False  # there may be others who are ready, in the next one
        self.at_end_of_batch: list[Callable[[], None]] = []
        self.finished: list[socket.socket] = []
        self.is_over = False
        self.calls: deque[Callable[[], object]] = deque()  # from other threads
        self.when_signalled: Callable[[], object] = lambda: None
        self.signalled = False
        self.told, self.tell = socket.socketpair()
        self.tell.setblocking(False)
        self.watch(self.told, READABLE, self.wake_up)

    def run(self) -> None:
        """Until `is_over`."""
        while not self.is_over:
            self.run_once()

    def run_once(self) -> None:
        """Wait, and handle one batch of events."""
        ready = self.poller.wait(self.timers.seconds_left())
        self.now = monotonic()
        self.batch_is_full = len(ready) == EVENTS_AT_ONCE
        for fd, events in ready:
            handler = self.handlers.get(fd)
            if handler is not None:  # else an earlier event of this batch has ended it
                handler(events)
        self.timers.call_due()
        self.end_of_batch()

    def end_of_batch(self) -> None:
        """Do what was put off, then close what has ended: until here its numbers stay taken, so
        that an event further down the batch cannot be mistaken for one of a new connection."""
        while self.at_end_of_batch:
            self.at_end_of_batch.pop()()
        for sock in self.finished:
            sock.close()
        self.finished.clear()

    def watch(self, sock: socket.socket, events: int, handler: Callable[[int], object]) -> None:
        """Have `handler` called with the events of each wait in which there are any."""
        self.handlers[sock.fileno()] = handler
        self.poller.watch(sock.fileno(), events)

    def forget(self, sock: socket.socket) -> None:
        """Watch it no more."""
        del self.handlers[sock.fileno()]
        self.poller.forget(sock.fileno())

    def close(self, sock: socket.socket) -> None:
        """Watch it no more, and close it when this batch has ended."""
        self.forget(sock)
        self.finished.append(sock)

    # Calls from elsewhere.

    def call_from_thread(self, callback: Callable[[], object]) -> None:
        """Have `callback` called in the loop's own thread. All else here is for that thread alone."""
        self.calls.append(callback)
        with suppress(BlockingIOError):  # so much has been written that it wakes up anyway
            self.tell.send(b"\0")

    def call_on_signals(self, numbers: tuple[signal.Signals, ...], callback: Callable[[], object]) -> None:
        """A signal is noted, and becomes a byte on a socket, and so an event like any other (man 7
        signal-safety). A handler that did the work itself would run in the middle of some other one.
        """
        self.when_signalled = callback
        # The socket first: a signal that came in between would be noted, and wake nobody up.
        signal.set_wakeup_fd(self.tell.fileno(), warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, self.note_signal)

    def note_signal(self, number: int, frame: object) -> None:
        """The byte alone would not do: where there is no room for it, something else wakes us up."""
        self.signalled = True

    def wake_up(self, events: int) -> None:
        """Somebody has written to us: a signal, or another thread."""
        while sockets.receive_now(self.told):
            pass
        if self.signalled:
            self.signalled = False
            self.when_signalled()
        for _ in range(len(self.calls)):
            self.calls.popleft()()

    # For the recorder.

    def describe(self, fd: int) -> tuple[str, str]:
        """Whose a descriptor is, and what will be done next for it."""
        owner: Any = getattr(self.handlers.get(fd), "__self__", None)
        return getattr(owner, "role", "other"), getattr(owner, "state", "")


class Timers:
    """What is to be called, and when. The next one is the first of a heap: nothing is scanned."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()  # two at the same moment: first come, first called

    def call_in(self, seconds: float, callback: Callable[[], object]) -> None:
        """Have `callback` called in so many seconds, or soon after."""
        heapq.heappush(self._heap, (monotonic() + seconds, next(self._order), callback))

    def seconds_left(self) -> float:
        """Until the next one is due; -1 when there is none, which a poller takes for "no limit"."""
        return max(0.0, self._heap[0][0] - monotonic()) if self._heap else -1

    def call_due(self) -> None:
        """Call those whose time has come."""
        now = monotonic()  # read once: what is put off in here is for the next time
        while self._heap and self._heap[0][0] <= now:
            heapq.heappop(self._heap)[2]()
