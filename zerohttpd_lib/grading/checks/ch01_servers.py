"""Checks of the tasks "crowd" and "patience": two servers of threads, judged from outside."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Final

from ...lab import Lab, LabError
from ...lab.server import Server
from . import Answer, Wrong, task
from .asking import REQUEST, answers, silent_client
from .idling import expect_sleep

MANY: Final = 15  # silent clients
REQUESTS: Final = 200
MOST_SECONDS: Final = 3.0  # for something that ought to take a few milliseconds

THREADS: Final = 4  # of the patient pool
PATIENCE: Final = 0.5  # seconds, its own

# crowd


@task("crowd", seconds=25)
def check_crowd(answer: Answer) -> None:
    server = answer.serve("ThreadForEach", record=False)
    if not answers(server):
        hints = [
            "Accept a client, start a thread for it, and let that one do the rest.",
            "In the thread: serve_client(client, redis_connection(self.redis_address)).",
        ]
        raise Wrong(
            "no-answer", say="Nobody else is there, and your server does not answer." + _said(server), hints=hints
        )
    if not answers(server):
        hints = ["What does run() do after the first client?", "It goes on accepting, in a `while True`."]
        raise Wrong("one-client", say="It answers one client, and then no other." + _said(server), hints=hints)
    silent = [silent_client(server)]
    if not answers(server):
        hints = [
            "Who waits for the silent client, the thread of that client or the one that accepts?",
            "Thread(target=f, args=(client,)).start() lets another thread call f; f(client), or a join(), waits here.",
        ]
        raise Wrong("waits", say="One silent client stops your server.", hints=hints)
    silent += [silent_client(server) for _ in range(MANY - 1)]
    if not answers(server):
        hints = ["A number of threads made beforehand is a pool.", "Start a new thread for each client."]
        raise Wrong("pool", say=f"{MANY} silent clients stop your server.", hints=hints)
    expect_sleep(
        server, ["A silent client's thread waits in recv(), the one that accepts in accept(): no time limits."]
    )
    _check_pages(server, answer.lab)
    _check_stops(server)


def _said(server: Server) -> str:
    said = server.errors().splitlines()
    return f" It said: {said[-1]}" if said else ""


def _check_pages(server: Server, lab: Lab) -> None:
    """Under load every page is whole, each visitor is counted, and no connection to Redis stays behind."""
    redis = lab.redis.client
    open_before = len(redis.client_list())
    count = int(redis.get("visitor_count") or 0)
    result = lab.start_load(server, clients=10, requests=REQUESTS, timeout=4).wait(progress=False)
    counted = int(redis.get("visitor_count") or 0) - count
    if result.failed or counted != REQUESTS:
        hints = [
            "Two threads that share one connection to Redis read each other's replies.",
            "Make the connection in the thread: each its own.",
        ]
        say = f"Of {REQUESTS} pages under load, {result.failed} failed, and {counted} visitors were counted."
        raise Wrong("shared-redis", say=say, hints=hints)
    if not _comes_true(lambda: len(redis.client_list()) <= open_before + 2):
        left = len(redis.client_list()) - open_before
        hints = ["When its client is served, a thread needs its connection no more.", "redis.disconnect()"]
        raise Wrong(
            "leaves-connections", yours=left, expected=0, say="Connections to Redis are left open:", hints=hints
        )


def _check_stops(server: Server) -> None:
    """Beside silent clients, as in the lab: SIGTERM ends the main thread."""
    process = os.pidfd_open(server.pid)
    os.kill(server.pid, signal.SIGTERM)
    ended = select.poll()
    ended.register(process, select.POLLIN)  # readable when the process has ended (man 2 pidfd_open)
    if not ended.poll(MOST_SECONDS * 1000):
        hints = [
            "Python waits at its end for every thread that is no daemon (see threading, Thread.daemon).",
            "Thread(..., daemon=True)",
        ]
        say = "Told to stop, it does not end while silent clients are connected."
        raise Wrong("does-not-stop", say=say, hints=hints)


def _comes_true(condition: Callable[[], bool], seconds: float = MOST_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return true


# patience


@task("patience", seconds=28)
def check_patience(answer: Answer) -> None:
    server = answer.serve("PatientPool", record=False)
    _check_size(server)
    _check_quiet(server)
    _check_slow_starter(server)
    silent = [silent_client(server) for _ in range(THREADS)]
    if not answers(server, 6 * PATIENCE):
        _check_size_after(server)
        hints = [
            "Each of the four threads waits in a recv() that nothing ends.",
            "client.settimeout(0.5), before serve_client.",
        ]
        raise Wrong("no-patience", say=f"{THREADS} silent clients stop your server for good.", hints=hints)
    _check_closed(silent)
    _check_size_after(server)
    _check_pages(server, answer.lab)


def _check_size(server: Server) -> None:
    """Four threads serve, whoever comes; the main thread may be a fifth."""
    _comes_true(lambda: server.census()[1] > THREADS, 1.0)
    at_rest = server.census()
    most = max(sum(at_rest), 1 + THREADS + 1)  # on a busy machine the last thread may only now be started
    silent = [silent_client(server) for _ in range(2 * THREADS)]
    if _comes_true(lambda: sum(server.census()) > most, PATIENCE / 2):
        hints = ["How many threads are there after a thousand clients?", "Start four, once; each accepts for itself."]
        say = f"With {2 * THREADS} silent clients your server has {server.census()[1]} threads, {at_rest[1]} without."
        raise Wrong("grows", say=say, hints=hints)
    for sock in silent:
        sock.close()
    if at_rest[1] not in (THREADS, THREADS + 1):
        hints = [
            "Four threads, started in run().",
            "threads = [Thread(...) for _ in range(4)], and start each of them.",
        ]
        say = "Threads of your server, the main thread included:"
        raise Wrong("other-size", yours=at_rest[1], expected=f"{THREADS} or {THREADS + 1}", say=say, hints=hints)


def _check_quiet(server: Server) -> None:
    """Nobody comes for a while. That is no reason to give up."""
    time.sleep(2 * PATIENCE)
    if not answers(server):
        hints = [
            "On which socket is the time limit: the client's or the listener's?",
            "The listener may wait for hours. client.settimeout(0.5) is for the socket that next_client returns.",
        ]
        raise Wrong(
            "quiet-ends-it", say="After a second with no client it answers no more." + _said(server), hints=hints
        )


def _check_slow_starter(server: Server) -> None:
    if not any(_answers_slow_starter(server) for _ in range(3)):  # this machine may be slow, too
        hints = ["Half a second is 0.5.", "settimeout() takes seconds, and counts from the start of each call."]
        say = f"A client that began after {PATIENCE / 2:g} seconds got no answer."
        raise Wrong("impatient", say=say, hints=hints)


def _answers_slow_starter(server: Server) -> bool:
    with silent_client(server) as slow:
        time.sleep(PATIENCE / 2)
        try:
            slow.sendall(REQUEST)
            return slow.recv(12) == b"HTTP/1.1 200"
        except OSError:
            return False


def _check_closed(silent: list[socket.socket]) -> None:
    for sock in silent:
        sock.settimeout(MOST_SECONDS)
        try:
            sock.recv(1)
        except TimeoutError:
            hints = ["Whom you give up on has to be told so.", "client.close(); serve_client does it by itself."]
            raise Wrong("not-closed", say="A silent client is still connected.", hints=hints) from None
        except OSError:
            continue


def _threads(server: Server) -> int:
    try:
        return server.census()[1]
    except LabError:  # when all of them have ended, so has the server
        return 0


def _check_size_after(server: Server) -> None:
    now = _threads(server)
    if now < THREADS:
        hints = [
            "An exception that nobody catches ends its thread.",
            "TimeoutError is an OSError. Let serve_client catch it, or do it yourself, inside the loop.",
        ]
        say = "After some silent clients, threads of your server, the main thread included:"
        raise Wrong("shrinks", yours=now, expected=f"{THREADS} or {THREADS + 1}", say=say, hints=hints)
