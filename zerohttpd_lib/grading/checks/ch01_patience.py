"""Check of the task "patience": a pool that gives up on whom it cannot serve."""

from __future__ import annotations

import socket
import time
from typing import Final

from ...lab import LabError
from ...lab.server import Server
from . import Answer, Wrong, task
from .asking import REQUEST, answers, silent_client
from .ch01_servers import MOST_SECONDS, check_pages, comes_true, said_by
from .effort import effort_within
from .idling import expect_one_process

THREADS: Final = 4  # of the patient pool
PATIENCE: Final = 0.5  # seconds, its own
LATEST: Final = 0.9  # seconds: the best of a few tries on a busy machine
TRIES: Final = 4
AT_REST: Final = 12  # times that a pool may wake up within half a second


@task("patience", seconds=28)
def check_patience(answer: Answer) -> None:
    server = answer.serve("PatientPool", record=False, threads=True)
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
    _check_limit(server)
    _check_four(server)
    _check_at_rest(server)
    check_pages(server, answer.lab)


def _check_size(server: Server) -> None:
    """However many come, there are no more threads: one may be the main thread, and only four serve."""
    comes_true(lambda: server.census()[1] > THREADS, 1.0)
    at_rest = server.census()
    most = max(sum(at_rest), 1 + THREADS + 1)  # on a busy machine the last thread may only now be started
    silent = [silent_client(server) for _ in range(2 * THREADS)]
    if comes_true(lambda: sum(server.census()) > most, PATIENCE / 2):
        expect_one_process(server)
        hints = ["How many threads are there after a thousand clients?", "Start four, once; each accepts for itself."]
        say = f"With {2 * THREADS} silent clients your server has {server.census()[1]} threads, {at_rest[1]} without."
        raise Wrong("grows", say=say, hints=hints)
    for sock in silent:
        sock.close()
    if at_rest[1] < THREADS:
        say = "Threads of your server, the main thread included:"
        raise Wrong("other-size", yours=at_rest[1], expected=f"{THREADS} or {THREADS + 1}", say=say, hints=FOUR)


def _check_four(server: Server) -> None:
    """Three silent clients leave one thread, four leave none: until the first of them is given up on."""
    if not any(_answers_beside(server, THREADS - 1) for _ in range(TRIES)):
        say = f"{THREADS - 1} clients are silent, and the next is not answered while they are connected."
        raise Wrong("other-size", yours=f"fewer than {THREADS}", expected=THREADS, say=say, hints=FOUR)
    if all(_answers_beside(server, THREADS) for _ in range(TRIES)):
        say = f"{THREADS} clients are silent, and one more is answered while they are connected."
        raise Wrong("other-size", yours=f"more than {THREADS}", expected=THREADS, say=say, hints=FOUR)


FOUR: Final = [
    "Four threads serve, no more and no fewer, and the main thread is not one of them unless it is the fourth.",
    "threads = [Thread(...) for _ in range(4)], and start each of them.",
]


def _answers_beside(server: Server, number: int) -> bool:
    """Whether a request is answered while so many silent clients are all connected still."""
    silent = [silent_client(server) for _ in range(number)]
    try:
        return answers(server) and not any(_has_ended(sock) for sock in silent)
    finally:
        for sock in silent:
            sock.close()


def _has_ended(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        return not sock.recv(1)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def _check_limit(server: Server) -> None:
    """A silent client is told to go after half a second: never sooner, and not much later."""
    took = []
    for _ in range(TRIES):
        started = time.monotonic()
        with silent_client(server) as sock:
            _check_closed([sock])
        took.append(time.monotonic() - started)
    if min(took) < 0.9 * PATIENCE or min(took) > LATEST:
        code, hint = "impatient", "Some clients need a moment to begin. Give up after half a second, and not before."
        if min(took) > LATEST:
            code, hint = "too-patient", "Each silent client keeps a thread from all others for as long as you wait."
        say = "A silent client was given up on after so many seconds:"
        hints = [hint, "client.settimeout(0.5), before serve_client."]
        raise Wrong(code, yours=round(min(took), 2), expected=PATIENCE, say=say, hints=hints)


def _check_at_rest(server: Server) -> None:
    """A listener may have a time limit, if somebody likes that; a loop that hardly sleeps is no way to wait."""
    expect_one_process(server)
    if effort_within(server.pid, PATIENCE).sleeps > AT_REST:
        hints = ["Nobody is there, so accept() may sleep for as long as it takes: no time limit of milliseconds."]
        raise Wrong("wakes-up", say="With nobody to serve, your server wakes up all the time.", hints=hints)


def _check_quiet(server: Server) -> None:
    """Nobody comes for a while. That is no reason to give up."""
    time.sleep(2 * PATIENCE)
    if not answers(server):
        if "TimeoutError" not in server.errors() and comes_true(lambda: server.has_ended):
            server.check_alive()  # it was about to end anyway, and took its time
        hints = [
            "On which socket is the time limit: the client's or the listener's?",
            "The listener may wait for hours. client.settimeout(0.5) is for the socket that next_client returns.",
        ]
        raise Wrong(
            "quiet-ends-it", say="After a second with no client it answers no more." + said_by(server), hints=hints
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
