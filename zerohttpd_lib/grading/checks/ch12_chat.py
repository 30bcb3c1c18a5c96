"""The check of the task "chat": listeners who read, one who is a little behind, and one who never reads."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from ...kernel.memory import of_process
from ...lab.server import Server
from ..answer_server import server_class
from . import Answer, Wrong, task
from .ch12_clients import HEARS, LITTLE, PATIENCE, Listener, Speaker

SHORT: Final = 8_000  # bytes of a line
MOST: Final = 50  # lines: more than the kernel keeps for somebody who does not read, and than may wait
LIMIT: Final = 100_000  # bytes that may wait
SEEN_LATE: Final = 3  # lines that may have been said until it is seen that somebody was sent home
MANY: Final = 20  # short lines: more than the limit, in all
FINE: Final = 1_000  # bytes of a line, where it has to be known how much waits: some of them, beside NEARLY
NEARLY: Final = (*[SHORT] * 11, 1)  # bytes of lines
OVER: Final = 16_000  # bytes of another one, which comes in one piece: the two are more than LIMIT together
LONG, MANY_LONG = 60_000, 100  # bytes of a long line, and how many of them are far more than a process grows by chance
STAY: Final = 3  # clients, when whoever never reads is gone

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


def compare_one_behind(server: Server, speaker: Speaker, first: Listener, behind: Listener) -> None:
    """Until the process has something for it that the kernel does not take. Then it reads, and has missed nothing."""
    let_fall_behind(server, speaker, [first], [behind])
    behind.expect(speaker.said, "no-patience", BEHIND)


def let_fall_behind(
    server: Server, speaker: Speaker, others: Sequence[Listener], behind: Sequence[Listener], length: int = SHORT
) -> None:
    """So far that something waits for each of them in the process."""
    for listener in behind:
        listener.missed = len(speaker.said)
    for _ in range(MOST * SHORT // length):
        say_to(others, speaker, length)
        if how_many_wait_for_room(server) >= len(behind):
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
    let_fall_behind(server, speaker, others, behind, FINE)
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


def how_many_wait_for_room(server: Server) -> int:
    return sum("OUT" in interest.events for interest in server.interest_list() if interest.role == "client")


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
