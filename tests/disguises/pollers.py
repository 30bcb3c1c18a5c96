"""Python's own pollers where one is to be written, and sockets that are not what they were."""

from __future__ import annotations

from .disguised import Disguise, changed, written

POLLER = """
class ArrayPoller:
    def __init__(self):
        self.poller, self.fds = maker(), {}
    def watch(self, fd, events):
        self.fds[fd] = events
        self.poller.register(fd, events)
    def modify(self, fd, events):
        self.fds[fd]
        self.fds[fd] = events
        self.poller.modify(fd, events)
    def forget(self, fd):
        del self.fds[fd]
        self.poller.unregister(fd)
    def wait(self, milliseconds):
        return self.poller.poll(None if milliseconds < 0 else milliseconds)
"""
IN_ANOTHER_PROCESS = """
import os, sys, subprocess, json, socket as s
class ArrayPoller:
    def __init__(self):
        self.fds = {}
    def watch(self, fd, events): self.fds[fd] = events
    def modify(self, fd, events): self.fds[fd]; self.fds[fd] = events
    def forget(self, fd): del self.fds[fd]
    def wait(self, milliseconds):
        code = ("import select, sys, json\\np = select.poll()\\n"
                "[p.register(int(a), b) for a, b in json.loads(sys.argv[1])]\\n"
                "print(json.dumps(p.poll(None if int(sys.argv[2]) < 0 else int(sys.argv[2]))))")
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            for fd in self.fds:
                try: os.set_inheritable(fd, True)
                except OSError: pass
            os.dup2(w, 1)
            asked = json.dumps(list(self.fds.items()))
            os.execv(sys.executable, [sys.executable, "-c", code, asked, str(milliseconds)])
        os.close(w)
        data = b""
        while chunk := os.read(r, 65536): data += chunk
        os.close(r)
        os.waitpid(pid, 0)
        return [tuple(each) for each in json.loads(data)]
"""
CHANGED_CLOSE = """
notes = set()
_close = socket.socket.close
def close(self):
    notes.discard(self.fileno())
    _close(self)
socket.socket.close = close
class Interest:
    def __init__(self):
        self.epoll = select.epoll()
    def want(self, sock, events):
        if sock.fileno() in notes:
            self.epoll.modify(sock, events)
        else:
            self.epoll.register(sock, events)
            notes.add(sock.fileno())
    def release(self, sock):
        self.epoll.unregister(sock)
        sock.close()
    def wait(self, seconds):
        return self.epoll.poll(seconds)
"""
# What makes Python's own poller, and from where. What is told of it.
MAKERS = {
    "a module that is imported again": (
        "does-not-run",
        """
import sys
sys.modules.pop('select', None)
import select as fresh
maker = fresh.poll
""",
    ),
    "a module that is loaded by hand": (
        "does-not-run",
        """
import importlib.util, importlib.machinery, sys
spec = importlib.util.find_spec('select') or sys.modules['select'].__spec__
fresh = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fresh)
maker = fresh.poll
""",
    ),
    "the judge's channel": ("library", "from zerohttpd_lib.grading.channel import _poll as maker\n"),
    "a class that kept it": (
        "does-not-run",
        """
import selectors
maker = selectors._PollLikeSelector.__subclasses__()[0]._selector_cls
""",
    ),
}
IN_MEMORY = """
import gc
named = [each for each in gc.get_objects() if getattr(each, '__name__', '') == 'poll']
maker = next(each for each in named if each.__module__ == 'select' and not isinstance(each, type))
"""

DISGUISES: list[Disguise] = [
    *[
        changed("array", f"Python's own poller, from {where}", code, cell=POLLER, before=maker)
        for where, (code, maker) in MAKERS.items()
    ],
    changed("array", "Python's own poller, looked for in memory", "does-not-run", cell=POLLER, before=IN_MEMORY),
    written("array", "Python's own poller, in another process", "does-not-run", IN_ANOTHER_PROCESS),
    changed(
        "contexts",
        "The count of closings set back",
        "does-not-run",
        (
            "            sock.close()\n        self.finished.clear()\n",
            "            sock.close()\n            sock.closings = 1\n",
        ),
    ),
    written("interest", "Notes kept right by a changed `socket.close`", "stale-notes", CHANGED_CLOSE),
]
