"""Right answers to exercise 05 that are unlike its solutions."""

from right_answers import RightAnswer

RIGHT = {
    "closed": [
        RightAnswer(
            "an empty text for nothing, and names with their prefix",
            """%%answer closed
reported = {1: "POLLNVAL", 2: "", 3: "EPOLLIN", 4: "", 5: "EPOLLHUP|EPOLLIN", 6: ""}
because = "B"
""",
        ),
        RightAnswer(
            "numbers",
            """%%answer closed
reported = {1: select.POLLNVAL, 2: 0, 3: select.EPOLLIN, 4: 0, 5: select.EPOLLIN | select.EPOLLHUP, 6: 0}
because = 'b'
""",
        ),
        RightAnswer(
            "tried out",
            """%%answer closed
def report(waiter, copies=False, forgets=False, after=lambda copy, theirs: None):
    ours, theirs = socket.socketpair()
    copy = ours.dup() if copies else None
    waiter.register(ours, select.POLLIN)
    theirs.send(b"hello")
    if forgets:
        waiter.unregister(ours)
    ours.close()
    after(copy, theirs)
    names = {"IN": select.POLLIN, "HUP": select.POLLHUP, "ERR": select.POLLERR, "NVAL": select.POLLNVAL}
    return "|".join(name for _, events in waiter.poll(0) for name, bit in names.items() if events & bit) or "nothing"


cases = {1: [select.poll()], 2: [select.epoll()], 3: [select.epoll(), True], 4: [select.epoll(), True, True]}
cases[5] = select.epoll(), True, False, lambda copy, theirs: theirs.close()
cases[6] = select.epoll(), True, False, lambda copy, theirs: copy.close()
reported = {number: report(*case) for number, case in cases.items()}
because = "b"
""",
        ),
    ],
    "contexts": [
        RightAnswer(
            "an object for each client, one look-up",
            """%%answer contexts
class Person:
    def __init__(self, client, name):
        self.name, self.sockets = name, [client]


class Contexts:
    def __init__(self):
        self.people = {}
        self.ended = set()

    def arrive(self, client, name):
        self.people[client.fileno()] = Person(client, name)

    def connect(self, client, redis):
        person = self.people[client.fileno()]
        person.sockets.append(redis)
        self.people[redis.fileno()] = person

    def find(self, fd):
        if fd in self.people:
            return self.people[fd].name

    def end(self, client):
        for sock in self.people[client.fileno()].sockets:
            self.people.pop(sock.fileno())
            self.ended.add(sock)

    def batch_is_done(self):
        while self.ended:
            self.ended.pop().close()
""",
        ),
        RightAnswer(
            "a table that is searched",
            """%%answer contexts
import os


class Contexts:
    def __init__(self):
        self.rows = []  # numbers, name, sockets, whether it has ended

    def row_of(self, fd):
        return next((row for row in self.rows if fd in row["numbers"] and not row["ended"]), None)

    def arrive(self, client, name):
        self.rows.append({"numbers": [client.fileno()], "name": name, "sockets": [client], "ended": False})

    def connect(self, client, redis):
        row = self.row_of(client.fileno())
        row["numbers"].append(redis.fileno())
        row["sockets"].append(redis)

    def find(self, fd):
        row = self.row_of(fd)
        return row and row["name"]

    def end(self, client):
        self.row_of(client.fileno())["ended"] = True

    def batch_is_done(self):
        for row in self.rows:
            for sock in row["sockets"] if row["ended"] else ():
                os.close(sock.detach())
        self.rows = [row for row in self.rows if not row["ended"]]
""",
        ),
        RightAnswer(
            "one look-up leads to the other, and a stack closes",
            """%%answer contexts
from contextlib import ExitStack


class Contexts:
    def __init__(self):
        self.names, self.client_of, self.sockets, self.ended = {}, {}, {}, ExitStack()

    def arrive(self, client, name):
        self.names[client.fileno()] = name
        self.sockets[client.fileno()] = [client]

    def connect(self, client, redis):
        self.client_of[redis.fileno()] = client.fileno()
        self.sockets[client.fileno()].append(redis)

    def find(self, fd):
        return self.names.get(self.client_of.get(fd, fd))

    def end(self, client):
        for sock in self.sockets.pop(client.fileno()):
            self.client_of.pop(sock.fileno(), None)
            self.ended.enter_context(sock)
        del self.names[client.fileno()]

    def batch_is_done(self):
        self.ended.close()
""",
        ),
    ],
    "evidence": [
        RightAnswer(
            "in one line, with numbers of numpy's",
            """%%answer evidence
import numpy as np

mistake, (wait_number, descriptor) = "write-kept", np.array([23, 14])
""",
        ),
        RightAnswer(
            "the longest wait",
            """%%answer evidence
bad = [
    (wait.number, entry.fd)
    for wait in recorded_trace()
    for entry in wait.ready
    if (entry.step, entry.events) == ("redis_replied", "OUT")
]
(wait_number, descriptor), mistake = min(bad), "write-kept"
""",
        ),
        RightAnswer(
            "floats", '%%answer evidence\nmistake = str("write-kept")\ndescriptor = 14.0\nwait_number = 23.0\n'
        ),
    ],
    "port": [
        RightAnswer(
            "the same four names",
            """%%answer port
class EpollPort(PollServer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.poller = select.epoll()

    def wait(self):
        return self.poller.poll(None, 8)
""",
        ),
        RightAnswer(
            "a class beside, which makes its list when it needs one",
            """%%answer port
class Waiting:
    EIGHT = 8

    @property
    def kernel(self):
        if "_kernel" not in vars(self):
            self._kernel = select.epoll(sizehint=100)
        return self._kernel

    def watch(self, fd, events):
        self.kernel.register(fd, events)

    def modify(self, fd, events):
        self.kernel.modify(fd, events)

    def forget(self, fd):
        self.kernel.unregister(fd)

    def wait(self):
        return list(self.kernel.poll(timeout=-1, maxevents=self.EIGHT))


class EpollPort(Waiting, PollServer):
    pass
""",
        ),
        RightAnswer(
            "a change takes it off and puts it on again",
            """%%answer port
class EpollPort(PollServer):
    def __init__(self, listener, redis_address):
        self.epoll = select.epoll()
        PollServer.__init__(self, listener, redis_address)
        self.watch, self.forget = self.epoll.register, self.epoll.unregister

    def modify(self, fd, events):
        self.forget(fd)
        self.watch(fd, events)

    def wait(self):
        return [(fd, events) for fd, events in self.epoll.poll(maxevents=8) if events]
""",
        ),
    ],
}
