"""The closed loop: C clients, each sending its next request when its last one is answered.

    python -m zerohttpd_lib.load.generator PLAN        (a Plan as JSON)

It prints a JSON line ten times a second, and one at the end with every latency it measured.
It is an epoll server turned inside out: one thread, one wait, a small object per connection.
A closed loop slows down with the server it tests; it says how fast the server *can* answer,
not how long visitors would wait who come at their own pace.

On loopback a connect() is mostly done before it returns, although it says EINPROGRESS. So the
request is sent at once, and only the answer is waited for: one wait a request, not two.
"""

from __future__ import annotations

import base64
import errno
import gc
import json
import os
import select
import socket
import sys
from array import array
from collections import Counter, deque
from dataclasses import asdict
from time import perf_counter as clock
from typing import Final

from ..sockets import raise_descriptor_limit
from .answers import AnswerReader, BadAnswer
from .cpu import Meter
from .plan import PORTS_PER_SOURCE, Plan

TICK: Final = 0.1  # seconds between two samples
RETRY_AFTER: Final = 0.1  # seconds a client waits after a failure
PATIENCE: Final = 3.0  # seconds without any answer, at the end, before we give up on the rest
CONNECTS_AT_ONCE: Final = 1000  # connections begun in one go, so as not to flood the backlog

EVENTS_AT_ONCE: Final = 1024
CHUNK: Final = 262_144  # bytes asked for in one recv()
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
    """One client's connection, and the one request that is under way on it."""

    __slots__ = ("fd", "received", "sent", "sock", "started")

    def __init__(self, sock: socket.socket, started: float) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.started = started  # its request was: before connect(), or before send()
        self.sent = False
        self.received = b""


class ClosedLoop:
    """Runs one Plan in this process. `latencies` are seconds, in the order of the answers."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.address = plan.address
        self.family = socket.AF_INET6 if ":" in plan.address[0] else socket.AF_INET
        self.request = plan.request
        self.answers = AnswerReader()
        self.epoll = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.to_start: deque[float] = deque()  # clients without a request: when each may begin one
        self.left = plan.requests if plan.requests is not None else -1  # to begin; -1: no end
        self.latencies = array("d")
        self.failures: Counter[str] = Counter()

    def run(self) -> dict[str, object]:
        """Run to the end, printing samples on the way. Returns what the last line says."""
        gc.disable()  # nothing here is cyclic, and a collection would look like a slow server
        start = clock()
        deadline = start + (self.plan.seconds or float("inf"))
        self.to_start.extend([start] * self.plan.clients)
        next_tick = start + TICK
        sampled = 0
        while self.left and (now := clock()) < deadline:
            self.start_requests(now)
            self.wait_once(min(next_tick, deadline) - clock())
            if clock() >= next_tick:
                sampled, next_tick = self.tick(start, sampled, next_tick)
        answered, finished = len(self.latencies), clock()
        self.left = 0
        last_answer = finished
        while self.connections and clock() < last_answer + PATIENCE:
            before = len(self.latencies)
            self.wait_once(TICK)
            if len(self.latencies) > before:
                last_answer = clock()
                if self.plan.requests is not None:
                    answered, finished = len(self.latencies), last_answer
        if self.connections:
            self.failures["no answer"] += len(self.connections)
        return {
            "seconds": finished - start,
            "answered_in_time": answered,
            "failures": dict(self.failures),
            "latencies": base64.b64encode(array("f", self.latencies).tobytes()).decode(),
        }

    def wait_once(self, timeout: float) -> None:
        for fd, _ in self.epoll.poll(max(0.0, timeout), EVENTS_AT_ONCE):
            self.ready(self.connections[fd])

    def start_requests(self, now: float) -> None:
        """Begin a request for each client whose time has come."""
        for _ in range(CONNECTS_AT_ONCE):
            if not self.to_start or self.to_start[0] > now or not self.left:
                return
            self.to_start.popleft()
            self.start_request()

    def start_request(self) -> None:
        """Connect and send. What goes wrong is counted; the client tries again a little later."""
        self.left -= 1
        started = clock()
        try:
            sock = self.start_connect()
        except OSError as error:
            return self.failed(_NAMES.get(error.errno or 0, "connect"))
        connection = Connection(sock, started)
        self.connections[connection.fd] = connection
        self.epoll.register(connection.fd, self.send_request(connection))

    def start_connect(self) -> socket.socket:
        sock = socket.socket(self.family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            if len(self.connections) >= PORTS_PER_SOURCE:
                bind_source(sock, len(self.connections))
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
        except OSError:  # not connected yet, or refused: the next event will tell
            return select.EPOLLOUT
        connection.sent = True
        return select.EPOLLIN

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
            self.answered(connection, answer.closes)
        else:
            self.broken(connection, f"status {answer.status}")

    def connected(self, connection: Connection) -> None:
        if error := connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, "connect")
        self.epoll.modify(connection.fd, self.send_request(connection))

    def answered(self, connection: Connection, closes: bool) -> None:
        """Count it, and begin this client's next request."""
        now = clock()
        self.latencies.append(now - connection.started)
        if closes or not self.plan.keep_alive or not self.left:
            self.close(connection)
            if self.left:
                self.start_request()
            return
        self.left -= 1
        connection.started = now
        connection.sent = False
        connection.received = b""
        if self.send_request(connection) == select.EPOLLOUT:
            self.epoll.modify(connection.fd, select.EPOLLOUT)

    def broken(self, connection: Connection, kind: str) -> None:
        self.close(connection)
        self.failed(kind)

    def failed(self, kind: str) -> None:
        self.failures[kind] += 1
        self.to_start.append(clock() + RETRY_AFTER)

    def close(self, connection: Connection) -> None:
        del self.connections[connection.fd]
        connection.sock.close()  # which takes it off the interest list, too

    def tick(self, start: float, sampled: int, due: float) -> tuple[int, float]:
        """Ten times a second: give up on the slowest, print a sample, say when to do so again."""
        now = clock()
        late = [c for c in self.connections.values() if now - c.started > self.plan.timeout]
        for connection in late:
            self.broken(connection, "timeout")
        window = sorted(self.latencies[sampled:])
        sample = {
            "at": now - start,
            "requests": len(window),
            "failed": self.failures.total(),
            "p50_ms": window[len(window) // 2] * 1e3 if window else None,
            "p99_ms": window[len(window) * 99 // 100] * 1e3 if window else None,
            "connections": len(self.connections),
        }
        print(json.dumps({"sample": sample}), flush=True)
        return len(self.latencies), max(due + TICK, now)


def bind_source(sock: socket.socket, number: int) -> None:
    """One source address has about 28,000 ports for one target; 127.0.0.2, .3, ... have as many."""
    sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    sock.bind((f"127.0.0.{1 + number // PORTS_PER_SOURCE}", 0))


def main() -> None:
    raise_descriptor_limit()
    load = ClosedLoop(Plan.from_json(sys.argv[1]))
    print(json.dumps({"pid": os.getpid()}), flush=True)
    meter = Meter([os.getpid()])
    result = load.run()
    print(json.dumps({"result": result, "share": asdict(meter.share())}), flush=True)


if __name__ == "__main__":
    main()
