"""The loop of rungs 8 to 12: wait, call whom it concerns, and nothing else.

Whoever waits for a descriptor puts a handler into `handlers`; the loop calls it with the events.
One table, where `epoll` has two look-ups: a handler knows by itself whether it belongs to a
client or to Redis. What is done once per batch of events, and not once per event, is in
`end_of_batch`; what is to happen at a certain time is in `timers`.

Told to stop (SIGTERM, SIGINT), the loop takes no new clients, lets those in mid-request have
their pages, and returns.
"""

from __future__ import annotations

import heapq
import signal
import socket
from collections.abc import Callable
from itertools import count, islice, takewhile
from time import monotonic
from typing import Any, Final

from .. import guestbook, sockets
from ..messages import Conversation, PipelinedConversation, Request
from ..polling import EVENTS_AT_ONCE, READABLE, EdgeEpoll, Epoll
from .http_connection import HttpConnection
from .redis_connection import RedisConnection

ACCEPTS_AT_ONCE: Final = 64  # so that a crowd at the door does not keep those inside waiting
LEAVE_WITHIN: Final = 1.0  # seconds, once told to stop
ACCEPT_AGAIN: Final = 0.1  # seconds, when descriptors have run out
DISMISSED_AT_ONCE: Final = 1000


class EventLoop:
    """Serves the guestbook on `listener`, with Redis at `redis_address`, until it is told to stop.

    A rung says how Redis is reached (`redis_for_a_request`, `release`), what a page asks of it
    (`respond`), whether connections are kept (`keep_alive`), and how to wait (`poller_class`).
    """

    keep_alive = False
    silence = 30.0  # seconds that a client may take for a request, or to read any of its answer
    patience = 5.0  # seconds that Redis may take to reply
    listener_events = READABLE
    poller_class: type[Epoll] | type[EdgeEpoll] = Epoll

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        self.listener = listener
        sockets.send_at_once(listener)
        self.accepting = True  # the listener is watched
        self.redis_address = redis_address
        self.poller = self.poller_class()
        self.handlers: dict[int, Callable[[int], None]] = {}  # by descriptor
        self.connections: dict[HttpConnection, float] = {}  # when it last stirred; the longest silent first
        self.timers = Timers()
        self.now = monotonic()  # at the start of this batch
        self.at_end_of_batch: list[Callable[[], None]] = []
        self.finished: list[socket.socket] = []
        self.stopping = False

    def respond(self, request: Request) -> Conversation | PipelinedConversation:
        return guestbook.respond(request)

    def redis_for_a_request(self) -> RedisConnection:
        raise NotImplementedError

    def release(self, redis: RedisConnection) -> None:
        """This request needs it no more."""

    # The loop.

    def run(self) -> None:
        self.listen_to_signals()
        self.watch(self.listener, self.listener_events, self.accept_clients)
        self.timers.call_in(self.silence / 30, self.dismiss_the_silent)
        while self.connections or not self.stopping:
            ready = self.poller.wait(self.timers.seconds_left())
            self.now = monotonic()
            for fd, events in ready:
                handler = self.handlers.get(fd)
                if handler is not None:  # else an earlier event of this batch has ended it
                    handler(events)
            if len(ready) == EVENTS_AT_ONCE:
                self.look_at_the_door()
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

    def watch(self, sock: socket.socket, events: int, handler: Callable[[int], None]) -> None:
        self.handlers[sock.fileno()] = handler
        self.poller.watch(sock.fileno(), events)

    def forget(self, sock: socket.socket) -> None:
        """Watch it no more. It is closed at the end of the batch."""
        if self.handlers.pop(sock.fileno(), None) is not None:
            self.poller.forget(sock.fileno())
        self.finished.append(sock)

    # Clients.

    def accept_clients(self, events: int) -> None:
        """Take those who are waiting: some of them, or all where we would not be told again."""
        for _ in count() if self.poller.must_drain else range(ACCEPTS_AT_ONCE):
            try:
                sock = sockets.accept(self.listener)
            except OSError as error:
                if error.errno not in sockets.EXHAUSTED:
                    raise
                return self.pause_accepting()
            if sock is None:
                return
            self.connections[HttpConnection(self, sock)] = self.now

    def look_at_the_door(self) -> None:
        """A full batch has left others out, and perhaps the listener.

        The kernel's ready list is a queue: with 15,000 clients ready, the listener has its turn in one
        batch of fifteen. Meanwhile those who have their page come again, the accept queue overflows,
        and whoever finds it full is silent for 1, 3, 7 seconds (man 2 listen; tcp_syn_retries in man 7 tcp).
        """
        if self.accepting and not self.stopping:
            self.accept_clients(READABLE)

    def pause_accepting(self) -> None:
        """No descriptor is left, and a level-triggered listener would be ready again, and again.

        Look away from it for a moment: by then somebody may have left.
        """
        self.accepting = False
        self.poller.forget(self.listener.fileno())
        self.timers.call_in(ACCEPT_AGAIN, self.resume_accepting)

    def resume_accepting(self) -> None:
        if not self.stopping:
            self.accepting = True
            self.poller.watch(self.listener.fileno(), self.listener_events)

    def has_stirred(self, connection: HttpConnection) -> None:
        """Its time counts anew. Put it last: the one that has not stirred for the longest is the first."""
        self.connections.pop(connection, None)
        self.connections[connection] = self.now

    def dismiss_the_silent(self) -> None:
        """Once a second. Only those whose time is up are looked at, and one more."""
        first_ones = islice(self.connections.items(), DISMISSED_AT_ONCE)
        silent = list(takewhile(lambda item: self.now - item[1] >= self.silence, first_ones))
        for connection, _ in silent:
            connection.time_is_up()
        self.timers.call_in(self.silence / 30, self.dismiss_the_silent)

    def remove(self, connection: HttpConnection) -> None:
        self.connections.pop(connection, None)
        self.forget(connection.sock)

    # The end.

    def listen_to_signals(self) -> None:
        """A signal becomes a byte on a socket, and so an event like any other (man 7 signal-safety).

        A handler that did the work itself would run in the middle of some other one.
        """
        told, tell = socket.socketpair()
        tell.setblocking(False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: None)
        signal.set_wakeup_fd(tell.fileno(), warn_on_full_buffer=False)
        self.signal_sockets = told, tell
        self.watch(told, READABLE, self.stop)

    def stop(self, events: int) -> None:
        """Take those who are waiting, and then no new clients. Those without a request go now, the
        others when they are answered."""
        told, _ = self.signal_sockets
        if sockets.receive_now(told) and not self.stopping:
            if self.accepting:  # else no descriptor is left for those who are waiting
                self.accept_clients(READABLE)
            self.stopping = True
            del self.handlers[self.listener.fileno()]
            if self.accepting:
                self.poller.forget(self.listener.fileno())
            for connection in list(self.connections):
                connection.finish_if_quiet()
            self.timers.call_in(LEAVE_WITHIN, self.connections.clear)

    # For the recorder.

    def describe(self, fd: int) -> tuple[str, str]:
        if fd == self.listener.fileno():
            return "listener", "accept_clients"
        handler: Any = self.handlers.get(fd)
        owner = getattr(handler, "__self__", None)
        return getattr(owner, "role", "other"), getattr(owner, "state", "")


class Timers:
    """What is to be called, and when. The next one is the first of a heap: nothing is scanned."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()  # two at the same moment: first come, first called

    def call_in(self, seconds: float, callback: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (monotonic() + seconds, next(self._order), callback))

    def seconds_left(self) -> float:
        """Until the next one is due; -1 when there is none, which a poller takes for "no limit"."""
        return max(0.0, self._heap[0][0] - monotonic()) if self._heap else -1

    def call_due(self) -> None:
        now = monotonic()  # read once: what is put off in here is for the next time
        while self._heap and self._heap[0][0] <= now:
            heapq.heappop(self._heap)[2]()
