"""The check of the task "segment": what has left, and in how many segments, as the kernel counts (man 7 tcp)."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Final

from . import Answer, Raised, Wrong, task
from .ch09_connection import ARRIVES, PART, Connection, compare_data, compare_left, compare_options

MOST: Final = 16_000  # bytes that have to fit into one segment; on loopback the largest has 65,536
HELD: Final = 65_536  # bytes that an answer may keep
TIMES: Final = 60  # so often 100,000 bytes: more than the buffers of a socket hold
CALL: Final = 6.0  # seconds
LATE: Final = 3  # times, so that an acknowledgement which comes early by chance decides nothing
LATER: Final = 0.4  # seconds until the client of a large page begins to read
GATE, FAIL = "gate", "fail"  # among pieces: wait for the judge; raise an exception

DRIVER: Final = """
def send_with_a_time_limit(sock, pieces):
    sock.settimeout(5)
    send_page(sock, iter(pieces))


def send_as_often(sock, piece, times, number):
    send_with_a_time_limit(sock, (piece * times for _ in range(number)))


def send_as_told(sock, gate, steps):
    def pieces():
        for step in steps:
            if step == "gate":
                gate.sendall(b"g")
                gate.recv(1)
            elif step == "fail":
                raise ArithmeticError("this piece cannot be made")
            else:
                yield step

    send_with_a_time_limit(sock, pieces())
"""


@task("segment", seconds=25)
def check_segment(answer: Answer) -> None:
    answer.run(DRIVER)
    # The first are so few that each could leave by itself: a new connection has ten segments under way at most.
    for pieces in (few(), *random.sample([few(), few(last=b""), many(), nearly_full()], 4)):
        check_one_segment(answer, pieces)
    for _ in range(LATE):
        check_while_it_is_made(answer)
    check_many(answer)
    check_held_back(answer)
    check_large(answer)
    check_broken_off(answer)
    check_one_segment(answer, few(), "This page follows one that was broken off.")


def few(last: bytes | None = None) -> list[bytes]:
    """A head, some parts, and among them one that is empty."""
    parts = [random.randbytes(random.randint(1, 900)) for _ in range(random.randint(3, 8))]
    parts.insert(random.randint(1, len(parts) - 1), b"")
    return parts if last is None else [*parts, last]


def many() -> list[bytes]:
    return [random.randbytes(random.randint(1, 5)) for _ in range(300)]


def nearly_full() -> list[bytes]:
    """Nearly as much as surely fits."""
    return [random.randbytes(random.randint(1_400, 1_600)) for _ in range(10)]


def check_one_segment(answer: Answer, pieces: list[bytes], after: str = "") -> None:
    data = b"".join(pieces)
    assert len(data) <= MOST
    with Connection(answer) as connection:
        call(answer, "send_with_a_time_limit", connection.given, pieces)
        say = f"{len(pieces)} pieces, {len(data):,} bytes in all. send_page() had returned. {after}".strip()
        compare_left(connection, 1, say)
        compare_options(connection, say)
        try:
            compare_data(connection, data, say)
        except Wrong as wrong:
            if not after:
                raise
            raise Wrong(
                "keeps-the-broken", yours=wrong.yours, expected=wrong.expected, say=say, hints=KEEPS_BROKEN
            ) from None


def check_while_it_is_made(answer: Answer) -> None:
    """Three parts, and a moment after each of the first two in which the next piece is being made."""
    parts = [few(), many()[:40], few()]
    steps = [*parts[0], None, GATE, *parts[1], None, None, GATE, *parts[2]]

    def look_after(part: int) -> None:
        say = f"Part {part} of a page of three was made, and None came."
        compare_left(connection, part, say)
        if connection.segments() < part:
            raise Wrong("waits-for-the-next", say=f"{say} It has not left your program.", hints=WAITS_FOR_NEXT)

    with Connection(answer) as connection:
        send_as_told(answer, connection, steps, [partial(look_after, 1), partial(look_after, 2)])
        say = "A page of three parts, with None between them. send_page() had returned."
        compare_left(connection, len(parts), say)
        compare_options(connection, say)
        compare_data(connection, b"".join(b"".join(part) for part in parts), say)


def check_held_back(answer: Answer) -> None:
    """A long page, whose pieces come without a None: so much of it may be in the program, and no more."""
    piece, numbers = random.randbytes(1000), (random.randint(80, 90), random.randint(150, 160))
    steps: list[Any] = [piece] * 170
    for number in sorted(numbers, reverse=True):
        steps.insert(number, GATE)

    def look_at(number: int) -> None:
        if (held := number * len(piece) - connection.taken()) > HELD:
            say = f"{number * len(piece):,} bytes were made. Of them were in your program, and not in the kernel:"
            raise Wrong("keeps-too-much", yours=f"{held:,}", expected=f"{HELD:,} or fewer", say=say, hints=KEEPS)

    with Connection(answer) as connection:
        send_as_told(answer, connection, steps, [partial(look_at, number) for number in numbers])
        compare_data(connection, piece * 170, "170 pieces of 1,000 bytes, and no None.")


def check_broken_off(answer: Answer) -> None:
    """A piece that cannot be made."""
    with Connection(answer) as connection:
        say = "The iterator has raised an exception."
        try:
            send_as_told(answer, connection, [*few(), FAIL], [])
        except Raised as raised:
            if raised.kind != "ArithmeticError":
                raise
        else:
            raise Wrong("hides-the-error", say=f"{say} send_page() has returned.", hints=HIDES)
        compare_options(connection, say)


def send_as_told(answer: Answer, connection: Connection, steps: list[Any], looks: list[Callable[[], None]]) -> None:
    """Have `steps` sent; at each GATE the next look is taken. The first thing that is wrong is raised."""
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor(1) as pool:
        given = answer.give(theirs, as_socket=True)
        seen = pool.submit(keep_gate, ours, looks)
        found: list[Wrong] = []
        try:
            call(answer, "send_as_told", connection.given, given, steps)
        except Wrong as wrong:
            found.append(wrong)
        finally:
            ours.shutdown(socket.SHUT_RDWR)  # wakes the gate, if it still waits for somebody
        for first in seen.result() + found:
            raise first


def keep_gate(gate: socket.socket, looks: list[Callable[[], None]]) -> list[Wrong]:
    """Whatever is wrong, the answer goes on: it is not the gate that it should be stuck at."""
    found = []
    for look in looks:
        if not gate.recv(1):
            break
        try:
            look()
        except Wrong as wrong:
            found.append(wrong)
        with suppress(OSError):  # the call is over
            gate.send(b"x")
    return found


def check_many(answer: Answer) -> None:
    """More pieces than one system call takes buffers (man 2 sendmsg, IOV_MAX)."""
    number = random.randint(2000, 4000)
    with Connection(answer) as connection:
        call(answer, "send_as_often", connection.given, b"abc", 1, number)
        say = f"{number:,} pieces of three bytes."
        compare_left(connection, 1, say)
        compare_data(connection, b"abc" * number, say)


def check_large(answer: Answer) -> None:
    """Larger than the buffers, to a client that begins to read a moment later."""
    piece = random.randbytes(100_000)
    expected = piece * TIMES * 2
    say = f"Two pieces of {TIMES * len(piece):,} bytes, and a client that takes a moment to read them."
    is_back = threading.Event()
    with Connection(answer) as connection, ThreadPoolExecutor(1) as pool:
        received = pool.submit(received_later, connection, len(expected), is_back)
        try:
            call(answer, "send_as_often", connection.given, piece, TIMES, 2)
        finally:
            is_back.set()
            data = received.result()
    if data == expected:
        return
    if expected.startswith(data):
        raise Wrong(
            "sends-a-part", yours=f"{len(data):,} bytes", expected=f"{len(expected):,} bytes", say=say, hints=PART
        )
    raise Wrong(
        "scrambled", yours=f"{len(data):,} bytes", expected=f"{len(expected):,} bytes", say=say, hints=SCRAMBLED
    )


def received_later(connection: Connection, size: int, is_back: threading.Event) -> bytes:
    """Nothing is read before the kernel has taken what there is room for. Whoever is back by then has not sent all."""
    deadline = time.monotonic() + ARRIVES
    while not connection.taken() and time.monotonic() < deadline:
        time.sleep(0.005)
    is_back.wait(LATER)
    return connection.received(size)


def call(answer: Answer, name: str, *arguments: Any) -> None:
    try:
        answer.call(name, *arguments, seconds=CALL)
    except Raised as raised:
        if raised.kind == "OSError" and "Message too long" in raised.text:
            say = "send_page() raised OSError: Message too long."
            raise Wrong("too-many-buffers", say=say, hints=BUFFERS) from None
        if raised.kind == "BlockingIOError":
            raise Wrong("does-not-wait", say=raised.say, hints=DOES_NOT_WAIT) from None
        raise
    if answer.has_threads():
        raise Wrong("returns-early", say="send_page() has returned, and a thread of yours still sends.", hints=EARLY)


# What is said of it.

SCRAMBLED: Final = [
    "When only a part was taken, go on with what follows it: neither from the beginning, nor with the next piece.",
]
BUFFERS: Final = ["One sendmsg() takes 1,024 buffers at most (man 2 sendmsg). There may be more pieces than that."]
WAITS_FOR_NEXT: Final = [
    "None says that the next piece takes a while. What there is may not wait for it.",
    "So it cannot be one b''.join() at the end: collect, send at each None, and collect anew.",
]
KEEPS: Final = [
    "A page may be larger than any memory. When enough has been collected for a segment, send it, None or not.",
]
KEEPS_BROKEN: Final = [
    "What was made of a page that came to nothing belongs to no other page: each call begins with nothing.",
    "Make the buffer in the function. A default value, as in `made=bytearray()`, is made once, for all calls.",
]
HIDES: Final = ["Let the exception through: try and finally, and no except."]
EARLY: Final = [
    "Whoever has called it believes that the page has left. Send it in the function itself, and wait there."
]
DOES_NOT_WAIT: Final = ["Here you may wait for the client to take it, within the time limit: no MSG_DONTWAIT."]
