"""The server that the exhibits are made of, in working order. Read servers/event_loop.py first.

Level-triggered, one thread, connections that last. It serves a greeting at every path, and twelve
megabytes at /big. An exhibit replaces one or two methods, and that is all that is wrong with it.

Confessed: a client may stay for as long as it likes, and a request that comes before the last one is answered
is lost (chapter 9 has servers that keep it).
"""

from __future__ import annotations

import signal
import socket
from typing import Final

from ..app import http_wire
from ..app.messages import Request, Response
from ..kernel import sockets
from ..servers.event_loop import EventLoop
from ..servers.pollers import BROKEN, READABLE, WRITABLE

BIG: Final = b"all work and no play\n" * 600_000  # more than the kernel takes at once
ACCEPT_AGAIN: Final = 0.1  # seconds, when descriptors have run out


class Client:
    """One connection, from accept() to close()."""

    role = "client"

    def __init__(self, server: SmallServer, sock: socket.socket) -> None:
        self.server, self.sock = server, sock
        self.state = "reading"
        self.requests = http_wire.RequestReader()
        self.output = bytearray()  # what the kernel has not taken yet
        self.keep = False  # the connection, after this answer
        self.asked = READABLE
        server.watch(sock, self.asked, self.ready)

    def ready(self, events: int) -> None:
        """What the loop calls."""
        try:
            if events & BROKEN:  # reset, or closed on both sides
                return self.finish()
            if events & WRITABLE and self.output:
                self.write()
            if events & READABLE and self.state != "finished":
                self.read()
        except OSError:
            self.finish()

    def read(self) -> None:
        """Take some of what is there. If it is not all, we are told again."""
        data = sockets.receive_now(self.sock)
        if data is not None:
            self.take_in(data)

    def take_in(self, data: bytes) -> None:
        if not data:
            return self.input_ended()
        self.requests.feed(data)
        try:
            request = self.requests.next_request()
        except http_wire.BadRequest:
            return self.finish()
        if request is not None:
            self.keep = request.keep_alive
            self.state = "answering"
            self.watch_for(0)  # the next request can wait
            self.server.respond(self, request)

    def input_ended(self) -> None:
        """It sends no more. In mid-answer we do not hear of that: see `watch_for(0)`."""
        self.finish()

    def answer(self, response: Response) -> None:
        if self.state != "finished":
            self.output += http_wire.write_response(response, keep_alive=self.keep)
            self.write()

    def write(self) -> None:
        """Send what the kernel takes. The rest goes when it is writable."""
        del self.output[: sockets.send_now(self.sock, self.output)]
        if self.output:
            self.watch_for(WRITABLE)
        elif self.keep:
            self.state = "reading"
            self.watch_for(READABLE)
        else:
            self.finish()

    def watch_for(self, events: int) -> None:
        if events != self.asked:
            self.asked = events
            self.server.poller.modify(self.sock.fileno(), events)

    def finish(self) -> None:
        if self.state != "finished":
            self.state = "finished"
            self.server.leave(self)


class SmallServer(EventLoop):
    """Serves until SIGTERM or SIGINT."""

    client_class = Client

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__()
        self.listener, self.redis_address = listener, redis_address
        self.clients: dict[Client, None] = {}  # in the order in which they came

    def run(self) -> None:
        self.listen_to_signals()
        self.look_at_the_door()
        super().run()

    def listen_to_signals(self) -> None:
        self.call_on_signals((signal.SIGTERM, signal.SIGINT), self.stop)

    def stop(self) -> None:
        self.is_over = True

    def look_at_the_door(self) -> None:
        self.watch(self.listener, READABLE, self.accept_clients)

    def accept_clients(self, events: int) -> None:
        """Let in who is there."""
        try:
            while (sock := sockets.accept(self.listener)) is not None:
                self.let_in(sock)
        except OSError:
            self.out_of_descriptors()

    def let_in(self, sock: socket.socket) -> None:
        self.clients[self.client_class(self, sock)] = None

    def out_of_descriptors(self) -> None:
        """The client stays in the queue, and the listener stays ready: look away from it for a moment."""
        self.forget(self.listener)
        self.timers.call_in(ACCEPT_AGAIN, self.look_at_the_door)

    def respond(self, client: Client, request: Request) -> None:
        client.answer(Response(200, BIG if request.path == "/big" else b"Hello!\n", "text/plain"))

    def leave(self, client: Client) -> None:
        self.clients.pop(client, None)
        self.close(client.sock)  # with the end of this batch

    def describe(self, fd: int) -> tuple[str, str]:
        return ("listener", "accept_clients") if fd == self.listener.fileno() else super().describe(fd)
