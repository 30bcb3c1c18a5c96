"""When does a request begin? The three kinds of load.

Clients in a **closed loop** slow down with the server that they test: they say how fast it *can* answer.

In an **open loop** requests begin at a fixed rate, whether or not the server keeps up, as those of
strangers do. The latency of each counts from the moment it was *due*: were it counted from the
moment it was sent, a server that stalls for a second would spoil one number and not a hundred.

**Users who think** are what "15,000 concurrent users" means in life. Most are connected and silent.
"""

from __future__ import annotations

import errno
import random
import select
import socket
from collections import deque
from heapq import heappop, heappush
from itertools import count
from time import perf_counter as clock
from typing import Final

from .clients import Clients, Connection
from .plan import Plan

RETRY_AFTER: Final = 0.1  # seconds a client waits after a failure


class Loop(Clients):
    """Clients that begin requests by a rule of their own."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.started = clock()
        self.left = plan.requests if plan.requests is not None else -1  # to begin; -1: no end
        self.to_come = 0  # clients that have not begun yet

    def start_requests(self, now: float) -> None:
        """Begin those whose time has come."""
        raise NotImplementedError

    def next_start(self) -> float:
        """When the next request may be due; infinity if that depends on an answer."""
        raise NotImplementedError

    def arrivals(self) -> deque[tuple[float, int]]:
        """When each client begins, the first one first."""
        self.to_come = self.plan.clients
        return deque((self.started + client / self.plan.arrivals, client) for client in range(self.plan.clients))


class ClosedLoop(Loop):
    """`clients` clients, each with one request under way at any time."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.to_start = self.arrivals()  # and later: who may try again, and when

    def start_requests(self, now: float) -> None:
        while self.to_start and self.to_start[0][0] <= now and self.left:
            _, client = self.to_start.popleft()
            self.to_come = min(self.to_come, self.plan.clients - client - 1)
            self.left -= 1
            self.start_request(client, clock())

    def next_start(self) -> float:
        return self.to_start[0][0] if self.to_start else float("inf")

    def go_on(self, connection: Connection, now: float, reusable: bool) -> None:
        if reusable and self.left:
            self.left -= 1
            return self.send_another(connection, now)
        self.close(connection)
        if self.left:
            self.left -= 1
            self.start_request(connection.client, now)

    def try_again(self, client: int, now: float) -> None:
        self.to_start.append((now + RETRY_AFTER, client))


class PreciseLoop(Loop):
    """One whose requests are due at certain moments.

    epoll_wait counts in milliseconds, which is too coarse for thousands of requests a second. An
    epoll descriptor can itself be waited for, by select(), in microseconds.
    """

    def wait_once(self, timeout: float) -> int:
        select.select([self.epoll], [], [], max(0.0, timeout))
        return super().wait_once(0)


class OpenLoop(PreciseLoop):
    """`rate` requests a second, each on a connection of its own or on one that is free."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.interval = 1 / (plan.rate or 1)
        self.due = clock()
        self.begun = 0
        self.free: dict[int, Connection] = {}  # keep-alive connections without a request

    def start_requests(self, now: float) -> None:
        while self.due <= now and self.left:
            self.left -= 1
            if self.free:
                fd, connection = self.free.popitem()
                self.connections[fd] = connection
                self.send_another(connection, self.due)
            else:
                self.begun += 1
                self.start_request(self.begun % self.plan.clients, self.due)
            self.due += self.interval

    def next_start(self) -> float:
        return self.due

    def go_on(self, connection: Connection, now: float, reusable: bool) -> None:
        if reusable:
            self.free[connection.fd] = self.connections.pop(connection.fd)
        else:
            self.close(connection)

    def silent_ended(self, fd: int) -> None:
        if connection := self.free.pop(fd, None):
            connection.sock.close()

    def try_again(self, client: int, now: float) -> None:
        pass  # the next one comes when it is due, not before


class ThinkingUsers(PreciseLoop):
    """`clients` users: each connects, is silent for its think time, asks, reads, and begins again.

    With N users, X answers a second, a mean latency R and a mean think time Z it is N = X (R + Z)
    (Little's law): as long as R is small, the users set the pace, and not the server.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.chance = random.Random(plan.first)  # the same think times in each run
        self.to_connect = self.arrivals()  # and later: who may try again, and when
        self.silent: dict[int, Connection] = {}  # who is thinking, by descriptor
        self.to_ask: list[tuple[float, int, Connection]] = []  # a heap: the next one first
        self.order = count()  # two at the same moment: first come, first served

    def think_time(self) -> float:
        mean = self.plan.think or 0.0
        return mean if self.plan.think_times == "fixed" else self.chance.expovariate(1 / mean)

    def start_requests(self, now: float) -> None:
        while self.to_connect and self.to_connect[0][0] <= now and self.left:
            _, client = self.to_connect.popleft()
            is_new = client >= self.plan.clients - self.to_come
            self.to_come -= is_new
            # A new one begins in the middle of a thought: else all would ask at the same moment.
            self.come(client, now, self.think_time() * (self.chance.random() if is_new else 1))
        while self.to_ask and self.to_ask[0][0] <= now and self.left:
            due, _, connection = heappop(self.to_ask)
            if self.silent.get(connection.fd) is connection:  # else it has ended since
                self.left -= 1
                self.connections[connection.fd] = self.silent.pop(connection.fd)
                self.send_another(connection, due)

    def next_start(self) -> float:
        return min(
            self.to_connect[0][0] if self.to_connect else float("inf"),
            self.to_ask[0][0] if self.to_ask else float("inf"),
        )

    def come(self, client: int, now: float, silence: float) -> None:
        if connection := self.connect(client, now):
            self.epoll.register(connection.fd, select.EPOLLIN)
            self.think(connection, now, silence)

    def think(self, connection: Connection, now: float, silence: float) -> None:
        self.silent[connection.fd] = connection
        heappush(self.to_ask, (now + silence, next(self.order), connection))

    def go_on(self, connection: Connection, now: float, reusable: bool) -> None:
        if reusable:
            del self.connections[connection.fd]
            return self.think(connection, now, self.think_time())
        self.close(connection)
        if self.left:
            self.come(connection.client, now, self.think_time())

    def silent_ended(self, fd: int) -> None:
        """The server has closed a connection on which nobody had asked yet; or there is none, and never was."""
        if connection := self.silent.pop(fd, None):
            error = connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            connection.sock.close()
            self.failed(connection.client, "refused" if error == errno.ECONNREFUSED else "closed while thinking")

    def try_again(self, client: int, now: float) -> None:
        self.to_connect.append((now + RETRY_AFTER, client))


LOOPS: Final = {"closed loop": ClosedLoop, "open loop": OpenLoop, "users who think": ThinkingUsers}
