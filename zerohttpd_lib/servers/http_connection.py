"""One client of rungs 8 to 12, from accept() to close(). It never blocks.

What a connection is doing at any moment, and what takes it on:

    reading     its next request is not complete yet    the rest of it, if it comes in time
    pausing     it has had several answers in a row     the end of this batch: it was the others' turn
    asking      the application waits for Redis         the replies, or their failure
    writing     the kernel has not taken all of it      the client reads, and does so in time
    leaving     answered for the last time, listened to end of input, or enough of it, or of time
    finished    it will be closed with this batch       nothing

One request is answered at a time. Input that comes meanwhile is kept, up to a limit, and taken
up in order, so that pipelined requests are answered in order, too (RFC 9112, section 9.3.2).

"In time" counts from the beginning of a request, and from the last bytes of an answer that the
client took: one that sends a byte now and then cannot stay for ever.

Whatever happens to a connection (`ready`, `replied`, `resume`) ends in `go_on`, which takes up the
next request and the input that was left in the kernel: nobody else would.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final

from .. import guestbook, http_wire, sockets
from ..messages import Replies, Response
from ..polling import BROKEN, ENDED, READABLE, WRITABLE

if TYPE_CHECKING:
    from .event_loop import EventLoop
    from .redis_connection import RedisConnection

MAX_INPUT: Final = 131_072  # bytes kept of requests whose turn has not come
MAX_DISCARDED: Final = 1_048_576  # bytes that we read on after the last answer
ANSWERS_AT_ONCE: Final = 16  # to one client, before the others have their turn


class HttpConnection:
    """Made with an accepted socket; `loop` calls `ready` from then on."""

    __slots__ = (
        "conversation", "discarded", "events", "head_only", "input", "input_ended", "keep", "left_unread",
        "loop", "output", "redis", "refused", "sock", "state",
    )  # fmt: skip
    role = "client"

    def __init__(self, loop: EventLoop, sock: socket.socket) -> None:
        self.loop = loop
        self.sock = sock
        self.state = "reading"
        self.input = http_wire.RequestReader()
        self.output = memoryview(b"")  # what the kernel has not taken yet
        self.conversation: Any = None  # with the application
        self.redis: RedisConnection | None = None
        self.head_only = False
        self.keep = False  # the connection, after this answer
        self.refused = False  # this request was not read to its end
        self.input_ended = False
        self.left_unread = False  # the kernel may have input that we will not be told about again
        self.discarded = 0  # bytes
        self.events = READABLE
        loop.watch(sock, READABLE, self.ready)

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

    def resume(self) -> None:
        """The others have had their turn."""
        if self.state == "pausing":
            self.state = "reading"
            try:
                self.go_on()
            except OSError:
                self.finish()

    def go_on(self) -> None:
        """Begin with the next request, if it is here, and then say what there is to wait for."""
        while True:
            if self.state == "reading" and (self.input or self.input_ended):
                self.take_up_requests()
            if not (self.left_unread and self.wants_input()):
                return self.set_interest()
            self.receive(ENDED)

    def set_interest(self) -> None:
        """Writable only while there is something to write: a socket nearly always is (man 7 epoll)."""
        events = (READABLE if self.wants_input() else 0) | (WRITABLE if self.output else 0)
        if events != self.events and self.state != "finished":
            self.events = events
            self.loop.poller.modify(self.sock.fileno(), events)

    # Reading.

    def wants_input(self) -> bool:
        return not self.input_ended and len(self.input) < MAX_INPUT and self.state != "finished"

    def receive(self, events: int) -> None:
        """Take what is there: once, or to the last byte where we would not be told again."""
        must_drain = self.loop.poller.must_drain
        self.left_unread = False
        while self.wants_input():
            data = sockets.receive_now(self.sock)
            if data is None:
                return
            if not data:
                return self.end_of_input()
            self.take_in(data)
            # Less than we asked for is all there was, unless an end has come behind it, which
            # the kernel reports with the data, and only once (man 7 epoll, question 9).
            if not must_drain or (len(data) < sockets.CHUNK_NOW and not events & ENDED):
                return
        self.left_unread = must_drain

    def take_in(self, data: bytes) -> None:
        if self.state == "leaving":
            self.discarded += len(data)
            if self.discarded > MAX_DISCARDED:
                self.finish()
        else:
            if not self.input:
                self.loop.has_stirred(self)
            self.input.feed(data)

    def end_of_input(self) -> None:
        """The client sends no more. It may still be waiting for its page: many close one side early."""
        self.input_ended = True
        if self.state == "leaving":
            self.finish()

    def take_up_requests(self) -> None:
        """Begin with the next request, if it is complete, and with more while answers need no waiting."""
        for _ in range(ANSWERS_AT_ONCE):
            try:
                request = self.input.next_request()
            except http_wire.BadRequest as problem:
                return self.refuse(problem)
            if request is None:
                if self.input_ended:
                    self.finish()
                return
            if self.input:
                self.loop.has_stirred(self)
            self.head_only = request.method == "HEAD"
            self.keep = request.keep_alive and self.loop.keep_alive
            self.conversation = self.loop.respond(request)
            self.converse(None)
            if self.state != "reading":
                return
        self.state = "pausing"
        self.loop.timers.call_in(0, self.resume)

    # Asking.

    def converse(self, reply: Replies) -> None:
        """Hand the application a reply (None to begin), and do what it asks for next."""
        self.state = "asking"
        try:
            wanted = self.conversation.send(reply)
        except StopIteration as done:
            self.respond(done.value)
        else:
            if self.redis is None:
                self.redis = self.loop.redis_for_a_request()
            self.redis.ask(wanted, self.replied)

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
        self.release_redis()
        self.keep = self.keep and not self.loop.stopping
        data = http_wire.write_response(response, keep_alive=self.keep, head_only=self.head_only)
        sent = sockets.send_now(self.sock, data)
        self.state = "writing"
        if sent == len(data):
            self.written()
        else:
            self.output = memoryview(data)[sent:]

    def flush(self) -> None:
        if sent := sockets.send_now(self.sock, self.output):
            self.loop.has_stirred(self)
            self.output = self.output[sent:]
        if not self.output:
            self.written()

    def written(self) -> None:
        """The kernel has all of the answer."""
        if self.keep and not self.loop.stopping:
            self.state = "reading"
        elif (self.refused or self.input) and not self.input_ended:
            self.leave()
        else:
            self.finish()

    def refuse(self, problem: http_wire.BadRequest) -> None:
        """Answer a request that we did not read to its end."""
        self.refused = True
        self.keep = False
        self.respond(guestbook.error(problem.status, problem.reason))

    def leave(self) -> None:
        """No more answers, but the client sends on.

        To close a socket with unread input resets the connection, and the last answer can be lost
        with it. So we end our side only, and throw away what still comes (RFC 9112, section 9.6).
        """
        self.state = "leaving"
        self.input = http_wire.RequestReader()
        self.sock.shutdown(socket.SHUT_WR)

    # The end.

    def release_redis(self) -> None:
        if self.redis is not None:
            self.loop.release(self.redis)
            self.redis = None

    def time_is_up(self) -> None:
        """It took too long. One that waits for Redis is not to blame for it, but Redis may be."""
        if self.redis is not None:
            self.loop.has_stirred(self)
            self.redis.lose_patience()
        else:
            self.finish()

    def finish_if_quiet(self) -> None:
        """The server is leaving. Stay only if somebody here is waiting for an answer."""
        self.ready(READABLE)  # a request may have come that we have not been told about yet
        if self.state in ("reading", "leaving") and not self.input:
            self.finish()

    def finish(self) -> None:
        if self.state != "finished":
            self.state = "finished"
            self.conversation = None
            self.release_redis()
            self.loop.remove(self)
