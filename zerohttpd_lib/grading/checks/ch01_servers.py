"""Checks of the tasks "crowd" and, beside this file, "patience": two servers of threads, judged from outside."""

from __future__ import annotations

import os
import random
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ...lab import Lab
from ...lab.server import Server
from . import Answer, Wrong, task
from .asking import REQUEST, answers, failures_under_load, silent_client
from .idling import expect_one_process, expect_sleep

MANY: Final = (60, 90)  # silent clients: more than anybody would make a pool for, and nobody knows how many
REQUESTS: Final = 200
MOST_SECONDS: Final = 3.0  # for something that ought to take a few milliseconds
STOP_SECONDS: Final = 8.0  # to end: a busy machine may take a while to end all threads

TELLINGS: Final = 4  # how often it is told to, in that time
BURST: Final = 40  # clients that come at the same moment

# A thread may begin late: it is the scheduler's to say. Here it always does, for those who count on it.
LATE_THREADS: Final = """
def begin_late():
    import threading
    import time

    run = threading.Thread.run
    threading.Thread.run = lambda thread: (time.sleep(0.02), run(thread))

begin_late()
del begin_late
"""


@task("crowd", seconds=25, prelude=LATE_THREADS)
def check_crowd(answer: Answer) -> None:
    server = answer.serve("ThreadForEach", record=False, threads=True)
    if not answers(server):
        hints = [
            "Accept a client, start a thread for it, and let that one do the rest.",
            "In the thread: serve_client(client, redis_connection(self.redis_address)).",
        ]
        raise Wrong(
            "no-answer", say="Nobody else is there, and your server does not answer." + said_by(server), hints=hints
        )
    if not answers(server):
        hints = ["What does run() do after the first client?", "It goes on accepting, in a `while True`."]
        raise Wrong("one-client", say="It answers one client, and then no other." + said_by(server), hints=hints)
    _, at_rest = server.census()
    silent = [silent_client(server)]
    if not answers(server):
        hints = [
            "Who waits for the silent client, the thread of that client or the one that accepts?",
            "Thread(target=f, args=(client,)).start() lets another thread call f; f(client), or a join(), waits here.",
        ]
        raise Wrong("waits", say="One silent client stops your server.", hints=hints)
    expect_one_process(server)
    silent += [silent_client(server) for _ in range(random.randint(*MANY) - 1)]
    if not answers(server):
        hints = ["A number of threads made beforehand is a pool.", "Start a new thread for each client."]
        raise Wrong("pool", say=f"{len(silent)} silent clients stop your server.", hints=hints)
    expect_sleep(
        server, ["A silent client's thread waits in recv(), the one that accepts in accept(): no time limits."]
    )
    _check_threads(server, silent, at_rest)
    check_pages(server, answer.lab)
    _check_burst(server)
    _check_stops(server)


def _check_threads(server: Server, silent: list[socket.socket], at_rest: int) -> None:
    """One process, a thread for each of the silent clients, and none of those when the clients are gone."""
    number = len(silent)
    comes_true(lambda: server.census()[1] > number, 1.0)
    processes, threads = server.census()
    if processes > 1:
        hints = [
            "That is what forking does. A process for each client costs more than a thread.",
            "Thread(...).start()",
        ]
        raise Wrong("processes", yours=processes, expected=1, say="Processes of your server:", hints=hints)
    if threads <= number:
        hints = ["Who serves each of the silent clients?", "A thread for each client, started when it comes."]
        say = f"{number} clients are connected. Threads of your server, the main thread included:"
        raise Wrong("few-threads", yours=threads, expected=number + 1, say=say, hints=hints)
    for sock in silent:
        sock.close()
    if not comes_true(lambda: server.census()[1] <= at_rest + 1):
        hints = [
            "A thread that is kept for the next client makes it a pool.",
            "A thread ends when its function returns: after serve_client, let it.",
        ]
        say = f"{number} clients have come and gone. Threads of your server, the main thread included:"
        raise Wrong("keeps-threads", yours=server.census()[1], expected=at_rest, say=say, hints=hints)


def _check_burst(server: Server) -> None:
    """So many clients at once that the next is accepted before the thread of the last has begun."""
    with server.frozen():
        clients = [socket.create_connection(server.address, timeout=MOST_SECONDS) for _ in range(BURST)]
        for client in clients:
            client.sendall(REQUEST)
    answered, deadline = 0, time.monotonic() + MOST_SECONDS
    for client in clients:
        with client, suppress(OSError):
            client.settimeout(max(deadline - time.monotonic(), 0.001))
            if client.recv(12) == b"HTTP/1.1 200":
                answered, deadline = answered + 1, time.monotonic() + MOST_SECONDS
    if answered < BURST:
        hints = [
            "Which client does a thread serve: the one that was there when it was made, or whoever is there now?",
            "Hand it over when the thread is made: Thread(target=self.serve, args=(client,)).",
        ]
        say = f"{BURST} clients came at the same moment, and {answered} of them were answered."
        raise Wrong("mixes-clients", yours=answered, expected=BURST, say=say, hints=hints)


def said_by(server: Server) -> str:
    said = server.errors().splitlines()
    return f" It said: {said[-1]}" if said else ""


def check_pages(server: Server, lab: Lab) -> None:
    """Under load every page is whole, each visitor is counted, and no connection to Redis stays behind."""
    redis = lab.redis.client
    open_before = len(redis.client_list())
    count = int(redis.get("visitor_count") or 0)
    failures = failures_under_load(lab, server, clients=10, requests=REQUESTS, timeout=4)
    counted = int(redis.get("visitor_count") or 0) - count
    if failures or counted != REQUESTS:
        hints = [
            "Two threads that share one connection to Redis read each other's replies.",
            "Make the connection in the thread: each its own.",
        ]
        say = f"Of {REQUESTS} pages under load, {sum(failures.values())} failed, and {counted} visitors were counted."
        raise Wrong("shared-redis", say=say, hints=hints)
    if not comes_true(lambda: len(redis.client_list()) <= open_before + 2):
        left = len(redis.client_list()) - open_before
        hints = ["When its client is served, a thread needs its connection no more.", "redis.disconnect()"]
        raise Wrong(
            "leaves-connections", yours=left, expected=0, say="Connections to Redis are left open:", hints=hints
        )


def _check_stops(server: Server) -> None:
    """Beside silent clients, as in the lab: SIGTERM ends the main thread."""
    comes_true(lambda: server.census()[1] <= 2)  # of those who were served before, the last may still be ending
    _, threads = server.census()
    # Two: when the second one has a thread, that of the first is well under way, and not just being made.
    first, second = silent_client(server), silent_client(server)
    comes_true(lambda: server.census()[1] >= threads + 2)
    with first, second:
        stopped = _ends(server.pid)
    if not stopped:
        hints = [
            "Python waits at its end for every thread that is no daemon (see threading, Thread.daemon).",
            "Thread(..., daemon=True)",
        ]
        say = "Told to stop, it does not end while silent clients are connected."
        raise Wrong("does-not-stop", say=say, hints=hints)


def _ends(pid: int) -> bool:
    """Whether it ends when it is told to, and told again: a signal that arrives between Python's last look for one and
    its sleep in accept() is noted, and wakes nobody up (see chapter 12, "a signal unheard"). Who does not wait for the
    thread that it has started, as _thread.start_new_thread() does not, is just there when the second client has one.
    """
    process, ended = os.pidfd_open(pid), select.poll()
    ended.register(process, select.POLLIN)  # readable when the process has ended (man 2 pidfd_open)
    try:
        for _ in range(TELLINGS):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGTERM)
            if ended.poll(STOP_SECONDS * 1000 / TELLINGS):
                return True
        return False
    finally:
        os.close(process)


def comes_true(condition: Callable[[], bool], seconds: float = MOST_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return true
