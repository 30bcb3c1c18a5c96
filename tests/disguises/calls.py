"""Calls that must not wait, or wait for one thing only: they wait now and then, or have others wait."""

from __future__ import annotations

from .disguised import Disguise, changed, written

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

DISGUISES: list[Disguise] = [
    changed("take", "A wait at every other call", "waits-a-while", sleeps_at("% 2"), before=COUNTING),
    changed("take", "A wait at every fifth call", "waits-a-while", sleeps_at("% 5 == 0"), before=COUNTING),
    changed("take", "A child is left waiting", "processes", (NOTHING_NOW, FORKS), before="import os, select\n"),
    written("drain", "A wait at every other call", "waits", DRAIN_WAITS_AT_TIMES),
    written("drain", "No sleep, but 30 ms of asking again", "waits", DRAIN_ASKS_AGAIN),
    written("connect", "A child does the waiting", "processes", CHILD_CONNECTS),
    written("connect", "A thread that was made before does the waiting", "threads", THREAD_CONNECTS),
]
