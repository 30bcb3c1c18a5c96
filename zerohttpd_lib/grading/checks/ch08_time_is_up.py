"""The check of the task "time_is_up": who is sent away, when at the earliest, and for how many waits."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Final

from ...kernel.interest import InterestList
from ...lab import Lab, LabError
from ...lab.server import Server
from . import Answer, Wrong, task
from .asking import deaf_redis
from .ch08_silent import (
    EXACT,
    LATEST,
    PATIENCE,
    STYLE_SHEET,
    compare_beside_one,
    compare_one_by_one,
    compare_silent,
    compare_together,
    sent_away_after,
    silent,
)
from .idling import SHORT, descriptors, expect_sleep, sleepers

REQUESTS: Final = 300
GUESTBOOK: Final = STYLE_SHEET.replace(b"style.css", b"guestbook")


@task("time_is_up", seconds=28)
def check_time_is_up(answer: Answer) -> None:
    server = answer.serve("Deadlines")
    compare_page(server)
    compare_nobody(server)
    before = len(descriptors(server.pid))
    compare_silent(server)
    compare_together(server)
    compare_left_over(server, before)
    compare_beside_others(server, answer.lab)
    compare_beside_one(server)
    compare_one_by_one(server)
    compare_last_moment(server)
    compare_load(server, answer)


def compare_page(server: Server) -> None:
    for path in ("/guestbook", "/style.css"):
        try:
            server.get(path, timeout=3)
        except LabError as trouble:
            hints = ["Who asks at once gets a page as before. Does your wait return what epoll has reported?"]
            raise Wrong(
                "no-page", say=f"{path}: {str(trouble).splitlines()[0].removesuffix(' It said:')}", hints=hints
            ) from None


def compare_nobody(server: Server) -> None:
    expect_sleep(
        server, ["Nobody's time runs: what is the limit of the wait then? -1 is none.", "No tick, no fixed limit."]
    )


def compare_last_moment(server: Server) -> None:
    """One asks in time, and the server comes to it only when its time is over: somebody else takes long to say all."""
    with socket.create_connection(server.address, timeout=LATEST) as long, silent(server)[0] as sock:
        time.sleep(PATIENCE / 4)  # both are accepted by then
        long.sendall(STYLE_SHEET[:-2])  # this server reads a request to its end, and waits for that
        time.sleep(PATIENCE / 4)  # it does by then
        sock.sendall(STYLE_SHEET)
        time.sleep(PATIENCE)
        long.sendall(STYLE_SHEET[-2:])
        try:
            first = sock.recv(12)
        except OSError:
            first = b""
    if first != b"HTTP/1.1 200":
        server.check_alive()
        hints = [
            "After a wait both can be the case: its time is over, and it is among those who are ready.",
            "It has said something in time: do not finish who is in the list that the wait has returned.",
        ]
        say = "A client has asked in time, while the server was busy. Its answer begins with:"
        raise Wrong("overhears", yours=first, expected=b"HTTP/1.1 200", hints=hints, say=say)


def compare_left_over(server: Server, before: int) -> None:
    deadline = time.monotonic() + 3
    while (roles := _roles(server)) != {"listener": 1} and time.monotonic() < deadline:
        time.sleep(0.05)
    left = len(descriptors(server.pid)) - before
    if roles != {"listener": 1} or left > 0:
        hints = [
            "self.finish(client) takes it off the list and out of by_client; its socket is closed after the batch.",
            "self.finished is closed at the end of each batch, after a wait that reports nobody, too.",
        ]
        say = (
            f"All silent clients were sent away. On the interest list is {roles}; {max(left, 0)} descriptors are open."
        )
        raise Wrong("left-over", say=say, hints=hints)


def _roles(server: Server) -> dict[str, int]:
    found: InterestList = server.interest_list()
    return dict(found.count_by_role())


def compare_beside_others(server: Server, lab: Lab) -> None:
    """Others ask all of the time, so that no wait is ever as long as a deadline is away. Beside them are one who says
    nothing, and one who has asked for what Redis does not give for longer than a silent client has.
    """
    is_over = threading.Event()
    others = threading.Thread(target=_ask_again_and_again, args=(server, is_over))
    with deaf_redis(lab, 2 * LATEST), socket.create_connection(server.address, timeout=PATIENCE / 2) as asks:
        asks.sendall(GUESTBOOK)
        others.start()
        sock, came = silent(server)
        with sock:
            after = sent_away_after(sock, came)
        is_over.set()
        others.join()
        compare_silent_beside_others(server, after)
        compare_asking(server, asks, lab)


def compare_silent_beside_others(server: Server, after: float | None) -> None:
    if after is None:
        server.check_alive()
        hints = [
            "Its deadline is a moment, fixed when it is accepted. Is your limit counted anew at each wait?",
            "Look for those who are due after each wait, and not only when nobody was ready.",
        ]
        say = f"Others ask every 20 ms. Beside them a client that says nothing is still there after {LATEST:g} s."
        raise Wrong("put-off", say=say, hints=hints)
    if after < PATIENCE - EXACT:
        hints = ["A deadline belongs to one client. What do others have to do with it?"]
        say = "Others ask every 20 ms. Beside them a silent client was sent away after so many seconds."
        raise Wrong("too-early-beside-others", yours=round(after, 3), expected=PATIENCE, hints=hints, say=say)


def _ask_again_and_again(server: Server, is_over: threading.Event) -> None:
    while not is_over.wait(0.02):
        with suppress(OSError), socket.create_connection(server.address, timeout=1) as sock:
            sock.sendall(STYLE_SHEET)
            sock.recv(100)


def compare_asking(server: Server, asks: socket.socket, lab: Lab) -> None:
    """It has asked before a silent client came that is gone now. It gets its page."""
    limits: list[float] = []
    try:
        first = asks.recv(12)
    except TimeoutError:
        limits = [sleeper.limit for sleeper in sleepers(server.pid) if sleeper.limit is not None]
        first = _after(lab, asks)
    except OSError:
        first = b""
    if first != b"HTTP/1.1 200":
        server.check_alive()
        hints = [
            "It is not silent: it has asked. Its next_callback is another one then, and the deadline is off.",
            "Take its deadline away when read_request is called for it.",
        ]
        say = f"A client has asked, and Redis took longer than {PATIENCE:g} s. Its answer begins with:"
        raise Wrong("sends-away-who-asks", yours=first, expected=b"HTTP/1.1 200", hints=hints, say=say)
    if limits and min(limits) < SHORT:
        say = (
            f"One client is there, which has asked, and Redis is slow. The server slept for {min(limits):g} s at most."
        )
        raise Wrong("time-runs-on", say=say, hints=TIME_RUNS_ON)


TIME_RUNS_ON: Final = [
    "Who has asked may wait for its page for as long as that takes: not for another time limit.",
    "Nobody's time runs then, and the wait has none either: -1.",
]


def _after(lab: Lab, asks: socket.socket) -> bytes:
    """What it hears when Redis replies again."""
    lab.redis.client.client_unpause()
    asks.settimeout(LATEST)
    try:
        return asks.recv(12)
    except OSError:
        return b""


def compare_load(server: Server, answer: Answer) -> None:
    result = answer.lab.start_load(server, clients=8, requests=REQUESTS, timeout=5).wait(progress=False)
    if result.failed:
        hints = ["Who has its page is finished by the server itself. Is its deadline taken away with it?"]
        raise Wrong("fails-under-load", yours=result.failures, expected="none", hints=hints, say="Pages that failed.")
