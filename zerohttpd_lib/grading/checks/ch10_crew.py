"""A `Shared` of the answer's, the other ends of its sockets, and threads in the answer's process that use it."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

from . import Answer, Fd, Raised, Remote, Wrong
from .effort import effort_within
from .idling import Sleeper, interest_lists, sleeper_in
from .witness import tcp_pair

THREADS: Final = 4
ROUNDS: Final = 5
ASLEEP: Final = 0.5  # seconds, until a thread that is to wait does so
MIDDLE: Final = 0.3  # seconds in the middle of a wait
JOINED: Final = 3.0  # seconds, in which it is back from its wait

# Runs in the learner's process: threads that are told of one byte, round after round; and one that waits while others
# call. They are asked for before any code of the answer's runs that could put others in their place.
DRIVER: Final = """
def new_race():
    import ctypes
    import threading
    import time

    libc = ctypes.PyDLL(None)  # whose functions are called with the interpreter locked

    def race(shared, ours, theirs, threads, rounds):
        most, nobody = 0, 0
        for _ in range(rounds):
            got, problems = [], []

            def work():
                try:
                    if shared.next(0.2) is not None:
                        got.append(1)
                except Exception as problem:
                    problems.append(repr(problem))

            crew = [threading.Thread(target=work) for _ in range(threads)]
            for thread in crew:
                thread.start()
            time.sleep(0.01)
            # Whoever is told comes back from the kernel, and no further: this thread keeps the interpreter for itself.
            libc.write(theirs.fileno(), b"x", 1)
            libc.usleep(20_000)
            for thread in crew:
                thread.join()
            if problems:
                return problems[0]
            most, nobody = max(most, len(got)), nobody + (not got)
            ours.recv(10)
            if got:
                shared.done(ours)
            if most > 1:
                break
        return [most, nobody]

    return race


def new_waiting():
    import threading

    def start(shared, seconds):
        got = []

        def wait():
            try:
                got.append((True, shared.next(seconds)))
            except Exception as problem:
                got.append((False, problem))

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()

        def outcome(longest):
            thread.join(longest)
            if not got:
                return "nothing yet"
            returned, what = got[0]
            if not returned:
                raise what
            return what

        return outcome

    return start
"""


class Waited(NamedTuple):
    """A call of next(). `woken`: so often in MIDDLE seconds, when nothing came; `elapsed`: seconds from when something
    had come until it returned `yours`.
    """

    sleeper: Sleeper | None
    woken: int
    yours: Any
    elapsed: float


class Crew:
    """The learner's object, and the other ends of its sockets, by name."""

    def __init__(self, answer: Answer) -> None:
        answer.run(DRIVER)
        self._answer = answer
        self.pid = answer.pid
        self._race, self._waiting = answer.make("new_race"), answer.make("new_waiting")
        self.shared: Remote = answer.make("Shared")
        self.theirs: dict[str, socket.socket] = {}
        self.given: dict[str, Fd] = {}  # as they are called in the learner's process
        self._kept: list[socket.socket] = []  # open here, too: so what is closed there stays on a list

    def add(self, name: str, *, tcp: bool = False) -> None:
        ours, theirs = tcp_pair() if tcp else socket.socketpair()
        self.theirs[name] = theirs
        self.given[name] = self._answer.give(ours, as_socket=True)
        self._kept.append(ours)
        self.shared.call("add", self.given[name])

    def is_listed(self, name: str) -> bool:
        """Is it on an interest list, as the kernel has it?"""
        return any(self.given[name].number in listed for listed in interest_lists(self._answer.pid))

    def next(self, seconds: float) -> Any:
        """The name of who was handed out; what it is, if it is nobody who was added."""
        return self._name_of(self.shared.call("next", seconds))

    def _name_of(self, yours: Any) -> Any:
        return next((name for name, fd in self.given.items() if fd == yours), yours)

    def wait_for(self, then: str, seconds: float) -> Waited:
        """Have next() called when nothing is ready, look at how it sleeps, and let `then` send something."""
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self.next, seconds)
            until = time.monotonic() + ASLEEP
            sleeper = sleeper_in(self.pid, lambda: waiting.done() or time.monotonic() > until)
            woken = min(effort_within(self.pid, MIDDLE).sleeps for _ in range(2))
            sent = time.monotonic()
            self.send(then)
            return Waited(sleeper, woken, waiting.result(), time.monotonic() - sent)

    def wait_beside(self, seconds: float) -> Remote:
        """Have a thread call next(), and wait until it sleeps there. See `outcome`."""
        threads = f"/proc/{self.pid}/task"
        before, until = len(os.listdir(threads)), time.monotonic() + ASLEEP
        waiting = self._answer.hold(self._waiting, self.shared, seconds)
        while len(os.listdir(threads)) <= before and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(ASLEEP / 5)
        return waiting

    def outcome(self, waiting: Remote) -> Any:
        """What that thread was given."""
        return self._name_of(waiting.call("__call__", JOINED))

    def another(self) -> Remote:
        """A `Shared` beside this one, to which nothing was added."""
        return self._answer.make("Shared")

    def read(self, name: str, size: int) -> None:
        self._answer.on(self.given[name], "recv", size)

    def close(self, name: str) -> None:
        self._answer.on(self.given.pop(name), "close")

    def send(self, name: str, data: bytes = b"hello") -> None:
        self.theirs[name].send(data)

    def do(self, method: str, name: str) -> None:
        try:
            self.shared.call(method, self.given[name])
        except Raised as raised:
            if raised.kind in ("FileExistsError", "FileNotFoundError"):
                say = f"{method}(): {raised.say}"
                raise Wrong("other-call", say=say, hints=OTHER_CALL) from None
            raise

    def race(self) -> tuple[Any, int]:
        """What came of it; and how many threads the process had meanwhile."""
        self.add("raced")
        theirs = self._answer.give(self.theirs["raced"], as_socket=True)
        arguments = (self.shared, self.given["raced"], theirs, THREADS, ROUNDS)
        most = 0
        with ThreadPoolExecutor(1) as pool:
            racing = pool.submit(self._race.call, "__call__", *arguments, seconds=12)
            while not racing.done():
                most = max(most, len(os.listdir(f"/proc/{self._answer.pid}/task")))
                time.sleep(0.002)
            return racing.result(), most


OTHER_CALL: Final = [
    "What EPOLLONESHOT has disarmed is still on the list: modify() arms it. register() is for what is not on it.",
]
