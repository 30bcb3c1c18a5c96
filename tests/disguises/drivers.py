"""Answers that ask the process that they run in what a check wants to see, or tell it what it did not see."""

from __future__ import annotations

from .disguised import Disguise, changed, solutions, written

FINISHED = "        self.finished.append(sock)\n"
CLOSED_LATER = "        for sock in self.finished:\n            sock.close()\n        self.finished.clear()\n"
CLOSES_AT_ONCE = (FINISHED, "        sock.close()\n"), (CLOSED_LATER, "")
IN_CALLBACKS = "            if fd in self.callbacks:"
RUN_ONCE = "    def run_once(self):\n"
COUNTED = f"{RUN_ONCE}        self.count = getattr(self, 'count', 0) + 1\n"
HELLO_ITSELF = """
class Loop:
    def __init__(self):
        self.epoll = select.epoll()
        self.socks = {}
    def add(self, sock, callback):
        self.socks[sock.fileno()] = sock, callback
        self.epoll.register(sock, select.EPOLLIN)
    def finish(self, sock):
        del self.socks[sock.fileno()]
        self.epoll.unregister(sock)
        sock.close()
    def run_once(self):
        for fd, events in self.epoll.poll(1):
            if fd not in self.socks:
                continue
            sock, callback = self.socks[fd]
            if callback.__name__ == "greet":
                sock.setblocking(False)
                try:
                    if sock.recv(1):
                        sock.send(b"hello")
                    else:
                        self.finish(sock)
                except BlockingIOError:
                    pass
            else:
                callback(sock)
"""
FORGED_LOG = """
class Link:
    def __init__(self, sock):
        import sys
        self.sock, self.reader, self.output, self.waiting = sock, ReplyReader(), b"", []
        main = sys.modules["__main__"]
        names = []
        def ask(driver, name, words, then=None, real=main.Driver.ask):
            names.append(name)
            real(driver, name, words, then)
        def readable(driver, real=main.Driver.readable):
            return [[names.pop(0), reply] for _, reply in real(driver)]
        main.Driver.ask, main.Driver.readable = ask, readable
"""
FORGED_RACE = """
import sys
class Shared:
    def __init__(self):
        self.epoll = select.epoll()
        self.sockets = {}
    def add(self, sock):
        sys.modules["__main__"].race = lambda *a: [1, 0]
        self.sockets[sock.fileno()] = sock
        self.epoll.register(sock, select.EPOLLIN)
    def next(self, seconds):
        for fd, events in self.epoll.poll(seconds, 1):
            self.epoll.unregister(fd)
            return self.sockets[fd]
    def done(self, sock):
        self.epoll.register(sock, select.EPOLLIN)
    def remove(self, sock):
        del self.sockets[sock.fileno()]
"""


def knows(driver: str, is_greeted: str) -> str:
    """Skips the event of a newcomer, which only the check's own names tell from any other one."""
    return f"{IN_CALLBACKS[:-1]} and not ({driver} and {is_greeted} and self.count == 1):"


NAME = "self.callbacks[fd][1].__name__ == 'greet'"
OF_CALLBACK = "self.callbacks[fd][1].__globals__.get('finished')"

DISGUISES: list[Disguise] = [
    changed(
        "batch",
        "The names of the check's driver, in the same module",
        "stranger",
        *CLOSES_AT_ONCE,
        (IN_CALLBACKS, knows("globals().get('finished')", NAME)),
        (RUN_ONCE, COUNTED),
    ),
    changed(
        "batch",
        "The same names, in the frame that has called",
        "stranger",
        *CLOSES_AT_ONCE,
        (IN_CALLBACKS, knows("driver.get('finished')", NAME)),
        (RUN_ONCE, f"{COUNTED}        import sys\n        driver = sys._getframe(1).f_globals\n"),
    ),
    changed(
        "batch",
        "The same names, in the globals of a callback",
        "stranger",
        *CLOSES_AT_ONCE,
        (IN_CALLBACKS, knows(OF_CALLBACK, NAME)),
        (RUN_ONCE, COUNTED),
    ),
    changed(
        "batch",
        "Another count of closings, put in the place of the check's",
        "never-cleared",
        ("        self.finished.clear()\n", "        globals()['most_closings'] = lambda: 1\n"),
    ),
    written("batch", "What a callback was once seen to do, done without calling it", "stranger", HELLO_ITSELF),
    changed(
        "link",
        "The check's own notes put in order",
        "does-not-run",
        (solutions()["link"].partition("\n")[2].partition("    def ask(")[0], FORGED_LOG),
        ("            self.waiting.pop(0)(reply)", "            self.waiting.pop()(reply)"),
    ),
    written("once", "The outcome of the race put in the place of the race", "raises-in-threads", FORGED_RACE),
]
