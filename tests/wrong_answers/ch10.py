"""Wrong answers to exercise 10."""

from wrong_answers import WrongAnswer

TOLD = """%%answer told
def told(kind, steps):
    unread = 0
    news = False
    armed = True
    reports = []
    for step in steps:
        if step == "send":
            unread += 5
            news = True
        elif step == "read":
            unread = max(0, unread - 2)
        elif step == "drain":
            unread = 0
        elif step == "modify":
            news = armed = True
        elif step == "wait":
            report = unread > 0 and (news or kind != "edge") and (armed or kind != "one shot")
            reports.append(report)
            news = False
            armed = armed and not report
    return reports
"""

ONCE = """%%answer once
class Shared:
    def __init__(self):
        self.epoll = select.epoll()
        self.sockets = {}

    def add(self, sock):
        self.sockets[sock.fileno()] = sock
        self.epoll.register(sock, select.EPOLLIN | select.EPOLLONESHOT)

    def next(self, seconds):
        for fd, events in self.epoll.poll(seconds, 1):
            return self.sockets[fd]

    def done(self, sock):
        self.epoll.modify(sock, select.EPOLLIN | select.EPOLLONESHOT)

    def remove(self, sock):
        del self.sockets[sock.fileno()]
        self.epoll.unregister(sock)
"""

FAIR = """%%answer fair
class FairUpload(Upload):
    has_a_turn = False

    def ready(self, events):
        if not self.has_a_turn:
            self.go_on()

    def go_on(self):
        self.has_a_turn = bool(self.read())
        if self.has_a_turn:
            self.server.timers.call_in(0, self.go_on)


class FairServer(UploadServer):
    poller_class = EdgeEpoll
    upload_class = FairUpload
"""

# A set of those that are in work, in the program: the kernel goes on reporting them.
THROWN_AWAY = """%%answer once
import time


class Shared:
    def __init__(self):
        self.epoll = select.epoll()
        self.sockets = {}
        self.busy = set()

    def add(self, sock):
        self.sockets[sock.fileno()] = sock
        self.epoll.register(sock, select.EPOLLIN)

    def next(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for fd, events in self.epoll.poll(left):
                if fd not in self.busy:
                    self.busy.add(fd)
                    return self.sockets[fd]

    def done(self, sock):
        self.busy.discard(sock.fileno())

    def remove(self, sock):
        self.busy.discard(sock.fileno())
        del self.sockets[sock.fileno()]
        self.epoll.unregister(sock)
"""


# Predicts nothing: it takes the steps, and asks.
ASKS = """%%answer told
def told(kind, steps):
    how = select.EPOLLIN | {"level": 0, "edge": select.EPOLLET, "one shot": select.EPOLLONESHOT}[kind]
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    epoll = select.epoll()
    epoll.register(ours, how)
    reports = []
    for step in steps:
        try:
            if step == "send":
                theirs.sendall(b"12345")
            elif step == "read":
                ours.recv(2)
            elif step == "drain":
                ours.recv(1_000_000)
            elif step == "modify":
                epoll.modify(ours, how)
            else:
                reports.append(len(epoll.poll(0)) == 1)
        except BlockingIOError:
            pass
    return reports
"""

# One lock around everything: who waits keeps out all others.
LOCKED = """%%answer once
import threading


class Shared:
    def __init__(self):
        self.epoll, self.sockets, self.lock = select.epoll(), {}, threading.Lock()

    def add(self, sock):
        with self.lock:
            self.sockets[sock.fileno()] = sock
            self.epoll.register(sock, select.EPOLLIN | select.EPOLLONESHOT)

    def next(self, seconds):
        with self.lock:
            for fd, events in self.epoll.poll(seconds, 1):
                return self.sockets[fd]

    def done(self, sock):
        with self.lock:
            self.epoll.modify(sock, select.EPOLLIN | select.EPOLLONESHOT)

    def remove(self, sock):
        with self.lock:
            del self.sockets[sock.fileno()]
            self.epoll.unregister(sock)
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """A right answer with a mistake put in."""
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


WRONG = {
    "told": [
        WrongAnswer("level-is-state", changed(TOLD, ('(news or kind != "edge")', "news"))),
        WrongAnswer("counts-bytes", changed(TOLD, ("unread - 2", "unread - 3"))),
        WrongAnswer("left-is-told-again", changed(TOLD, ("            news = False\n", ""))),
        WrongAnswer(
            "left-is-told-again",
            "%%answer told\ndef told(kind, steps):\n    reports, unread = [], 0\n    for step in steps:\n"
            "        unread = {'send': unread + 5, 'read': max(0, unread - 2), 'drain': 0}.get(step, unread)\n"
            "        if step == 'wait':\n            reports.append(unread > 0)\n    return reports\n",
        ),
        WrongAnswer(
            "reading-is-no-news",
            changed(
                TOLD,
                (
                    "            unread = max(0, unread - 2)\n",
                    "            unread = max(0, unread - 2)\n            news = unread > 0\n",
                ),
            ),
        ),
        WrongAnswer(
            "arrival-is-news",
            changed(
                TOLD,
                (
                    "            unread += 5\n            news = True\n",
                    "            news = news or unread == 0\n            unread += 5\n",
                ),
            ),
        ),
        WrongAnswer(
            "news-of-nothing",
            changed(
                TOLD,
                (
                    'report = unread > 0 and (news or kind != "edge")',
                    'report = (news if kind == "edge" else unread > 0)',
                ),
            ),
        ),
        WrongAnswer("modify-asks-anew", changed(TOLD, ("news = armed = True", "armed = True"))),
        WrongAnswer(
            "modify-finds-nothing",
            changed(
                TOLD,
                (
                    "report = unread > 0 and",
                    'report = (unread > 0 or (kind == "edge" and step_before == "modify")) and',
                ),
                (
                    "    for step in steps:\n",
                    '    steps_before = iter(["", *steps])\n    for step in steps:\n'
                    "        step_before = next(steps_before)\n",
                ),
            ),
        ),
        WrongAnswer("tells-more-than-once", changed(TOLD, (' and (armed or kind != "one shot")', ""))),
        WrongAnswer("disarmed-too-early", changed(TOLD, ("armed = armed and not report", "armed = False"))),
        WrongAnswer("stays-disarmed", changed(TOLD, ("news = armed = True", "news = True"))),
        WrongAnswer("asks-the-kernel", ASKS),
        WrongAnswer("not-a-list", changed(TOLD, ("reports.append(report)", "reports.append(step)"))),
    ],
    "once": [
        WrongAnswer(
            "two-at-once",
            changed(ONCE, (" | select.EPOLLONESHOT", "")),
        ),
        WrongAnswer("more-is-news", changed(ONCE, ("EPOLLONESHOT", "EPOLLET"))),
        WrongAnswer(
            "armed-for-good",
            changed(ONCE, ("modify(sock, select.EPOLLIN | select.EPOLLONESHOT)", "modify(sock, select.EPOLLIN)")),
        ),
        WrongAnswer("spins", THROWN_AWAY),
        WrongAnswer("loses-others", changed(ONCE, ("poll(seconds, 1)", "poll(seconds)"))),
        WrongAnswer(
            "lost-while-at-work",
            changed(ONCE, ("self.epoll.modify(sock, select.EPOLLIN | select.EPOLLONESHOT)", "pass")),
        ),
        WrongAnswer(
            "not-again",
            changed(
                ONCE,
                ("        self.sockets = {}\n", "        self.sockets = {}\n        self.seen = []\n"),
                (
                    "modify(sock, select.EPOLLIN | select.EPOLLONESHOT)",
                    "modify(sock, 0 if sock in self.seen else select.EPOLLIN | select.EPOLLONESHOT)\n"
                    "        self.seen.append(sock)",
                ),
            ),
        ),
        WrongAnswer("other-call", changed(ONCE, ("self.epoll.modify(", "self.epoll.register("))),
        WrongAnswer(
            "not-removed",
            changed(
                ONCE,
                (
                    "        del self.sockets[sock.fileno()]\n        self.epoll.unregister(sock)\n",
                    "        self.epoll.modify(sock, select.EPOLLIN)\n",
                ),
            ),
        ),
        WrongAnswer("not-removed", changed(ONCE, ("        self.epoll.unregister(sock)\n", ""))),
        WrongAnswer(
            "old-number",
            changed(
                ONCE,
                (
                    "        self.sockets[sock.fileno()] = sock\n",
                    "        self.sockets.setdefault(sock.fileno(), sock)\n",
                ),
                ("        del self.sockets[sock.fileno()]\n", ""),
            ),
        ),
        # In its own words: interest in nothing while it is being worked on.
        WrongAnswer(
            "errors-get-through",
            changed(
                ONCE,
                (" | select.EPOLLONESHOT", ""),
                (
                    "            return self.sockets[fd]",
                    "            self.epoll.modify(fd, 0)\n            return self.sockets[fd]",
                ),
            ),
        ),
        WrongAnswer("back-too-soon", changed(ONCE, ("self.epoll.poll(seconds, 1)", "self.epoll.poll(seconds / 4, 1)"))),
        # A wait that is made of some.
        WrongAnswer(
            "in-slices",
            changed(
                ONCE,
                (
                    "        for fd, events in self.epoll.poll(seconds, 1):\n            return self.sockets[fd]",
                    "        for part in range(2):\n            for fd, events in self.epoll.poll(seconds / 2, 1):\n"
                    "                return self.sockets[fd]",
                ),
            ),
        ),
        WrongAnswer(
            "in-slices",
            changed(
                ONCE,
                (
                    "        for fd, events in self.epoll.poll(seconds, 1):\n            return self.sockets[fd]",
                    "        while True:\n            for fd, events in self.epoll.poll(min(seconds, 0.25), 1):\n"
                    "                return self.sockets[fd]\n            seconds -= 0.25\n"
                    "            if seconds <= 0:\n                return None",
                ),
            ),
        ),
        # It looks when the time is over.
        WrongAnswer(
            "in-slices",
            changed(
                ONCE,
                (
                    "        for fd, events in self.epoll.poll(seconds, 1):",
                    "        import time\n\n        time.sleep(seconds)\n"
                    "        for fd, events in self.epoll.poll(0, 1):",
                ),
            ),
        ),
        # A thread asks for all; whoever wants one looks now and then.
        WrongAnswer(
            "in-slices",
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
                self.queue.put(self.by_fd[fd])

    def add(self, sock):
        self.by_fd[sock.fileno()] = sock
        self.epoll.register(sock, select.EPOLLIN | select.EPOLLONESHOT)

    def next(self, seconds):
        while seconds > 0:
            try:
                return self.queue.get(timeout=min(seconds, 0.2))
            except queue.Empty:
                seconds -= 0.2

    def done(self, sock):
        self.epoll.modify(sock, select.EPOLLIN | select.EPOLLONESHOT)

    def remove(self, sock):
        self.epoll.unregister(self.by_fd.pop(sock.fileno()))
""",
        ),
        WrongAnswer("waits-with-it", LOCKED),
        # It looks when the time is over, and waits for that in a lock.
        WrongAnswer(
            "not-told-at-once",
            changed(
                ONCE,
                ("class Shared", "import threading\n\n\nclass Shared"),
                (
                    "        for fd, events in self.epoll.poll(seconds, 1):",
                    "        threading.Event().wait(seconds)\n        for fd, events in self.epoll.poll(0, 1):",
                ),
            ),
        ),
        # Who is done is armed by the next one who asks.
        WrongAnswer(
            "not-told-of-it",
            changed(
                ONCE,
                ("        self.sockets = {}\n", "        self.sockets = {}\n        self.are_done = []\n"),
                (
                    "        for fd, events",
                    "        while self.are_done:\n"
                    "            self.epoll.modify(self.are_done.pop(), select.EPOLLIN | select.EPOLLONESHOT)\n"
                    "        for fd, events",
                ),
                (
                    "    def done(self, sock):\n"
                    "        self.epoll.modify(sock, select.EPOLLIN | select.EPOLLONESHOT)\n",
                    "    def done(self, sock):\n        self.are_done.append(sock)\n",
                ),
            ),
        ),
        WrongAnswer(
            "one-for-all",
            changed(
                ONCE,
                (
                    "    def __init__(self):\n        self.epoll = select.epoll()\n        self.sockets = {}\n",
                    "    epoll = select.epoll()\n    sockets = {}\n",
                ),
            ),
        ),
        WrongAnswer(
            "others-wait",
            changed(
                ONCE,
                ("        self.sockets = {}\n", "        self.sockets = {}\n        self.in_work = 0\n"),
                (
                    "        for fd, events",
                    "        if self.in_work:\n            import time\n\n            time.sleep(seconds)\n"
                    "            return None\n        for fd, events",
                ),
                (
                    "            return self.sockets[fd]",
                    "            self.in_work += 1\n            return self.sockets[fd]",
                ),
                ("        self.epoll.modify", "        self.in_work -= 1\n        self.epoll.modify"),
                ("        self.epoll.unregister", "        self.in_work -= 1\n        self.epoll.unregister"),
            ),
        ),
        WrongAnswer(
            "told-to-several",
            changed(
                ONCE,
                (" | select.EPOLLONESHOT", ""),
                (
                    "            return self.sockets[fd]",
                    "            try:\n                self.epoll.unregister(fd)\n            except OSError:\n"
                    "                pass\n            return self.sockets[fd]",
                ),
                ("self.epoll.modify(sock, select.EPOLLIN)", "self.epoll.register(sock, select.EPOLLIN)"),
                ("        self.epoll.unregister(sock)\n", "        pass\n"),
            ),
        ),
    ],
    "fair": [
        # One read and a half-hearted cure.
        WrongAnswer(
            "hangs", changed(FAIR, ("            self.go_on()\n", "            self.read() and self.read()\n"))
        ),
        WrongAnswer(
            "starves",
            changed(FAIR, ("            self.go_on()\n", "            while self.read():\n                pass\n")),
        ),
        # An event begins a turn, beside the one that is to come.
        WrongAnswer(
            "turns-add-up",
            """%%answer fair
class FairUpload(Upload):
    def ready(self, events):
        for _ in range(4):
            if not self.read():
                return
        self.server.timers.call_in(0, lambda: self.ready(events))


class FairServer(UploadServer):
    poller_class = EdgeEpoll
    upload_class = FairUpload
""",
        ),
        WrongAnswer(
            "turns-add-up",
            changed(FAIR, ("        if not self.has_a_turn:\n            self.go_on()", "        self.go_on()")),
        ),
        WrongAnswer("long-turns", changed(FAIR, ("bool(self.read())", "all([self.read() for _ in range(9)])"))),
        WrongAnswer("level-instead", changed(FAIR, ("    poller_class = EdgeEpoll\n", "    poller_class = Epoll\n"))),
        WrongAnswer("never-rests", changed(FAIR, ("bool(self.read())", 'self.read() != 0 or self.state == "reading"'))),
        WrongAnswer("dawdles", changed(FAIR, ("call_in(0,", "call_in(0.2,"))),
        WrongAnswer("dawdles", changed(FAIR, ("call_in(0,", "call_in(0.005,"))),
        # The last one to come has all the turns.
        WrongAnswer(
            "one-after-the-other",
            """%%answer fair
class FairUpload(Upload):
    def ready(self, events):
        if self not in self.server.unfinished:
            self.server.unfinished.append(self)
            self.server.timers.call_in(0, self.server.go_on)


class FairServer(UploadServer):
    poller_class = EdgeEpoll
    upload_class = FairUpload

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.unfinished = []

    def go_on(self):
        if self.unfinished:
            if not self.unfinished[-1].read():
                self.unfinished.pop()
            self.timers.call_in(0, self.go_on)
""",
        ),
        WrongAnswer(
            "wrong-size",
            changed(
                FAIR,
                ("bool(self.read())", "bool(sockets.receive_now(self.sock, 2048) or self.read())"),
                ("class FairUpload", "from zerohttpd_lib.kernel import sockets\n\n\nclass FairUpload"),
            ),
        ),
        WrongAnswer(
            "library",
            """%%answer fair
from zerohttpd_lib.servers.edge import EdgeServer


class FairServer(EdgeServer):
    pass
""",
        ),
    ],
}
