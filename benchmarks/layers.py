"""What does each layer cost? From the floor to `edge`, one layer after the other.

    python -m benchmarks.layers [--rounds 20]

Each server here is the one before it with one thing of the real rungs in place of what the floor makes
do with; the last one is the rung itself. All answer the same page to the same requests, of which no two
are alike, with keep-alive. They are measured in turns, so that a slow minute of the machine falls on
all alike. A difference of two medians that is smaller than their ranges is noise: read those as "little".
"""

from __future__ import annotations

import argparse
import socket
from typing import Any, Final

from tqdm import tqdm

from zerohttpd_lib.app import guestbook, http_wire
from zerohttpd_lib.app.messages import Replies, Request, Response
from zerohttpd_lib.kernel import sockets
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.lab.server import Server
from zerohttpd_lib.servers.accepting import AcceptingServer
from zerohttpd_lib.servers.edge import EdgeServer
from zerohttpd_lib.servers.pollers import READABLE, EdgeEpoll
from zerohttpd_lib.servers.redis_connection import RedisLink

from . import tools
from .floor import COUNT, QUESTION, REMARKS, FloorServer, page_around_the_number
from .measured import Measured, median, ratios, table, with_range
from .targets import sign

CLIENTS: Final = 50
SECONDS: Final = 0.5


class Client:
    """As much of a client as the floor knows; `server` has the floor's connection to Redis."""

    role, state = "client", "reading"

    def __init__(self, server: Any, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        server.watch(sock, READABLE, self.ready)

    def ready(self, events: int) -> None:
        try:
            data = sockets.receive_now(self.sock)
        except OSError:
            data = b""
        if data:
            self.take_in(data)
        elif data is not None:
            self.server.remove(self)

    def take_in(self, data: bytes) -> None:
        if data.startswith(b"GET /guestbook") and data.endswith(b"\r\n\r\n"):
            self.server.has_stirred(self)
            self.ask()

    def ask(self) -> None:
        self.server.floor.asking.append(self.sock)
        self.server.floor.unasked += 1

    def time_is_up(self) -> None:
        self.server.remove(self)

    finish_if_quiet = time_is_up


class OnTheLoop(AcceptingServer):
    """The floor's requests and answers, on the loop of the rungs: a table of handlers, timers, clients whose
    time is measured, descriptors that are closed when a batch has ended."""

    poller_class = EdgeEpoll
    client_class = Client

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener)
        self.floor = FloorServer(listener, redis_address)
        self.watch(self.floor.redis, READABLE, lambda events: self.floor.answer())

    def make_connection(self, sock: socket.socket) -> Client:
        return self.client_class(self, sock)

    def end_of_batch(self) -> None:
        if self.floor.unasked:
            self.floor.redis.send(QUESTION * self.floor.unasked, socket.MSG_DONTWAIT)
            self.floor.unasked = 0
        super().end_of_batch()


class AskingClient(Client):
    """Its questions to Redis have an answer of their own, or fail."""

    def ask(self) -> None:
        self.server.redis.ask([REMARKS, COUNT], self.replied)

    def replied(self, reply: Any, failed: bool) -> None:
        remarks, count = reply
        floor = self.server.floor
        if remarks != floor.remarks:
            floor.remarks, (floor.before, floor.after) = remarks, page_around_the_number(remarks)
        sockets.send_now(self.sock, b"%b%b%b" % (floor.before, f"{count:>13,}".encode(), floor.after))


class WithRedisLink(OnTheLoop):
    client_class = AskingClient

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.redis = RedisLink(self, redis_address, 5.0)


class ReadingClient(AskingClient):
    """It reads whole requests, with all their headers, in whatever pieces they come."""

    def __init__(self, server: Any, sock: socket.socket) -> None:
        self.requests = http_wire.RequestReader()
        super().__init__(server, sock)

    def take_in(self, data: bytes) -> None:
        if self.requests.feed(data):
            self.server.has_stirred(self)
        while (request := self.requests.next_request()) is not None:
            self.begin(request)

    def begin(self, request: Request) -> None:
        self.ask()


class WritingClient(ReadingClient):
    """It writes any response, with the date of now and the length that it has."""

    def replied(self, reply: Any, failed: bool) -> None:
        self.respond(Response(200, guestbook.render_page(*reply)))

    def respond(self, response: Response) -> None:
        sockets.send_now(self.sock, http_wire.write_response(response, keep_alive=True))


class ConversingClient(WritingClient):
    """The application says what to ask for and what to answer; there are other pages, too."""

    def begin(self, request: Request) -> None:
        self.conversation: Any = guestbook.respond_in_one_trip(request)
        self.converse(None)

    def converse(self, reply: Replies) -> None:
        try:
            wanted = self.conversation.send(reply)
        except StopIteration as done:
            self.respond(done.value)
        else:
            self.server.redis.ask(wanted, self.replied)

    def replied(self, reply: Any, failed: bool) -> None:
        self.converse(reply)


def with_client(client: type[Client]) -> type[OnTheLoop]:
    return type(f"With{client.__name__}", (WithRedisLink,), {"client_class": client})


LAYERS: Final[dict[str, type]] = {
    "the floor": FloorServer,
    "+ the loop, and clients whose time is measured": OnTheLoop,
    "+ a connection to Redis that may fail": WithRedisLink,
    "+ whole requests, all their headers": with_client(ReadingClient),
    "+ responses, with their headers": with_client(WritingClient),
    "+ the application, a conversation": with_client(ConversingClient),
    "+ states, and what is left to read or to send: `edge`": EdgeServer,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU per request, from the floor to edge, layer by layer.")
    parser.add_argument("--rounds", type=int, default=20)
    with Redis() as redis:
        sign(redis)
        print(report(measure(redis, parser.parse_args().rounds)))


def measure(redis: Redis, rounds: int) -> dict[str, list[Measured]]:
    servers = {name: Server(layer, redis.address, record=False) for name, layer in LAYERS.items()}
    found: dict[str, list[Measured]] = {name: [] for name in LAYERS}
    try:
        for _ in tqdm(range(rounds), unit="round"):
            for name, server in servers.items():
                found[name].append(tools.ours(server.url, clients=CLIENTS, seconds=SECONDS, keep_alive=True))
    finally:
        for server in servers.values():
            server.stop()
    return found


def report(found: dict[str, list[Measured]]) -> str:
    rows, before = [], 0.0
    floor = [one.server_us for one in found["the floor"]]  # no steady state is needed for these
    for name, rounds in found.items():
        each = [one.server_us for one in rounds]
        now = median(each)
        more = f"{now - before:+.1f}" if before else ""
        rows.append([name, with_range(each), more, with_range(ratios(each, floor))])
        before = now
    return table(("", "µs a request", "more", "÷ floor"), rows)


if __name__ == "__main__":
    main()
