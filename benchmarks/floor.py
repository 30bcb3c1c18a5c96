"""The floor: how cheap can a Python server of this page be? An epoll loop with nothing left in it.

It makes the same system calls for each request as the rung `edge` with keep-alive, asks Redis the same
two commands over one connection, once per batch for all of it, and sends the same page. It leaves out
whatever is there for those who do not behave, or for another page:

- a request is whatever begins with "GET /guestbook" and ends in an empty line; what comes in
  parts, or two at a time, or is anything else, ends the connection without a word;
- no header is read: the connection is always kept, HTTP/1.0 or not;
- a client that does not read its page at once loses a part of it, and nobody is ever dismissed;
- a Redis that fails ends the server; so does SIGTERM, in the middle of whatever it does;
- a page is made anew only where its number is; all else, the date too, is that of the last one.

So it is no server, but a measure: what a rung costs beyond it, it costs for these. Start it like a rung:
`serve(FloorServer, redis_address=...)`, or `lab.serve(FloorServer)`.
"""

from __future__ import annotations

import select
import socket
from collections import deque
from contextlib import suppress

import hiredis

from zerohttpd_lib.app import guestbook, http_wire
from zerohttpd_lib.app.messages import Command, Response
from zerohttpd_lib.app.redis_wire import write_command
from zerohttpd_lib.kernel import sockets

EDGE = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
REMARKS, COUNT = Command(b"LRANGE", (guestbook.REMARKS, b"0", b"-1")), Command(b"INCR", (guestbook.VISITOR_COUNT,))
QUESTION = write_command(REMARKS) + write_command(COUNT)
MARK = 1_111_111_111  # a number of visitors, to find its place on the page


class FloorServer:
    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        self.listener = listener
        sockets.send_at_once(listener)
        self.redis = socket.create_connection(redis_address)
        sockets.send_at_once(self.redis)
        self.reader = hiredis.Reader()
        self.clients: dict[int, socket.socket] = {}  # by descriptor
        self.asking: deque[socket.socket] = deque()  # in the order of their questions
        self.unasked = 0  # questions of this batch
        self.remarks: object = None  # those of the last page
        self.before = self.after = b""  # what stands on it around the number

    def run(self) -> None:
        self.poller = select.epoll()
        handlers = {self.listener.fileno(): self.accept, self.redis.fileno(): self.answer}
        for fd in handlers:
            self.poller.register(fd, EDGE)
        while True:
            for fd, _ in self.poller.poll(-1, 1024):
                if client := self.clients.get(fd):
                    self.read(client)
                else:
                    handlers[fd]()
            if self.unasked:
                self.redis.send(QUESTION * self.unasked, socket.MSG_DONTWAIT)
                self.unasked = 0

    def accept(self) -> None:
        while client := sockets.accept(self.listener):
            self.clients[client.fileno()] = client
            self.poller.register(client, EDGE)

    def read(self, client: socket.socket) -> None:
        try:
            data = client.recv(16_384, socket.MSG_DONTWAIT)
        except BlockingIOError:  # it can be written to: we know
            return
        except OSError:
            data = b""
        if data.startswith((b"GET /guestbook ", b"GET /guestbook?")) and data.endswith(b"\r\n\r\n"):
            self.asking.append(client)
            self.unasked += 1
        else:
            self.clients.pop(client.fileno()).close()

    def answer(self) -> None:
        reader = self.reader
        with suppress(BlockingIOError):
            while len(data := self.redis.recv(16_384, socket.MSG_DONTWAIT)) == 16_384:
                reader.feed(data)
            reader.feed(data)
        while (reply := reader.gets()) is not False:
            if isinstance(reply, int):
                page = b"%b%b%b" % (self.before, f"{reply:>13,}".encode(), self.after)
                with suppress(OSError):  # it has left, or does not read
                    self.asking.popleft().send(page, socket.MSG_DONTWAIT)
            elif reply != self.remarks:
                self.remarks, (self.before, self.after) = reply, page_around_the_number(reply)


def page_around_the_number(remarks: list[bytes]) -> list[bytes]:
    page = Response(200, guestbook.render_page(remarks, MARK))
    return http_wire.write_response(page, keep_alive=True).split(f"{MARK:>13,}".encode())
