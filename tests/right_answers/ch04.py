"""Right answers to exercise 04 that are unlike its solutions."""

from right_answers import RightAnswer

RIGHT = {
    "left": [
        RightAnswer(
            "by the names",
            """%%answer left
def how_it_left(events):
    names = event_names(events).split("|")
    for name, word in (("ERR", "broken"), ("HUP", "gone"), ("RDHUP", "half")):
        if name in names:
            return word
    return "there"
""",
        ),
        RightAnswer(
            "by arithmetic",
            """%%answer left
def how_it_left(events):
    return "broken" if events // 8 % 2 else "gone" if events // 16 % 2 else "half" if events >> 13 & 1 else "there"
""",
        ),
        RightAnswer(
            "members of an enumeration",
            """%%answer left
import enum


class How(str, enum.Enum):
    BROKEN, GONE, HALF, THERE = "broken", "gone", "half", "there"


def how_it_left(events):
    order = ((select.POLLERR, How.BROKEN), (select.POLLHUP, How.GONE), (select.POLLRDHUP, How.HALF))
    return next((how for bit, how in order if events & bit), How.THERE)
""",
        ),
    ],
    "fdinfo": [
        RightAnswer(
            "a regular expression",
            r"""%%answer fdinfo
import re


def interest_list(text):
    return {int(fd): int(events, 16) & ~0x18 for fd, events in re.findall(r"tfd:\s*(\d+) events:\s*([0-9a-f]+)", text)}
""",
        ),
        RightAnswer(
            "by columns",
            """%%answer fdinfo
def interest_list(text):
    lines = [line for line in text.splitlines() if line.startswith("tfd")]
    return {int(line[5:13]): int(line[22:30], 16) - 0x18 for line in lines}
""",
        ),
        RightAnswer(
            "a dict of another kind",
            """%%answer fdinfo
from collections import defaultdict


def interest_list(text):
    found = defaultdict(int)
    for line in text.split("\\n"):
        pairs = dict(zip(line.split()[::2], line.split()[1::2]))
        if "tfd:" in pairs:
            found[int(pairs["tfd:"])] |= int("0x" + pairs["events:"], 0) ^ 24
    return found
""",
        ),
    ],
    "interest": [
        RightAnswer(
            "register first",
            """%%answer interest
class Interest:
    def __init__(self):
        self.epoll = select.epoll()

    def want(self, sock, events):
        try:
            self.epoll.register(sock, events)
        except FileExistsError:
            self.epoll.modify(sock.fileno(), events)

    def release(self, sock):
        with sock:
            self.epoll.unregister(sock)

    def wait(self, seconds):
        return self.epoll.poll(seconds)
""",
        ),
        RightAnswer(
            "notes that are compared with the kernel",
            """%%answer interest
import os


class Interest(object):
    def __init__(self):
        self._epoll = select.epoll(sizehint=-1, flags=select.EPOLL_CLOEXEC)
        self._inodes = {}

    def want(self, sock, events):
        fd, inode = sock.fileno(), os.fstat(sock.fileno()).st_ino
        if self._inodes.get(fd) == inode:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
            self._inodes[fd] = inode

    def release(self, sock):
        self._inodes.pop(sock.fileno())
        self._epoll.unregister(sock.fileno())
        os.close(sock.detach())

    def wait(self, seconds):
        return [(fd, events) for fd, events in self._epoll.poll(timeout=seconds)]
""",
        ),
        RightAnswer(
            "taken off and put on again",
            """%%answer interest
from contextlib import suppress


class Interest:
    epoll = property(lambda self: self.__dict__.setdefault("_epoll", select.epoll()))

    def want(self, sock, events):
        with suppress(FileNotFoundError):
            self.epoll.unregister(sock)
        self.epoll.register(sock, events)

    def release(self, sock):
        self.epoll.unregister(sock)
        sock.close()

    def wait(self, seconds):
        return self.epoll.poll(seconds)
""",
        ),
    ],
    "drain": [
        RightAnswer(
            "into a buffer",
            """%%answer drain
def take_all(sock):
    data, buffer = bytearray(), bytearray(65536)
    try:
        while count := sock.recv_into(buffer):
            data += buffer[:count]
    except BlockingIOError:
        return bytes(data), False
    return bytes(data), True
""",
        ),
        RightAnswer(
            "os.read, errno, and a list",
            """%%answer drain
import errno
import os


def take_all(sock):
    data = b""
    while True:
        try:
            piece = os.read(sock.fileno(), 1000)
        except OSError as problem:
            if problem.errno not in (errno.EAGAIN, errno.EWOULDBLOCK):
                raise
            return [data, 0]
        if piece == b"":
            return [data, 1]
        data += piece
""",
        ),
        RightAnswer(
            "asks before each read, in a generator",
            """%%answer drain
def take_all(sock):
    poller = select.poll()
    poller.register(sock, select.POLLIN)

    def pieces():
        while poller.poll(0):
            yield (piece := sock.recv(4096))
            if not piece:
                return

    found = list(pieces())
    return memoryview(b"".join(found)), bool(found) and not found[-1]
""",
        ),
    ],
    "batch": [
        RightAnswer(
            "looked up before, compared when its turn comes",
            """%%answer batch
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
        batch = [(fd, self.callbacks[fd]) for fd, events in self.epoll.poll(1)]
        for fd, entry in batch:
            if self.callbacks.get(fd) is entry:
                entry[1](entry[0])
        while self.finished:
            self.finished.pop().close()
""",
        ),
        RightAnswer(
            "closed at once, and nobody who is new is called",
            """%%answer batch
class Loop:
    def __init__(self):
        self.epoll = select.epoll()
        self.callbacks = {}
        self.new = set()

    def add(self, sock, callback):
        self.callbacks[sock.fileno()] = sock, callback
        self.new.add(sock.fileno())
        self.epoll.register(sock, select.EPOLLIN)

    def finish(self, sock):
        del self.callbacks[sock.fileno()]
        self.epoll.unregister(sock)
        sock.close()

    def run_once(self):
        self.new.clear()
        for fd, events in self.epoll.poll(1):
            if fd in self.callbacks and fd not in self.new:
                sock, callback = self.callbacks[fd]
                callback(sock)
""",
        ),
        RightAnswer(
            "with selectors, closed before the next wait",
            """%%answer batch
import selectors


class Loop:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.doomed = []

    def add(self, sock, callback):
        self.selector.register(sock, selectors.EVENT_READ, callback)

    def finish(self, sock):
        self.selector.unregister(sock)
        self.doomed.append(sock)

    def run_once(self):
        while self.doomed:
            self.doomed.pop().close()
        for key, mask in self.selector.select(1):
            if key.fileobj not in self.doomed:
                key.data(key.fileobj)
""",
        ),
    ],
}
