"""Many HTTP clients in one thread: what the closed loop and the open loop have in common.

It is an epoll server turned inside out: one thread, one wait, a small object per connection. A
loop (see generator.py) decides when a request begins; what becomes of it is seen to here.

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
from .plan import PORTS_PER_SOURCE, Plan

EVENTS_AT_ONCE: Final = 1024
# Bytes asked for in one recv(). Python allocates them beforehand, and from 128 KiB on malloc() takes
# its memory from the kernel and gives it back each time: three system calls more (man 3 mallopt).
CHUNK: Final = 65_536
IP_BIND_ADDRESS_NO_PORT: Final = 24  # man 7 ip: leave the choice of the port to connect()

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
    """One connection, and the one request that is under way on it."""

    __slots__ = ("error", "fd", "received", "sent", "sock", "started")

    def __init__(self, sock: socket.SocketType, started: float) -> None:
        self.sock = sock
        self.fd = sock.fileno()
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
        self.request = plan.request
        self.answers = AnswerReader()
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}  # those with a request under way
        self.latencies = array("d")
        self.failures: Counter[str] = Counter()

    def go_on(self, connection: Connection, now: float, reusable: bool) -> None:
        """An answer has come on `connection`, and may another request go there?"""
        raise NotImplementedError

    def try_again(self, now: float) -> None:
        """A request has failed, and its connection is closed."""
        raise NotImplementedError

    def wait_once(self, timeout: float) -> int:
        """Wait for up to `timeout` seconds, and handle what is ready; returns how many were."""
        ready = self.epoll.poll(max(0.0, timeout), EVENTS_AT_ONCE)
        for fd, _ in ready:
            if connection := self.connections.get(fd):
                self.ready(connection)
            else:
                self.idle_ended(fd)
        return len(ready)

    def start_request(self, started: float) -> None:
        """Connect and send. What goes wrong is counted."""
        try:
            sock = self.start_connect()
        except OSError as error:
            return self.failed(_NAMES.get(error.errno or 0, "connect"))
        connection = Connection(sock, started)
        self.connections[connection.fd] = connection
        self.epoll.register(connection.fd, self.send_request(connection))

    def start_connect(self) -> socket.SocketType:
        # SocketType is the part of socket.socket that is written in C. With SOCK_NONBLOCK it is
        # non-blocking from birth, which saves the system call of setblocking (man 2 socket).
        sock = socket.SocketType(self.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            bind_source(sock, self.plan.first + len(self.connections))
            error = sock.connect_ex(self.address)
            if error not in (0, errno.EINPROGRESS):
                raise OSError(error, "connect")
        except OSError:
            sock.close()
            raise
        return sock

    def send_request(self, connection: Connection) -> int:
        """Send; returns the event to wait for next. A request is small: it goes whole or not at all."""
        try:
            connection.sock.send(self.request)
        except BlockingIOError:  # not connected yet
            return select.EPOLLOUT
        except OSError as error:  # SO_ERROR will not tell: send() takes the error off the socket
            connection.error = error.errno or errno.EPIPE
            return select.EPOLLOUT
        connection.sent = True
        return select.EPOLLIN

    def send_another(self, connection: Connection, started: float) -> None:
        """Send the next request on a connection that has had its answer."""
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
            self.go_on(connection, now, self.plan.keep_alive and not answer.closes)
        else:
            self.broken(connection, f"status {answer.status}")

    def connected(self, connection: Connection) -> None:
        if error := connection.error or connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, "connect")
        self.epoll.modify(connection.fd, self.send_request(connection))

    def idle_ended(self, fd: int) -> None:
        """Something has come on a connection without a request. Only an open loop has such."""

    def broken(self, connection: Connection, kind: str) -> None:
        self.close(connection)
        self.failed(kind)

    def failed(self, kind: str) -> None:
        self.failures[kind] += 1
        self.try_again(clock())

    def close(self, connection: Connection) -> None:
        del self.connections[connection.fd]
        connection.sock.close()  # which takes it off the interest list, too

    def give_up_on_the_late(self) -> None:
        """Those who have waited for longer than the plan allows."""
        oldest = clock() - self.plan.timeout
        for connection in [c for c in self.connections.values() if c.started < oldest]:
            self.broken(connection, "timeout")


def bind_source(sock: socket.SocketType, number: int) -> None:
    """Give connection `number` a source address that has a port left.

    One source address has about 28,000 ports for one target; 127.0.0.2, .3, ... have as many.
    Long before they run out, connect() becomes slow: it tries one port after the other until it
    finds a free one.
    """
    if number >= PORTS_PER_SOURCE:
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((f"127.0.0.{1 + number // PORTS_PER_SOURCE}", 0))
