"""Wrong answers in disguise: what only one who has read the checks would hand in. Each was tried, and many once passed.

tests/test_cheating.py judges them, docs/cheating.md lists them. Those of tests/cheats.py are about notebooks and the
box, and all of one task; these are about what a check looks at, so each belongs to a task.
"""

from __future__ import annotations

from typing import NamedTuple


class Disguise(NamedTuple):
    """`code`: of the mistake that it has to be told; ANY where that depends on what is drawn."""

    task: str
    what: str
    code: str
    cell: str


ANY = "any"

EPOLL_PORT = """
class EpollPort(PollServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.epoll = select.epoll()
    def watch(self, fd, events):
        self.epoll.register(fd, events)
    def modify(self, fd, events):
        self.epoll.modify(fd, events)
    def forget(self, fd):
        self.epoll.unregister(fd)
    def wait(self):
        return self.epoll.poll(maxevents=8)
"""
HALF_SERVER = """
class HalfServer(PollServer):
    def read_request(self, client):
        chunk = client.sock.recv(65_536)
        if not chunk:
            return self.finish(client)
        client.data = getattr(client, "data", b"") + chunk
        try:
            parsed = http_wire.read_request(client.data)
        except http_wire.BadRequest as problem:
            return self.refuse(client, guestbook.error(problem.status, problem.reason))
        if parsed is None:
            return
        request, _ = parsed
        client.head_only = request.method == "HEAD"
        client.conversation = guestbook.respond(request)
        self.converse(client, None)
"""
LIMITED_HALF = """
class HalfServer(PollServer):
    def read_request(self, client):
        client.sock.settimeout(0.02)
        data = getattr(client, "data", b"")
        parsed = None
        while parsed is None:
            try:
                chunk = client.sock.recv(65_536)
            except TimeoutError:
                client.data = data
                return
            if not chunk:
                return self.finish(client)
            data += chunk
            try:
                parsed = http_wire.read_request(data)
            except http_wire.BadRequest as problem:
                client.sock.settimeout(None)
                return self.refuse(client, guestbook.error(problem.status, problem.reason))
        client.sock.settimeout(None)
        request, _ = parsed
        client.head_only = request.method == "HEAD"
        client.conversation = guestbook.respond(request)
        self.converse(client, None)
"""
SHARED_FORK = """
import ctypes, os, signal, platform
def shared_fork():
    number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
    return ctypes.CDLL(None).syscall(number, 0x400 | 17, 0, 0, 0, 0)
"""
CHILD_CONNECTS = """
import errno, os, select
def start(address):
    sock = socket.socket()
    if os.fork() == 0:
        try:
            sock.connect(address)
        finally:
            os._exit(0)
    return sock
failed = {}
def state(sock):
    p = select.poll(); p.register(sock, select.POLLOUT)
    if sock.fileno() in failed: return failed[sock.fileno()]
    if not p.poll(0): return "under way"
    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    try:
        sock.getpeername()
    except OSError:
        if number: failed[sock.fileno()] = errno.errorcode[number]; return failed[sock.fileno()]
        return "under way"
    return "connected"
"""


def answer(task: str, *parts: str) -> str:
    """An answer cell, made of these; whatever is indented belongs to the class before it."""
    return f"%%answer {task}\n" + "".join(part.lstrip("\n") for part in parts)


DISGUISES = [
    Disguise(
        "half",
        "A child waits with a time limit, and an idle parent is looked at",
        "processes",
        answer(
            "half",
            LIMITED_HALF,
            """
    def run(self):
        import os, select as s
        if os.fork() == 0:
            super().run()
        else:
            s.poll().poll()
""",
        ),
    ),
    Disguise(
        "half",
        "The same with a child that shares its descriptors (CLONE_FILES)",
        "processes",
        answer(
            "half",
            SHARED_FORK,
            LIMITED_HALF,
            """
    def run(self):
        import select as s
        if shared_fork() == 0:
            super().run()
        else:
            s.poll().poll()
""",
        ),
    ),
    Disguise(
        "half",
        "The same with a grandchild in a session of its own",
        "processes",
        answer(
            "half",
            LIMITED_HALF,
            """
    def run(self):
        import os, select as s
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            super().run()
        else:
            s.poll().poll()
""",
        ),
    ),
    Disguise(
        "half",
        "An idle child announced as the server, before the lab's own word",
        "waits-a-while",
        answer(
            "half",
            """
import os, json, sys
""",
            LIMITED_HALF,
            """
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        pid = os.fork()
        if pid == 0:
            import select as s
            s.poll().poll()
        url = "http://127.0.0.1:%d" % listener.getsockname()[1]
        os.write(1, (json.dumps({"url": url, "pid": pid}) + "\\n").encode())
""",
        ),
    ),
    Disguise(
        "port",
        "poll() in a child, and an interest list for show",
        "processes",
        answer(
            "port",
            SHARED_FORK,
            """
class EpollPort(PollServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.shown = select.epoll()
        self.asked = {}
        self.real = select.poll()
    def watch(self, fd, events):
        self.shown.register(fd, events); self.real.register(fd, events)
    def modify(self, fd, events):
        self.shown.modify(fd, events); self.real.modify(fd, events)
    def forget(self, fd):
        self.shown.unregister(fd); self.real.unregister(fd)
    def wait(self):
        return self.real.poll()[:8]
    def run(self):
        if shared_fork() == 0:
            super().run()
        else:
            empty = select.epoll()
            while True:
                empty.poll(maxevents=8)
""",
        ),
    ),
    Disguise(
        "port",
        "What a check puts into a subclass taken out by `__init_subclass__`",
        "not-forgotten",
        answer(
            "port",
            """
class EpollPort(PollServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.epoll = select.epoll()
    def watch(self, fd, events):
        self.epoll.register(fd, events)
    def modify(self, fd, events):
        self.epoll.modify(fd, events)
    def forget(self, fd):
        pass
    def wait(self):
        return self.epoll.poll(maxevents=8)

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        for name in list(vars(cls)):
            if callable(vars(cls)[name]):
                delattr(cls, name)
""",
        ),
    ),
    Disguise(
        "port",
        "Descriptors forgotten only where the class is another one, as in a check",
        "not-forgotten",
        answer(
            "port",
            """
class EpollPort(PollServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.epoll = select.epoll()
    def watch(self, fd, events):
        self.epoll.register(fd, events)
    def modify(self, fd, events):
        self.epoll.modify(fd, events)
    def forget(self, fd):
        if type(self) is not EpollPort:
            self.epoll.unregister(fd)
    def wait(self):
        return self.epoll.poll(maxevents=8)
""",
        ),
    ),
    Disguise(
        "port",
        "A list of events that lies about its length",
        "other-batch",
        answer(
            "port",
            """
class EpollPort(PollServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.epoll = select.epoll()
    def watch(self, fd, events):
        self.epoll.register(fd, events)
    def modify(self, fd, events):
        self.epoll.modify(fd, events)
    def forget(self, fd):
        self.epoll.unregister(fd)
    def wait(self):
        class Eight(list):
            def __len__(self):
                return min(8, super().__len__())
        found = Eight(self.epoll.poll(maxevents=8))
        while more := self.epoll.poll(0, maxevents=8):
            if {fd for fd, _ in more} <= {fd for fd, _ in found}:
                break
            found.extend(one for one in more if one[0] not in {fd for fd, _ in found})
        return found
""",
        ),
    ),
    Disguise(
        "port",
        "A page that trickles for ever, so that the check runs out of time",
        "nobody-asks",
        answer(
            "port",
            EPOLL_PORT,
            """
import time, socket as _s
_sendall, _send = _s.socket.sendall, _s.socket.send

def slowly(self, data, *rest):
    if bytes(data).startswith(b"*"):
        return _sendall(self, data)
    _sendall(self, b"HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\n\\r\\n")
    while True:
        _sendall(self, b" ")
        time.sleep(0.3)
_s.socket.sendall = slowly
_s.socket.send = lambda self, data, *rest: (slowly(self, data), len(data))[1]
""",
        ),
    ),
    Disguise(
        "port",
        "A response head that trickles for ever",
        "nobody-asks",
        answer(
            "port",
            EPOLL_PORT,
            """
import time, socket as _s
_sendall, _send = _s.socket.sendall, _s.socket.send

def slowly(self, data, *rest):
    if bytes(data).startswith(b"*"):
        return _sendall(self, data)
    _sendall(self, b"HTTP/1.1 200 OK\\r\\n")
    while True:
        _sendall(self, b"x")
        time.sleep(0.3)
_s.socket.sendall = slowly
_s.socket.send = lambda self, data, *rest: (slowly(self, data), len(data))[1]
""",
        ),
    ),
    Disguise(
        "half",
        "The same in another task",
        "mixes-clients",
        answer(
            "half",
            HALF_SERVER,
            """
import time, socket as _s
_sendall, _send = _s.socket.sendall, _s.socket.send

def slowly(self, data, *rest):
    if bytes(data).startswith(b"*"):
        return _sendall(self, data)
    _sendall(self, b"HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\n\\r\\n")
    while True:
        _sendall(self, b" ")
        time.sleep(0.3)
_s.socket.sendall = slowly
_s.socket.send = lambda self, data, *rest: (slowly(self, data), len(data))[1]
""",
        ),
    ),
    Disguise(
        "half",
        "A page that goes on as fast as it can, for ever",
        "no-answer",
        answer(
            "half",
            HALF_SERVER,
            """
import socket as _s
_sendall = _s.socket.sendall
def endless(self, data, *rest):
    _sendall(self, data)
    while True:
        _sendall(self, bytes(65536))
_s.socket.sendall = endless
_s.socket.send = lambda self, data, *rest: (endless(self, data), len(data))[1]
""",
        ),
    ),
    Disguise(
        "half",
        "A server that answers nobody any more after sixty pages",
        "fails-under-load",
        answer(
            "half",
            HALF_SERVER,
            """
    pages = 0
    def converse(self, client, reply):
        if reply is None:
            type(self).pages += 1
            if type(self).pages > 60:
                return
        super().converse(client, reply)
""",
        ),
    ),
    Disguise(
        "port",
        "The same in another task",
        "fails-under-load",
        answer(
            "port",
            EPOLL_PORT,
            """
    pages = 0
    def converse(self, client, reply):
        if reply is None:
            type(self).pages += 1
            if type(self).pages > 60:
                return
        super().converse(client, reply)
""",
        ),
    ),
    Disguise(
        "crowd",
        "The same with threads",
        "shared-redis",
        answer(
            "crowd",
            """
class ThreadForEach:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address
    def run(self):
        self.listener.setblocking(True)
        while True:
            client = next_client(self.listener)
            Thread(target=self.serve, args=(client,), daemon=True).start()
    served = 0
    def serve(self, client):
        ThreadForEach.served += 1
        if ThreadForEach.served > 90:
            import time; time.sleep(100)
        redis = redis_connection(self.redis_address)
        serve_client(client, redis)
        redis.disconnect()
""",
        ),
    ),
    Disguise(
        "crowd",
        "A child for each client, and a thread for show",
        "processes",
        answer(
            "crowd",
            """
class ThreadForEach:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address
    def run(self):
        self.listener.setblocking(True)
        while True:
            client = next_client(self.listener)
            Thread(target=self.serve, args=(client,), daemon=True).start()
    def serve(self, client):
        import os
        pid = os.fork()
        if pid == 0:
            redis = redis_connection(self.redis_address)
            serve_client(client, redis)
            os._exit(0)
        client.close()
        os.waitpid(pid, 0)
""",
        ),
    ),
    Disguise(
        "crowd",
        "The same with orphans",
        "processes",
        answer(
            "crowd",
            """
class ThreadForEach:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address
    def run(self):
        self.listener.setblocking(True)
        while True:
            client = next_client(self.listener)
            Thread(target=self.serve, args=(client,), daemon=True).start()
    def serve(self, client):
        import os
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            os.close(r)
            redis = redis_connection(self.redis_address)
            serve_client(client, redis)
            os._exit(0)
        os.close(w)
        client.close()
        os.waitpid(pid, 0)
        os.read(r, 1)
        os.close(r)
""",
        ),
    ),
    Disguise(
        "patience",
        "Four orphans serve, and four threads for show",
        "processes",
        answer(
            "patience",
            """
class PatientPool:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address
    def run(self):
        self.listener.setblocking(True)
        import os, threading
        for _ in range(4):
            if os.fork() == 0:
                os.setsid()
                if os.fork():
                    os._exit(0)
                self.serve_clients()
        threads = [Thread(target=threading.Event().wait, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    def serve_clients(self):
        redis = redis_connection(self.redis_address)
        while True:
            client = next_client(self.listener)
            client.settimeout(0.5)
            serve_client(client, redis)
""",
        ),
    ),
    Disguise(
        "take",
        "A wait at every other call",
        "waits-a-while",
        answer(
            "take",
            """
import itertools, time
turn = itertools.count()
def take(sock):
    try:
        data = sock.recv(4096, socket.MSG_DONTWAIT)
    except BlockingIOError:
        if next(turn) % 2:
            time.sleep(0.3)
        return "nothing now", b""
    except ConnectionError:
        return "broken", b""
    return ("data", data) if data else ("end", b"")
""",
        ),
    ),
    Disguise(
        "take",
        "A wait at every fifth call",
        "waits-a-while",
        answer(
            "take",
            """
import itertools, time
turn = itertools.count()
def take(sock):
    try:
        data = sock.recv(4096, socket.MSG_DONTWAIT)
    except BlockingIOError:
        if next(turn) % 5 == 0:
            time.sleep(0.3)
        return "nothing now", b""
    except ConnectionError:
        return "broken", b""
    return ("data", data) if data else ("end", b"")
""",
        ),
    ),
    Disguise(
        "take",
        "A child is left waiting",
        "processes",
        answer(
            "take",
            """
import os, select
def take(sock):
    try:
        data = sock.recv(4096, socket.MSG_DONTWAIT)
    except BlockingIOError:
        if os.fork() == 0:
            select.select([sock], [], [], 60)
            os._exit(0)
        return "nothing now", b""
    except ConnectionError:
        return "broken", b""
    return ("data", data) if data else ("end", b"")
""",
        ),
    ),
    Disguise(
        "drain",
        "A wait at every other call",
        "waits",
        answer(
            "drain",
            """
import select, itertools
turn = itertools.count()
def take_all(sock):
    data = b""
    wait = next(turn) % 2
    while True:
        try:
            chunk = sock.recv(65536)
        except BlockingIOError:
            if wait:
                select.select([sock], [], [], 0.2)
                wait = 0
                continue
            return data, False
        if not chunk:
            return data, True
        data += chunk
""",
        ),
    ),
    Disguise(
        "drain",
        "No sleep, but 30 ms of asking again",
        "waits",
        answer(
            "drain",
            """
import time
def take_all(sock):
    data, until = b"", time.monotonic() + 0.03
    while True:
        try:
            chunk = sock.recv(65536)
        except BlockingIOError:
            if time.monotonic() > until:
                return data, False
            continue
        if not chunk:
            return data, True
        data += chunk
""",
        ),
    ),
    Disguise("connect", "A child does the waiting", "processes", answer("connect", CHILD_CONNECTS)),
    Disguise(
        "connect",
        "A thread that was made before does the waiting",
        "threads",
        answer(
            "connect",
            """
import errno, threading, queue
outcome, todo = {}, queue.SimpleQueue()
def go(sock, address):
    outcome[sock] = sock.connect_ex(address)
def worker():
    while True:
        threading.Thread(target=go, args=todo.get(), daemon=True).start()
threading.Thread(target=worker, daemon=True).start()
def start(address):
    sock = socket.socket()
    todo.put((sock, address))
    return sock
def state(sock):
    if sock not in outcome: return "under way"
    return "connected" if outcome[sock] == 0 else errno.errorcode[outcome[sock]]
""",
        ),
    ),
    Disguise(
        "array",
        "Python's own poller, from a module that is imported again",
        "does-not-run",
        answer(
            "array",
            """
import sys
sys.modules.pop('select', None)
import select as fresh
maker = fresh.poll
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
""",
        ),
    ),
    Disguise(
        "array",
        "Python's own poller, from a module that is loaded by hand",
        "does-not-run",
        answer(
            "array",
            """
import importlib.util, importlib.machinery, sys
spec = importlib.util.find_spec('select') or sys.modules['select'].__spec__
fresh = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fresh)
maker = fresh.poll
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
""",
        ),
    ),
    Disguise(
        "array",
        "Python's own poller, from the judge's channel",
        "library",
        answer(
            "array",
            """
from zerohttpd_lib.grading.channel import _poll as maker
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
""",
        ),
    ),
    Disguise(
        "array",
        "Python's own poller, from a class that kept it",
        "does-not-run",
        answer(
            "array",
            """
import selectors
maker = selectors._PollLikeSelector.__subclasses__()[0]._selector_cls
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
""",
        ),
    ),
    Disguise(
        "array",
        "Python's own poller, looked for in memory",
        "does-not-run",
        answer(
            "array",
            """
import gc
named = [each for each in gc.get_objects() if getattr(each, '__name__', '') == 'poll']
maker = next(each for each in named if each.__module__ == 'select' and not isinstance(each, type))
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
""",
        ),
    ),
    Disguise(
        "array",
        "Python's own poller, in another process",
        "does-not-run",
        answer(
            "array",
            """
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
""",
        ),
    ),
    Disguise(
        "contexts",
        "The count of closings set back",
        "does-not-run",
        answer(
            "contexts",
            """
class Contexts:
    def __init__(self):
        self.by_client, self.by_redis, self.finished = {}, {}, []
    def arrive(self, client, name):
        self.by_client[client.fileno()] = {"name": name, "client": client, "redis": None}
    def connect(self, client, redis):
        c = self.by_client[client.fileno()]
        c["redis"] = redis
        self.by_redis[redis.fileno()] = c
    def find(self, fd):
        c = self.by_client.get(fd) or self.by_redis.get(fd)
        return c and c["name"]
    def end(self, client):
        c = self.by_client.pop(client.fileno())
        self.finished.append(client)
        if c["redis"] is not None:
            del self.by_redis[c["redis"].fileno()]
            self.finished.append(c["redis"])
    def batch_is_done(self):
        for sock in self.finished:
            sock.close()
            sock.closings = 1
""",
        ),
    ),
    Disguise(
        "interest",
        "Notes kept right by a changed `socket.close`",
        "stale-notes",
        answer(
            "interest",
            """
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
""",
        ),
    ),
    Disguise(
        "left",
        "A list in a list in a list, a hundred thousand deep",
        "does-not-run",
        answer(
            "left",
            """
def how_it_left(events):
    x = "there"
    for _ in range(100_000): x = [x]
    return x
""",
        ),
    ),
    Disguise(
        "left",
        "A value whose parts never end",
        "does-not-run",
        answer(
            "left",
            """
class K:
    def tolist(self): return K()
def how_it_left(events):
    return K()
""",
        ),
    ),
    Disguise(
        "left",
        "A text that is equal to everything",
        ANY,
        answer(
            "left",
            """
class Any(str):
    def __eq__(self, other): return True
    def __hash__(self): return 0
def how_it_left(events):
    return Any("there")
""",
        ),
    ),
    Disguise(
        "left",
        "The servant found in the frames, and changed",
        ANY,
        answer(
            "left",
            """
import sys
frame = sys._getframe()
while "self" not in frame.f_locals or type(frame.f_locals["self"]).__name__ != "Servant": frame = frame.f_back
servant = frame.f_locals["self"]
servant.obey = lambda request: "broken" if request.get("name") == "how_it_left" else None
def how_it_left(events):
    return "gone"
""",
        ),
    ),
    Disguise(
        "left",
        "Another program put in the place of the answer's",
        "exits",
        answer(
            "left",
            """
import os, sys
os.execv(sys.executable, [sys.executable, "-c", "import sys\\nwhile True:\\n    print('{}')"])
""",
        ),
    ),
    Disguise(
        "left",
        "An endless loop that hides where it is",
        "too-slow",
        answer(
            "left",
            """
import faulthandler, signal
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
def how_it_left(events):
    while True: pass
""",
        ),
    ),
    Disguise(
        "left", "Ninety thousand signs before a number", "does-not-run", answer("left", "x = " + "-" * 90_000 + "1\n")
    ),
    Disguise(
        "left", "Forty thousand attributes in a row", "does-not-run", answer("left", "x = a" + ".b" * 40_000 + "\n")
    ),
    Disguise(
        "density",
        "NaN",
        "not-density",
        answer(
            "density",
            """
def density(watched, ready):
    return float('nan') if watched else 0.0
""",
        ),
    ),
    Disguise(
        "crossing",
        "Infinity",
        "not-understood",
        answer(
            "crossing",
            """
def crossing(poll, epoll, ready, waits, changes):
    return float('inf')
""",
        ),
    ),
]
