"""Right answers to exercise 08 that are unlike its solutions."""

from right_answers import RightAnswer

RIGHT = {
    "asleep": [
        RightAnswer(
            "a set, and the names that the kernel has",
            """%%answer asleep
epoll = dict(enumerate(["epoll_wait", "epoll_wait", "recvfrom", "sendto", "epoll_wait"], 1))
iterative_in_recv = {3, 2, 1}
""",
        ),
        RightAnswer(
            "in capitals, with brackets, in another order",
            """%%answer asleep
epoll = {5: "epoll_wait()", 4: "SEND", 3: " recv()", 2: "epoll_wait", 1: "epoll_wait"}
iterative_in_recv = (2, 3, 1)
""",
        ),
        RightAnswer(
            "numbers of numpy's",
            """%%answer asleep
import numpy as np

epoll = {number: "epoll_wait" for number in (1, 2, 5)} | {3: "recv", 4: "sendall"}
iterative_in_recv = np.arange(1, 4)
""",
        ),
    ],
    "outbox": [
        RightAnswer(
            "a queue of pieces, and a non-blocking socket",
            """%%answer outbox
from collections import deque


class Outbox:
    def __init__(self, sock, high, low):
        sock.setblocking(False)
        self.sock, self.limits, self.pieces, self.stopped = sock, (low, high), deque(), False

    def write(self, data):
        was_empty = not self.pieces
        self.pieces.append(memoryview(bytes(data)))
        if was_empty:
            self.ready()
        self.stopped = self.stopped or self.size() > self.limits[1]

    def ready(self):
        try:
            while self.pieces:
                sent = self.sock.send(self.pieces[0])
                if sent < len(self.pieces[0]):
                    self.pieces[0] = self.pieces[0][sent:]
                    break
                self.pieces.popleft()
        except BlockingIOError:
            pass
        self.stopped = self.stopped and self.size() > self.limits[0]

    def size(self):
        return sum(map(len, self.pieces))

    def wants_out(self):
        return len(self.pieces) > 0

    def source_may_go_on(self):
        return not self.stopped
""",
        ),
        RightAnswer(
            "MSG_DONTWAIT, immutable bytes, the limits looked at when asked",
            """%%answer outbox
class Outbox:
    def __init__(self, sock, high, low):
        self.sock, self.high, self.low, self.kept, self.limit = sock, high, low, b"", high

    def _send(self, data):
        try:
            return data[self.sock.send(data, socket.MSG_DONTWAIT):]
        except BlockingIOError:
            return data

    def write(self, data):
        self.kept = self.kept + data if self.kept else self._send(data)
        self.source_may_go_on()

    def ready(self):
        self.kept = self._send(self.kept) if self.kept else b""
        self.source_may_go_on()

    def wants_out(self):
        return self.kept != b""

    def source_may_go_on(self):
        may = len(self.kept) <= self.limit
        self.limit = self.high if may else self.low
        return may
""",
        ),
        RightAnswer(
            "counts written and sent",
            """%%answer outbox
class Outbox:
    def __init__(self, sock, high, low):
        self.sock, self.high, self.low = sock, high, low
        self.all, self.sent, self.may = bytearray(), 0, True

    def write(self, data):
        idle = not self.wants_out()
        self.all.extend(data)
        if idle:
            self.ready()
        if len(self.all) - self.sent > self.high:
            self.may = False

    def ready(self):
        with memoryview(self.all) as view:
            self.sent += sockets.send_now(self.sock, view[self.sent :]) if self.wants_out() else 0
        if len(self.all) - self.sent <= self.low:
            self.may = True

    def wants_out(self):
        return self.sent < len(self.all)

    def source_may_go_on(self):
        return self.may
""",
        ),
    ],
    "slow_page": [
        RightAnswer(
            "Redis is kept until the client is finished",
            """%%answer slow_page
class SlowPage(EpollServer):
    def client_is_ready(self, client):
        if hasattr(client, "rest"):
            self.send_more(client)
        else:
            super().client_is_ready(client)

    def send_response(self, client, response):
        client.rest = http_wire.write_response(response, head_only=client.head_only)
        if client.waits_for_redis:
            self.modify(client.redis.fileno(), ONLY_BROKEN)
        self.send_more(client)
        if client.sock.fileno() in self.by_client:
            self.modify(client.sock.fileno(), WRITABLE)

    def send_more(self, client):
        try:
            sent = sockets.send_now(client.sock, client.rest)
        except OSError:
            sent = len(client.rest)
        client.rest = client.rest[sent:]
        if not client.rest:
            self.finish(client)
""",
        ),
        RightAnswer(
            "a table of rests, and a generator for each",
            """%%answer slow_page
class SlowPage(EpollServer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.sending = {}

    def send_response(self, client, response):
        page = self.pieces(client, http_wire.write_response(response, head_only=client.head_only))
        self.sending[client] = page
        client.next_callback = self.go_on
        self.go_on(client)

    def pieces(self, client, data):
        at = 0
        while at < len(data):
            at += sockets.send_now(client.sock, memoryview(data)[at:])
            if at < len(data):
                yield

    def go_on(self, client):
        try:
            next(self.sending[client])
        except (StopIteration, OSError):
            self.finish(client)
        else:
            if client.waits_for_redis:
                self.let_redis_go(client)
            self.modify(client.sock.fileno(), WRITABLE)

    def let_redis_go(self, client):
        client.waits_for_redis = False
        self.by_redis.pop(client.redis.fileno())
        self.forget(client.redis.fileno())
        self.finished.append(client.redis)

    def finish(self, client):
        self.sending.pop(client, None)
        super().finish(client)
""",
        ),
        RightAnswer(
            "a non-blocking socket from then on",
            """%%answer slow_page
class SlowPage(EpollServer):
    def send_response(self, client, response):
        client.sock.setblocking(False)
        client.page = bytearray(http_wire.write_response(response, head_only=client.head_only))
        client.next_callback = self.more
        if client.waits_for_redis:
            client.waits_for_redis = False
            fd = client.redis.fileno()
            self.by_redis.pop(fd), self.forget(fd), self.finished.append(client.redis)
        try:
            self.more(client)
        except OSError:
            self.finish(client)

    def more(self, client):
        try:
            del client.page[: client.sock.send(client.page)]
        except BlockingIOError:
            pass
        if client.page:
            self.modify(client.sock.fileno(), WRITABLE)
        else:
            self.finish(client)
""",
        ),
    ],
    "time_is_up": [
        RightAnswer(
            "a heap, whose entries may be out of date",
            """%%answer time_is_up
import heapq
from itertools import count


class Deadlines(EpollServer):
    patience = 0.5

    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.heap, self.order, self.known = [], count(), set()

    def accept_clients(self):
        super().accept_clients()
        for client in self.by_client.values():
            if client not in self.known:
                self.known.add(client)
                heapq.heappush(self.heap, (time.monotonic() + self.patience, next(self.order), client))

    def finish(self, client):
        self.known.discard(client)
        super().finish(client)

    def is_silent(self, client):
        return client in self.known and client.next_callback == self.read_request

    def wait(self):
        while self.heap and not self.is_silent(self.heap[0][2]):
            heapq.heappop(self.heap)
        limit = max(0, self.heap[0][0] - time.monotonic()) if self.heap else -1
        ready = self.epoll.poll(limit)
        busy = [fd for fd, _ in ready]
        while self.heap and self.heap[0][0] <= time.monotonic():
            client = heapq.heappop(self.heap)[2]
            if self.is_silent(client) and client.sock.fileno() not in busy:
                self.finish(client)
        return ready
""",
        ),
        RightAnswer(
            "when they came is noted where they are watched, and the wait is the base class's when nobody's time runs",
            """%%answer time_is_up
class Deadlines(EpollServer):
    patience = 0.5

    def __init__(self, listener, redis_address):
        self.came = {}
        super().__init__(listener, redis_address)

    def watch(self, fd, events):
        super().watch(fd, events)
        if fd in self.by_client:
            self.came[fd] = time.monotonic()

    def modify(self, fd, events):
        self.came.pop(fd, None)
        super().modify(fd, events)

    def forget(self, fd):
        self.came.pop(fd, None)
        super().forget(fd)

    def wait(self):
        if not self.came:
            return super().wait()
        left = min(self.came.values()) + self.patience - time.monotonic()
        ready = self.epoll.poll(max(left, 0))
        for fd in [fd for fd, came in self.came.items() if came + self.patience <= time.monotonic()]:
            if fd not in dict(ready):
                self.finish(self.by_client[fd])
        return ready
""",
        ),
        RightAnswer(
            "select() around the epoll descriptor",
            """%%answer time_is_up
class Deadlines(EpollServer):
    patience = 0.5

    def accept_clients(self):
        super().accept_clients()
        for client in self.by_client.values():
            vars(client).setdefault("due", time.monotonic() + self.patience)

    def silent(self):
        return [client for client in self.by_client.values() if client.next_callback == self.read_request]

    def wait(self):
        dues = sorted(client.due for client in self.silent())
        limit = max(dues[0] - time.monotonic(), 0) if dues else None
        readable, _, _ = select.select([self.epoll], [], [], limit)
        ready = self.epoll.poll(0) if readable else []
        for client in self.silent():
            if client.due <= time.monotonic() and client.sock.fileno() not in {fd for fd, _ in ready}:
                self.finish(client)
        return ready
""",
        ),
    ],
}
