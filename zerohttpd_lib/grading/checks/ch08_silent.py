"""Silent clients, for the check of the task "time_is_up": alone, many at once, and one after the other."""

from __future__ import annotations

import select
import socket
import time
from typing import Final

from ...lab.server import Server
from . import Wrong
from .effort import effort_of
from .idling import sleepers

PATIENCE: Final = 0.5  # seconds that a silent client has
EXACT: Final = 0.003  # seconds: epoll counts in milliseconds, and two clocks are read
LATE: Final = 2 * PATIENCE  # the best of a few tries on a busy machine
TRIES: Final = 3
ASKS: Final = 0.45  # seconds after which another one asks
PUT_OFF: Final = 0.8  # seconds: what is later counts from when that one asked
LATEST: Final = 5.0  # seconds after which a client that is still there stays for ever
MANY: Final = 40
MOST_WAITS: Final = 12  # for so many clients who came together: some to let them in, and one or two to send them away
COMERS: Final = 4  # who come one by one
BETWEEN: Final = 0.2  # seconds between two of them
STYLE_SHEET: Final = b"GET /style.css HTTP/1.1\r\nHost: check\r\n\r\n"


def silent(server: Server) -> tuple[socket.socket, float]:
    """A client that says nothing; and when it came, at the earliest."""
    came = time.monotonic()
    sock = socket.create_connection(server.address, timeout=LATEST)
    return sock, came


def sent_away_after(sock: socket.socket, came: float) -> float | None:
    """Seconds; None if it stays."""
    try:
        while sock.recv(65_536):
            pass
    except TimeoutError:
        return None
    except OSError:
        pass
    return time.monotonic() - came


def compare_silent(server: Server) -> None:
    """One that says nothing is there for its time, and, unless the machine is busy at each try, not much longer."""
    afters = [_silent_for(server)]
    while afters[-1] > LATE and len(afters) < TRIES:
        afters.append(_silent_for(server))
    if min(afters) > LATE:
        hints = [
            "Half a second: that is the limit of the wait when somebody has just come, and less when time has passed.",
            "max(0, due - time.monotonic()), of the first who is due. A fixed limit comes too late.",
        ]
        say = "A client that says nothing was sent away after so many seconds."
        raise Wrong("too-late", yours=round(min(afters), 3), expected=PATIENCE, hints=hints, say=say)


def _silent_for(server: Server) -> float:
    sock, came = silent(server)
    with sock:
        time.sleep(0.15)
        limits = [sleeper.limit for sleeper in sleepers(server.pid)]
        after = sent_away_after(sock, came)
    if after is None:
        server.check_alive()
        hints = [
            "Who is looked at when the wait returns, because somebody is ready or because its time limit is over?",
            "The limit is the time until the first deadline; after the wait, finish whoever is due.",
        ]
        limit = f" Meanwhile it slept {_in_words(limits[0])}." if limits else ""
        raise Wrong("stays", say=f"A client that says nothing is still there after {LATEST:g} s.{limit}", hints=hints)
    if after < PATIENCE - EXACT:
        hints = [
            "Half a second from when it was accepted. time.monotonic() is in seconds, as the limit of epoll.poll is."
        ]
        say = "A client that says nothing was sent away after so many seconds."
        raise Wrong("too-early", yours=round(after, 3), expected=PATIENCE, hints=hints, say=say)
    return after


def _in_words(limit: float | None) -> str:
    return "without a limit" if limit is None else f"for {limit:g} s at most"


def compare_together(server: Server) -> None:
    """Many come in the same moment. To send them away is no reason to wake up again and again until then."""
    start, before = server.trace.end, effort_of(server.pid).sleeps
    with server.frozen():
        clients = [silent(server) for _ in range(MANY)]
    deadline, stay = time.monotonic() + LATEST, 0
    for sock, came in clients:
        with sock:
            sock.settimeout(max(0.01, deadline - time.monotonic()))
            stay += sent_away_after(sock, came) is None
    if stay:
        server.check_alive()
        hints = ["More than one can be due after one wait: go on until you come to one who is not."]
        say = f"{MANY} clients came together and said nothing. So many were never sent away."
        raise Wrong("some-stay", yours=stay, expected=0, hints=hints, say=say)
    # What the kernel has counted, too: within one wait of the server's there can be several.
    waits = max(len(server.trace.since(start)), effort_of(server.pid).sleeps - before)
    if waits > MOST_WAITS:
        hints = [
            "From one event to the next deadline there is nothing to do: sleep for all of that time, in one wait.",
            "The limit is the first deadline less time.monotonic(), and max(0, ...) of it.",
        ]
        say = f"{MANY} clients came together and were sent away together. So often the server waited meanwhile."
        raise Wrong("ticks", yours=waits, expected=f"{MOST_WAITS} or fewer", hints=hints, say=say)


def compare_beside_one(server: Server) -> None:
    """One says nothing. Shortly before its time is up another one asks, once, and then nobody does."""
    afters = [_silent_beside_one(server)]
    while afters[-1] > PUT_OFF and len(afters) < TRIES:
        afters.append(_silent_beside_one(server))
    if min(afters) > PUT_OFF:
        say = f"A client says nothing, and after {ASKS:g} s another one comes and asks. The first is sent away after"
        say += " so many seconds."
        raise Wrong("begins-again", yours=round(min(afters), 3), expected=PATIENCE, hints=BEGINS_AGAIN, say=say)


def _silent_beside_one(server: Server) -> float:
    sock, came = silent(server)
    with sock:
        time.sleep(max(0.0, came + ASKS - time.monotonic()))
        with socket.create_connection(server.address, timeout=1) as other:
            other.sendall(STYLE_SHEET)
            after = sent_away_after(sock, came)
    return LATEST if after is None else after


BEGINS_AGAIN: Final = [
    "The limit of a wait is not how long somebody may stay: it is what is left of that. Does each wait begin anew?",
    "Note when each client is due, as it comes: time.monotonic() + self.patience. The limit is the first less now.",
]


def compare_one_by_one(server: Server) -> None:
    """Silent ones who come one after the other: the time of each is its own."""
    if (least := min(_silent_one_by_one(server))) < PATIENCE - EXACT:
        hints = ["That one's time is up says nothing of others: compare the deadline of each with the clock."]
        say = f"A silent client came every {BETWEEN:g} s. One of them was sent away after so many seconds."
        raise Wrong("too-early-in-a-row", yours=round(least, 3), expected=PATIENCE, hints=hints, say=say)


def _silent_one_by_one(server: Server) -> list[float]:
    """After how many seconds each was sent away, in the order in which they came."""
    comers: list[tuple[socket.socket, float]] = []
    ended: dict[int, float] = {}
    waiting = select.poll()
    end = time.monotonic() + COMERS * BETWEEN + LATEST
    while len(ended) < COMERS and time.monotonic() < end:
        if len(comers) < COMERS and (not comers or time.monotonic() >= comers[-1][1] + BETWEEN):
            comers.append(silent(server))
            waiting.register(comers[-1][0], select.POLLIN)
        for fd, _ in waiting.poll(10):
            waiting.unregister(fd)
            ended[fd] = time.monotonic()
    afters = [ended.get(sock.fileno(), end) - came for sock, came in comers]
    for sock, _ in comers:
        sock.close()
    return afters
