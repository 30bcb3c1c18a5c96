"""Check of the task "half": a poll server for which half a request is no reason to wait."""

from __future__ import annotations

import random
import socket
import time
from contextlib import suppress
from typing import Any, Final

from ...lab import Lab, LabError
from ...lab.server import Server
from . import Answer, Wrong, task
from .asking import failures_under_load
from .effort import effort_of
from .idling import expect_sleep, sleepers

REQUEST: Final = b"GET /guestbook HTTP/1.1\r\nHost: check\r\n\r\n"
REQUESTS: Final = 300
AT_ONCE: Final = 2.5  # seconds: what takes longer waits for something
ENDING: Final = 1.0  # seconds until a server that dies is gone

LONGEST_ANSWER: Final = 4 * 1_048_576  # bytes
TRICKLED: Final = 20  # bytes
PAUSE: Final = 0.01  # seconds between two of them

LIMITED: Final = [
    "A time limit, in settimeout() or poll(), only makes the wait shorter. All others wait for it, too.",
    "One recv() for each event, and no other call that may sleep; then return to the loop.",
]
KEEP: Final = [
    "What has come of a request must be there at the next event, in the context of its client.",
    'client.data = getattr(client, "data", b"") + chunk',
]


@task("half", seconds=28)
def check_half(answer: Answer) -> None:
    server = answer.serve("HalfServer")
    if not _ask(server).startswith(b"HTTP/1.1 200"):
        hints = ["Compare with the original: what comes after the last chunk?", "self.converse(client, None) goes on."]
        raise Wrong("no-answer", say="A whole request gets no page." + _said(server), hints=hints)
    _check_halves(server)
    _check_trickle(server)
    _check_form(server)
    _check_nonsense(server)
    _check_leaver(server)
    _check_head(server)
    _check_load(server, answer.lab)


def _said(server: Server) -> str:
    said = server.errors().splitlines()
    return f" It said: {said[-1]}" if said else ""


def _has_ended(server: Server) -> bool:
    """Its connections are closed a moment before the process itself is gone."""
    deadline = time.monotonic() + ENDING
    while time.monotonic() < deadline:
        try:
            server.check_alive()
        except LabError:
            return True
        time.sleep(0.02)
    return False


def _ask(server: Server, request: bytes = REQUEST) -> bytes:
    """All of the answer; what has come of it when the server is too slow or breaks off."""
    with suppress(OSError), _connect(server) as sock:
        sock.sendall(request)
        return _read(sock)
    return b""


def _connect(server: Server) -> socket.socket:
    return socket.create_connection(server.address, timeout=AT_ONCE)


def _read(sock: socket.socket) -> bytes:
    """Until its end, for as long as that may take in all, however slowly it comes, and however much."""
    data, deadline = b"", time.monotonic() + AT_ONCE
    with suppress(OSError):
        while len(data) < LONGEST_ANSWER and (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            if not (chunk := sock.recv(65_536)):
                return data
            data += chunk
    return data


def _check_halves(server: Server) -> None:
    with _connect(server) as half, _connect(server) as other:
        half.sendall(REQUEST[:9])
        meanwhile = _ask(server)
        if not meanwhile and _has_ended(server):
            hints = [
                "read_request gives None when more is needed: there is no request to unpack yet.",
                "Two clients send at the same time. Are the bytes of one kept apart from those of the other?",
            ]
            raise Wrong("dies-of-half", say="Beside half a request your server ends." + _said(server), hints=hints)
        if not meanwhile:
            hints = [
                "Where does your read_request wait: is there a loop around recv()?",
                "One recv() for each event. When more is needed, return to the loop.",
            ]
            raise Wrong("still-waits", say="Beside half a request nobody else is answered.", hints=hints)
        if not meanwhile.startswith(b"HTTP/1.1 200"):
            raise _mixed(meanwhile, b"HTTP/1.1 200")
        other.sendall(b"GET /now")
        half.sendall(REQUEST[9:])
        if not (first := _read(half)).startswith(b"HTTP/1.1 200"):
            say = "The other half came later. The answer begins with:"
            raise Wrong("forgets-half", yours=first[:40], expected=b"HTTP/1.1 200", say=say, hints=KEEP)
        other.sendall(b"here HTTP/1.1\r\nHost: check\r\n\r\n")
        if not (second := _read(other)).startswith(b"HTTP/1.1 404"):
            raise _mixed(second, b"HTTP/1.1 404")


def _mixed(yours: bytes, expected: bytes) -> Wrong:
    hints = ["Whose bytes are they? Two clients send at the same time.", f"Not in self: {KEEP[1]}"]
    say = "With two clients in mid-request, the answer to one of them begins with:"
    return Wrong("mixes-clients", yours=yours[:40], expected=expected, say=say, hints=hints)


def _check_trickle(server: Server) -> None:
    """A request that comes byte by byte. Each byte is an event: the server wakes up once, and sleeps without limit."""
    limits: list[float] = []
    with _connect(server) as slow:
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        before = effort_of(server.pid)
        for number in range(TRICKLED):
            slow.send(REQUEST[number : number + 1])
            time.sleep(PAUSE)
            limits += [sleeper.limit for sleeper in sleepers(server.pid) if sleeper.limit is not None]
        woken = effort_of(server.pid).since(before).sleeps
        if woken > 1.5 * TRICKLED or limits:
            how = f"slept {woken} times meanwhile" if woken > 1.5 * TRICKLED else f"slept for {max(limits):g} s at most"
            say = f"Half a request came in {TRICKLED} pieces. Your server {how}, so it waits for what comes next."
            raise Wrong("waits-a-while", say=say, hints=LIMITED)
        expect_sleep(server, ["A time limit is no way to wait. poll() says when there is more: return until then."])
        slow.sendall(REQUEST[TRICKLED:])
        if not (answered := _read(slow)).startswith(b"HTTP/1.1 200"):
            say = f"The request came in {TRICKLED + 1} pieces. The answer begins with:"
            raise Wrong("forgets-half", yours=answered[:40], expected=b"HTTP/1.1 200", say=say, hints=KEEP)


def _check_form(server: Server) -> None:
    """A request with a body, which comes later than its head, cut anywhere."""
    body = b"guest-name=check&guest-remarks=in+pieces"
    request = b"POST /guestbook HTTP/1.1\r\nHost: check\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    expected = _ask(server, request)[:12]
    first, second = random.randint(1, len(request) - len(body)), random.randint(1, len(body) - 1)
    with _connect(server) as sock:
        for piece in (request[:first], request[first:-second], request[-second:]):
            sock.sendall(piece)
            time.sleep(4 * PAUSE)
        yours = _read(sock)[:12]
    if not expected or yours != expected:
        hints = [
            "Where a request ends is for http_wire.read_request to say: some have a body, which may come later.",
            "Give it all that has come of this client. Only when it returns no None is the request complete.",
        ]
        say = "A form was sent in three pieces. The answer begins with:" + _said(server)
        raise Wrong("half-a-form", yours=yours, expected=expected or b"HTTP/1.1", say=say, hints=hints)


def _check_nonsense(server: Server) -> None:
    answered = _ask(server, b"NONSENSE\r\n\r\n")
    if answered.startswith(b"HTTP/1.1 400") and (following := _ask(server)):
        return _compare_following(following, "was refused")
    hints = [
        "http_wire.read_request raises BadRequest for it.",
        "except http_wire.BadRequest as problem: self.refuse(client, guestbook.error(problem.status, problem.reason))",
    ]
    say = "A request that is nonsense should be answered by 400, and the next one as usual." + _said(server)
    raise Wrong("dies-of-nonsense", yours=answered[:40], expected=b"HTTP/1.1 400", say=say, hints=hints)


def _compare_following(answered: bytes, before: str) -> None:
    """Of the client that came next, which is given the same number."""
    if answered and not answered.startswith(b"HTTP/1.1 200"):
        hints = [
            "Some of these bytes are of whoever had this number before. Where do you forget them?",
            "A client can end in more than one way: by a page, by refuse(), by leaving. Keep its bytes in `client`.",
        ]
        say = f"One client {before}. Another one came, and sent a whole request. Its answer begins with:"
        raise Wrong("left-over-bytes", yours=answered[:40], expected=b"HTTP/1.1 200", say=say, hints=hints)


def _check_leaver(server: Server) -> None:
    """A client that ends in mid-request is closed on the server's side, too: then it reads to the end."""
    with _connect(server) as leaver:
        leaver.sendall(REQUEST[:9])
        leaver.shutdown(socket.SHUT_WR)
        try:
            leaver.recv(1)
        except ConnectionResetError:
            pass
        except TimeoutError:
            hints = [
                'A client that has ended is readable, again and again, and recv() gives b"".',
                "if not chunk: return self.finish(client)",
            ]
            say = (
                f"A client ended in mid-request, and is still connected; poll has returned {len(server.trace):,} times."
            )
            raise Wrong("keeps-leavers", say=say, hints=hints) from None
    _compare_following(_ask(server), "left in mid-request")


def _check_head(server: Server) -> None:
    head, _, body = _ask(server, REQUEST.replace(b"GET", b"HEAD")).partition(b"\r\n\r\n")
    if body or not head.startswith(b"HTTP/1.1 200"):
        hints = ["One line of the original is about HEAD.", 'client.head_only = request.method == "HEAD"']
        begins: dict[str, Any] = (
            {"yours": head[:40], "expected": b"HTTP/1.1 200"} if not head.startswith(b"HTTP/1.1 200") else {}
        )
        say = "A HEAD request should get the head of the page alone."
        raise Wrong("body-for-head", **begins, say=say, hints=hints)


def _check_load(server: Server, lab: Lab) -> None:
    count = int(lab.redis.client.get("visitor_count") or 0)
    failures = failures_under_load(lab, server, clients=8, requests=REQUESTS, timeout=5)
    counted = int(lab.redis.client.get("visitor_count") or 0) - count
    if failures or counted != REQUESTS:
        say = (
            f"Of {REQUESTS} pages under load, {sum(failures.values())} failed, and {counted} visitors were counted."
            + _said(server)
        )
        raise Wrong("fails-under-load", say=say, hints=["Eight clients ask at the same time. What do they share?"])
