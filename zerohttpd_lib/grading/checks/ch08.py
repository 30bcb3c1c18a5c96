"""Checks of exercise 08: where two servers sleep. The other tasks are in the files beside."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, Final

from ...kernel.sleeping import sleeps_of
from ...lab import Lab
from ...lab.server import Server
from . import Answer, Wrong, ch08_outbox, ch08_slow_page, ch08_time_is_up, task
from .asking import deaf_redis
from .filled_in import expect_dict, expect_filled_in

__all__ = ["ch08_outbox", "ch08_slow_page", "ch08_time_is_up"]  # each registers tasks of its own

LOOKS: Final = 6  # one after the other, that have to agree
BETWEEN: Final = 0.02  # seconds
PATIENCE: Final = 5.0  # seconds
LONG: Final = 8_000_000  # bytes of a page
SITUATIONS: Final = (1, 2, 3, 4, 5)
EPOLLS: Final = ("epoll_wait", "epoll_pwait", "epoll_pwait2")

OF_EPOLL: Final = {  # what is thought of each situation by mistake, and hints
    1: (
        "silence-blocks",
        "Nothing has come, so the client is not ready. Who calls a callback for it?",
        "A silent client stops the first servers of the ladder. This one waits for its first byte in the loop.",
    ),
    2: (
        "redis-blocks",
        "Redis has a callback of its own, redis_replied. When is that called?",
        "The server blocks where it reads a request and where it writes a page. A reply is neither.",
    ),
    3: (
        "half-a-form",
        "Where does a request with a body end? read_request goes on until it is complete.",
        "Something has come, so it begins to read; and it does not return to the loop before the last byte.",
    ),
    4: (
        "page-that-fits",
        "The kernel has a buffer at each end. Eight megabytes are more than both.",
        "It gives the page to sendall(): in which call is that, when the kernel takes no more?",
    ),
    5: (
        "waits-for-goodbye",
        "All of the page is in the kernel. What does send_response do after its sendall?",
        "It finishes the client itself: nobody waits for a client to close first.",
    ),
}
OF_ITERATIVE: Final = {
    1: "It has accepted the one client, and reads what that says. There is no loop that tells it to wait elsewhere.",
    2: "It has asked Redis, and needs the reply to go on. How does it wait for that?",
    3: "It reads on until the form is complete.",
    4: "That client has been read to the end. Which way do bytes go now?",
    5: "This client is done with. Whom does it wait for next, and in which call?",
}


@task("asleep", seconds=25)
def check_asleep(answer: Answer) -> None:
    epoll = expect_dict("epoll", answer.value("epoll"), SITUATIONS)
    in_recv = answer.value("iterative_in_recv")
    expect_filled_in("iterative_in_recv", in_recv)
    compare_epoll(answer.lab, {number: _call(epoll[number]) for number in SITUATIONS})
    compare_iterative(answer.lab, in_recv)


def compare_epoll(lab: Lab, yours: dict[int, str]) -> None:
    measured = measure(lab, "epoll", SITUATIONS)
    # Those that differ once more: on a busy machine it may not have gone as far as it can.
    measured |= measure(lab, "epoll", [number for number in SITUATIONS if yours[number] != measured[number]])
    for number in SITUATIONS:
        if yours[number] != measured[number]:
            code, *hints = OF_EPOLL[number]
            say = f"Of the epoll server, situation {number} is another one."
            raise Wrong(code, yours=yours[number], expected="another call", hints=hints, say=say)


def compare_iterative(lab: Lab, yours: Any) -> None:
    if not isinstance(yours, (list, set)) or not all(number in SITUATIONS for number in yours):
        hints = ["A list of numbers from 1 to 5, as in [4, 5]; [] for none."]
        raise Wrong("no-list", yours=yours, hints=hints, say="iterative_in_recv should be a list of situations.")
    measured = measure(lab, "iterative", SITUATIONS)
    measured |= measure(
        lab, "iterative", [each for each in SITUATIONS if (measured[each] == "recv") != (each in yours)]
    )
    expected = {number for number in SITUATIONS if measured[number] == "recv"}
    if expected == set(yours):
        return
    number = min(expected ^ set(yours))
    there = "is missing" if number in expected else "does not belong there"
    hints = [
        OF_ITERATIVE[number],
        "It does all for one client: read, ask Redis, write, close. Then it accepts the next.",
    ]
    say = f"The epoll server is right. Of the iterative one, situation {number} {there}."
    raise Wrong(f"iterative-{number}", yours=sorted(yours), expected="another list", hints=hints, say=say)


def _call(yours: Any) -> str:
    """ "recv" for recvfrom(), too, as the kernel has it."""
    name = str(yours).strip().lower().removesuffix("()")
    aliases = {"recvfrom": "recv", "sendto": "send", "sendall": "send", "epoll.poll": "epoll_wait", "poll": "poll"}
    return aliases.get(name, name)


def measure(lab: Lab, name: str, numbers: Sequence[int]) -> dict[int, str]:
    """In which call a rung's server sleeps, in each of these situations."""
    if not numbers:
        return {}
    lab.redis.client.delete("guestbook_remarks")
    server = lab.serve(name, record=False)
    found = {}
    for number in numbers:
        with situation(number, server, lab):
            found[number] = _where(server.pid)
    return found


def _where(pid: int) -> str:
    """As soon as so many looks agree."""
    deadline, seen = time.monotonic() + PATIENCE, [""]
    while (len(seen) < LOOKS or len(set(seen[-LOOKS:])) > 1 or not seen[-1]) and time.monotonic() < deadline:
        seen.append(next((sleep.call for sleep in sleeps_of(pid)), ""))
        time.sleep(BETWEEN)
    return "epoll_wait" if seen[-1] in EPOLLS else seen[-1]


@contextmanager
def situation(number: int, server: Server, lab: Lab) -> Iterator[None]:
    """A client in the situation of this number, until the end of the block."""
    page = b"GET /guestbook HTTP/1.1\r\nHost: check\r\n\r\n"
    form = b"POST /guestbook HTTP/1.1\r\nHost: check\r\nContent-Length: 40\r\n\r\nguest-name"
    redis = deaf_redis(lab, 2 * PATIENCE) if number == 2 else nullcontext()
    with redis, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(PATIENCE)
        client.connect(server.address)
        if number in (4, 5) and not lab.redis.client.exists("guestbook_remarks"):
            lab.redis.client.rpush("guestbook_remarks", "x" * LONG)
        if number > 1:
            client.sendall(form if number == 3 else page)
        if number == 5:
            _read_all(client)
        yield


def _read_all(client: socket.socket) -> None:
    with suppress(OSError):
        while client.recv(1_000_000):
            pass
