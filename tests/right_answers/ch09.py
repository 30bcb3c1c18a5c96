"""Right answers to exercise 09 that are unlike its solutions."""

from right_answers import RightAnswer

RIGHT = {
    "link": [
        RightAnswer(
            "a deque, a list of commands, and reads until nothing is left",
            """%%answer link
from collections import deque


class Link:
    def __init__(self, sock):
        self.sock, self.reader = sock, ReplyReader()
        self.commands, self.callbacks = [], deque()

    def ask(self, command, callback):
        self.commands.append(command)
        self.callbacks.append(callback)

    def end_of_batch(self):
        commands, self.commands = self.commands, []
        if commands:
            self.sock.sendall(b"".join(map(write_command, commands)))

    def readable(self):
        while True:
            try:
                data = self.sock.recv(4096, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            if not data:
                break
            self.reader.feed(data)
        for reply in iter(self.reader.next_reply, "never"):
            if reply is NEED_MORE:
                return
            self.callbacks.popleft()(reply)
""",
        ),
        RightAnswer(
            "a generator that waits for replies, and hiredis itself",
            """%%answer link
import hiredis


class Link:
    def __init__(self, sock):
        self.sock, self.queue, self.output = sock, [], bytearray()
        self.reader = hiredis.Reader()
        self.hand_out = self.handing_out()
        next(self.hand_out)

    def handing_out(self):
        while True:
            self.reader.feed((yield))
            while True:
                reply = self.reader.gets()
                if isinstance(reply, bool):
                    break
                callback = self.queue[0]
                del self.queue[0]
                callback(reply)

    def ask(self, command, callback):
        self.output.extend(write_command(command))
        self.queue.append(callback)

    def end_of_batch(self):
        if len(self.output):
            sent = self.sock.send(bytes(self.output))
            del self.output[:sent]

    def readable(self):
        buffer = bytearray(10_000)
        try:
            number = self.sock.recv_into(buffer)
        except (BlockingIOError, InterruptedError):
            return
        self.hand_out.send(bytes(buffer[:number]))
""",
        ),
        RightAnswer(
            "all pieces by one sendmsg, and all replies before the first call",
            """%%answer link
class Link:
    def __init__(self, sock):
        self.sock, self.reader = sock, ReplyReader()
        self.pieces, self.waiting = [], []

    def ask(self, command, callback):
        self.pieces += [write_command(command)]
        self.waiting += [callback]

    def end_of_batch(self):
        if self.pieces:
            self.sock.sendmsg(self.pieces)
            self.pieces = []

    def readable(self):
        try:
            self.reader.feed(self.sock.recv(65536))
        except OSError as problem:
            if problem.errno != 11:
                raise
        replies = []
        while True:
            reply = self.reader.next_reply()
            if reply is NEED_MORE:
                break
            replies.append(reply)
        due, self.waiting = self.waiting[: len(replies)], self.waiting[len(replies) :]
        for callback, reply in zip(due, replies):
            callback(reply)
""",
        ),
    ],
    "segment": [
        RightAnswer(
            "a cork, which is pulled at each None",
            """%%answer segment
def send_page(sock, pieces):
    def switch(option, on):
        sock.setsockopt(socket.IPPROTO_TCP, option, on)

    def pull():
        switch(socket.TCP_CORK, False)
        switch(socket.TCP_NODELAY, True)  # pushes what Nagle would keep
        switch(socket.TCP_NODELAY, False)

    try:
        switch(socket.TCP_CORK, True)
        for piece in pieces:
            if piece is not None:
                sock.sendall(piece)
                continue
            pull()
            switch(socket.TCP_CORK, True)
    finally:
        pull()
""",
        ),
        RightAnswer(
            "more is always promised, and then it is pushed",
            """%%answer segment
def send_page(sock, pieces):
    def push():
        for on in (1, 0):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, on)

    for piece in pieces:
        sock.sendall(piece, socket.MSG_MORE) if piece is not None else push()
    push()
""",
        ),
        RightAnswer(
            "sendmsg in portions, with more to come",
            """%%answer segment
def send_page(sock, pieces):
    views, size = [], 0

    def send():
        while views:
            sent = sock.sendmsg(views[:1000], [], socket.MSG_MORE)
            while views and sent >= len(views[0]):
                sent -= len(views.pop(0))
            if sent:
                views[0] = views[0][sent:]
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, False)

    for piece in pieces:
        if piece:
            views.append(memoryview(piece))
            size += len(piece)
        if piece is None or size > 50_000:
            send()
            size = 0
    send()
""",
        ),
        RightAnswer(
            "a file object with a buffer",
            """%%answer segment
def send_page(sock, pieces):
    before = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    page = sock.makefile("wb", buffering=32_768)
    try:
        for piece in pieces:
            page.flush() if piece is None else page.write(piece)
        page.flush()
    finally:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, before)
""",
        ),
    ],
    "lasting": [
        RightAnswer(
            "counts down in begin, and goes on by a timer",
            """%%answer lasting
class Lasting(Connection):
    __slots__ = ("left",)
    keep_alive = True

    def __init__(self, server, sock):
        self.left = 5
        super().__init__(server, sock)

    def begin(self, request):
        self.left -= 1
        if not self.left:
            request = request._replace(keep_alive=False)
        super().begin(request)

    def answered(self):
        if not self.keep:
            return super().answered()
        self.state = "reading"
        if self.requests.kept:
            self.server.timers.call_in(0, self.next_one)

    def next_one(self):
        if self.state == "reading":
            self.go_on()


class LastingServer(PipelinedServer):
    connection_class = Lasting
""",
        ),
        RightAnswer(
            "the server counts, and go_on loops",
            """%%answer lasting
class LastingServer(PipelinedServer):
    limit = 5

    class connection_class(Connection):
        @property
        def keep_alive(self):
            return self.server.counts.get(self, 0) + 1 < self.server.limit

        def respond(self, response):
            super().respond(response)

        def answered(self):
            counts = self.server.counts
            counts[self] = counts.get(self, 0) + 1
            if self.keep:
                self.state = "reading"
            else:
                super().answered()

        def go_on(self):
            before = -1
            while self.state == "reading" and self.requests.kept not in (0, before):
                before = self.requests.kept
                self.take_up_request()
            super().go_on()

        def finish(self):
            self.server.counts.pop(self, None)
            super().finish()

    def __init__(self, listener, redis_address):
        self.counts = {}
        super().__init__(listener, redis_address)
""",
        ),
        RightAnswer(
            "answers remembered in a list, and requests at the end of the batch",
            """%%answer lasting
class Lasting(Connection):
    keep_alive = True

    def respond(self, response):
        if not hasattr(self, "given"):
            self.given = []
        self.given.append(response.status)
        if len(self.given) == 5:
            self.keep = False
        super().respond(response)

    def answered(self):
        if self.keep and not self.server.stopping:
            self.state = "reading"
            self.server.at_end_of_batch.append(self.look_again)
        else:
            super().answered()

    def look_again(self):
        if self.state == "reading" and self.requests.kept:
            self.ready(0)


LastingServer = type("LastingServer", (PipelinedServer,), {"connection_class": Lasting})
""",
        ),
    ],
}
