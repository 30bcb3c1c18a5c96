"""The check of the task "chat": listeners who read, one who is a little behind, and one who never reads."""

from __future__ import annotations

import secrets
import socket
import time
from contextlib import ExitStack, suppress
from typing import Final

from ...lab.server import Server
from ...load.network import connections
from ..answer_server import server_class
from . import Answer, Wrong, task

SHORT: Final = 8_000  # bytes of a line
LONG: Final = 60_000  # and of a long one
MOST: Final = 100  # short lines: more than the kernel keeps for somebody who does not read
LONG_LINES: Final = 10
MANY: Final = 20  # short lines: more than the limit, in all
PATIENCE: Final = 3.0  # seconds
LITTLE: Final = 0.3  # seconds
LIMIT: Final = 100_000  # bytes, the task's own
NEAR: Final = 16_000  # bytes: a line, and what is at both ends at once while it is acknowledged
ROOM: Final = 4096  # bytes that a slow reader's own kernel takes: so it does not take long

# The kernel would take megabytes for each client before anything had to wait in the process.
SMALL_BUFFERS: Final = """

class SmallBuffers(ChatServer):
    def __init__(self, listener, redis_address):
        import socket
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)  # those whom accept() returns inherit it
        super().__init__(listener, redis_address)
"""


@task("chat", seconds=28)
def check_chat(answer: Answer) -> None:
    answer.make_sure_of("ChatServer")
    source = answer.source + SMALL_BUFFERS
    server = answer.serve_class(server_class(answer.setup, source, "SmallBuffers"), record=False)
    with ExitStack() as stack:
        speaker = stack.enter_context(Speaker(server))
        first = stack.enter_context(Listener(server))
        speaker.say(SHORT)
        first.expect(speaker.said, "hears-nothing", HEARS)
        for _ in range(MANY):
            speaker.say(SHORT)
            first.expect(speaker.said, "quick-sent-home", QUICK)
        behind = stack.enter_context(Listener(server, slow=True))
        compare_one_behind(server, speaker, first, behind)
        behind.leave()
        never = stack.enter_context(Listener(server, slow=True))
        last = stack.enter_context(Listener(server))
        compare_one_who_never_reads(server, speaker, (first, last), never)
        compare_limit(server, speaker, first, stack.enter_context(Listener(server, slow=True)))
    server.check_alive()


class Speaker:
    """Says lines, each as a POST on one connection. `said`: all of them, in order."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sock = socket.create_connection(server.address, PATIENCE)
        self.said: list[bytes] = []

    def say(self, length: int) -> None:
        line = (secrets.token_hex(6).encode() + b" " + b"." * length)[: length - 1] + b"\n"
        self.said.append(line)
        head = f"POST /say HTTP/1.1\r\nHost: check\r\nContent-Length: {len(line)}\r\n\r\n".encode()
        with suppress(OSError):
            self.sock.sendall(head + line)
            if self.sock.recv(4096).startswith(b"HTTP/1.1 200"):
                return
        self.server.check_alive()
        hints = [
            "Whoever speaks must not wait for whoever does not read. `client.write()` never waits; sendall does.",
            "What goes wrong with a listener ends with the listener: catch OSError where you tell it.",
        ]
        raise Wrong("speaker-waits", say="Whoever speaks is not told that it was said.", hints=hints)

    def __enter__(self) -> Speaker:
        return self

    def __exit__(self, *about: object) -> None:
        self.sock.close()


class Listener:
    """Reads when it is told to. `slow`: its kernel takes little."""

    def __init__(self, server: Server, *, slow: bool = False) -> None:
        self.sock = socket.socket()
        if slow:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(server.address)
        self.sock.sendall(b"GET /listen HTTP/1.1\r\nHost: check\r\n\r\n")
        self.heard = b""
        while b"\r\n\r\n" not in self.heard:
            data = self.sock.recv(4096)
            if not data:
                raise Wrong("hears-nothing", say="Who wants to listen is not let in.", hints=HEARS)
            self.heard += data
        self.taken = len(self.heard)  # bytes, its head included, that it has read
        self.heard = self.heard.partition(b"\r\n\r\n")[2]
        self.missed = 0

    def read(self, number: int) -> bytes:
        """So many bytes, or as many as come."""
        with suppress(OSError):
            while len(self.heard) < number and (data := self.sock.recv(1_000_000)):
                self.heard += data
        data, self.heard = self.heard[:number], self.heard[number:]
        return data

    def expect(self, lines: list[bytes], code: str, hints: list[str]) -> None:
        """All lines from `missed` on, in order."""
        expected = b"".join(lines[self.missed :])
        heard = self.read(len(expected))
        self.missed = len(lines)
        if heard != expected:
            say = "A listener who is not too far behind has not heard every line, in order. It heard so many bytes."
            raise Wrong(code, yours=f"{len(heard):,}", expected=f"{len(expected):,}", hints=hints, say=say)

    def leave(self) -> None:
        self.sock.close()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *about: object) -> None:
        self.leave()


def compare_one_behind(server: Server, speaker: Speaker, first: Listener, behind: Listener) -> None:
    """Until the process has something for it that the kernel does not take. Then it reads, and has missed nothing."""
    behind.missed = len(speaker.said)
    for _ in range(MOST):
        speaker.say(SHORT)
        first.expect(speaker.said, "quick-sent-home", QUICK)
        if waits_for_room(server):
            break
    behind.expect(speaker.said, "no-patience", BEHIND)


def compare_limit(server: Server, speaker: Speaker, first: Listener, slow: Listener) -> None:
    """One who reads nothing stays as long as less than the limit waits in the process, and no longer."""
    total, port = slow.taken, slow.sock.getsockname()[1]
    for _ in range(MOST):
        speaker.say(SHORT)
        first.expect(speaker.said, "quick-sent-home", QUICK)
        total += SHORT
        waits, is_there = total - slow.taken - _in_the_kernel(server, port), _is_there(server, slow)
        if waits < LIMIT - NEAR and not is_there:
            say = "A client was sent home while so many bytes waited for it in the process, at most."
            raise Wrong("no-patience", yours=f"{waits:,}", expected=f"more than {LIMIT:,}", say=say, hints=BEHIND)
        if not is_there:
            return
        if waits > LIMIT + NEAR:
            say = "A client is connected still, and so many bytes wait for it in the process."
            raise Wrong("too-patient", yours=f"{waits:,}", expected=f"{LIMIT:,} at most", say=say, hints=TOO_PATIENT)


def _in_the_kernel(server: Server, port: int) -> int:
    """Bytes for the client that has this port, at both ends of its connection."""
    both = [each for each in connections(server.address[1]) if port in (each.local_port, each.remote_port)]
    return sum(each.unread if each.local_port == port else each.unsent for each in both)


def _is_there(server: Server, listener: Listener) -> bool:
    mine = "{}:{}".format(*listener.sock.getsockname())
    return any(interest.peer == mine for interest in server.interest_list())


def waits_for_room(server: Server) -> bool:
    return any("OUT" in interest.events for interest in server.interest_list() if interest.role == "client")


def compare_one_who_never_reads(
    server: Server, speaker: Speaker, others: tuple[Listener, Listener], never: Listener
) -> None:
    """Listeners came in the order: one who reads, one who does not, one who reads."""
    others[1].missed = len(speaker.said)
    before = len(speaker.said)
    for _ in range(LONG_LINES):
        speaker.say(LONG)
        for listener in others:
            listener.expect(speaker.said, "neighbour-forgotten", NEIGHBOUR)
    deadline = time.monotonic() + 1
    while (clients := count_clients(server)) > 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    if clients > 3:
        hints = ["How much waits for a client is len(client.output), after `write` has given the kernel what it takes."]
        if not hears_all(never, speaker, before):
            say = "Somebody who does not read is still connected, and has been left out: what it hears has holes."
            raise Wrong("leaves-lines-out", say=say, hints=["To leave lines out is not to send home.", *hints[:1]])
        say = f"Somebody who has read none of {LONG_LINES * LONG:,} bytes is still connected."
        raise Wrong("unbounded", say=say, hints=["Whoever is too far behind is to be closed: client.finish().", *hints])


def hears_all(never: Listener, speaker: Speaker, before: int) -> bool:
    """Now it reads, and one line more is said: does it hear that behind all the others?"""
    never.sock.settimeout(LITTLE)
    heard = never.read(10**9)
    speaker.say(SHORT)
    return b"".join(speaker.said[before:]).startswith(heard + never.read(10**9))


def count_clients(server: Server) -> int:
    return server.interest_list().count_by_role().get("client", 0)


HEARS: Final = ["Leave /listen and /say as they are: first of all, who listens hears what is said."]
QUICK: Final = [
    "It has read all that it was sent. Count what waits now, len(client.output), not what has been sent in all.",
]
BEHIND: Final = [
    "What waits in the process may be up to 100,000 bytes: who has less than that waiting stays.",
    "Compare len(client.output) with LIMIT, after `write`.",
]
TOO_PATIENT: Final = [
    "More than 100,000 bytes are too many, whoever it is: look after each `write` how many are left in client.output.",
]
NEIGHBOUR: Final = [
    "Whoever is sent home leaves `self.listeners` while you go through it: the next one is skipped.",
    "Go through a copy: for each in list(self.listeners).",
]
