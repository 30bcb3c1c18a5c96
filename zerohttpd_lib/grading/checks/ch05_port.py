"""The check of the task "port": a learner's server, judged by its pages, by Redis, and by the kernel's lists."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from ...kernel.interest import Interest, InterestList
from ...lab import Lab, LabError
from ...lab.errors import ServerTrouble
from ...lab.idle_run import IdleRun
from ...lab.server import Server
from . import Answer, Wrong, task
from .asking import failures_under_load
from .copies import copy_of
from .effort import effort_within
from .idling import EPOLLS, expect_sleep, sleepers

if TYPE_CHECKING:
    from ...trace.reader import Trace

IDLE: Final = 60  # connections
AT_ONCE: Final = 30  # that are ready at the same time
BATCH: Final = 8  # events that are handed on at a time
REQUESTS: Final = 300
RECORDING_TIME: Final = 2.0  # seconds
DYING_TIME: Final = 1.0  # seconds, from an exception to the end of the process
PAUSE: Final = 9.0  # seconds that Redis pauses at most: on a busy machine, to read an interest list can take one
GUESTBOOK: Final = b"GET /guestbook HTTP/1.1\r\nHost: lab\r\n\r\n"
STYLE_SHEET: Final = b"GET /style.css HTTP/1.1\r\nHost: lab\r\n\r\n"


@task("port", seconds=28)
def check_port(answer: Answer) -> None:
    server, lab = answer.serve("EpollPort"), answer.lab
    compare_listener(server)
    compare_page(server, lab)
    idle = hold_idle(server, lab)
    compare_idle(server)
    compare_sleep(server)
    compare_batch(server)
    compare_while_redis_pauses(server, lab)
    compare_load(server, lab)
    if idle.open_now != IDLE:
        hints = ["Who says nothing is not to be closed."]
        raise Wrong("drops-the-idle", yours=idle.open_now, expected=IDLE, hints=hints, say="Idle clients were closed.")
    idle.stop()
    compare_forgetting(server, lab)


def hold_idle(server: Server, lab: Lab) -> IdleRun:
    try:
        return lab.hold_idle(server, IDLE)
    except LabError:
        compare_crash(server)
        raise


def compare_listener(server: Server) -> None:
    """Before anybody has come, there is an interest list, and the listener is on it."""
    try:
        interests = _first_list(server)
    except LabError:
        hints = [
            "Nothing in your class makes an epoll descriptor.",
            "In __init__, after super().__init__: self.epoll = select.epoll()",
        ]
        raise Wrong("still-poll", say="The kernel keeps no interest list for your server.", hints=hints) from None
    if not interests:
        hints = ["The interest list is there, and empty: somebody else is told what to watch.", "Replace `watch`."]
        raise Wrong("nothing-watched", say="Nobody is on the kernel's interest list.", hints=hints)


def _first_list(server: Server) -> InterestList:
    """Raises LabError when there is none; and before that, if the server has ended, that it has."""
    try:
        return _list_when(server, lambda found: len(found) > 0)
    except LabError:
        compare_crash(server)  # it has had time now
        return _list_when(server, lambda found: len(found) > 0)


def compare_crash(server: Server) -> None:
    """Raises ServerTrouble when the server ends within a moment."""
    deadline = time.monotonic() + DYING_TIME
    while time.monotonic() < deadline:
        server.check_alive()
        time.sleep(0.02)


def compare_page(server: Server, lab: Lab) -> None:
    number = 100 + secrets.randbelow(800)
    lab.redis.client.set("visitor_count", number)
    try:
        page = server.get("/guestbook", timeout=2)
    except ServerTrouble as trouble:
        lines = str(trouble).splitlines()
        if "no answer within" in lines[0]:
            hints = ["The list is in the kernel. Who asks the kernel?", "Replace `wait`: return self.epoll.poll()"]
            raise Wrong("nobody-asks", say="The first client gets no answer.", hints=hints) from None
        last = lines[-1].strip() if len(lines) > 1 else ""
        hints = next((hints for said, hints in NO_ANSWER.items() if said in last), ENDED)
        raise Wrong("no-answer", say=f"The first client gets no answer. {last}".strip(), hints=hints) from None
    if page.status != 200 or str(number + 1) not in page.text:
        hints = ["Replace what waits; leave the callbacks as they are."]
        raise Wrong("wrong-page", yours=page.status, expected=f"200, visitor {number + 1}", hints=hints)


def compare_idle(server: Server) -> None:
    interests = _list_when(server, lambda found: found.count_by_role().get("client") == IDLE)
    clients = [interest for interest in interests if interest.role == "client"]
    if len(clients) != IDLE:
        hints = ["Each client that is accepted has to be on the interest list."]
        say = "These clients are connected and silent."
        raise Wrong("idle-not-watched", yours=len(clients), expected=IDLE, hints=hints, say=say)
    if flags := sorted({i.events for i in interests if i.events != "IN"}):
        say = "What a client is watched for."
        raise Wrong("not-level-triggered", yours=flags[0], expected="IN", hints=NOT_LEVEL, say=say)


def compare_sleep(server: Server) -> None:
    """With nobody to serve, no time of the processor is used, and the kernel has the server in epoll_wait."""
    # The least of two: the first may have the last of the idle in it.
    used = min(effort_within(server.pid, 0.3).seconds for _ in range(2))
    if used >= 0.03:
        hints = ["How long may `poll` of an epoll object wait, if you give it no number?"]
        say = f"With nobody to serve, it used {used:.2f} s of the processor in 0.3 s."
        raise Wrong("never-sleeps", say=say, hints=hints)
    expect_sleep(server, ["Without a number, `poll` of an epoll object waits for as long as it takes."])
    if other := [sleeper.call for sleeper in sleepers(server.pid) if sleeper.call not in EPOLLS]:
        hints = ["There is an interest list, but `wait` asks somebody else."]
        say = f"It sleeps in {other[0]}()."
        raise Wrong("waits-in-poll", yours=other[0], expected="a wait in epoll", hints=hints, say=say)


def compare_batch(server: Server) -> None:
    """Of many that are ready, eight events are taken, and the kernel keeps the others for the next wait."""
    start = server.trace.end
    with server.frozen():
        clients = [socket.create_connection(server.address, timeout=5) for _ in range(AT_ONCE)]
        for client in clients:
            client.sendall(STYLE_SHEET)
    for client in clients:
        with client:
            if client.recv(12) != b"HTTP/1.1 200":
                hints = ["Events that you have taken from the kernel, and do not hand on, are lost to the loop."]
                say = f"{AT_ONCE} clients asked for a page at the same time, and not all of them got it."
                raise Wrong("loses-some", say=say, hints=hints)
    waits = _recorded(server, start)
    if not waits:
        hints = ["`wait` has to return a list of (descriptor, events), as epoll.poll() does."]
        raise Wrong("no-list", say="The waits of your server could not be recorded.", hints=hints)
    most = max(len(wait.ready) for wait in waits)
    if most != BATCH:
        say = f"{AT_ONCE} clients were ready, and this is how many `wait` handed on at a time, at most."
        raise Wrong("other-batch", yours=most, expected=BATCH, say=say, hints=OTHER_BATCH)
    asked = [sleeper.most_events for sleeper in sleepers(server.pid) if sleeper.most_events is not None]
    if asked and max(asked) > BATCH:
        say = f"It takes up to {max(asked):,} events from the kernel, and hands on {BATCH} of them."
        raise Wrong("throws-away", say=say, hints=THROWS_AWAY)


def _recorded(server: Server, start: int) -> Trace:
    """Since `start`, when all who came have gone; or what there is, if they have not."""
    deadline = time.monotonic() + RECORDING_TIME
    while (trace := server.trace.since(start)).total("forget") < AT_ONCE and time.monotonic() < deadline:
        time.sleep(0.02)
    return trace


def compare_while_redis_pauses(server: Server, lab: Lab) -> None:
    """One client waits for Redis: its Redis connection should be watched for IN, and itself for nothing."""
    time.sleep(0.05)
    with _client_while_redis_pauses(server, lab) as (mine, interests):
        redis = _of(interests, "redis")
        client = [interest.events for interest in interests if interest.peer == mine]
    if redis and "OUT" in redis[0]:
        if redis[0] == "OUT":
            code, hint = "write-kept", "What does `modify` have to change, and where?"
        else:
            code, hint = "adds-interest", "`modify` says what is watched from now on; it adds nothing to what was."
        say = "Redis pauses. The connection to it waits for a reply; this is what it is watched for."
        hints = [hint, "self.epoll.modify(fd, events)"]
        raise Wrong(code, yours=redis[0], expected="IN", hints=hints, say=say)
    if redis and redis[0] != "IN":
        say = "Redis pauses. This is what the connection to it is watched for."
        raise Wrong("not-level-triggered", yours=redis[0], expected="IN", hints=NOT_LEVEL, say=say)
    if client and client[0] != "none":
        hints = ["connect_to_redis calls modify with no event at all. What does yours make of that?"]
        say = "Its page is being made; this is what the client is watched for meanwhile."
        raise Wrong("client-still-heard", yours=client[0], expected="none", hints=hints, say=say)
    if not client:
        hints = ["`modify` to no event is not `forget`: HUP and ERR still have to come."]
        say = "While its page is made, the client is not on the interest list."
        raise Wrong("client-dropped", say=say, hints=hints)


@contextmanager
def _client_while_redis_pauses(server: Server, lab: Lab) -> Iterator[tuple[str, InterestList]]:
    """A client that waits for its page: how the server knows it, and the interest list. It gets its page at the end."""
    from redis.exceptions import RedisError

    # Writes only: a pause of everything holds the command that would end it, too (redis.io, CLIENT PAUSE).
    lab.redis.client.client_pause(int(PAUSE * 1e3), all=False)
    with socket.create_connection(server.address, timeout=PAUSE + 1) as asks:
        asks.sendall(GUESTBOOK)
        mine = "{}:{}".format(*asks.getsockname())
        try:
            yield mine, _list_when(server, lambda found: _of(found, "redis") == ["IN"], PAUSE / 3)
        finally:
            with suppress(RedisError):  # one that is older than 6.2 comes back by itself
                lab.redis.client.client_unpause()
            with suppress(OSError):
                while asks.recv(65_536):
                    pass


def compare_load(server: Server, lab: Lab) -> None:
    before = _count(lab)
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(failures_under_load, lab, server, clients=8, requests=REQUESTS, timeout=4)
        naps = _naps_until(load.done, server)
    if failures := load.result():
        failed = f"{sum(failures.values())} failed"
        raise Wrong("fails-under-load", yours=failed, expected="none", say=f"{failures}.")
    if _count(lab) - before != REQUESTS:
        say = "Redis counted other than the clients did."
        raise Wrong("lost-count", yours=_count(lab) - before, expected=REQUESTS, say=say)
    if naps > 1:
        hints = ["While somebody waits for a page, nothing but epoll_wait is a reason to sleep."]
        say = f"Under load it was looked at again and again, and {naps} times it was in a sleep() of its own."
        raise Wrong("naps", say=say, hints=hints)


def _naps_until(is_done: Callable[[], bool], server: Server) -> int:
    naps = 0
    while not is_done():
        naps += any(sleeper.call == "sleep" for sleeper in sleepers(server.pid))
        time.sleep(0.01)
    return naps


def compare_forgetting(server: Server, lab: Lab) -> None:
    """While somebody has copies of its sockets, the kernel takes nothing off by itself: only the server does.

    A fork() would leave such copies in a child. Here it is we who have them, and the server does not know.
    """
    copies: list[int] = []
    try:
        _list_when(server, lambda found: len(found) == 1, 2.0)
        with _client_while_redis_pauses(server, lab) as (_, interests):
            copies += [copy_of(server.pid, each.fd) for each in interests if each.role in ("client", "redis")]
        _compare_what_is_left(server)
    finally:
        for copy in copies:
            os.close(copy)


def _compare_what_is_left(server: Server) -> None:
    left = _list_when(server, lambda found: len(found) == 1)
    if len(left) != 1:
        hints = [
            "The kernel takes a closed socket off by itself only if there is no copy of it. The check has copies.",
            "Replace `forget`: self.epoll.unregister(fd)",
        ]
        say = "Its client is gone, and this is still on the interest list."
        raise Wrong("not-forgotten", yours=left.count_by_role(), expected={"listener": 1}, hints=hints, say=say)


def _list_when(server: Server, is_so: Callable[[InterestList], bool], seconds: float = 4.0) -> InterestList:
    """The interest list as soon as it is so, or as it is after this time.

    The server stands still while its list is read: between two looks it gets time to go on, and more each time.
    """
    deadline, pause = time.monotonic() + seconds, 0.02
    while not is_so(found := server.interest_list()) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, 0.5)
    return found


def _of(interests: InterestList, role: str) -> list[str]:
    chosen: list[Interest] = [interest for interest in interests if interest.role == role]
    return [interest.events for interest in chosen]


def _count(lab: Lab) -> int:
    return int(lab.redis.client.get("visitor_count") or 0)


NOT_LEVEL: Final = [
    "The callbacks read once and rely on being told again.",
    "Hand `events` on as they are, with no EPOLLET and no EPOLLONESHOT.",
]
ENDED: Final = [
    "The client's connection was ended before its page was made: one of your methods raised an exception.",
    "Serve it yourself: server = lab.serve(EpollPort), ask it for a page, and read server.errors().",
]
NO_ANSWER: Final = {  # by what the server has said last
    "FileExistsError": [
        "`register` is for a descriptor that is not on the list yet, `modify` for one that is (man 2 epoll_ctl).",
        "What do the callbacks call twice for one descriptor, and what do they call in between?",
    ],
    "FileNotFoundError": [
        "`modify` and `unregister` are for a descriptor that is on the list (man 2 epoll_ctl). Who has put it there?",
    ],
    "'NoneType' object is not iterable": [
        "The loop goes through what `wait` returns, and yours returns nothing.",
        "return self.epoll.poll(...)",
    ],
}
OTHER_BATCH: Final = [
    "`poll` of an epoll object has an argument that `poll` of a poll object has not: help(select.epoll.poll).",
    "self.epoll.poll(maxevents=8)",
]
THROWS_AWAY: Final = [
    "Who is not handed on has to wait for the next turn, and the kernel believes that you know: it begins again with "
    "the same ones.",
    "Take no more than eight out of the kernel: the others are then the first to be reported the next time.",
]
