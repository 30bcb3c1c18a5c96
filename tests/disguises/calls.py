"""Calls that must not wait, or wait for one thing only: they wait now and then, or have others wait."""

from __future__ import annotations

from .disguised import ANY, Disguise, changed, written

NOTHING_NOW = '        return "nothing now", b""\n'
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
THREAD_CONNECTS = """
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
"""
DRAIN_WAITS_AT_TIMES = """
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
"""
DRAIN_ASKS_AGAIN = """
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
"""


def sleeps_at(turns: str) -> tuple[str, str]:
    return NOTHING_NOW, f"        if next(turn) {turns}:\n            time.sleep(0.3)\n{NOTHING_NOW}"


COUNTING = "import itertools, time\nturn = itertools.count()\n"
FORKS = f"""        if os.fork() == 0:
            select.select([sock], [], [], 60)
            os._exit(0)
{NOTHING_NOW}"""

DUE_IN_A_CHILD = """
import os, json
def work(address, every, number):
    start = time.monotonic()
    poller, waiting, latencies = select.epoll(), {}, [None] * number
    begun, sent = 0, {}
    while begun < number or waiting:
        for fd, _ in poller.poll(0):
            n, sock = waiting.pop(fd)
            sock.recv(16)
            latencies[n] = time.monotonic() - sent[n]
            sock.close()
        if begun < number and time.monotonic() >= start + begun * every:
            sock = socket.create_connection(address)
            sent[begun] = time.monotonic()
            sock.sendall(b"%d\\n" % begun)
            poller.register(sock, select.EPOLLIN)
            waiting[sock.fileno()] = begun, sock
            begun += 1
    return latencies
def open_loop(address, every, number):
    r, w = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(w, json.dumps(work(address, every, number)).encode())
        os._exit(0)
    os.close(w)
    data = b""
    while chunk := os.read(r, 65536):
        data += chunk
    os.close(r)
    os.waitpid(pid, 0)
    return json.loads(data)
"""
IN_PORTIONS = """
def send_page(sock, pieces):
    data = b"".join(pieces)
    for at in range(0, len(data), 8000):
        sock.sendall(data[at:at + 8000])
"""
ASKS_THE_KERNEL = """
def told(kind, steps):
    how = select.EPOLLIN | {"level": 0, "edge": select.EPOLLET, "one shot": select.EPOLLONESHOT}[kind]
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    epoll = new_epoll()
    epoll.register(ours, how)
    reports = []
    for step in steps:
        try:
            if step == "send": theirs.send(b"12345")
            if step == "read": ours.recv(2)
            if step == "drain": ours.recv(99_999)
            if step == "modify": epoll.modify(ours, how)
            if step == "wait": reports.append(bool(epoll.poll(0)))
        except BlockingIOError:
            pass
    return reports
"""
EPOLL_BEFORE = f"made = select.epoll()\ndef new_epoll(): return made\n{ASKS_THE_KERNEL}"
EPOLL_BY_NUMBER = f"""
import ctypes
def new_epoll(): return select.epoll.fromfd(ctypes.CDLL(None).epoll_create1(0))
{ASKS_THE_KERNEL}"""
SENT_BY_A_THREAD = """
def send_page(sock, pieces):
    thread = Thread(target=sent_later, args=(sock, pieces))
    thread.start()
    thread.join(0.05)
"""
DUE_WAITS = "        for fd, _ in poller.poll(left):"
WRITTEN = "        self.look()\n\n    def ready"
NOW_AND_THEN = """        self.look()
        self.calls = getattr(self, "calls", 0) + 1
        if self.kept and self.calls % 6 == 0:
            time.sleep(0.1)

    def ready"""
BY_A_THREAD = """        self.look()
        import threading
        if self.kept:
            threading.Thread(target=time.sleep, args=(5,), daemon=True).start()

    def ready"""

DISGUISES: list[Disguise] = [
    changed("take", "A wait at every other call", "waits-a-while", sleeps_at("% 2"), before=COUNTING),
    changed("take", "A wait at every fifth call", "waits-a-while", sleeps_at("% 5 == 0"), before=COUNTING),
    changed("take", "A child is left waiting", "processes", (NOTHING_NOW, FORKS), before="import os, select\n"),
    written("drain", "A wait at every other call", "waits", DRAIN_WAITS_AT_TIMES),
    written("drain", "No sleep, but 30 ms of asking again", "waits", DRAIN_ASKS_AGAIN),
    written("connect", "A child does the waiting", "processes", CHILD_CONNECTS),
    written("connect", "A thread that was made before does the waiting", "threads", THREAD_CONNECTS),
    changed("outbox", "A wait at every sixth call", "waits", (WRITTEN, NOW_AND_THEN)),
    changed("outbox", "A thread does the waiting", "waits", (WRITTEN, BY_A_THREAD)),
    changed(
        "outbox",
        "A second try, by sendmsg()",
        "tries-again",
        (
            "            del self.kept[: sockets.send_now(self.sock, self.kept)]  # all, some or none of it\n",
            """            del self.kept[: sockets.send_now(self.sock, self.kept)]
            try:
                del self.kept[: self.sock.sendmsg([self.kept], [], socket.MSG_DONTWAIT)]
            except BlockingIOError:
                pass
""",
        ),
    ),
    written("told", "An epoll that is made before anybody asks", "does-not-run", EPOLL_BEFORE),
    written("told", "An epoll that is asked for past Python's own", "asks-the-kernel", EPOLL_BY_NUMBER),
    changed(
        "link",
        "A wait of 0.4 s for what may come",
        "waits-for-more",
        (
            "        try:\n            self.reader",
            """        import select
        select.select([self.sock], [], [], 0.4)
        try:
            self.reader""",
        ),
    ),
    written("due", "A child that never sleeps, and is not stopped with its parent", "processes", DUE_IN_A_CHILD),
    changed(
        "due",
        "A look at the clock each millisecond",
        "ticks",
        (DUE_WAITS, "        for fd, _ in poller.poll(min(left, 0.001) if left >= 0 else 0.001):"),
    ),
    changed(
        "due",
        "All latencies end when the last answer has come",
        "too-long",
        ("    return latencies", "    end = time.monotonic()\n    return [end - each for each in due]"),
    ),
    changed(
        "due",
        "All connections closed at the end",
        "closes-late",
        ("            sock.close()\n", "            poller.unregister(sock)\n            kept.append(sock)\n"),
        ("    begun = 0\n", "    begun, kept = 0, []\n"),
        ("    poller.close()", "    for sock in kept:\n        sock.close()\n    poller.close()"),
    ),
    written("segment", "Portions of 8,000 bytes", ANY, IN_PORTIONS),
    changed(
        "segment",
        "A thread goes on with it when the function is back",
        "returns-early",
        ("def send_page(", "def sent_later("),
        before="from threading import Thread\n",
        after=SENT_BY_A_THREAD,
    ),
]
