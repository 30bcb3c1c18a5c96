"""A connection to Redis that never blocks. Questions go out in order, and so do replies come back.

That is all that pipelining needs (https://redis.io/docs/latest/develop/use/pipelining/): many
questions may be under way at once, and the first reply belongs to the first of them.

    closed       what is asked now has failed               connect()
    connecting   what is asked now is sent later            the kernel says how it went
    connected    questions go out, replies come in          Redis leaves, talks nonsense, or says nothing

`RedisConnection` is for as long as its owner wants it. `RedisLink` is for good: it connects
again when it has failed, a little later each time. No question is ever asked twice: whether the
first INCR was counted before the connection broke, nobody can tell.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable

from ..app.messages import Replies, Reply, Wanted
from ..app.redis_wire import NEED_MORE, ProtocolError, ReplyReader, write_command
from ..kernel import sockets
from .event_loop import EventLoop
from .pollers import READ_ON, READABLE, WRITABLE

FIRST_DELAY, LONGEST_DELAY = 0.05, 2.0  # seconds before connecting again
Answer = Callable[[Replies, bool], None]  # the reply or the replies; has it failed?


class RedisConnection:
    """Begins to connect at once. What is asked before it is connected is sent then."""

    role = "redis"

    def __init__(self, loop: EventLoop, address: sockets.Address, patience: float) -> None:
        self.loop = loop
        self.address = address
        self.patience = patience  # seconds that Redis may take to reply
        self.waiting: deque[tuple[Wanted, Answer, float]] = deque()  # for their replies, in order; since when
        self.output = bytearray()
        self.sock: socket.socket | None = None
        self.state = "closed"
        self.connect()

    def ask(self, wanted: Wanted, answer: Answer) -> None:
        """Ask for one command or for several; `answer` is called once with what comes of it."""
        if self.sock is None:
            # Not at once, and not at the end of this batch: a client with a hundred questions
            # would have a hundred answers before anybody else has one.
            return self.loop.timers.call_in(0, lambda: answer(None, True))
        self.waiting.append((wanted, answer, self.loop.now))
        if not self.output:
            self.loop.at_end_of_batch.append(self.flush)  # all questions of this batch in one send()
        for command in wanted if isinstance(wanted, list) else (wanted,):
            self.output += write_command(command)

    def connect(self) -> None:
        self.reader = ReplyReader()
        self.replies: list[Reply] = []  # to the first of those who wait, as far as they are here
        try:
            sock = self.start_connect()
        except OSError:  # nobody listens there, or no descriptor is left
            return self.failed()
        self.sock = sock
        self.state = "connecting"
        self.events = READABLE | WRITABLE
        self.loop.watch(sock, self.events, self.ready)

    def start_connect(self) -> socket.socket:
        return sockets.start_connect(self.address)

    def ready(self, events: int) -> None:
        try:
            if self.state == "connecting":
                self.connected()
            self.flush()
            if events & ~WRITABLE:
                self.receive(events)
        except (OSError, ProtocolError):  # it refused, left, or talked nonsense
            self.failed()

    def connected(self) -> None:
        assert self.sock is not None
        if error := sockets.connect_error(self.sock):
            raise OSError(error, "connect to Redis")
        self.state = "connected"

    def flush(self) -> None:
        """Send what is to be sent. What the kernel does not take now goes when it is writable."""
        if self.state != "connected" or self.sock is None:
            return
        try:
            if self.output:
                del self.output[: sockets.send_now(self.sock, self.output)]
            events = READABLE | (WRITABLE if self.output else 0)
            if events != self.events:
                self.events = events
                self.loop.poller.modify(self.sock.fileno(), events)
        except OSError:
            self.failed()

    def receive(self, events: int) -> None:
        """Take all there is, whichever poller tells us. A recv() that gives less than it was asked for has
        given all, but for what READ_ON reports: the end, for one, can have come behind the data."""
        while self.sock is not None:
            data = sockets.receive_now(self.sock)
            if data is None:
                return
            if not data:
                raise ConnectionError("Redis closed the connection")
            self.reader.feed(data)
            self.hand_out_replies()
            if len(data) < sockets.CHUNK_NOW and not events & READ_ON:
                return

    def hand_out_replies(self) -> None:
        """Answer those who have all that they asked for; the others wait for the rest."""
        while (reply := self.reader.next_reply()) is not NEED_MORE:
            if not self.waiting:
                raise ProtocolError("a reply that nobody has asked for")
            wanted, answer, _ = self.waiting[0]
            if isinstance(wanted, list):
                self.replies.append(reply)
                if len(self.replies) < len(wanted):
                    continue
                reply, self.replies = self.replies, []
            self.waiting.popleft()
            answer(reply, False)

    def failed(self) -> None:
        """It is of no use any more. Everybody who waits is told."""
        self.close()
        waiting, self.waiting = self.waiting, deque()
        for _, answer, _ in waiting:
            answer(None, True)

    def lose_patience(self) -> None:
        """A Redis that is frozen says nothing at all. The first in line has waited the longest."""
        if self.waiting and self.loop.now - self.waiting[0][2] > self.patience:
            self.failed()

    def close(self) -> None:
        if self.sock is not None:
            self.loop.close(self.sock)
        self.sock = None
        self.state = "closed"
        self.output.clear()


class RedisLink(RedisConnection):
    """One connection for all clients, for good."""

    def __init__(self, loop: EventLoop, address: sockets.Address, patience: float) -> None:
        self.delay = FIRST_DELAY
        super().__init__(loop, address, patience)
        self.check_patience()

    def start_connect(self) -> socket.socket:
        """Questions go out while others are on their way. Where there is one at a time, as on a
        connection that is not shared, nothing is ever held back (see `send_at_once`)."""
        sock = super().start_connect()
        sockets.send_at_once(sock)
        return sock

    def connected(self) -> None:
        super().connected()
        self.delay = FIRST_DELAY

    def failed(self) -> None:
        super().failed()
        self.loop.timers.call_in(self.delay, self.connect)
        self.delay = min(2 * self.delay, LONGEST_DELAY)

    def check_patience(self) -> None:
        """Five times in that time. With a crowd at the door its replies may have come, and wait for
        their turn behind all clients who are ready: look, before Redis is blamed for that."""
        if self.state == "connected":
            self.ready(READABLE)
        self.lose_patience()
        self.loop.timers.call_in(self.patience / 5, self.check_patience)
