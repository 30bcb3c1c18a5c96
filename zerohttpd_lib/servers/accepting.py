"""A server that lets clients in, dismisses the silent, and leaves when it is told to. Rungs 8 to 12 share it.

Read event_loop.py first: this is what stands between the loop and a protocol. What a client says
is for its connection to understand; see http_connection.py.

Told to stop (SIGTERM, SIGINT), a server takes those who are in its queue already, and nobody after
them. Those in mid-request have a second to get their pages. Then it is over.
"""

from __future__ import annotations

import signal
import socket
from itertools import islice, takewhile
from typing import Final, Protocol

from ..kernel import sockets
from .event_loop import EventLoop
from .pollers import READABLE

LEAVE_WITHIN: Final = 1.0  # seconds, once told to stop
ACCEPT_AGAIN: Final = 0.1  # seconds, when descriptors have run out
DISMISSED_AT_ONCE: Final = 1000


class Connection(Protocol):
    """What a server knows of a client that it has let in."""

    sock: socket.socket

    def time_is_up(self) -> None:
        """It has been silent for too long."""

    def finish_if_quiet(self) -> None:
        """The server is leaving: stay only if somebody is waiting for an answer."""


class AcceptingServer(EventLoop):
    """`make_connection` is for a subclass to say. A connection watches its own socket."""

    # All whom the queue can hold: once emptied, it takes the longest to overflow. No more, for a
    # crowd that comes faster than we can let it in must not keep those inside waiting for ever.
    accepts_at_once = sockets.BACKLOG
    silence = 30.0  # seconds that a client may take for a request, or to read any of its answer
    listener_events = READABLE

    def __init__(self, listener: socket.socket) -> None:
        super().__init__()
        self.listener = listener
        sockets.send_at_once(listener)
        self.connections: dict[Connection, float] = {}  # when it last stirred; the longest silent first
        self.accepting = False  # the listener is watched
        self.stopping = False

    def make_connection(self, sock: socket.socket) -> Connection:
        """A subclass says what a client is. It watches its socket by itself."""
        raise NotImplementedError

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        self.listen_to_signals()
        self.start_accepting()
        self.timers.call_in(self.silence / 30, self.dismiss_the_silent)
        super().run()

    def end_of_batch(self) -> None:
        """A full batch has left others out, and perhaps the listener: look at the door, too.

        The kernel's ready list is a queue. With 15,000 clients ready, the listener has its turn in
        one batch of fifteen. Meanwhile those who have their page come again and the accept queue
        overflows, and who finds it full is not heard for 1, 3, 7 seconds (listen(2); tcp(7), SYN).
        """
        if self.batch_is_full:
            self.accept_some()
        super().end_of_batch()
        self.is_over = self.stopping and not self.connections

    # Clients.

    def start_accepting(self) -> None:
        """Watch the listener, unless we are leaving."""
        if not self.stopping:
            self.accepting = True
            self.watch(self.listener, self.listener_events, self.accept_clients)

    def stop_accepting(self) -> None:
        """Look away from it."""
        if self.accepting:
            self.accepting = False
            self.forget(self.listener)

    def accept_clients(self, events: int) -> None:
        """If more are waiting than are taken now, the listener stays ready."""
        self.accept_some()

    def accept_some(self) -> bool:
        """Take those who are waiting, but not too many at once. May there be more of them?"""
        for _ in range(self.accepts_at_once if self.accepting else 0):
            try:
                sock = sockets.accept(self.listener)
            except OSError as error:
                if error.errno not in sockets.EXHAUSTED:
                    raise
                # No descriptor is left, or no memory for a socket, and a level-triggered listener
                # would be ready again, and again. Look away from it for a moment: by then somebody
                # may have left.
                self.stop_accepting()
                self.timers.call_in(ACCEPT_AGAIN, self.start_accepting)
                return False
            if sock is None:
                return False
            self.connections[self.make_connection(sock)] = self.now
        return self.accepting

    def has_stirred(self, connection: Connection) -> None:
        """Its time counts anew. Put it last: the one that has not stirred for the longest is the first."""
        self.connections.pop(connection, None)
        self.connections[connection] = self.now

    def dismiss_the_silent(self) -> None:
        """Thirty times in the time that one may be silent. Only those whose time is up are looked at, and one more."""
        first_ones = islice(self.connections.items(), DISMISSED_AT_ONCE)
        silent = list(takewhile(lambda item: self.now - item[1] >= self.silence, first_ones))
        for connection, _ in silent:
            connection.time_is_up()
        self.timers.call_in(self.silence / 30, self.dismiss_the_silent)

    def remove(self, connection: Connection) -> None:
        """It has ended: watch it no more, and close it with this batch."""
        self.connections.pop(connection, None)
        self.close(connection.sock)

    # The end.

    def listen_to_signals(self) -> None:
        """SIGTERM and SIGINT call `stop`, between two handlers."""
        self.call_on_signals((signal.SIGTERM, signal.SIGINT), self.stop)

    def stop(self) -> None:
        """Take those who are waiting, and then no new clients. Those without a request go now, the
        others when they are answered."""
        if self.stopping:
            return
        for _ in range(sockets.BACKLOG // self.accepts_at_once):  # as many as the queue can hold
            if not self.accept_some():
                break
        self.stopping = True
        self.stop_accepting()
        for connection in list(self.connections):
            connection.finish_if_quiet()
        self.timers.call_in(LEAVE_WITHIN, self.connections.clear)

    # For the recorder.

    def describe(self, fd: int) -> tuple[str, str]:
        return ("listener", "accept_clients") if fd == self.listener.fileno() else super().describe(fd)
