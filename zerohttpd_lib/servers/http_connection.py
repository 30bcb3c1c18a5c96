"""One client of rungs 8 to 12, from accept() to close(). It never blocks.

What a connection is doing at any moment, and what takes it on:

    reading     its request is not complete yet             the rest of it, if it comes in time
    asking      the application waits for Redis             the replies, or their failure
    writing     the kernel has not taken all of the answer  the client reads, and does so in time
    leaving     answered, and listened to                   end of input, or enough of it, or of time
    finished    it will be closed with this batch           nothing

MOVES has the same as a table, by which the tests judge every step. "In time" counts from the
beginning of a request, and from the last bytes of an answer that the client took: one that sends
a byte now and then cannot stay for ever.

Here the first answer is the last. From `keepalive` on, a rung has the connection read again, in
`answered`, and adds that to the table. How Redis is asked is for each rung to say, in `ask`.
Whatever happens to a connection (`ready`, `replied`) ends in `go_on`.
"""

from __future__ import annotations

import socket
from typing import Any, ClassVar, Final

from ..app import guestbook, http_wire
from ..app.messages import Conversation, PipelinedConversation, Replies, Request, Response, Wanted
from ..kernel import sockets
from .accepting import AcceptingServer
from .pollers import BROKEN, READABLE, WRITABLE

MAX_INPUT: Final = 131_072  # bytes kept of requests whose turn has not come
MAX_DISCARDED: Final = 1_048_576  # bytes that we read on after the last answer

MOVES: Final = {
    "reading": {"asking", "writing", "finished"},
    "asking": {"writing", "finished"},
    "writing": {"leaving", "finished"},
    "leaving": {"finished"},
    "finished": set[str](),
}


class HttpServer(AcceptingServer):
    """Serves the guestbook on `listener`, with Redis at `redis_address`, until it is told to stop."""

    connection_class: type[HttpConnection]
    patience = 5.0  # seconds that Redis may take to reply; `nonblocking` looks when a client's own time is up

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener)
        self.redis_address = redis_address

    def make_connection(self, sock: socket.socket) -> HttpConnection:
        return self.connection_class(self, sock)

    def respond(self, request: Request) -> Conversation | PipelinedConversation:
        """The application."""
        raise NotImplementedError


class HttpConnection:
    """Made with an accepted socket; `server` calls `ready` from then on."""

    __slots__ = (
        "conversation", "discarded", "events", "head_only", "input_ended", "keep", "output", "requests", "server",
        "sock", "state",
    )  # fmt: skip
    role = "client"
    keep_alive = False  # may a client ask again on the same connection?
    moves: ClassVar[dict[str, set[str]]] = MOVES

    def __init__(self, server: HttpServer, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.state = "reading"
        self.requests = http_wire.RequestReader()
        self.output = memoryview(b"")  # what the kernel has not taken yet
        self.conversation: Any = None  # with the application
        self.head_only = False
        self.keep = False  # the connection, after this answer
        self.input_ended = False
        self.discarded = 0  # bytes
        self.events = READABLE
        server.watch(sock, READABLE, self.ready)

    def ask(self, wanted: Wanted) -> None:
        """Ask Redis, and have `replied` called once with what comes of it."""
        raise NotImplementedError

    def done_asking(self) -> None:
        """Redis is not needed any more for this request."""

    def ready(self, events: int) -> None:
        """What the loop calls. Whatever goes wrong with this client ends with its connection."""
        try:
            if events & BROKEN:  # reset, or closed on both sides: there is nobody to answer
                return self.finish()
            if self.output:
                self.flush()
            if events & ~WRITABLE:
                self.receive(events)
            self.go_on()
        except OSError:
            self.finish()

    def go_on(self) -> None:
        if self.state == "reading" and (self.requests.kept or self.input_ended):
            self.take_up_requests()
        self.wait_for_more()

    def wait_for_more(self) -> None:
        """Writable only while there is something to write: a socket nearly always is (man 7 epoll)."""
        events = (READABLE if self.wants_input() else 0) | (WRITABLE if self.output else 0)
        if events != self.events and self.state != "finished":
            self.events = events
            self.server.poller.modify(self.sock.fileno(), events)

    # Reading.

    def wants_input(self) -> bool:
        return not self.input_ended and self.requests.kept < MAX_INPUT and self.state != "finished"

    def receive(self, events: int) -> None:
        """Take some of what is there. If it is not all, we are told again."""
        if self.wants_input():
            data = sockets.receive_now(self.sock)
            if data is not None:
                self.take_in(data)

    def take_in(self, data: bytes) -> None:
        if not data:
            # The client sends no more. It may still be waiting for its page: many close one side early.
            self.input_ended = True
            if self.state == "leaving":
                self.finish()
        elif self.state == "leaving":
            self.discarded += len(data)
            if self.discarded > MAX_DISCARDED:
                self.finish()
        elif self.requests.feed(data):
            self.server.has_stirred(self)

    def take_up_requests(self) -> None:
        self.take_up_request()

    def take_up_request(self) -> bool:
        """Begin with the next request, if it is complete. Is it?"""
        try:
            request = self.requests.next_request()
        except http_wire.BadRequest as problem:
            self.keep = self.head_only = False
            self.respond(guestbook.error(problem.status, problem.reason))
            return True
        if request is not None:
            self.begin(request)
        elif self.input_ended:
            self.finish()
        elif self.requests.asks_to_go_on():
            self.tell_to_go_on()
        return request is not None

    def tell_to_go_on(self) -> None:
        """A client that hears nothing sends its body after a while; one that hears half of it cannot be helped."""
        if 0 < sockets.send_now(self.sock, http_wire.CONTINUE) < len(http_wire.CONTINUE):
            self.finish()

    def begin(self, request: Request) -> None:
        if self.requests.kept:  # the time of the next one counts from here
            self.server.has_stirred(self)
        self.keep = self.keep_alive and request.keep_alive
        self.head_only = request.method == "HEAD"
        self.conversation = self.server.respond(request)
        self.converse(None)

    # Asking.

    def converse(self, reply: Replies) -> None:
        """Hand the application a reply (None to begin), and do what it asks for next."""
        try:
            wanted = self.conversation.send(reply)
        except StopIteration as done:
            self.respond(done.value)
        else:
            self.state = "asking"
            self.ask(wanted)

    def replied(self, reply: Replies, failed: bool) -> None:
        """Redis has replied, or has failed us. Called once for each question."""
        if self.state == "finished":
            return
        try:
            if failed:
                self.respond(guestbook.redis_unavailable())
            else:
                self.converse(reply)
            self.go_on()
        except OSError:
            self.finish()

    # Writing.

    def respond(self, response: Response) -> None:
        self.conversation = None
        self.done_asking()
        self.keep = self.keep and not self.server.stopping
        data = http_wire.write_response(response, keep_alive=self.keep, head_only=self.head_only)
        self.state = "writing"
        sent = sockets.send_now(self.sock, data)
        if sent == len(data):
            self.answered()
        else:
            self.output = memoryview(data)[sent:]

    def flush(self) -> None:
        if sent := sockets.send_now(self.sock, self.output):
            self.server.has_stirred(self)
            self.output = self.output[sent:]
        if not self.output:
            self.answered()

    def answered(self) -> None:
        """The kernel has all of the answer. It was the last one.

        To close a socket with unread input resets the connection, and the answer can be lost
        with it. So we end our side only, and throw away what still comes (RFC 9112, section 9.6).
        """
        if not self.requests.kept or self.input_ended:
            return self.finish()
        self.state = "leaving"
        self.requests = http_wire.RequestReader()
        self.sock.shutdown(socket.SHUT_WR)

    # The end.

    def time_is_up(self) -> None:
        """It took too long. One that waits for Redis is not to blame for it."""
        if self.state == "asking":
            self.server.has_stirred(self)
        else:
            self.finish()

    def finish_if_quiet(self) -> None:
        self.ready(READABLE)  # a request may have come that we have not been told about yet
        if self.state in ("reading", "leaving") and not self.requests.kept:
            self.finish()

    def finish(self) -> None:
        if self.state != "finished":
            self.state = "finished"
            self.conversation = None
            self.done_asking()
            self.server.remove(self)
