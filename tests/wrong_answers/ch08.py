"""Wrong answers to exercise 08."""

from wrong_answers import WrongAnswer

ASLEEP = """%%answer asleep
epoll = {1: "epoll_wait", 2: "epoll_wait", 3: "recv", 4: "send", 5: "epoll_wait"}
iterative_in_recv = [1, 2, 3]
"""

OUTBOX = """%%answer outbox
class Outbox:
    def __init__(self, sock, high, low):
        self.sock, self.high, self.low = sock, high, low
        self.kept = bytearray()
        self.go_on = True

    def write(self, data):
        sent = 0 if self.kept else sockets.send_now(self.sock, data)
        self.kept += data[sent:]
        self.look()

    def ready(self):
        if self.kept:
            del self.kept[: sockets.send_now(self.sock, self.kept)]
        self.look()

    def look(self):
        if len(self.kept) > self.high:
            self.go_on = False
        elif len(self.kept) <= self.low:
            self.go_on = True

    def wants_out(self):
        return bool(self.kept)

    def source_may_go_on(self):
        return self.go_on
"""

SLOW_PAGE = """%%answer slow_page
class SlowPage(EpollServer):
    def send_response(self, client, response):
        data = http_wire.write_response(response, head_only=client.head_only)
        client.rest = memoryview(data)
        client.next_callback = self.send_rest
        if client.waits_for_redis:
            client.waits_for_redis = False
            del self.by_redis[client.redis.fileno()]
            self.forget(client.redis.fileno())
            self.finished.append(client.redis)
        self.modify(client.sock.fileno(), WRITABLE)
        self.send_rest(client)

    def send_rest(self, client):
        try:
            client.rest = client.rest[sockets.send_now(client.sock, client.rest) :]
        except OSError:
            return self.finish(client)
        if not client.rest:
            self.finish(client)
"""

TIME_IS_UP = """%%answer time_is_up
class Deadlines(EpollServer):
    patience = 0.5

    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.deadlines = {}

    def accept_clients(self):
        super().accept_clients()
        due = time.monotonic() + self.patience
        for client in self.by_client.values():
            if not hasattr(client, "came"):
                client.came = True
                self.deadlines[client] = due

    def read_request(self, client):
        self.deadlines.pop(client, None)
        super().read_request(client)

    def finish(self, client):
        self.deadlines.pop(client, None)
        super().finish(client)

    def wait(self):
        first = min(self.deadlines.values(), default=None)
        ready = self.epoll.poll(-1 if first is None else max(0.0, first - time.monotonic()))
        heard = {fd for fd, _ in ready}
        now = time.monotonic()
        for client, due in list(self.deadlines.items()):
            if due <= now and client.sock.fileno() not in heard:
                self.finish(client)
        return ready
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """A right answer with a mistake put in."""
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


REDIS_DONE = """            client.waits_for_redis = False
            del self.by_redis[client.redis.fileno()]
            self.forget(client.redis.fileno())
            self.finished.append(client.redis)
"""

WRONG = {
    "asleep": [
        WrongAnswer("silence-blocks", changed(ASLEEP, ('1: "epoll_wait"', '1: "recv"'))),
        WrongAnswer("redis-blocks", changed(ASLEEP, ('2: "epoll_wait"', '2: "recv"'))),
        WrongAnswer("half-a-form", changed(ASLEEP, ('3: "recv"', '3: "epoll_wait"'))),
        WrongAnswer("page-that-fits", changed(ASLEEP, ('4: "send"', '4: "epoll_wait"'))),
        WrongAnswer("waits-for-goodbye", changed(ASLEEP, ('5: "epoll_wait"', '5: "recv"'))),
        WrongAnswer("iterative-1", changed(ASLEEP, ("[1, 2, 3]", "[2, 3]"))),
        WrongAnswer("iterative-2", changed(ASLEEP, ("[1, 2, 3]", "[1, 3]"))),
        WrongAnswer("iterative-5", changed(ASLEEP, ("[1, 2, 3]", "[1, 2, 3, 5]"))),
        WrongAnswer("no-list", changed(ASLEEP, ("[1, 2, 3]", "3"))),
        WrongAnswer("not-filled-in", changed(ASLEEP, ("[1, 2, 3]", "None"))),
    ],
    "outbox": [
        WrongAnswer(
            "waits",
            changed(
                OUTBOX,
                ("0 if self.kept else sockets.send_now(self.sock, data)", "len(data)\n        self.sock.sendall(data)"),
            ),
        ),
        WrongAnswer("loses-bytes", changed(OUTBOX, ("self.kept += data[sent:]", "self.kept += b''"))),
        WrongAnswer(
            "sends-twice",
            changed(
                OUTBOX,
                (
                    "del self.kept[: sockets.send_now(self.sock, self.kept)]",
                    "sent = sockets.send_now(self.sock, self.kept)\n"
                    "            if sent == len(self.kept):\n                self.kept.clear()",
                ),
            ),
        ),
        WrongAnswer("overtakes", changed(OUTBOX, ("0 if self.kept else sockets", "sockets"))),
        WrongAnswer(
            "does-not-wait-for-ready",
            changed(
                OUTBOX,
                (
                    "sent = 0 if self.kept else sockets.send_now(self.sock, data)\n        self.kept += data[sent:]",
                    "self.kept += data\n        del self.kept[: sockets.send_now(self.sock, self.kept)]",
                ),
            ),
        ),
        WrongAnswer("not-at-once", changed(OUTBOX, ("0 if self.kept else sockets.send_now(self.sock, data)", "0"))),
        WrongAnswer("always-wants-out", changed(OUTBOX, ("return bool(self.kept)", "return True"))),
        WrongAnswer(
            "forgets-the-rest",
            changed(
                OUTBOX,
                ("bytearray()", "bytearray()\n        self.told = False"),
                ("    def ready(self):\n", "    def ready(self):\n        self.told = True\n"),
                ("return bool(self.kept)", "return bool(self.kept) and not self.told"),
            ),
        ),
        WrongAnswer(
            "never-sends",
            changed(OUTBOX, ("        if self.kept:\n            del", "        if not self.kept:\n            del")),
        ),
        WrongAnswer("stops-too-early", changed(OUTBOX, ("> self.high", ">= self.high"))),
        WrongAnswer("never-stops", changed(OUTBOX, ("self.go_on = False", "pass"))),
        WrongAnswer("goes-on-too-early", changed(OUTBOX, ("return self.go_on", "return len(self.kept) <= self.high"))),
        WrongAnswer(
            "stays-stopped",
            changed(OUTBOX, ("            self.go_on = True\n\n    def", "            pass\n\n    def")),
        ),
        WrongAnswer(
            "stops-below-high",
            changed(
                OUTBOX,
                ("bytearray()", "bytearray()\n        self.once = False"),
                ("self.go_on = False\n", "self.go_on, self.once = False, True\n"),
                (
                    "            self.go_on = True\n\n    def wants",
                    "            self.go_on = True\n        elif self.once:\n            self.go_on = False\n"
                    "\n    def wants",
                ),
            ),
        ),
        WrongAnswer("never-at-low", changed(OUTBOX, ("<= self.low", "< self.low"))),
        WrongAnswer("no-bool", changed(OUTBOX, ("return bool(self.kept)", "return self.kept"))),
        WrongAnswer(
            "stops-before-it-starts",
            changed(OUTBOX, ("self.go_on = True\n\n    def write", "self.go_on = False\n\n    def write")),
        ),
        # Until the kernel says no.
        WrongAnswer(
            "tries-again",
            """%%answer outbox
class Outbox:
    def __init__(self, sock, high, low):
        sock.setblocking(False)
        self.sock, self.high, self.low, self.kept, self.go_on = sock, high, low, b"", True

    def write(self, data):
        had_some, self.kept = self.wants_out(), self.kept + data
        if not had_some:
            self.ready()
        self.go_on = self.go_on and len(self.kept) <= self.high

    def ready(self):
        try:
            while self.kept:
                self.kept = self.kept[self.sock.send(self.kept) :]
        except BlockingIOError:
            pass
        self.go_on = self.go_on or len(self.kept) <= self.low

    def wants_out(self):
        return self.kept != b""

    def source_may_go_on(self):
        return self.go_on
""",
        ),
        WrongAnswer(
            "tries-again",
            changed(
                OUTBOX,
                (
                    "            del self.kept[: sockets.send_now(self.sock, self.kept)]\n",
                    "            del self.kept[: sockets.send_now(self.sock, self.kept)]\n"
                    "            del self.kept[: sockets.send_now(self.sock, self.kept)]\n",
                ),
            ),
        ),
        WrongAnswer(
            "one-for-all",
            changed(
                OUTBOX,
                ("        self.kept = bytearray()\n", ""),
                ("class Outbox:\n", "class Outbox:\n    kept = bytearray()\n\n"),
            ),
        ),
        # What is empty is kept as well, and never gone.
        WrongAnswer(
            "always-wants-out",
            """%%answer outbox
class Outbox:
    def __init__(self, sock, high, low):
        self.sock, self.high, self.low, self.pieces, self.go_on = sock, high, low, [], True

    def write(self, data):
        self.pieces.append(data)
        if len(self.pieces) == 1:
            self.ready()
        self.go_on = self.go_on and sum(map(len, self.pieces)) <= self.high

    def ready(self):
        while self.pieces:
            sent = sockets.send_now(self.sock, self.pieces[0])
            whole = 0 < sent == len(self.pieces[0])
            self.pieces[0] = self.pieces[0][sent:]
            if not whole:
                break
            self.pieces.pop(0)
        self.go_on = self.go_on or sum(map(len, self.pieces)) <= self.low

    def wants_out(self):
        return bool(self.pieces)

    def source_may_go_on(self):
        return self.go_on
""",
        ),
        WrongAnswer(
            "stops-at-once", changed(OUTBOX, ("            self.go_on = True", "            self.go_on = False"))
        ),
    ],
    "slow_page": [
        WrongAnswer(
            "still-waits",
            """%%answer slow_page
class SlowPage(EpollServer):
    def send_response(self, client, response):
        data = http_wire.write_response(response, head_only=client.head_only)
        sockets.send_all(client.sock, data)
        self.finish(client)
""",
        ),
        # Only the first writing does not wait.
        WrongAnswer(
            "cut-off",
            """%%answer slow_page
class SlowPage(EpollServer):
    def send_response(self, client, response):
        data = http_wire.write_response(response, head_only=client.head_only)
        sockets.send_now(client.sock, data)
        self.finish(client)
""",
        ),
        WrongAnswer("never-told", changed(SLOW_PAGE, ("        self.modify(client.sock.fileno(), WRITABLE)\n", ""))),
        WrongAnswer("head-with-body", changed(SLOW_PAGE, (", head_only=client.head_only", ""))),
        WrongAnswer("hears-more", changed(SLOW_PAGE, ("fileno(), WRITABLE)", "fileno(), WRITABLE | READABLE)"))),
        WrongAnswer(
            "no-page",
            changed(
                SLOW_PAGE,
                ("        self.send_rest(client)\n", ""),
                ("        self.modify(client.sock.fileno(), WRITABLE)\n", ""),
            ),
        ),
        # client_is_ready takes the event for a goodbye.
        WrongAnswer("part-missing", changed(SLOW_PAGE, (REDIS_DONE, "            pass\n"))),
        WrongAnswer("redis-left", changed(SLOW_PAGE, (REDIS_DONE, "            client.waits_for_redis = False\n"))),
        WrongAnswer(
            "leaks",
            changed(
                SLOW_PAGE,
                ("            self.finished.append(client.redis)\n", "            kept.append(client.redis)\n"),
                ("class Slow", "kept = []\n\n\nclass Slow"),
            ),
        ),
        WrongAnswer(
            "client-left",
            changed(
                SLOW_PAGE,
                (
                    "        if not client.rest:\n            self.finish(client)\n",
                    "        if not client.rest:\n            self.modify(client.sock.fileno(), READABLE)\n",
                ),
                (
                    "client.rest) :]\n",
                    "client.rest) :]\n            if len(client.rest) == 0:\n"
                    "                client.sock.shutdown(socket.SHUT_WR)\n",
                ),
            ),
        ),
        WrongAnswer(
            "part-twice",
            changed(
                SLOW_PAGE,
                (
                    "            client.rest = client.rest[sockets.send_now(client.sock, client.rest) :]\n",
                    "            sent = sockets.send_now(client.sock, client.rest)\n"
                    "            client.rest = client.rest[max(0, sent - 1) :] if sent < len(client.rest) else b''\n",
                ),
            ),
        ),
        # Only the first portion does not wait.
        WrongAnswer(
            "waits-later",
            changed(
                SLOW_PAGE,
                (
                    "        self.send_rest(client)\n",
                    "        client.rest = client.rest[sockets.send_now(client.sock, client.rest) :]\n"
                    "        if not client.rest:\n            self.finish(client)\n",
                ),
                (
                    "            client.rest = client.rest[sockets.send_now(client.sock, client.rest) :]\n"
                    "        except",
                    "            sockets.send_all(client.sock, client.rest)\n            client.rest = b''\n"
                    "        except",
                ),
            ),
        ),
        WrongAnswer(
            "wakes-up",
            changed(
                SLOW_PAGE,
                ("    def send_rest", "    def wait(self):\n        return self.epoll.poll(0.01)\n\n    def send_rest"),
            ),
        ),
        WrongAnswer(
            "mixes-clients",
            changed(
                SLOW_PAGE,
                ("client.rest", "self.rest"),
                ("        self.send_rest(client)\n", "        self.send_rest(client)\n"),
            ),
        ),
        WrongAnswer(
            "library",
            """%%answer slow_page
from zerohttpd_lib.servers.nonblocking import NonblockingServer


class SlowPage(NonblockingServer):
    silence = 0.5
""",
        ),
    ],
    "time_is_up": [
        # Each wait begins the time anew; beside many who ask it looks right.
        WrongAnswer(
            "begins-again",
            changed(
                TIME_IS_UP,
                (
                    "-1 if first is None else max(0.0, first - time.monotonic())",
                    "-1 if first is None else self.patience",
                ),
            ),
        ),
        WrongAnswer(
            "library",
            """%%answer time_is_up
from zerohttpd_lib.servers.nonblocking import NonblockingServer


class Deadlines(NonblockingServer):
    silence = 0.5
""",
        ),
        WrongAnswer(
            "stays", changed(TIME_IS_UP, ("-1 if first is None else max(0.0, first - time.monotonic())", "-1"))
        ),
        WrongAnswer("too-late", changed(TIME_IS_UP, ("patience = 0.5", "patience = 1.5"))),
        WrongAnswer(
            "too-early",
            changed(TIME_IS_UP, ("max(0.0, first - time.monotonic()))", "0.2)"), ("due <= now", "due <= now + 0.35")),
        ),
        WrongAnswer(
            "wakes-up", changed(TIME_IS_UP, ("-1 if first is None else max(0.0, first - time.monotonic())", "0.5"))
        ),
        WrongAnswer("ticks", changed(TIME_IS_UP, ("max(0.0, first - time.monotonic())", "0.01"))),
        WrongAnswer(
            "some-stay",
            changed(
                TIME_IS_UP,
                (
                    "                self.finish(client)\n        return",
                    "                self.finish(client)\n                break\n        return",
                ),
                ("-1 if first is None else", "-1 if first is None or first < time.monotonic() else"),
            ),
        ),
        # When anybody's time is up, all who are silent go.
        WrongAnswer(
            "too-early-in-a-row",
            changed(
                TIME_IS_UP,
                (
                    "            if due <= now and client.sock.fileno() not in heard:",
                    "            if first is not None and first <= now and client.sock.fileno() not in heard:",
                ),
            ),
        ),
        # One deadline for all, which each newcomer moves.
        WrongAnswer(
            "put-off",
            changed(
                TIME_IS_UP,
                (
                    "                self.deadlines[client] = due\n",
                    "                self.deadlines = dict.fromkeys([*self.deadlines, client], due)\n",
                ),
            ),
        ),
        WrongAnswer(
            "put-off",
            changed(
                TIME_IS_UP,
                ("        heard =", "        if ready:\n            return ready\n        heard ="),
                ("max(0.0, first - time.monotonic())", "self.patience"),
            ),
        ),
        WrongAnswer(
            "sends-away-who-asks",
            changed(
                TIME_IS_UP, ("        self.deadlines.pop(client, None)\n        super().read", "        super().read")
            ),
        ),
        WrongAnswer("overhears", changed(TIME_IS_UP, (" and client.sock.fileno() not in heard", ""))),
        WrongAnswer(
            "left-over",
            changed(
                TIME_IS_UP,
                (
                    "                self.finish(client)\n",
                    "                self.deadlines.pop(client)\n                self.forget(client.sock.fileno())\n"
                    "                client.sock.shutdown(socket.SHUT_RDWR)\n",
                ),
            ),
        ),
    ],
}
