"""Right answers to exercise 11 that are unlike its solutions."""

from right_answers import RightAnswer

RIGHT = {
    "woken": [
        RightAnswer("floats", "%%answer woken\nwoken = {1: 5.0, 2: 1.0, 3: 3.0, 4: 1.0, 5: 1.0}\n"),
        RightAnswer("made in a loop", "%%answer woken\nwoken = dict.fromkeys(range(1, 6), 1) | {1: 5, 3: 2 + 1}\n"),
        RightAnswer(
            "tried out, the first of them",
            """%%answer woken
import threading

listener = socket.create_server(("127.0.0.1", 0))
loops = [select.epoll() for _ in range(5)]
found = []
for loop in loops:
    loop.register(listener, select.EPOLLIN)
threads = [threading.Thread(target=lambda loop=loop: found.extend(loop.poll(2))) for loop in loops]
for thread in threads:
    thread.start()
client = socket.create_connection(listener.getsockname())
for thread in threads:
    thread.join()
woken = {1: len(found), 2: 1, 3: 3, 4: 1, 5: 1}
""",
        ),
    ],
    "capacity": [
        RightAnswer(
            "a fitted line, and floats rounded down",
            """%%answer capacity
import math
import statistics


def capacity(samples, memory, descriptors):
    sizes, used = zip(*samples)
    slope, intercept = statistics.linear_regression(sizes, used)
    connections = max(0, math.floor((memory - intercept) / slope))
    return [connections, math.ceil(connections / (descriptors - 20))]
""",
        ),
        RightAnswer(
            "from one sample on, and whole numbers only",
            """%%answer capacity
def capacity(samples, memory, descriptors):
    (a, used), (b, more) = sorted(samples)[:2]
    n = a + (memory - used) * (b - a) // (more - used)
    return (n, (n + descriptors - 21) // (descriptors - 20)) if n > 0 else (0, 0)
""",
        ),
        RightAnswer(
            "numpy's polynomial",
            """%%answer capacity
import numpy as np


def capacity(samples, memory, descriptors):
    each, before = np.polyfit(*np.array(samples, dtype=float).T, 1)
    n = max(0, int((memory - before) / each + 0.05))
    return n, int(np.ceil(n / (descriptors - 20)))
""",
        ),
    ],
    "one_wakes": [
        RightAnswer(
            "edge-triggered, and taken to the last one",
            """%%answer one_wakes
class OneWakes(EpollServer):
    def watch(self, fd, events):
        door = fd == self.listener.fileno()
        self.epoll.register(fd, events | select.EPOLLEXCLUSIVE | select.EPOLLET if door else events)

    def accept_clients(self):
        for _ in range(100):
            super().accept_clients()
""",
        ),
        RightAnswer(
            "a method of its own in place of the first watch",
            """%%answer one_wakes
class OneWakes(EpollServer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.flags = {self.listener.fileno(): 1 << 28}

    def watch(self, fd, events):
        EpollServer.watch(self, fd, events | self.flags.get(fd, 0))
""",
        ),
        RightAnswer(
            "whoever is woken takes one, and no more",
            """%%answer one_wakes
from zerohttpd_lib.servers import epoll as module

module.ACCEPTS_AT_ONCE = 1


class OneWakes(EpollServer):
    def watch(self, fd, events):
        extra = select.EPOLLEXCLUSIVE if fd == self.listener.fileno() else 0
        super().watch(fd, events | extra)
""",
        ),
    ],
}
