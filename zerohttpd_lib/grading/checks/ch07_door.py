"""The check of the task "door": how many the kernel lets in, and how many the server takes at each turn of its loop."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...lab.server import Server
from ...load.network import connections
from . import Answer, Wrong, task
from .ch05_port import compare_crash
from .idling import expect_sleep, sleepers

if TYPE_CHECKING:
    from ...trace.reader import Trace

CROWD: Final = 200
MOST: Final = 32  # that are let in at one turn
THE_LIBRARYS: Final = 64
REQUESTS: Final = 300
PATIENCE: Final = 5.0  # seconds
STYLE_SHEET: Final = b"GET /style.css HTTP/1.1\r\nHost: check\r\n\r\n"


@task("door", seconds=28)
def check_door(answer: Answer) -> None:
    server = answer.serve("Door")
    compare_one(server)
    start, room = server.trace.end, room_for_descriptors(server.pid)
    with crowd_at(server) as clients:
        answered = _answered(server, clients)
    if answered < CROWD:
        server.check_alive()
        hints = ["Whom you take from the queue has to be in by_client, with a callback, and on the interest list."]
        say = f"{CROWD} clients were let in by the kernel and asked for a page. So many got it."
        raise Wrong("loses-some", yours=answered, expected=CROWD, hints=hints, say=say)
    compare_turns(_trace_of(server, start))
    compare_room(server.pid, room)
    expect_sleep(server, ["With nobody at the door there is nothing to do: return, and wait in epoll."])
    compare_load(server, answer)


def compare_one(server: Server) -> None:
    """One client, and nobody behind it but one who says nothing."""
    first = b""
    try:
        with (
            socket.create_connection(server.address, timeout=PATIENCE),
            socket.create_connection(server.address, timeout=PATIENCE) as client,
        ):
            client.sendall(STYLE_SHEET)
            first = first_bytes(server, client)
    except OSError:
        compare_crash(server)
    if first != b"HTTP/1.1 200":
        compare_crash(server)
        hints = ["Take the first client from the queue, and give it what the original gives it: see Client and watch."]
        raise Wrong("nobody-gets-in", say="One client comes, alone, and gets no page.", hints=hints)


def first_bytes(server: Server, client: socket.socket) -> bytes:
    """Of its page; b"" if none comes. Raises Wrong when the server sleeps where it should not."""
    try:
        return client.recv(12)
    except TimeoutError:
        calls = [sleeper.call for sleeper in sleepers(server.pid)]
    if "accept" in calls:
        hints = ["The listener must not block: accept() on an empty queue has to come back at once, with nobody."]
        say = "A client that was let in gets no page: the server sleeps in accept()."
        raise Wrong("waits-at-the-door", say=say, hints=hints)
    if "recv" in calls:
        hints = [
            "Whom you let in need not have said anything yet: have it watched, and go on.",
            "The loop calls read_request when there is something to read.",
        ]
        say = "A client was let in that says nothing, and the next one gets no page: the server sleeps in recv()."
        raise Wrong("waits-for-one", say=say, hints=hints)
    return b""


@contextmanager
def crowd_at(server: Server) -> Iterator[list[socket.socket]]:
    """So many clients come while the server stands still. Raises Wrong when the kernel has no room for all."""
    clients = []
    try:
        with server.frozen():
            for _ in range(CROWD):
                sock = socket.socket()
                clients.append(sock)
                sock.setblocking(False)
                sock.connect_ex(server.address)
            if (inside := _let_in(server.address[1])) < CROWD:
                hints = [
                    "How many the kernel keeps for you is what listen() was told, and one more.",
                    "listener.listen(1024): it may be called again, and nothing else changes.",
                ]
                say = f"{CROWD} clients came while the server was busy. The kernel let in so many."
                raise Wrong("narrow-queue", yours=inside, expected=CROWD, hints=hints, say=say)
            for sock in clients:
                sock.sendall(STYLE_SHEET)
        yield clients
    finally:
        for sock in clients:
            sock.close()


def _let_in(port: int) -> int:
    """How many are connected, as their own ends have it, once that does not change any more."""
    inside, before = 0, -1
    while inside != before:
        before = inside
        time.sleep(0.1)
        inside = sum(each.state == "ESTAB" for each in connections(port) if each.remote_port == port)
    return inside


def _answered(server: Server, clients: list[socket.socket]) -> int:
    """How many of them get a page, as long as there is news."""
    number = 0
    for sock in clients:
        sock.settimeout(PATIENCE if number else 2 * PATIENCE)
        try:
            number += sock.recv(12) == b"HTTP/1.1 200"
        except TimeoutError:
            break
        except OSError:
            server.check_alive()
    return number


def _trace_of(server: Server, start: int) -> Trace:
    """Since `start`, once all who came are forgotten."""
    deadline = time.monotonic() + 2
    while (trace := server.trace.since(start)).total("forget") < CROWD and time.monotonic() < deadline:
        time.sleep(0.02)
    return trace


def compare_turns(trace: Trace) -> None:
    """How many were let in by each wait that had the listener in its list."""
    taken = [
        sum(change.kind == "watch" and change.role == "client" for change in wait.changes)
        for wait in trace
        if any(entry.role == "listener" for entry in wait.ready)
    ]
    most = max(taken, default=0)
    if most == THE_LIBRARYS:
        hints = ["That is the library's own accept_clients, which takes 64: write yours, with a limit of its own."]
        raise Wrong("the-librarys", yours=most, expected=MOST, hints=hints, say="Taken in one turn, at most.")
    if most > MOST:
        hints = [
            "Those inside wait as long as you are at the door: after 32, return to the loop.",
            "for _ in range(32): ... and return when accept gives None",
        ]
        raise Wrong("all-at-once", yours=most, expected=MOST, hints=hints, say="Taken in one turn, at most.")
    if most == 1:
        hints = ["One event says that somebody waits, and not how many. Go on until accept gives None, or 32 are in."]
        raise Wrong("one-at-a-time", yours=most, expected=MOST, hints=hints, say="Taken in one turn, at most.")
    if sum(taken) < CROWD:
        hints = ["Take a client when the listener is ready, and have it watched at once, by self.watch()."]
        say = f"{CROWD} clients came, and so many were watched in the turns in which the listener was ready."
        raise Wrong("watched-otherwise", yours=sum(taken), expected=CROWD, hints=hints, say=say)
    turns = [number for number in taken if number]
    if most < MOST or len(turns) > -(-CROWD // MOST) + 1:
        hints = ["As long as 32 or more are waiting, take 32 at each turn."]
        raise Wrong("too-few", yours=turns, expected=[MOST, MOST, "..."], hints=hints, say="Taken, turn by turn.")


def room_for_descriptors(pid: int) -> int:
    """How many the kernel has made room for in a process, which is never less later on (man 5 proc, status, FDSize)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"FDSize:\s*(\d+)", status)[1])  # type: ignore[index]


def compare_room(pid: int, before: int) -> None:
    """Whoever takes all from the queue, and has them wait inside, had most of them open at the same time."""
    if before <= CROWD // 2 + MOST and room_for_descriptors(pid) > max(before, CROWD // 2 + MOST):
        hints = ["Who is not let in stays in the kernel's queue: accept 32, and no more, in one turn."]
        say = f"Of the {CROWD} clients more than {CROWD // 2} were accepted before the first of them had their turn."
        raise Wrong("waits-inside", say=say, hints=hints)


def compare_load(server: Server, answer: Answer) -> None:
    result = answer.lab.start_load(server, clients=8, requests=REQUESTS, timeout=5).wait(progress=False)
    if result.failed:
        hints = ["Eight clients come and go. Is each of them taken in whenever it comes?"]
        raise Wrong("fails-under-load", yours=result.failures, expected="none", hints=hints, say="Pages that failed.")
