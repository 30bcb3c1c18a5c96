"""Many HTTP clients in one thread: what all kinds of load have in common.

It is an epoll server turned inside out: one thread, one wait, a small object per connection. A
loop (see loops.py) decides when a request begins; what becomes of it is seen to here.

On loopback a connect() is mostly done before it returns, although it says EINPROGRESS. So the
request is sent at once, and only the answer is waited for: one wait a request, not two.
"""

from __future__ import annotations

import errno
import select
import socket
from array import array
from collections import Counter
from time import perf_counter as clock
from typing import Final

from .answers import AnswerReader, BadAnswer
from .plan import Plan
from .sources import Sources

EVENTS_AT_ONCE: Final = 1024
# Bytes asked for in one recv(). Python allocates them beforehand, and from 128 KiB on malloc() takes
# its memory from the kernel and gives it back each time: three system calls more (man 3 mallopt).
CHUNK: Final = 65_536

_NAMES: Final = {  # how failures are counted
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout",
    errno.EADDRNOTAVAIL: "no port left",
    errno.EMFILE: "no descriptor left",
    errno.ENFILE: "no descriptor left",
}


class Connection:
    """One connection of client number `client`, and the one request that is under way on it."""

    __slots__ = ("client", "error", "fd", "received", "sent", "sock", "started")

    def __init__(self, sock: socket.SocketType, client: int, started: float) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.client = client
        self.started = started  # the moment its latency counts from
        self.sent = False
        self.error = 0  # an errno: why it could not be sent
        self.received = b""


class Clients:
    """Begins requests when told to, and collects `latencies` (seconds) and `failures` (by kind).

    A subclass says what happens after an answer (`go_on`) and after a failure (`try_again`).
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.address = plan.address
        self.family = socket.AF_INET6 if ":" in plan.address[0] else socket.AF_INET
        self.sources = Sources(plan.address[0], plan.first, plan.clients)
        self.templates = plan.templates if plan.varied else []
        self.request = plan.request
        self.sent = 0  # requests so far
        self.answers = AnswerReader()
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}  # those with a request under way
        self.latencies = array("d")
        self.answered = bytearray(plan.clients)  # 1 for each client that had an answer
        self.failures: Counter[str] = Counter()

    def go_on(self, connection: Connection, now: float, reusable: bool) -> None:
        """An answer has come on `connection`, and may another request go there?"""
        raise NotImplementedError

    def try_again(self, client: int, now: float) -> None:
        """A request of this client has failed, and its connection is closed."""
        raise NotImplementedError

    def wait_once(self, timeout: float) -> int:
        """Wait for up to `timeout` seconds, and handle what is ready; returns how many were."""
        ready = self.epoll.poll(max(0.0, timeout), EVENTS_AT_ONCE)
        for fd, _ in ready:
            if connection := self.connections.get(fd):
                self.ready(connection)
            else:
                self.silent_ended(fd)
        return len(ready)

    def start_request(self, client: int, started: float) -> None:
        """Connect and send. What goes wrong is counted."""
        if connection := self.connect(client, started):
            self.connections[connection.fd] = connection
            self.epoll.register(connection.fd, self.send_request(connection))

    def connect(self, client: int, started: float) -> Connection | None:
        # SocketType is the part of socket.socket that is written in C. With SOCK_NONBLOCK it is
        # non-blocking from birth, which saves the system call of setblocking (man 2 socket).
        try:
            sock = socket.SocketType(self.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            self.failed(client, _NAMES.get(error.errno or 0, "connect"))
            return None
        try:
            self.sources.bind(sock, client)
            error_number = sock.connect_ex(self.address)
        except OSError as error:
            error_number = error.errno or -1
        if error_number not in (0, errno.EINPROGRESS):
            sock.close()
            self.failed(client, _NAMES.get(error_number, "connect"))
            return None
        return Connection(sock, client, started)

    def send_request(self, connection: Connection) -> int:
        """Send; returns the event to wait for next. A request is small: it goes whole or not at all."""
        request = self.request
        if self.templates:
            request = self.templates[self.sent % len(self.templates)] % self.sent
        try:
            connection.sock.send(request)
        except BlockingIOError:  # not connected yet
            return select.EPOLLOUT
        except OSError as error:  # SO_ERROR will not tell: send() takes the error off the socket
            connection.error = error.errno or errno.EPIPE
            return select.EPOLLOUT
        self.sent += 1
        connection.sent = True
        return select.EPOLLIN

    def send_another(self, connection: Connection, started: float) -> None:
        """Send the next request on a connection that waits for nothing."""
        connection.started = started
        connection.sent = False
        connection.received = b""
        if self.send_request(connection) == select.EPOLLOUT:
            self.epoll.modify(connection.fd, select.EPOLLOUT)

    def ready(self, connection: Connection) -> None:
        """There is an answer, or a part of one; or we are connected at last; or it is broken."""
        try:
            if not connection.sent:
                return self.connected(connection)
            data = connection.sock.recv(CHUNK)
            if connection.received:
                answer = self.answers.read(connection.received + data, closed=not data)
            else:
                answer = self.answers.read(data, closed=not data)
        except OSError as error:
            return self.broken(connection, _NAMES.get(error.errno or 0, "broken"))
        except BadAnswer as problem:
            return self.broken(connection, str(problem))
        if answer is None:
            connection.received += data
        elif answer.status == 200:
            now = clock()
            self.latencies.append(now - connection.started)
            self.answered[connection.client] = 1
            self.go_on(connection, now, self.plan.keep_alive and not answer.closes)
        else:
            self.broken(connection, f"status {answer.status}")

    def connected(self, connection: Connection) -> None:
        if error := connection.error or connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, "connect")
        self.epoll.modify(connection.fd, self.send_request(connection))

    def silent_ended(self, fd: int) -> None:
        """Something has come on a connection without a request."""

    def broken(self, connection: Connection, kind: str) -> None:
        self.close(connection)
        self.failed(connection.client, kind)

    def failed(self, client: int, kind: str) -> None:
        self.failures[kind] += 1
        self.try_again(client, clock())

    def close(self, connection: Connection) -> None:
        del self.connections[connection.fd]
        connection.sock.close()  # which takes it off the interest list, too

    def give_up_on_the_late(self) -> None:
        """Those who have waited for longer than the plan allows."""
        oldest = clock() - self.plan.timeout
        for connection in [c for c in self.connections.values() if c.started < oldest]:
            self.broken(connection, "timeout")
