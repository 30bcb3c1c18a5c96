"""The check of the task "chat": listeners who read, one who is a little behind, and one who never reads."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Final

from ...kernel.memory import of_process
from ...lab.server import Server
from ..answer_server import server_class
from . import Answer, Wrong, task

SHORT: Final = 8_000  # bytes of a line
MOST: Final = 50  # lines: more than the kernel keeps for somebody who does not read, and than may wait
LIMIT: Final = 100_000  # bytes that may wait
SEEN_LATE: Final = 3  # lines that may have been said until it is seen that somebody was sent home
MANY: Final = 20  # short lines: more than the limit, in all
PATIENCE: Final = 3.0  # seconds
LITTLE: Final = 0.3  # seconds
NEARLY: Final = (*[SHORT] * 10, 4_001)  # bytes of lines: with a part of one more, 84,002 to 92,001 bytes wait
OVER: Final = 16_000  # bytes of another one, which comes in one piece: the two are more than LIMIT together
LONG, MANY_LONG = 60_000, 100  # bytes of a long line, and how many of them are far more than a process grows by chance
STAY: Final = 3  # clients, when whoever never reads is gone
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
        with Listener(server, slow=True) as behind:
            compare_one_behind(server, speaker, first, behind)
        with Listener(server, says="Connection: close\r\n") as leaver:
            leaver.missed = len(speaker.said)
            speaker.say(SHORT)
            leaver.expect(speaker.said, "sends-listeners-away", STAYS)
        first.missed = len(speaker.said) - 1
        first.expect(speaker.said, "quick-sent-home", QUICK)
        never = stack.enter_context(Listener(server, slow=True))
        last = stack.enter_context(Listener(server))
        compare_one_who_never_reads(server, speaker, (first, last), never)
        with Listener(server, slow=True) as nearly, Listener(server, slow=True) as other:
            compare_two_who_catch_up(server, speaker, (first, last), (nearly, other))
        compare_memory(server, speaker, (first, last))
    with Speaker(server) as another:  # when all of them have left
        another.say(SHORT)


class Speaker:
    """Says lines, each as a POST on one connection. `said`: all of them, in order."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sock = socket.create_connection(server.address, PATIENCE)
        self.said: list[bytes] = []

    def say(self, length: int) -> None:
        self.begin(length)
        self.expect_to_be_heard()

    def begin(self, length: int) -> None:
        line = (secrets.token_hex(6).encode() + b" " + b"." * length)[: length - 1] + b"\n"
        self.said.append(line)
        head = f"POST /say HTTP/1.1\r\nHost: check\r\nContent-Length: {len(line)}\r\n\r\n".encode()
        with suppress(OSError):
            self.sock.sendall(head + line)

    def expect_to_be_heard(self) -> None:
        with suppress(OSError):
            if self.sock.recv(4096).startswith(b"HTTP/1.1 200"):
                return
        self.server.check_alive(LITTLE)
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

    def __init__(self, server: Server, *, slow: bool = False, says: str = "") -> None:
        self.sock = socket.socket()
        if slow:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(server.address)
        self.sock.sendall(f"GET /listen HTTP/1.1\r\nHost: check\r\n{says}\r\n".encode())
        self.heard = b""
        while b"\r\n\r\n" not in self.heard:
            with suppress(TimeoutError):
                if data := self.sock.recv(4096):
                    self.heard += data
                    continue
            server.check_alive()
            raise Wrong("hears-nothing", say="Who wants to listen is not let in.", hints=HEARS)
        head, _, self.heard = self.heard.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise Wrong("hears-nothing", yours=head, expected="HTTP/1.1 200", say="This is no head.", hints=HEARS)
        self.missed = 0

    def read(self, number: int) -> bytes:
        """So many bytes, or as many as come."""
        with suppress(OSError):
            while len(self.heard) < number and (data := self.sock.recv(1_000_000)):
                self.heard += data
        data, self.heard = self.heard[:number], self.heard[number:]
        return data

    def take(self) -> None:
        """All that its kernel has, or is sent by the other one within a moment."""
        self.sock.settimeout(LITTLE)
        with suppress(OSError):
            while data := self.sock.recv(1_000_000):
                self.heard += data
        self.sock.settimeout(PATIENCE)

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
    let_it_fall_behind(server, speaker, [first], behind)
    behind.expect(speaker.said, "no-patience", BEHIND)


def let_it_fall_behind(server: Server, speaker: Speaker, others: Sequence[Listener], behind: Listener) -> None:
    """So far that something waits for it in the process."""
    behind.missed = len(speaker.said)
    for _ in range(MOST):
        say_to(others, speaker, SHORT)
        if waits_for_room(server):
            return


def say_to(listeners: Sequence[Listener], speaker: Speaker, length: int) -> None:
    """These hear it at once."""
    speaker.say(length)
    for listener in listeners:
        listener.expect(speaker.said, "quick-sent-home", QUICK)


def compare_two_who_catch_up(
    server: Server, speaker: Speaker, others: Sequence[Listener], behind: tuple[Listener, Listener]
) -> None:
    """Nearly as much waits for each of them as may. Then the one reads, and for the other one line more would be too
    much, had the kernel no room for it by then.
    """
    behind[1].missed = len(speaker.said)
    let_it_fall_behind(server, speaker, others, behind[0])
    for length in NEARLY:
        say_to(others, speaker, length)
    if count_clients(server) < STAY + 2:
        say = f"Two listeners are a little behind: fewer than {LIMIT:,} bytes wait for each of them. One was sent home."
        raise Wrong("one-limit-for-all", say=say, hints=EACH)
    behind[1].take()
    with server.frozen():  # when it goes on, it is first told of the line, and then that there is room again
        speaker.begin(OVER)
        behind[0].take()
    speaker.expect_to_be_heard()
    behind[0].expect(speaker.said, "counts-what-fits", FITS)
    behind[1].expect(speaker.said, "one-limit-for-all", EACH)
    for listener in others:
        listener.expect(speaker.said, "quick-sent-home", QUICK)


def waits_for_room(server: Server) -> bool:
    return any("OUT" in interest.events for interest in server.interest_list() if interest.role == "client")


def compare_one_who_never_reads(
    server: Server, speaker: Speaker, others: tuple[Listener, Listener], never: Listener
) -> None:
    """Listeners came in the order: one who reads, one who does not, one who reads."""
    others[1].missed = len(speaker.said)
    before = len(speaker.said)
    for _ in range(MOST):
        speaker.say(SHORT)
        for listener in others:
            listener.expect(speaker.said, "neighbour-forgotten", NEIGHBOUR)
        if count_clients(server) <= STAY:
            return compare_waiting(never, speaker.said[before:])
    deadline = time.monotonic() + 1
    while (clients := count_clients(server)) > STAY and time.monotonic() < deadline:
        time.sleep(0.05)
    if clients > STAY:
        hints = ["How much waits for a client is len(client.output), after `write` has given the kernel what it takes."]
        if not hears_all(never, speaker, before):
            say = "Somebody who does not read is still connected, and has been left out: what it hears has holes."
            raise Wrong("leaves-lines-out", say=say, hints=["To leave lines out is not to send home.", *hints[:1]])
        say = f"Somebody who has read none of {MOST * SHORT:,} bytes is still connected."
        raise Wrong("unbounded", say=say, hints=["Whoever is too far behind is to be closed: client.finish().", *hints])
    compare_waiting(never, speaker.said[before:])


def compare_waiting(never: Listener, said: list[bytes]) -> None:
    """What the kernel was given comes before the end. All else that was said had waited in the process."""
    never.sock.settimeout(PATIENCE)
    waiting = sum(map(len, said)) - len(never.read(10**9))
    say = "Somebody who never reads was sent home. So many bytes waited for it in the process by then."
    if waiting <= LIMIT:
        hints = ["Count what waits, and compare it with LIMIT: more than that is too much."]
        raise Wrong("sent-home-early", yours=f"{waiting:,}", expected=f"more than {LIMIT:,}", say=say, hints=hints)
    if waiting > LIMIT + SEEN_LATE * SHORT:
        hints = ["As soon as more than LIMIT bytes wait, it is too far behind. LIMIT is 100,000."]
        raise Wrong(
            "sent-home-late", yours=f"{waiting:,}", expected=f"{LIMIT:,} or a little more", say=say, hints=hints
        )


def compare_memory(server: Server, speaker: Speaker, listeners: tuple[Listener, Listener]) -> None:
    """Some have left by now. What is said is not kept for them."""
    before = of_process(server.pid)
    for _ in range(MANY_LONG):
        speaker.say(LONG)
        for listener in listeners:
            listener.expect(speaker.said, "neighbour-forgotten", NEIGHBOUR)
    grown = of_process(server.pid) - before
    if grown > MANY_LONG * LONG / 2:
        say = f"{MANY_LONG * LONG:,} bytes were said, and read by all who listen. By so many the process has grown."
        raise Wrong("keeps-the-gone", yours=f"{grown:,}", expected="next to nothing", say=say, hints=GONE)


def hears_all(never: Listener, speaker: Speaker, before: int) -> bool:
    """Now it reads, and one line more is said: does it hear that behind all the others?"""
    never.sock.settimeout(LITTLE)
    heard = never.read(10**9)
    speaker.say(SHORT)
    return b"".join(speaker.said[before:]).startswith(heard + never.read(10**9))


def count_clients(server: Server) -> int:
    return server.interest_list().count_by_role().get("client", 0)


HEARS: Final = ["Leave /listen and /say as they are: first of all, who listens hears what is said."]
STAYS: Final = ["Whoever listens stays, whatever its request has said of the connection: client.keep = True."]
GONE: Final = [
    "Is it kept for somebody who has left? Nobody reads it, and nobody asks how much it is.",
    "Whoever leaves is to be taken from self.listeners, too: that is what `leave` is for.",
]
QUICK: Final = [
    "It has read all that it was sent. Count what waits now, len(client.output), not what has been sent in all.",
]
BEHIND: Final = [
    "What waits in the process may be up to 100,000 bytes: who has less than that waiting stays.",
    "Compare len(client.output) with LIMIT, after `write`.",
]
EACH: Final = [
    "How much waits for one is no fault of another one's: the limit is for each of them.",
    "Compare len(client.output) of this client with LIMIT, and finish no other one.",
]
FITS: Final = [
    "What counts is what waits after the kernel has taken what it has room for: write first, and count then.",
    "A line that is on its way into the kernel does not wait.",
]
NEIGHBOUR: Final = [
    "Whoever is sent home leaves `self.listeners` while you go through it: the next one is skipped.",
    "Go through a copy: for each in list(self.listeners).",
]
