"""The check of the task "slow_page": a page for somebody who does not read, looked at from all sides."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ...kernel.interest import InterestList
from ...kernel.sleeping import sleeps_of
from ...lab import Lab, LabError
from ...lab.server import Server
from . import Answer, Wrong, task
from .asking import answers
from .idling import descriptors, expect_sleep
from .witness import reset

LONG: Final = 5_000_000  # bytes of a page: more than the buffers of both ends take
PATIENCE: Final = 6.0  # seconds
OTHERS: Final = 3.0  # seconds for an answer to somebody else
REQUESTS: Final = 300
GUESTBOOK: Final = b"GET /guestbook HTTP/1.1\r\nHost: check\r\n\r\n"
LONGER: Final = 12_000_000  # bytes by which it grows: more than a buffer that has grown with its reader takes
LITTLE: Final = 4_000_000  # bytes of it: more than a third of such a buffer, so that the kernel says that there is room
LISTENER_ALONE: Final = {"listener": 1}

SPINS: Final = [
    "Is a socket watched for something that it nearly always is, or that nobody takes away?",
    "A slow client is watched for OUT alone, and only as long as there is a rest.",
]


@task("slow_page", seconds=28)
def check_slow_page(answer: Answer) -> None:
    server, lab = answer.serve("SlowPage"), answer.lab
    compare_page(server)
    before = len(descriptors(server.pid))
    lab.redis.client.rpush("guestbook_remarks", "x" * LONG)
    with slow_reader(server) as one, slow_reader(server) as other:
        _until_both_have_some([one, other])
        compare_others(server)
        compare_interest(server, [one, other])
        expect_sleep(server, SPINS)
        compare_long_pages([one, other], server)
        compare_left_over(server, before, "after two slow readers who have read all")
    lab.redis.client.rpush("guestbook_remarks", "x" * LONGER)
    compare_one_who_reads_a_little(server)
    compare_leaver(server, before)
    lab.redis.client.delete("guestbook_remarks")
    compare_load(server, lab)


def compare_page(server: Server) -> None:
    """A short page, with Redis and without, and the head of one."""
    for path in ("/style.css", "/guestbook"):
        try:
            status = server.get(path, timeout=OTHERS).status
        except LabError as trouble:
            hints = [
                "A short page is taken whole at once: then it is as before, and the client is finished.",
                "What does the loop call next for this client? See client.next_callback, and client_is_ready.",
            ]
            say = f"{path}: {str(trouble).splitlines()[0].removesuffix(' It said:')}"
            raise Wrong("no-page", say=say, hints=hints) from None
        if status != 200:
            raise Wrong("wrong-page", yours=status, expected=200, hints=["Only how the page is sent should change."])
    with socket.create_connection(server.address, timeout=OTHERS) as sock:
        sock.sendall(b"HEAD /style.css HTTP/1.1\r\nHost: check\r\n\r\n")
        head, _, body = read_all(sock).partition(b"\r\n\r\n")
    if not head or body:
        hints = ["http_wire.write_response takes head_only: as in the method that you replace, it is the client's."]
        say = "HEAD /style.css: so many bytes came after the head, and none should."
        raise Wrong("head-with-body", yours=len(body), expected=0, hints=hints, say=say)


def slow_reader(server: Server, room: int = 4096) -> socket.socket:
    """A client that asks for the guestbook and does not read. Its own kernel takes `room` bytes, or a few more."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    sock.settimeout(PATIENCE)
    sock.connect(server.address)
    sock.sendall(GUESTBOOK)
    return sock


def where_it_is(server: Server) -> str:
    return ", ".join(str(sleep) for sleep in sleeps_of(server.pid)) or "it runs"


def compare_others(server: Server) -> None:
    if answers_file(server):
        return
    server.check_alive()
    where = where_it_is(server)
    hints = [
        "Giving the page to the kernel must not wait: sockets.send_now takes what fits, and says how much.",
        "Keep the rest with the client; next_callback sends more of it, when the loop says that it is writable.",
    ]
    say = f"Two clients do not read their page, and nobody else is answered. The server is in: {where}."
    raise Wrong("still-waits", say=say, hints=hints)


def answers_file(server: Server) -> bool:
    with suppress(OSError), socket.create_connection(server.address, timeout=OTHERS) as sock:
        sock.sendall(b"GET /style.css HTTP/1.1\r\nHost: check\r\n\r\n")
        return sock.recv(12) == b"HTTP/1.1 200"
    return False


def compare_interest(server: Server, readers: list[socket.socket]) -> None:
    """Each of them is watched for OUT, and for nothing else."""
    for reader in readers:
        mine = "{}:{}".format(*reader.getsockname())
        events = [each.events for each in server.interest_list() if each.peer == mine]
        if events == ["OUT"]:
            continue
        if not events:
            hints = ["Its page is not sent yet: finish the client when the rest is empty, and not before."]
            raise Wrong("cut-off", say="A client that has not read its page is gone from the list.", hints=hints)
        if "OUT" not in events[0]:
            code, hint = "never-told", "Nobody tells the server that there is room again: self.modify(..., WRITABLE)"
        else:
            code, hint = "hears-more", "While its page is sent, what a client says is of no interest: OUT alone."
        say = "A client does not read its page; this is what it is watched for."
        raise Wrong(code, yours=events[0], expected="OUT", hints=[hint, SPINS[1]], say=say)


def compare_long_pages(readers: list[socket.socket], server: Server) -> None:
    for reader in readers:
        length, body = promised_and_come(reader)
        if len(body) == length and body.count(b"x") >= LONG:
            continue
        server.check_alive()
        if _alone_is_whole(server):
            code, hint = (
                "mixes-clients",
                "Two clients have a rest at the same time. Is each one's kept with its client?",
            )
        elif len(body) < length:
            code, hint = "part-missing", "What send_now has not taken is the rest: data[sent:]. Send until it is empty."
            if finished_at_first_room(server, reader):
                hint = "It was finished when it could first be written to. While client.waits_for_redis is True, "
                hint += "client_is_ready takes any event of a client for its goodbye."
        else:
            code, hint = "part-twice", "Cut off from the rest exactly what send_now says that it has taken."
        say = "Then the slow clients read. So many bytes of a page came."
        raise Wrong(code, yours=len(body), expected=length, hints=[hint, "client.rest, not self.rest"], say=say)


def finished_at_first_room(server: Server, reader: socket.socket) -> bool:
    mine = "{}:{}".format(*reader.getsockname())
    room = [wait for wait in server.trace if any(e.peer == mine and "OUT" in e.events for e in wait.ready)]
    return len(room) == 1 and any(each.kind == "forget" and each.peer == mine for each in room[0].changes)


def _alone_is_whole(server: Server) -> bool:
    with slow_reader(server) as alone:
        time.sleep(0.2)
        length, body = promised_and_come(alone)
        return len(body) == length


def _until_both_have_some(readers: list[socket.socket]) -> None:
    """Until both pages have begun to come, or for a while: whoever waits for the first reader makes no second page."""
    deadline = time.monotonic() + OTHERS
    waiting = list(readers)
    while waiting and time.monotonic() < deadline:
        ready, _, _ = select.select(waiting, [], [], deadline - time.monotonic())
        waiting = [reader for reader in waiting if reader not in ready]
        if len(waiting) == 1:
            deadline = min(deadline, time.monotonic() + OTHERS / 2)


def promised_and_come(reader: socket.socket) -> tuple[int, bytes]:
    """The length of the page, as its head has it, and its body."""
    head, _, body = read_all(reader).partition(b"\r\n\r\n")
    _, found, length = head.lower().partition(b"content-length:")
    return int(length.split()[0]) if found else -1, body


def read_all(reader: socket.socket) -> bytes:
    parts = []
    with suppress(OSError):
        while data := reader.recv(1_000_000):
            parts.append(data)
    return b"".join(parts)


def compare_one_who_reads_a_little(server: Server) -> None:
    """It reads a part of its page, so that there is room for more; and then no more."""
    with slow_reader(server, room=65_536) as reader:
        come = 0
        with suppress(OSError):
            while come < LITTLE and (data := reader.recv(65_536)):
                come += len(data)
        if not answers_file(server):
            server.check_alive()
            where = where_it_is(server)
            hints = [
                "The rest is given to the kernel as the page was: as much as it takes now, whenever there is room.",
                "In the callback, too: sockets.send_now, and never sendall or send_all.",
            ]
            say = f"A client read {come:,} bytes of its page, and stopped. Nobody else is answered. The server is in: "
            raise Wrong("waits-later", say=f"{say}{where}.", hints=hints)
        expect_sleep(server, SPINS)


def compare_leaver(server: Server, before: int) -> None:
    """A slow reader breaks off; nothing is left of it, and the server lives."""
    with slow_reader(server) as leaver:
        time.sleep(0.1)
        reset(leaver)
    if not answers_file(server):
        server.check_alive()
    compare_left_over(server, before, "after a slow reader who has broken off")


def compare_left_over(server: Server, before: int, when: str) -> None:
    interests = _when(server, lambda found: found.count_by_role() == LISTENER_ALONE)
    roles = interests.count_by_role()
    if roles != LISTENER_ALONE:
        whose = "connection to Redis" if "redis" in roles else "client"
        hint = {
            "client": "Who has its whole page is finished, and so is who has left: self.finish(client).",
            "connection to Redis": "finish() forgets Redis as long as client.waits_for_redis says that there is one.",
        }[whose]
        say = f"What is on the interest list {when}."
        code = "redis-left" if "redis" in roles else "client-left"
        raise Wrong(code, yours=roles, expected=LISTENER_ALONE, hints=[hint], say=say)
    deadline = time.monotonic() + 2
    while (left := len(descriptors(server.pid)) - before) > 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    if left > 0:
        hints = ["Forget a socket, and put it on self.finished: the loop closes it when the batch is done."]
        raise Wrong("leaks", yours=left, expected=0, hints=hints, say=f"Descriptors that are still open {when}.")


def _when(server: Server, is_so: Callable[[InterestList], bool], seconds: float = 4.0) -> InterestList:
    deadline = time.monotonic() + seconds
    while not is_so(found := server.interest_list()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def compare_load(server: Server, lab: Lab) -> None:
    result = lab.start_load(server, clients=8, requests=REQUESTS, timeout=5).wait(progress=False)
    if result.failed or not answers(server):
        hints = ["Eight clients come and go. What do they share, in your class?"]
        say = "Short pages under load that failed."
        raise Wrong("fails-under-load", yours=result.failures, expected="none", hints=hints, say=say)
