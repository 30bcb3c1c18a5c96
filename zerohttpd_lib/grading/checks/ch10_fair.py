"""The check of the task "fair": an edge-triggered server that takes all there is, and lets others have their turn."""

from __future__ import annotations

import random
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ...lab.server import Server
from . import Answer, Wrong, task
from .effort import effort_of, effort_within
from .witness import reset

if TYPE_CHECKING:
    from ...trace.reader import Trace

PATIENCE: Final = 1.5  # seconds for an answer; and once more
RECORDED_TIME: Final = 2.0  # seconds
MOST: Final = 65_536  # bytes of one client from one wait to the next
LARGE: Final = 6_000_000  # bytes
FITS: Final = 400_000  # bytes that the kernel takes while nobody reads
AT_ONCE: Final = 4  # uploads side by side
MOST_SLEEPS: Final = 12  # while all their bytes are there: half as many as it takes rounds
EVEN: Final = 0.2  # of its upload each must have been taken when the first one is done
WATCHED: Final = 0.5  # seconds
MOST_WAITS: Final = 12  # in twice this time: the loop's own timers
BUSY: Final = 0.1  # seconds of the processor in this time


class Client:
    """Sends so many bytes and ends its side, by a thread if they are many."""

    def __init__(self, server: Server, pool: ThreadPoolExecutor, size: int) -> None:
        self.size = size
        self.sock = socket.create_connection(server.address, timeout=PATIENCE)
        self.sent = pool.submit(self._send)

    def _send(self) -> None:
        with suppress(OSError):  # the check has given up
            self.sock.sendall(bytes(self.size))
            self.sock.shutdown(socket.SHUT_WR)

    @property
    def name(self) -> str:
        """As the trace has it."""
        return "{}:{}".format(*self.sock.getsockname())

    def answer(self) -> bytes | None:
        """None: nothing within PATIENCE."""
        try:
            return self.sock.recv(100)
        except TimeoutError:
            return None
        except OSError:
            return b""

    def close(self) -> None:
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


@task("fair", seconds=28)
def check_fair(answer: Answer) -> None:
    server = answer.serve("FairServer", record="details")
    with ThreadPoolExecutor(AT_ONCE + 2) as pool:
        check_edge(server)
        check_sizes(server, pool)
        check_beside_a_large_one(server, pool)
        check_in_turn(server, pool)
        check_broken_off(server, pool)
        check_rest(server)


def check_edge(server: Server) -> None:
    with socket.create_connection(server.address) as client:
        client.send(b"x")
        time.sleep(0.1)
        events = [each.events for each in server.interest_list() if each.role == "client"]
    if events and "ET" not in events[0]:
        say = "A client is connected. This is what it is watched for."
        raise Wrong("level-instead", yours=events[0], expected="edge-triggered", say=say, hints=LEVEL)
    if not events:
        server.check_alive()
        raise Wrong("not-watched", say="A client is connected, and is not on the interest list.", hints=NOT_WATCHED)


def check_sizes(server: Server, pool: ThreadPoolExecutor) -> None:
    """Uploads of any size, all of it there before the server looks: nothing new comes afterwards."""
    sizes = [random.randint(1, 100), 16_384, random.randint(20_000, 60_000), 65_536, random.randint(150_000, FITS), 0]
    for size in random.sample(sizes, len(sizes)):
        with server.frozen():
            client = Client(server, pool, size)
            client.sent.result()
        compare_answer(server, client)
        client.close()


def compare_answer(server: Server, client: Client) -> None:
    yours, taken = client.answer(), 0
    if yours is None:
        taken = taken_of(server.trace, client.name)
        yours = client.answer()
    if yours == b"%d\n" % client.size:
        return
    say = f"A client has sent {client.size:,} bytes."
    if yours is None:
        if taken_of(server.trace, client.name) > taken:
            say += f" {2 * PATIENCE:g} s later it has no answer, and the server is still at work on it."
            raise Wrong("dawdles", say=say, hints=DAWDLES)
        say += f" The server has taken {taken:,} of them, and sleeps."
        say += " It has not seen that the client has ended." * (taken == client.size)
        raise Wrong("hangs", yours=f"{taken:,} bytes", expected=f"{client.size:,} bytes", say=say, hints=HANGS)
    expected = b"%d\n" % client.size
    raise Wrong("wrong-size", yours=yours, expected=expected, say=f"{say} This is the answer.", hints=WRONG_SIZE)


def taken_of(trace: Trace, name: str) -> int:
    return sum(
        call.count
        for wait in trace
        for call in wait.calls
        if call.peer == name and call.name == "receive" and not call.problem
    )


def check_beside_a_large_one(server: Server, pool: ThreadPoolExecutor) -> None:
    """A large upload and a small one, which come at the same moment."""
    start = server.trace.end
    with server.frozen():
        large = Client(server, pool, LARGE)
        time.sleep(0.05)
        small = Client(server, pool, random.randint(1, 100))
        small.sent.result()
    compare_answer(server, small)
    compare_answer(server, large)
    trace = trace_with_all_of(server, start, [large])
    compare_portions(server, pool, trace, large.name)
    compare_all(trace, large)
    large.close()
    small.close()


def trace_with_all_of(server: Server, start: int, clients: list[Client]) -> Trace:
    """What a server does in a batch is written down when it is back at its wait: after these have their answers."""
    deadline = time.monotonic() + RECORDED_TIME
    while True:
        trace = server.trace.since(start)
        if time.monotonic() > deadline or all(taken_of(trace, each.name) == each.size for each in clients):
            return trace
        time.sleep(0.02)


def compare_portions(server: Server, pool: ThreadPoolExecutor, trace: Trace, name: str) -> None:
    if (most := max(portions(trace, name), default=0)) > MOST:
        say = "A client sent many bytes. So many were taken of them from one wait to the next."
        code, hints = why_so_much(server, pool)
        raise Wrong(code, yours=f"{most:,} bytes", expected=f"{MOST:,} at most", say=say, hints=hints)


def portions(trace: Trace, name: str) -> list[int]:
    """How many bytes of this client were taken from one wait to the next, each time that there were some."""
    taken = (taken_of(trace[number : number + 1], name) for number in range(len(trace)))
    return [number for number in taken if number]


def why_so_much(server: Server, pool: ThreadPoolExecutor) -> tuple[str, list[str]]:
    """A mistake, and hints. Of a client that has sent all, a loop takes all in one go. The first portion is that of
    one event: where a turn is noted for later, there is that turn besides, and no other one yet.
    """
    start = server.trace.end
    with server.frozen():
        client = Client(server, pool, FITS)
        client.sent.result()
    client.answer()
    first = next(iter(portions(trace_with_all_of(server, start, [client]), client.name)), 0)
    client.close()
    if first == FITS:
        return "starves", STARVES
    return ("turns-add-up", TURNS) if first <= 2 * MOST else ("long-turns", LONG_TURNS)


def compare_all(trace: Trace, client: Client) -> None:
    """Whether all that has come was taken by calls that are recorded: else the portions say nothing."""
    taken = taken_of(trace, client.name)
    if taken != client.size:
        say = f"A client sent {client.size:,} bytes. By read() so many were taken."
        raise Wrong("not-by-read", yours=f"{taken:,} bytes", expected="all of them", say=say, hints=NOT_BY_READ)


def check_in_turn(server: Server, pool: ThreadPoolExecutor) -> None:
    """Several of one size, all of whose bytes are there: they go on side by side."""
    start = server.trace.end
    with server.frozen():
        clients = [Client(server, pool, FITS) for _ in range(AT_ONCE)]
        for client in clients:
            client.sent.result()
        before = effort_of(server.pid).sleeps
    for client in clients:
        compare_answer(server, client)
    if (sleeps := effort_of(server.pid).sleeps - before) > MOST_SLEEPS:
        say = f"{AT_ONCE} clients had sent {FITS:,} bytes each, and it was all there. So often the server slept."
        raise Wrong("dawdles", yours=sleeps, expected="hardly ever", say=say, hints=DAWDLES)
    trace = trace_with_all_of(server, start, clients)
    for client in clients:
        compare_portions(server, pool, trace, client.name)
        compare_all(trace, client)
    shares = shares_at_first_answer(trace, [client.name for client in clients])
    for client in clients:
        client.close()
    if shares and min(shares) < EVEN:
        say = (
            f"{AT_ONCE} clients had sent {FITS:,} bytes each. When the first was done, so much of each had been taken."
        )
        yours = ", ".join(f"{share:.0%}" for share in sorted(shares))
        raise Wrong("one-after-the-other", yours=yours, expected="about the same", say=say, hints=IN_TURN)


def shares_at_first_answer(trace: Trace, names: list[str]) -> list[float]:
    taken = dict.fromkeys(names, 0)
    for call in (call for wait in trace for call in wait.calls if call.peer in taken):
        if call.name == "send":
            break
        if call.name == "receive" and not call.problem:
            taken[call.peer] += call.count
    return [number / FITS for number in taken.values()]


def check_broken_off(server: Server, pool: ThreadPoolExecutor) -> None:
    """One leaves in the middle; another comes."""
    leaver = Client(server, pool, LARGE)
    time.sleep(0.01)
    reset(leaver.sock)
    client = Client(server, pool, 50_000)
    try:
        compare_answer(server, client)
    except Wrong as wrong:
        server.check_alive()
        say = f"One client has broken off, and then: {wrong.say}"
        raise Wrong("dies-with-one", yours=wrong.yours, expected=wrong.expected, say=say, hints=DIES) from None
    client.close()


def check_rest(server: Server) -> None:
    """A client that has sent a part, and says nothing for a while."""
    with socket.create_connection(server.address, timeout=PATIENCE) as client:
        client.sendall(bytes(random.randint(17_000, 60_000)))
        time.sleep(0.1)
        start = server.trace.end
        efforts = [effort_within(server.pid, WATCHED) for _ in range(2)]
        busy = min(each.seconds for each in efforts)
        # What the kernel has counted, too: within one wait of the server's there can be several.
        waits = max(len(server.trace.since(start)), 2 * min(each.sleeps for each in efforts))
        if waits > MOST_WAITS or busy > BUSY:
            say = f"A client had sent a part, and said nothing. In {2 * WATCHED:g} s the server came back from its wait"
            say += f" {waits:,} times, and used {2 * busy:.2f} s of the processor."
            raise Wrong("never-rests", say=say, hints=NEVER_RESTS)
        client.shutdown(socket.SHUT_WR)
        try:
            client.recv(100)
        except TimeoutError:
            say = "A client sent a part, was silent for a second, and ended. It has no answer."
            raise Wrong("hangs", say=say, hints=HANGS) from None


# What is said of it.

LEVEL: Final = [
    "Level-triggered it would be fair for free. Here it is to be edge-triggered: leave poller_class as it is.",
    "The server has to remember by itself who is not done.",
]
NOT_WATCHED: Final = ["Upload.__init__ has it watched: call super().__init__ if you have an __init__ of your own."]
HANGS: Final = [
    "It was told once, and read a part. Who will call it again? Not the kernel.",
    "When read() has returned some bytes, there may be more: see to it that you are called again.",
    "By a timer, for one: EdgeEpoll.modify does nothing, and the end of an upload is something to read, too.",
]
DAWDLES: Final = [
    "It goes on, but it sleeps in between, although there is something to read.",
    "Between two rounds the wait may not sleep: call_in(0, ...).",
]
WRONG_SIZE: Final = ["read() counts, answers at the end, and forgets the client. Leave that to it."]
STARVES: Final = [
    "A loop until nothing is left has no end while the client goes on sending, and all others wait.",
    "Read once, or a few times. Then let the loop go on, and come back to this client after the others.",
]
TURNS: Final = [
    "Is it read when it is ready, and by call_in(0, ...) in the same round as well? One turn in a round is enough.",
    "A client can be ready while its next turn is still to come. Note that it has one; then `ready` leaves it alone.",
]
LONG_TURNS: Final = ["A read() takes 16,384 bytes. How many of them do you make before the loop goes on?"]
NOT_BY_READ: Final = ["Take bytes by self.read() only: it counts them, and they are seen in the record."]
IN_TURN: Final = [
    "Who is not done goes behind the others who are not done.",
    "A queue: take from the front, and put back at the end. One portion each.",
]
DIES: Final = ["Who has left is finished: self.state. What you have noted for later has to bear that."]
NEVER_RESTS: Final = [
    "None from read() means that there is nothing now. Then nobody needs to come back: an event will tell.",
    "Ask for another turn only when there were some bytes.",
]
