"""Wrong answers to exercise 04."""

from wrong_answers import WrongAnswer

LEFT = """%%answer left
def how_it_left(events):
    if events & select.EPOLLERR:
        return "broken"
    if events & select.EPOLLHUP:
        return "gone"
    if events & select.EPOLLRDHUP:
        return "half"
    return "there"
"""

FDINFO = """%%answer fdinfo
def interest_list(text):
    found = {}
    for line in text.splitlines():
        words = line.split()
        if words and words[0] == "tfd:":
            found[int(words[1])] = int(words[3], 16) & ~(select.EPOLLERR | select.EPOLLHUP)
    return found
"""

NOTHING = """        if not events:
            self.want(sock, select.EPOLLIN)
            return self.epoll.unregister(sock)
        try:
"""
INTEREST = """%%answer interest
class Interest:
    def __init__(self):
        self.epoll = select.epoll()

    def want(self, sock, events):
        try:
            self.epoll.modify(sock, events)
        except FileNotFoundError:
            self.epoll.register(sock, events)

    def release(self, sock):
        self.epoll.unregister(sock)
        sock.close()

    def wait(self, seconds):
        return self.epoll.poll(seconds)
"""
WANT = """        try:
            self.epoll.modify(sock, events)
        except FileNotFoundError:
            self.epoll.register(sock, events)
"""
RELEASE = """        self.epoll.unregister(sock)
        sock.close()
"""

DRAIN = """%%answer drain
def take_all(sock):
    pieces = []
    while True:
        try:
            piece = sock.recv(4096)
        except BlockingIOError:
            return b"".join(pieces), False
        if not piece:
            return b"".join(pieces), True
        pieces.append(piece)
"""

BATCH = """%%answer batch
class Loop:
    def __init__(self):
        self.epoll = select.epoll()
        self.callbacks = {}
        self.finished = []

    def add(self, sock, callback):
        self.callbacks[sock.fileno()] = sock, callback
        self.epoll.register(sock, select.EPOLLIN)

    def finish(self, sock):
        del self.callbacks[sock.fileno()]
        self.epoll.unregister(sock)
        self.finished.append(sock)

    def run_once(self):
        for fd, events in self.epoll.poll(1):
            if fd in self.callbacks:
                sock, callback = self.callbacks[fd]
                callback(sock)
        for sock in self.finished:
            sock.close()
        self.finished.clear()
"""

HANDLE = """        for fd, events in self.epoll.poll(1):
            if fd in self.callbacks:
                sock, callback = self.callbacks[fd]
                callback(sock)
"""
CLOSE = """        for sock in self.finished:
            sock.close()
        self.finished.clear()
"""


def changed(cell: str, *pairs: tuple[str, str]) -> str:
    """The cell with a mistake put in."""
    for old, new in pairs:
        assert cell.count(old) == 1, old
        cell = cell.replace(old, new)
    return cell


WRONG = {
    "left": [
        WrongAnswer(
            "broken-as-gone",
            """%%answer left
def how_it_left(events):
    if events & select.EPOLLHUP:
        return "gone"
    if events & select.EPOLLERR:
        return "broken"
    return "half" if events & select.EPOLLRDHUP else "there"
""",
        ),
        WrongAnswer(
            "gone-as-half",
            """%%answer left
def how_it_left(events):
    if events & select.EPOLLRDHUP:
        return "half"
    if events & select.EPOLLHUP:
        return "gone"
    return "broken" if events & select.EPOLLERR else "there"
""",
        ),
        WrongAnswer(
            "half-as-there",
            """%%answer left
def how_it_left(events):
    names = {select.EPOLLERR: "broken", select.EPOLLHUP: "gone", select.EPOLLRDHUP: "half"}
    return names.get(events, "there")
""",
        ),
        WrongAnswer("half-as-gone", changed(LEFT, ("events & select.EPOLLHUP", "events & select.EPOLLRDHUP"))),
        WrongAnswer("gone-as-broken", changed(LEFT, ('"gone"', '"broken"'))),
        WrongAnswer(
            "gone-as-there",
            """%%answer left
def how_it_left(events):
    if events & select.EPOLLRDHUP and not events & select.EPOLLHUP:
        return "half"
    return "broken" if events & select.EPOLLERR else "there"
""",
        ),
        WrongAnswer("broken-as-there", changed(LEFT, ("events & select.EPOLLERR:", "events & 0x18 == 0x18:"))),
        WrongAnswer("no-word", changed(LEFT, ('"half"', "event_names(events)"))),
    ],
    "fdinfo": [
        WrongAnswer("keeps-unasked", changed(FDINFO, (" & ~(select.EPOLLERR | select.EPOLLHUP)", ""))),
        WrongAnswer("decimal", changed(FDINFO, ("int(words[3], 16)", "int(words[3])"))),
        WrongAnswer("text-keys", changed(FDINFO, ("int(words[1])", "words[1]"))),
        WrongAnswer(
            "no-numbers", changed(FDINFO, ("int(words[3], 16) & ~(select.EPOLLERR | select.EPOLLHUP)", "words[3]"))
        ),
        WrongAnswer("drops-flags", changed(FDINFO, ("& ~(select.EPOLLERR | select.EPOLLHUP)", "& 0xFFE7"))),
        WrongAnswer("other-descriptors", changed(FDINFO, ("    return found", "            break\n    return found"))),
        WrongAnswer("other-events", changed(FDINFO, ("& ~(select.EPOLLERR | select.EPOLLHUP)", "& 0xC0002005"))),
        WrongAnswer("no-dict", changed(FDINFO, ("return found", "return list(found.items())"))),
        WrongAnswer("other-events", changed(FDINFO, ("& ~(select", "^ (0x1c | select"))),
    ],
    "interest": [
        WrongAnswer("asks-for-more", changed(INTEREST, ("modify(sock, events)", "modify(sock, events | 1 << 31)"))),
        WrongAnswer(
            "no-list",
            changed(
                INTEREST,
                ("select.epoll()", "select.poll()"),
                (WANT, "        self.epoll.register(sock, events)\n"),
                ("poll(seconds)", "poll(seconds * 1000)"),
            ),
        ),
        WrongAnswer(
            "other-list",
            changed(
                INTEREST,
                (
                    "        try:\n",
                    NOTHING,
                ),
            ),
        ),
        WrongAnswer("shuts-only", changed(INTEREST, ("sock.close()", "sock.shutdown(socket.SHUT_RDWR)"))),
        WrongAnswer("does-not-wait", changed(INTEREST, ("poll(seconds)", "poll(0)"))),
        WrongAnswer(
            "keeps-asking",
            changed(
                INTEREST,
                (
                    "        return self.epoll.poll(seconds)\n",
                    """        import time
        end = time.monotonic() + seconds
        while not (ready := self.epoll.poll(0.01)) and time.monotonic() < end:
            pass
        return ready
""",
                ),
            ),
        ),
        WrongAnswer("registers-twice", changed(INTEREST, (WANT, "        self.epoll.register(sock, events)\n"))),
        WrongAnswer("modifies-unknown", changed(INTEREST, (WANT, "        self.epoll.modify(sock, events)\n"))),
        WrongAnswer(
            "other-events",
            changed(
                INTEREST,
                ("self.epoll = select.epoll()\n", "self.epoll = select.epoll()\n        self.wanted = {}\n"),
                (
                    "        try:\n",
                    "        self.wanted[sock.fileno()] = self.wanted.get(sock.fileno(), 0) | events\n"
                    "        events = self.wanted[sock.fileno()]\n        try:\n",
                ),
            ),
        ),
        WrongAnswer("close-only", changed(INTEREST, (RELEASE, "        sock.close()\n"))),
        WrongAnswer(
            "closed-first", changed(INTEREST, (RELEASE, "        sock.close()\n        self.epoll.unregister(sock)\n"))
        ),
        WrongAnswer("mutes", changed(INTEREST, ("self.epoll.unregister(sock)", "self.epoll.modify(sock, 0)"))),
        WrongAnswer("not-closed", changed(INTEREST, (RELEASE, "        self.epoll.unregister(sock)\n"))),
        WrongAnswer(
            "stale-notes",
            changed(
                INTEREST,
                ("self.epoll = select.epoll()\n", "self.epoll = select.epoll()\n        self.listed = set()\n"),
                (
                    WANT,
                    "        if sock.fileno() in self.listed:\n"
                    "            self.epoll.modify(sock, events)\n"
                    "        else:\n"
                    "            self.epoll.register(sock, events)\n"
                    "        self.listed.add(sock.fileno())\n",
                ),
                (RELEASE, "        self.listed.discard(sock.fileno())\n" + RELEASE),
            ),
        ),
        WrongAnswer(
            "newcomer-missing",
            changed(
                INTEREST,
                ("self.epoll = select.epoll()\n", "self.epoll = select.epoll()\n        self.listed = {}\n"),
                (
                    WANT,
                    "        if self.listed.get(sock.fileno()) == events:\n            return\n"
                    + WANT
                    + "        self.listed[sock.fileno()] = events\n",
                ),
                (RELEASE, "        self.listed.pop(sock.fileno())\n" + RELEASE),
            ),
        ),
    ],
    "drain": [
        WrongAnswer(
            "counts-reads",
            """%%answer drain
def take_all(sock):
    data = b""
    for _ in range(2):
        try:
            piece = sock.recv(1_000_000)
        except BlockingIOError:
            return data, False
        if not piece:
            return data, True
        data += piece
    return data, False
""",
        ),
        WrongAnswer(
            "waits",
            changed(
                DRAIN,
                ("    pieces = []\n", "    pieces = []\n    sock.settimeout(0.05)\n"),
                ("except BlockingIOError", "except TimeoutError"),
            ),
        ),
        # The end is b"", again and again.
        WrongAnswer(
            "never-ends",
            changed(DRAIN, ('        if not piece:\n            return b"".join(pieces), True\n', "")),
        ),
        WrongAnswer("closes", changed(DRAIN, ("if not piece:\n", "if not piece:\n            sock.close()\n"))),
        WrongAnswer("no-answer", changed(DRAIN, ("False", "'no'"), ("pieces), True", "pieces), 'yes'"))),
        WrongAnswer(
            "leaves-some",
            """%%answer drain
def take_all(sock):
    data = b""
    for _ in range(2):
        try:
            piece = sock.recv(8192)
        except BlockingIOError:
            return data, False
        if not piece:
            return data, True
        data += piece
    return data, False
""",
        ),
        WrongAnswer(
            "leaves-some",
            "%%answer drain\ndef take_all(sock):\n    data = sock.recv(4096)\n    return data, not data\n",
        ),
        WrongAnswer(
            "eagain-escapes",
            """%%answer drain
def take_all(sock):
    data = b""
    while piece := sock.recv(4096):
        data += piece
    return data, True
""",
        ),
        WrongAnswer("eagain-is-no-end", changed(DRAIN, ("False", "True"))),
        WrongAnswer(
            "misses-end",
            """%%answer drain
def take_all(sock):
    data = b""
    try:
        while True:
            piece = sock.recv(4096)
            data += piece
            if len(piece) < 4096:
                return data, False
    except BlockingIOError:
        return data, False
""",
        ),
        WrongAnswer("last-piece", changed(DRAIN, ("pieces.append(piece)", "pieces = [piece]"))),
        WrongAnswer(
            "no-pair",
            changed(
                DRAIN, ('b"".join(pieces), True', 'b"".join(pieces)'), ('b"".join(pieces), False', 'b"".join(pieces)')
            ),
        ),
        WrongAnswer("too-slow", changed(DRAIN, ("    pieces = []\n", "    pieces = []\n    sock.setblocking(True)\n"))),
    ],
    "batch": [
        WrongAnswer("calls-otherwise", changed(BATCH, ("callback(sock)", "callback(sock, events)"))),
        WrongAnswer(
            "waits-again",
            changed(
                BATCH,
                (
                    HANDLE,
                    """        seconds = 1
        while ready := self.epoll.poll(seconds, 1):
            fd, events = ready[0]
            if fd in self.callbacks:
                sock, callback = self.callbacks[fd]
                callback(sock)
            seconds = 0
""",
                ),
            ),
        ),
        WrongAnswer(
            "closes-late",
            changed(
                BATCH,
                (CLOSE, ""),
                (
                    HANDLE,
                    "        batch = self.epoll.poll(1)\n" + CLOSE + changed(HANDLE, ("self.epoll.poll(1)", "batch")),
                ),
            ),
        ),
        WrongAnswer("does-not-wait", changed(BATCH, ("poll(1)", "poll(0)"))),
        WrongAnswer("no-limit", changed(BATCH, ("poll(1)", "poll()"))),
        WrongAnswer(
            "keeps-asking",
            changed(
                BATCH,
                (
                    "        for fd, events in self.epoll.poll(1):\n",
                    """        import time
        end = time.monotonic() + 1
        while not (ready := self.epoll.poll(0)) and time.monotonic() < end:
            pass
        for fd, events in ready:
""",
                ),
            ),
        ),
        WrongAnswer("told-once", changed(BATCH, ("select.EPOLLIN)", "select.EPOLLIN | select.EPOLLET)"))),
        WrongAnswer("ghost", changed(BATCH, ("        self.epoll.unregister(sock)\n", ""))),
        WrongAnswer("never-cleared", changed(BATCH, ("        self.finished.clear()\n", ""))),
        WrongAnswer(
            "key-error",
            changed(
                BATCH,
                (
                    "            if fd in self.callbacks:\n                sock,",
                    "            if True:\n                sock,",
                ),
            ),
        ),
        WrongAnswer("stranger", changed(BATCH, ("self.finished.append(sock)", "sock.close()"))),
        WrongAnswer(
            "calls-finished",
            changed(
                BATCH,
                (
                    """        for fd, events in self.epoll.poll(1):
            if fd in self.callbacks:
                sock, callback = self.callbacks[fd]
                callback(sock)
""",
                    """        batch = [self.callbacks[fd] for fd, events in self.epoll.poll(1)]
        for sock, callback in batch:
            callback(sock)
""",
                ),
            ),
        ),
        WrongAnswer(
            "newcomer-unheard",
            """%%answer batch
class Loop:
    def __init__(self):
        self.epoll = select.epoll()
        self.callbacks = {}
        self.finished = set()

    def add(self, sock, callback):
        self.callbacks[sock.fileno()] = sock, callback
        self.epoll.register(sock, select.EPOLLIN)

    def finish(self, sock):
        self.finished.add(sock.fileno())
        self.epoll.unregister(sock)
        sock.close()

    def run_once(self):
        for fd, events in self.epoll.poll(1):
            if fd not in self.finished:
                sock, callback = self.callbacks[fd]
                callback(sock)
""",
        ),
        WrongAnswer("not-all", changed(BATCH, ("self.epoll.poll(1):", "self.epoll.poll(1, 1):"))),
        WrongAnswer(
            "never-closed",
            changed(
                BATCH, ("            sock.close()\n", "            pass\n"), ("        self.finished.clear()\n", "")
            ),
        ),
        WrongAnswer(
            "not-called",
            changed(
                BATCH,
                (
                    "            if fd in self.callbacks:\n                sock,",
                    "            if events & select.EPOLLOUT:\n                sock,",
                ),
            ),
        ),
    ],
}
