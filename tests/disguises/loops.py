"""Event loops that wake up where nobody looks, wait in threads, or do more than their record says."""

from __future__ import annotations

from .disguised import Disguise, changed, written

TICKING = """
class Ticking({poller}):
    def wait(self, timeout):
        while True:
            ready = super().wait(0.02 if timeout < 0 else min(0.02, timeout))
            timeout = timeout - 0.02 if timeout > 0.02 else timeout if timeout < 0 else 0
            if ready or not timeout:
                return ready
"""
HALF_IN_THREADS = """
from threading import Thread
class HalfServer(PollServer):
    def read_request(self, client):
        if hasattr(client, "parsed"):
            parsed = client.parsed
            if parsed is None:
                return self.finish(client)
            if isinstance(parsed, Exception):
                return self.refuse(client, guestbook.error(parsed.status, parsed.reason))
            request, _ = parsed
            client.head_only = request.method == "HEAD"
            client.conversation = guestbook.respond(request)
            return self.converse(client, None)
        self.modify(client.sock.fileno(), 0)
        Thread(target=self.read, args=(client,), daemon=True).start()
    def read(self, client):
        data = b""
        parsed = None
        try:
            while (parsed := http_wire.read_request(data)) is None:
                chunk = client.sock.recv(65536)
                if not chunk:
                    break
                data += chunk
        except http_wire.BadRequest as problem:
            parsed = problem
        except OSError:
            pass
        client.parsed = parsed
        self.tell.send(b"%d " % client.sock.fileno())
    def run(self):
        self.told, self.tell = socket.socketpair()
        self.watch(self.told.fileno(), select.POLLIN)
        super().run()
    def wait(self):
        ready = self.poller.poll()
        if self.told.fileno() in dict(ready):
            for number in self.told.recv(4096).split():
                client = self.by_client.get(int(number))
                if client is not None and hasattr(client, "parsed"):
                    self.modify(client.sock.fileno(), select.POLLIN)
                    try:
                        self.read_request(client)
                    except OSError:
                        self.finish(client)
        self.close_finished()
        known = {*self.by_client, *self.by_redis, self.listener.fileno()}
        return [each for each in ready if each[0] in known]
"""
DOOR_HOARDS = """
class Door(EpollServer):
    def __init__(self, listener, redis_address):
        listener.listen(1024)
        super().__init__(listener, redis_address)
        self.hoard = []
    def accept_clients(self):
        while (sock := sockets.accept(self.listener)) is not None:
            self.hoard.append(sock)
        for sock in self.hoard[:32]:
            self.by_client[sock.fileno()] = Client(sock, self.read_request)
            self.watch(sock.fileno(), READABLE)
        del self.hoard[:32]
    def wait(self):
        if not self.hoard:
            return self.epoll.poll()
        ready = self.epoll.poll(0)
        if self.listener.fileno() not in dict(ready):
            ready.append((self.listener.fileno(), READABLE))
        return ready
"""
PAGE_IN_THREADS = """
from threading import Thread
class SlowPage(EpollServer):
    def send_response(self, client, response):
        data = http_wire.write_response(response, head_only=client.head_only)
        client.done = False
        client.next_callback = self.look
        if client.waits_for_redis:
            client.waits_for_redis = False
            del self.by_redis[client.redis.fileno()]
            self.forget(client.redis.fileno())
            self.finished.append(client.redis)
        self.modify(client.sock.fileno(), WRITABLE)
        Thread(target=self.send, args=(client, data), daemon=True).start()
    def send(self, client, data):
        try:
            client.sock.setblocking(True)
            client.sock.sendall(data)
        except OSError:
            pass
        client.done = True
    def look(self, client):
        if client.done:
            self.finish(client)
        else:
            time.sleep(0.001)
"""
DUE_WHEN_SEEN = """
        now = time.monotonic()
        for client in list(self.by_client.values()):
            if not hasattr(client, "due"):
                client.due = now + self.patience
            if client.next_callback == self.read_request and now >= client.due:
                {away}
"""
TICKS_BY_SELECT = f"""
class Deadlines(EpollServer):
    patience = 0.5
    def wait(self):
        ready = []
        while not ready:
            self.look()
            select.select([self.epoll], [], [], 0.24)
            ready = self.epoll.poll(0)
        return ready
    def look(self):{DUE_WHEN_SEEN.format(away="self.finish(client)")}        self.close_finished()
"""
RINGS = f"""
import signal
class Deadlines(EpollServer):
    patience = 0.5
    def run(self):
        signal.signal(signal.SIGALRM, self.tick)
        signal.setitimer(signal.ITIMER_REAL, 0.22, 0.22)
        super().run()
    def tick(self, *_):{DUE_WHEN_SEEN.format(away="client.sock.shutdown(socket.SHUT_RDWR)")}
"""
THREADS_WITH_TIMERS = """
from threading import Timer
class Deadlines(EpollServer):
    patience = 0.5
    def accept_clients(self):
        before = set(self.by_client)
        super().accept_clients()
        for fd in set(self.by_client) - before:
            client = self.by_client[fd]
            client.timer = Timer(self.patience, self.away, (client,))
            client.timer.daemon = True
            client.timer.start()
    def away(self, client):
        if client.next_callback == self.read_request:
            try:
                client.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
    def finish(self, client):
        client.timer.cancel()
        super().finish(client)
    def read_request(self, client):
        client.timer.cancel()
        super().read_request(client)
"""
HIDDEN_READS = """
import os
class FairUpload(Upload):
    has_a_turn = False
    turns = 0
    def ready(self, events):
        if not self.has_a_turn:
            self.go_on()
    def go_on(self):
        self.turns += 1
        number = 0
        for _ in range(2):
            if not (got := self.read()):
                break
            number += got
        if number and self.turns >= 2:
            try:
                while data := os.read(self.sock.fileno(), 1_000_000):
                    self.taken += len(data)
            except OSError:
                pass
        self.has_a_turn = bool(number)
        if self.has_a_turn:
            self.server.timers.call_in(0, self.go_on)
class FairServer(UploadServer):
    poller_class = EdgeEpoll
    upload_class = FairUpload
"""
TICKS = """
    def wait(self):
        while not (ready := self.epoll.poll(0.19)):
            pass
        return ready
"""
TICKS_IN_SELECT = """
    def wait(self):
        while not select.select([self.epoll], [], [], 0.3)[0]:
            pass
        return self.epoll.poll(0)
"""
ALARM = """
    def run(self):
        import signal
        signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
        super().run()
"""
WAITS_FOR_FIRST = "        ready = self.epoll.poll(-1 if first is None else max(0.0, first - time.monotonic()))\n"
TICKS_INSIDE = """        while True:
            ready = self.epoll.poll(-1 if first is None else 0.005)
            if ready or first is None or time.monotonic() >= first:
                break
"""
HAS_BEGUN = "        self.deadlines.pop(client, None)  # it has begun to send\n"

DISGUISES: list[Disguise] = [
    written("half", "A thread reads each request, and the loop hears of it by a socket", "threads", HALF_IN_THREADS),
    changed(
        "door",
        "All let in at once, most of them put on the interest list past the record",
        "watched-otherwise",
        ("for _ in range(32)", "for number in range(1000)"),
        (
            "            self.watch(sock.fileno(), READABLE)",
            "            (self.watch if number < 32 else self.epoll.register)(sock.fileno(), READABLE)",
        ),
    ),
    written("door", "All let in at once, and a listener that is said to be ready still", "waits-inside", DOOR_HOARDS),
    changed("door", "A time limit of select()'s, which the kernel does not show", "wakes-up", after=TICKS_IN_SELECT),
    written("slow_page", "A thread sends each page, and waits", "threads", PAGE_IN_THREADS),
    changed("time_is_up", "Four seconds in place of a half", "too-late", ("patience = 0.5", "patience = 4.0")),
    changed("time_is_up", "Many waits within one", "ticks", (WAITS_FOR_FIRST, TICKS_INSIDE)),
    written("time_is_up", "Four looks a second, between them select()", "wakes-up", TICKS_BY_SELECT),
    written("time_is_up", "An alarm that rings five times a second", "wakes-up", RINGS),
    written("time_is_up", "A thread with a timer for each client", "ticks", THREADS_WITH_TIMERS),
    changed(
        "time_is_up",
        "Who has asked has another second",
        "time-runs-on",
        (HAS_BEGUN, f"{HAS_BEGUN}        self.deadlines[client] = time.monotonic() + 1.2\n"),
        ("            if due > now:\n                break\n", "            if due > now:\n                continue\n"),
        ("first = next(iter(self.deadlines.values()), None)", "first = min(self.deadlines.values(), default=None)"),
    ),
    changed(
        "lasting",
        "Fifty looks a second, within one wait",
        "never-rests",
        ("    connection_class = Lasting", "    connection_class = Lasting\n    poller_class = Ticking"),
        before=TICKING.format(poller="PipelinedServer.poller_class"),
    ),
    changed(
        "lasting",
        "A client that says close is heard at its first request only",
        "keeps-the-unwilling",
        (
            "        self.answers += 1\n",
            "        self.answers += 1\n        self.keep = self.keep or self.answers > 1\n",
        ),
    ),
    changed(
        "fair",
        "Fifty looks a second, within one wait",
        "never-rests",
        ("    poller_class = EdgeEpoll", "    poller_class = Ticking"),
        before=TICKING.format(poller="EdgeEpoll"),
    ),
    written("fair", "Two reads for the record, and all the rest past it", "not-by-read", HIDDEN_READS),
    changed("one_wakes", "Five looks a second", "wakes-up", after=TICKS),
    changed("one_wakes", "An alarm that rings five times a second", "wakes-up", after=ALARM),
    changed("chat", "A limit of 70,000 bytes", "sent-home-early", ("LIMIT = 100_000", "LIMIT = 70_000")),
    changed("chat", "A limit of 250,000 bytes", "sent-home-late", ("LIMIT = 100_000", "LIMIT = 250_000")),
]
