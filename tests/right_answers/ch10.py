"""Right answers to exercise 10 that are unlike its solutions."""

from right_answers import RightAnswer

RIGHT = {
    "told": [
        RightAnswer(
            "what counts is when, told by numbers of steps",
            """%%answer told
def told(kind, steps):
    unread, report = 0, []
    last_news = last_modify = last_wait = last_report = -1
    for at, step in enumerate(steps):
        match step:
            case "send":
                unread, last_news = unread + 5, at
            case "read":
                unread -= 2 if unread > 1 else unread
            case "drain":
                unread = 0
            case "modify":
                last_modify = last_news = at
            case "wait":
                says = bool(unread)
                if kind == "edge":
                    says &= last_news > last_wait
                if kind == "one shot":
                    says &= last_modify >= last_report
                last_wait = at
                last_report = at if says else last_report
                report += [says]
    return report
""",
        ),
        RightAnswer(
            "a ready list of the kernel's, as it is in fs/eventpoll.c",
            """%%answer told
class Item:
    def __init__(self, kind):
        self.kind, self.bytes, self.on_ready_list, self.interest = kind, 0, False, True

    def wake(self):
        self.on_ready_list = self.on_ready_list or self.interest

    def send(self):
        self.bytes += 5
        self.wake()

    def read(self):
        self.bytes -= min(2, self.bytes)

    def drain(self):
        self.bytes = 0

    def modify(self):
        self.interest = True
        if self.bytes:
            self.wake()

    def wait(self):
        listed, self.on_ready_list = self.on_ready_list, False
        if not (listed and self.bytes and self.interest):
            return False
        if self.kind == "one shot":
            self.interest = False
        elif self.kind == "level":
            self.on_ready_list = True
        return True


def told(kind, steps):
    item = Item(kind)
    answers = [(step, getattr(item, step)()) for step in steps]
    return [answer for step, answer in answers if step == "wait"]
""",
        ),
        RightAnswer(
            "a function for each kind, and numpy's truth",
            """%%answer told
import numpy as np


def told(kind, steps):
    unread, seen, sent, open_ = np.int64(0), 0, 0, True
    for step in steps:
        unread = {"send": unread + 5, "read": max(unread - 2, 0), "drain": 0}.get(step, unread)
        sent += step in ("send", "modify")
        open_ = open_ or step == "modify"
        if step == "wait":
            yes = {"level": True, "edge": sent > seen, "one shot": open_}[kind] and bool(unread > 0)
            seen, open_ = sent, open_ and not yes
            yield_to.append(yes)
    result = list(yield_to)
    yield_to.clear()
    return tuple(result)


yield_to = []
""",
        ),
    ],
    "once": [
        RightAnswer(
            "edge-triggered as well, and a lock around the notes",
            """%%answer once
import threading

HOW = select.EPOLLIN | select.EPOLLONESHOT | select.EPOLLET | select.EPOLLRDHUP


class Shared:
    def __init__(self):
        self.lock, self.all, self.epoll = threading.Lock(), {}, select.epoll()

    def add(self, sock):
        with self.lock:
            self.all[sock.fileno()] = sock
            self.epoll.register(sock.fileno(), HOW)

    def next(self, seconds):
        ready = self.epoll.poll(timeout=seconds, maxevents=1)
        if not ready:
            return None
        with self.lock:
            return self.all.get(ready[0][0])

    def done(self, sock):
        self.epoll.modify(sock.fileno(), HOW)

    def remove(self, sock):
        with self.lock:
            self.epoll.unregister(sock.fileno())
            self.all.pop(sock.fileno())
""",
        ),
        RightAnswer(
            "one thread waits at a time, and takes off the list what it hands out",
            """%%answer once
import threading
import time


class Shared:
    def __init__(self):
        self.turn, self.socks, self.epoll = threading.Lock(), {}, select.epoll()

    def add(self, sock):
        self.socks[sock.fileno()] = sock
        self.epoll.register(sock, select.EPOLLIN)

    def next(self, seconds):
        end = time.monotonic() + seconds
        if not self.turn.acquire(timeout=seconds):
            return None
        try:
            ready = self.epoll.poll(max(0, end - time.monotonic()), 1)
            if not ready:
                return None
            self.epoll.unregister(ready[0][0])
            return self.socks[ready[0][0]]
        finally:
            self.turn.release()

    def done(self, sock):
        self.epoll.register(sock, select.EPOLLIN)

    def remove(self, sock):
        self.socks.pop(sock.fileno(), None)
""",
        ),
        RightAnswer(
            "one thread asks for all of them, and hands out through a queue",
            """%%answer once
import queue
import threading


class Shared:
    def __init__(self):
        self.epoll, self.queue, self.by_fd = select.epoll(), queue.Queue(), {}
        threading.Thread(target=self.ask, daemon=True).start()

    def ask(self):
        while True:
            for fd, _ in self.epoll.poll():
                if sock := self.by_fd.get(fd):
                    self.queue.put(sock)

    def add(self, sock):
        self.by_fd[sock.fileno()] = sock
        self.epoll.register(sock.fileno(), select.EPOLLIN | select.EPOLLONESHOT)

    def next(self, seconds):
        try:
            return self.queue.get(timeout=seconds)
        except queue.Empty:
            return None

    def done(self, sock):
        self.epoll.modify(sock.fileno(), select.EPOLLIN | select.EPOLLONESHOT)

    def remove(self, sock):
        self.epoll.unregister(self.by_fd.pop(sock.fileno()))
""",
        ),
        RightAnswer(
            "all that are ready at once, in a queue",
            """%%answer once
import collections
import threading


class Shared:
    def __init__(self):
        self.epoll = select.epoll()
        self.kept, self.lock, self.queue = {}, threading.Lock(), collections.deque()

    def arm(self, sock, do):
        do(sock.fileno(), select.EPOLLIN | select.EPOLLONESHOT)

    def add(self, sock):
        self.kept[sock.fileno()] = sock
        self.arm(sock, self.epoll.register)

    def next(self, seconds):
        try:
            return self.queue.popleft()
        except IndexError:
            pass
        ready = self.epoll.poll(seconds)
        with self.lock:
            self.queue.extend(self.kept[fd] for fd, _ in ready)
        try:
            return self.queue.popleft()
        except IndexError:
            return None

    def done(self, sock):
        self.arm(sock, self.epoll.modify)

    def remove(self, sock):
        self.epoll.unregister(self.kept.pop(sock.fileno()))
""",
        ),
    ],
    "fair": [
        RightAnswer(
            "the kernel is asked again: who is not done is changed to what it was",
            """%%answer fair
class Rearming(EdgeEpoll):
    def again(self, fd):
        events = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLPRI | select.EPOLLET
        self._epoll.modify(fd, events)


class FairUpload(Upload):
    def ready(self, events):
        if self.read():
            self.server.poller.again(self.sock.fileno())


class FairServer(UploadServer):
    poller_class = Rearming
    upload_class = FairUpload
""",
        ),
        RightAnswer(
            "a queue of the server's, at the end of each batch, three reads at a time",
            """%%answer fair
from collections import deque


class FairUpload(Upload):
    def ready(self, events):
        if self not in self.server.unfinished:
            self.server.unfinished.append(self)


class FairServer(UploadServer):
    poller_class = EdgeEpoll
    upload_class = FairUpload

    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.unfinished = deque()

    def end_of_batch(self):
        for _ in range(len(self.unfinished)):
            upload = self.unfinished.popleft()
            if all(upload.read() for _ in range(3)):
                self.unfinished.append(upload)
        if self.unfinished:
            self.timers.call_in(0, lambda: None)  # so that the next wait does not sleep
        super().end_of_batch()
""",
        ),
        RightAnswer(
            "a generator for each client",
            """%%answer fair
class FairUpload(Upload):
    running = None

    def portions(self):
        for _ in iter(self.read, 0):
            if _ is None:
                return
            yield

    def ready(self, events):
        if self.running is None:
            self.running = self.portions()
            self.step()

    def step(self):
        for _ in self.running:
            return self.server.timers.call_in(0.0, self.step)
        self.running = None


class FairServer(UploadServer):
    poller_class = EdgeEpoll
    upload_class = FairUpload
""",
        ),
        RightAnswer(
            "called as from another thread",
            """%%answer fair
class FairUpload(Upload):
    pending = False

    def ready(self, events=0):
        if not self.pending:
            self.again()

    def again(self):
        self.pending = False
        if self.read():
            self.pending = True
            self.server.call_from_thread(self.again)


class FairServer(UploadServer):
    poller_class, upload_class = EdgeEpoll, FairUpload
""",
        ),
    ],
}
