"""Right answers to exercise 03 that are unlike its solutions."""

from right_answers import RightAnswer

RIGHT = {
    "unasked": [
        RightAnswer(
            "nothing for none",
            '%%answer unasked\nrevents = {"a": "HUP|IN", "b": "", "c": "IN", "d": "ERR|HUP", "e": "NVAL"}\n',
        ),
        RightAnswer(
            "sets of names",
            '%%answer unasked\nrevents = dict(a={"IN", "HUP"}, b=set(), c={"IN"}, d={"ERR", "HUP"}, e={"NVAL"})\n',
        ),
        RightAnswer(
            "with spaces, and the names of the select module",
            '%%answer unasked\nrevents = {"a": "POLLIN | POLLHUP", "b": "none", "c": "pollin", '
            '"d": "ERR | HUP", "e": "NVAL"}\n',
        ),
    ],
    "last_words": [
        RightAnswer(
            "pieces that are joined, in a bytearray",
            """%%answer last_words
def last_words(sock, seconds):
    array = (PollFd * 1)(PollFd(sock.fileno(), select.POLLIN | select.POLLRDHUP))
    kept, room = bytearray(), memoryview(bytearray(333))
    end = time.time() + seconds
    while poll(array, max(0, round((end - time.time()) * 1000))):
        try:
            number = sock.recv_into(room)
        except ConnectionError:
            return kept, "reset"
        if number == 0:
            return kept, "closed"
        kept += room[:number]
        if time.time() >= end:
            break
    return kept, "still there"
""",
        ),
        RightAnswer(
            "Python's own poll, and all that is there at each event",
            """%%answer last_words
def last_words(sock, seconds):
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    pieces, last = [], time.perf_counter() + seconds
    while True:
        left = last - time.perf_counter()
        if left <= 0:
            return b"".join(pieces), "still there"
        poller.poll(left * 1000)
        try:
            while piece := sock.recv(500, socket.MSG_DONTWAIT):
                pieces.append(piece)
            return b"".join(pieces), "closed"
        except BlockingIOError:
            continue
        except ConnectionResetError:
            return b"".join(pieces), "reset"
""",
        ),
        RightAnswer(
            "a generator, and a list for a pair",
            """%%answer last_words
import math


def pieces_of(sock, end):
    array = (PollFd * 1)(PollFd(sock.fileno(), select.POLLIN))
    while poll(array, milliseconds=max(0, math.ceil(1000 * (end - time.monotonic())))):
        piece = sock.recv(65536)
        if not piece:
            return
        yield piece
        if time.monotonic() > end:
            break
    raise TimeoutError


def last_words(sock, seconds):
    data, how = b"", "closed"
    try:
        for piece in pieces_of(sock, time.monotonic() + seconds):
            data += piece
    except TimeoutError:
        how = "still there"
    except OSError:
        how = "reset"
    return [memoryview(data), how]
""",
        ),
    ],
    "array": [
        RightAnswer(
            "one array that is changed in place",
            """%%answer array
class ArrayPoller:
    def __init__(self):
        self.array, self.number = (PollFd * 1024)(), 0

    def place(self, fd):
        for place in range(self.number):
            if self.array[place].fd in (fd, ~fd):
                return place
        raise KeyError(fd)

    def watch(self, fd, events):
        self.array[self.number] = PollFd(fd, events)
        self.number += 1

    def modify(self, fd, events):
        self.array[self.place(fd)].events = events

    def forget(self, fd):
        self.resume(fd)
        kept = [(one.fd, one.events) for one in self.array[: self.number] if one.fd != fd]
        self.number = 0
        for fd, events in kept:
            self.watch(fd, events)

    def pause(self, fd):
        self.array[self.place(fd)].fd = ~fd

    def resume(self, fd):
        self.array[self.place(fd)].fd = fd

    def wait(self, milliseconds):
        used = (PollFd * self.number).from_buffer(self.array)
        poll(used, milliseconds)
        return [(one.fd, one.revents) for one in used if one.revents]
""",
        ),
        RightAnswer(
            "a class with slots, an array that is kept until something changes, a generator",
            """%%answer array
class ArrayPoller:
    __slots__ = ("asked", "array")

    def __init__(self):
        self.asked, self.array = [], None

    def find(self, fd):
        return next((entry for entry in self.asked if entry[0] == fd), None)

    def watch(self, fd, events):
        self.array = None
        self.asked.append([fd, events, True])

    def modify(self, fd, events):
        entry = self.find(fd)
        if entry is None:
            raise KeyError(f"{fd} is not watched")
        self.array = None
        entry[1] = events

    def forget(self, fd):
        if self.find(fd) is None:
            raise KeyError(fd)
        self.array = None
        self.asked.remove(self.find(fd))

    def pause(self, fd, heard=False):
        if self.find(fd) is None:
            raise KeyError(fd)
        self.array = None
        self.find(fd)[2] = heard

    def resume(self, fd):
        self.pause(fd, True)

    def ready(self):
        for entry in self.array:
            if entry.revents != 0:
                yield [entry.fd, entry.revents]

    def wait(self, milliseconds):
        if self.array is None:
            heard = [(fd, events) for fd, events, is_heard in self.asked if is_heard]
            self.array = (PollFd * len(heard))()
            for place, (fd, events) in enumerate(heard):
                self.array[place].fd, self.array[place].events = fd, events
        poll(self.array, milliseconds)
        return list(self.ready())
""",
        ),
        RightAnswer(
            "a dict of entries",
            """%%answer array
class ArrayPoller(dict):
    def watch(self, fd, events):
        self[fd] = PollFd(fd, events)

    def modify(self, fd, events):
        self[fd].events = events

    forget = dict.__delitem__

    def pause(self, fd):
        self[fd].fd = -1 - fd

    def resume(self, fd):
        self[fd].fd = fd

    def wait(self, milliseconds):
        array = (PollFd * len(self))(*self.values())
        poll(array, milliseconds)
        return tuple((fd, each.revents) for fd, each in zip(self, array) if each.revents)
""",
        ),
    ],
    "density": [
        RightAnswer(
            "a fraction",
            """%%answer density
from fractions import Fraction


def density(first, ready, more):
    watched = [first + sum(more[:number]) for number in range(len(ready))]
    return Fraction(sum(ready), sum(watched) or 1)
""",
        ),
        RightAnswer(
            "numpy",
            """%%answer density
import numpy as np


def density(first, ready, more):
    watched = np.cumsum([first, *more])[: len(ready)]
    return np.float64(np.sum(ready) / max(1, np.sum(watched)))
""",
        ),
        RightAnswer(
            "a weighted mean, and 0",
            """%%answer density
from itertools import accumulate


def density(first, ready, more):
    if not ready:
        return 0
    watched = list(accumulate(more[:-1], initial=first))
    return sum(w * (r / w) for w, r in zip(watched, ready)) / sum(watched)
""",
        ),
    ],
    "looks": [
        RightAnswer("in one line", '%%answer looks\nbusy, silent, because = 1, 100, "b"\n'),
        RightAnswer("floating point", '%%answer looks\nbusy = 1.0\nsilent = 1e2\nbecause = "b"\n'),
        RightAnswer("worked out", '%%answer looks\nbusy = len("x")\nsilent = 10 ** 2\nbecause = chr(98)\n'),
    ],
}
