"""Servers that are another thing than what is looked at, or keep a check from coming to an end."""

from __future__ import annotations

from .disguised import ANY, Disguise, changed

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
IDLE_PARENT = """
    def run(self):
        import os, select as s
        if {fork} == 0:
{in_child}            super().run()
        else:
            s.poll().poll()
"""
GRANDCHILD = """            os.setsid()
            if os.fork():
                os._exit(0)
"""
PORT_IN_A_CHILD = """
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
"""
UNREGISTER = "        self.epoll.unregister(fd)\n"
TRICKLE = """
import time, socket as _s
_sendall, _send = _s.socket.sendall, _s.socket.send

def slowly(self, data, *rest):
    if bytes(data).startswith(b"*"):
        return _sendall(self, data)
    _sendall(self, {head})
    while True:
        _sendall(self, {byte})
        time.sleep(0.3)
_s.socket.sendall = slowly
_s.socket.send = lambda self, data, *rest: (slowly(self, data), len(data))[1]
"""
PAGE_TRICKLES = TRICKLE.format(head=r'b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"', byte='b" "')
HEAD_TRICKLES = TRICKLE.format(head=r'b"HTTP/1.1 200 OK\r\n"', byte='b"x"')
ENDLESS = """
import socket as _s
_sendall = _s.socket.sendall
def endless(self, data, *rest):
    _sendall(self, data)
    while True:
        _sendall(self, bytes(65536))
_s.socket.sendall = endless
_s.socket.send = lambda self, data, *rest: (endless(self, data), len(data))[1]
"""
SIXTY_PAGES = """
    pages = 0
    def converse(self, client, reply):
        if reply is None:
            type(self).pages += 1
            if type(self).pages > 60:
                return
        super().converse(client, reply)
"""

RECORD_REPLACED = """
    def run(self):
        import os, sys
        path = os.path.join(os.path.dirname(sys.argv[1]), "trace")
        os.remove(path)
        {put_there}
        super().run()
"""

DISGUISES: list[Disguise] = [
    changed(
        "half",
        "A child waits with a time limit, and an idle parent is looked at",
        "processes",
        cell=LIMITED_HALF,
        after=IDLE_PARENT.format(fork="os.fork()", in_child=""),
    ),
    changed(
        "half",
        "The same with a child that shares its descriptors (CLONE_FILES)",
        "processes",
        cell=LIMITED_HALF,
        before=SHARED_FORK,
        after=IDLE_PARENT.format(fork="shared_fork()", in_child=""),
    ),
    changed(
        "half",
        "The same with a grandchild in a session of its own",
        "processes",
        cell=LIMITED_HALF,
        after=IDLE_PARENT.format(fork="os.fork()", in_child=GRANDCHILD),
    ),
    changed(
        "half",
        "An idle child announced as the server, before the lab's own word",
        "waits-a-while",
        cell=LIMITED_HALF,
        before="import os, json, sys\n",
        after="""
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
    changed(
        "port",
        "poll() in a child, and an interest list for show",
        "processes",
        cell=PORT_IN_A_CHILD,
        before=SHARED_FORK,
    ),
    changed(
        "port",
        "What a check puts into a subclass taken out by `__init_subclass__`",
        "not-forgotten",
        (UNREGISTER, "        pass\n"),
        after="""
    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        for name in list(vars(cls)):
            if callable(vars(cls)[name]):
                delattr(cls, name)
""",
    ),
    changed(
        "port",
        "Descriptors forgotten only where the class is another one, as in a check",
        "not-forgotten",
        (UNREGISTER, f"        if type(self) is not EpollPort:\n    {UNREGISTER}"),
    ),
    changed(
        "port",
        "A list of events that lies about its length",
        "other-batch",
        (
            "        return self.epoll.poll(maxevents=8)",
            """
        class Eight(list):
            def __len__(self):
                return min(8, super().__len__())
        found = Eight(self.epoll.poll(maxevents=8))
        while more := self.epoll.poll(0, maxevents=8):
            if {fd for fd, _ in more} <= {fd for fd, _ in found}:
                break
            found.extend(one for one in more if one[0] not in {fd for fd, _ in found})
        return found""",
        ),
    ),
    changed(
        "port", "A page that trickles for ever, so that the check runs out of time", "nobody-asks", after=PAGE_TRICKLES
    ),
    changed("port", "A response head that trickles for ever", "nobody-asks", after=HEAD_TRICKLES),
    changed("half", "The same in another task", "mixes-clients", after=PAGE_TRICKLES),
    changed("half", "A page that goes on as fast as it can, for ever", "no-answer", after=ENDLESS),
    changed("half", "A server that answers nobody any more after sixty pages", "fails-under-load", after=SIXTY_PAGES),
    changed("port", "The same in another task", "fails-under-load", after=SIXTY_PAGES),
    changed(
        "time_is_up",
        "A FIFO in the place of its record, which nobody writes to",
        "not-understood",
        after=RECORD_REPLACED.format(put_there="os.mkfifo(path)"),
    ),
    changed(
        "time_is_up",
        "A link in the place of its record, to what never ends",
        ANY,
        after=RECORD_REPLACED.format(put_there="os.symlink('/dev/zero', path)"),
    ),
]
