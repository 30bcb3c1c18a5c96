"""Right answers to exercise 02 that are unlike its solutions."""

from right_answers import RightAnswer

RIGHT = {
    "take": [
        RightAnswer(
            "asks poll, and keeps the mode",
            """%%answer take
def take(sock):
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    if not poller.poll(0):
        return ["nothing now", bytes()]
    try:
        data = sock.recv(4096)
    except ConnectionResetError:
        return ["broken", bytes()]
    return ["data" if data else "end", data]
""",
        ),
        RightAnswer(
            "into a buffer, in non-blocking mode",
            """%%answer take
ROOM = memoryview(bytearray(4096))


def take(sock):
    sock.setblocking(False)
    try:
        number = sock.recv_into(ROOM)
    except OSError as error:
        return ("nothing now" if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK) else "broken"), b""
    return ("data", ROOM[:number]) if number else ("end", b"")
""",
        ),
        RightAnswer(
            "the selectors module, and a named pair",
            """%%answer take
import selectors
from collections import namedtuple

Taken = namedtuple("Taken", "how data")


def take(sock):
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        if not selector.select(timeout=0):
            return Taken("nothing now", b"")
    try:
        data = bytearray(sock.recv(4096))
    except ConnectionError:
        return Taken("broken", b"")
    return Taken("data", data) if data else Taken("end", data)
""",
        ),
    ],
    "connect": [
        RightAnswer(
            "select, and an exception that is let go",
            """%%answer connect
def start(address):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.connect(address)
    except OSError:
        pass
    return sock


def state(sock):
    _, writable, _ = select.select([], [sock], [], 0)
    if sock not in writable:
        return "under way"
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return errno.errorcode.get(error, "connected")
""",
        ),
        RightAnswer(
            "the selectors module",
            """%%answer connect
import selectors


def start(address):
    sock = socket.socket()
    sock.settimeout(0)
    sock.connect_ex(address)
    return sock


def state(sock):
    with selectors.PollSelector() as selector:
        selector.register(sock, selectors.EVENT_WRITE)
        if selector.select(0):
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return errno.errorcode[number] if number else "connected"
    return "under way"
""",
        ),
        RightAnswer(
            "asks whom it is connected to",
            """%%answer connect
class Connecting(socket.socket):
    __slots__ = ("said",)


def start(address):
    sock = Connecting()
    sock.said = None
    sock.setblocking(False)
    sock.connect_ex(address)
    return sock


def state(sock):
    if sock.said is None and (number := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
        sock.said = errno.errorcode[number]
    if sock.said is None:
        try:
            sock.getpeername()
            sock.said = "connected"
        except OSError:
            return "under way"
    return sock.said
""",
        ),
    ],
    "lookups": [
        RightAnswer(
            "one dict, and lists of numbers",
            """%%answer lookups
class Contexts:
    def __init__(self):
        self.of = {}

    def accept(self, fd):
        self.of[fd] = [[fd], bytearray()]

    def connect(self, fd, redis_fd):
        self.of[redis_fd] = self.of[fd]
        self.of[fd][0].append(redis_fd)

    def feed(self, fd, data):
        self.of[fd][1].extend(data)

    def data(self, fd):
        return self.of[fd][1] if fd in self.of else None

    def finish(self, fd):
        for number in list(self.of[fd][0]):
            del self.of[number]
""",
        ),
        RightAnswer(
            "numbers lead to numbers, and classes with slots",
            """%%answer lookups
class Context:
    __slots__ = ("pieces", "redis")

    def __init__(self):
        self.pieces, self.redis = [], None


class Contexts:
    __slots__ = ("contexts", "owner")

    def __init__(self):
        self.contexts, self.owner = {}, {}

    def accept(self, fd):
        self.contexts[fd] = Context()
        self.owner[fd] = fd

    def connect(self, fd, redis_fd):
        self.owner[redis_fd] = fd
        self.contexts[fd].redis = redis_fd

    def feed(self, fd, data):
        self.contexts[self.owner[fd]].pieces.append(data)

    def data(self, fd):
        if fd in self.owner:
            return b"".join(self.contexts[self.owner[fd]].pieces)

    def finish(self, fd):
        owner = self.owner[fd]
        context = self.contexts.pop(owner)
        del self.owner[owner]
        if context.redis is not None:
            del self.owner[context.redis]
""",
        ),
        RightAnswer(
            "a list that is searched",
            """%%answer lookups
import io


class Contexts(list):
    def find(self, fd):
        return next(iter([each for each in self if fd in each["fds"]]), None)

    def accept(self, fd):
        self.append({"fds": {fd}, "data": io.BytesIO()})

    def connect(self, fd, redis_fd):
        self.find(fd)["fds"].add(redis_fd)

    def feed(self, fd, data):
        self.find(fd)["data"].write(data)

    def data(self, fd):
        context = self.find(fd)
        return None if context is None else context["data"].getbuffer()

    def finish(self, fd):
        self.remove(self.find(fd))
""",
        ),
    ],
    "chain": [
        RightAnswer(
            "one loop for both",
            """%%answer chain
class Shouter:
    def __init__(self, sock):
        self.sock, self.data, self.length = sock, bytearray(), None
        self.next_callback = self.read_length

    def read_length(self):
        self.data += self.sock.recv(4096)
        while True:
            if self.length is None:
                if b"\\n" not in self.data:
                    break
                line, self.data = self.data.split(b"\\n", 1)
                self.length = int(line)
            if len(self.data) < self.length:
                break
            self.sock.send(self.data[: self.length].upper())
            del self.data[: self.length]
            self.length = None
        self.next_callback = self.read_length if self.length is None else self.read_body

    read_body = read_length
""",
        ),
        RightAnswer(
            "a generator, and one send for all answers",
            """%%answer chain
class Shouter:
    def __init__(self, sock):
        self.sock = sock
        self.protocol = self.follow()
        next(self.protocol)
        self.next_callback = self.read_length

    def read_length(self):
        answers = self.protocol.send(self.sock.recv(100_000))
        if answers:
            self.sock.sendall(answers)

    def read_body(self):
        self.read_length()

    def follow(self):
        data = yield
        answers = b""
        while True:
            while b"\\n" not in data:
                data += yield answers
                answers = b""
            line, _, data = data.partition(b"\\n")
            while len(data) < int(line):
                data += yield answers
                answers = b""
            answers += data[: int(line)].upper()
            data = data[int(line) :]
""",
        ),
        RightAnswer(
            "a few bytes at a time",
            """%%answer chain
class Shouter:
    __slots__ = ("sock", "line", "left", "body", "next_callback")

    def __init__(self, sock):
        self.sock, self.line, self.left, self.body = sock, b"", 0, b""
        self.next_callback = self.read_length

    def read_length(self):
        byte = self.sock.recv(1)
        if byte != b"\\n":
            self.line += byte
            return
        self.left, self.line, self.body = int(self.line), b"", b""
        if self.left:
            self.next_callback = self.read_body

    def read_body(self):
        piece = self.sock.recv(self.left)
        self.body += piece
        self.left -= len(piece)
        if not self.left:
            self.sock.send(self.body.upper())
            self.next_callback = self.read_length
""",
        ),
    ],
    "half": [
        RightAnswer(
            "a dict of what has come, by socket",
            """%%answer half
class HalfServer(PollServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.unread = {}

    def finish(self, client):
        self.unread.pop(client.sock, None)
        super().finish(client)

    def read_request(self, client):
        data = self.unread.setdefault(client.sock, bytearray())
        chunk = client.sock.recv(4096)
        if chunk == b"":
            self.finish(client)
            return
        data.extend(chunk)
        try:
            parsed = http_wire.read_request(bytes(data))
        except http_wire.BadRequest as problem:
            self.refuse(client, guestbook.error(problem.status, problem.reason))
            return
        if parsed:
            client.head_only = parsed[0].method == "HEAD"
            client.conversation = guestbook.respond(parsed[0])
            self.converse(client, None)
""",
        ),
        RightAnswer(
            "takes all that is there, and never waits",
            """%%answer half
class HalfServer(PollServer):
    def read_request(self, client):
        pieces = [getattr(client, "unread", b"")]
        try:
            while piece := client.sock.recv(65_536, socket.MSG_DONTWAIT):
                pieces.append(piece)
            return self.finish(client)
        except BlockingIOError:
            client.unread = b"".join(pieces)
        try:
            match http_wire.read_request(client.unread):
                case (request, _):
                    client.head_only = request.method == "HEAD"
                    client.conversation = guestbook.respond(request)
                    self.converse(client, None)
        except http_wire.BadRequest as problem:
            self.refuse(client, guestbook.error(problem.status, problem.reason))
""",
        ),
        RightAnswer(
            "pieces in a list, and a method of its own",
            """%%answer half
class HalfServer(PollServer):
    def read_request(self, client):
        chunk = client.sock.recv(65_536)
        if not chunk:
            return self.finish(client)
        vars(client).setdefault("pieces", []).append(chunk)
        try:
            parsed = http_wire.read_request(b"".join(client.pieces))
        except http_wire.BadRequest as problem:
            return self.refuse(client, guestbook.error(problem.status, problem.reason))
        if parsed is not None:
            self.answer(client, *parsed)

    def answer(self, client, request, _length):
        client.head_only = {"HEAD": True}.get(request.method, False)
        client.conversation = guestbook.respond(request)
        self.converse(client, None)
""",
        ),
    ],
}
