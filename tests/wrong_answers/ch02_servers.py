"""Wrong answers to the last two tasks of exercise 02."""

from wrong_answers import WrongAnswer

SHOUTER = """%%answer chain
class Shouter:
    def __init__(self, sock):
        self.sock = sock
        self.data = b""
        self.next_callback = self.read_length

    def receive(self):
        self.data += self.sock.recv(4096)

    def read_length(self):
        self.receive()
        self.go_on(self.use_length)

    def read_body(self):
        self.receive()
        self.go_on(self.use_body)

    def go_on(self, step):
        while step:
            step = step()

    def use_length(self):
        line, line_feed, rest = self.data.partition(b"\\n")
        if line_feed:
            self.length, self.data = int(line), rest
            self.next_callback = self.read_body
            return self.use_body

    def use_body(self):
        if len(self.data) >= self.length:
            body, self.data = self.data[: self.length], self.data[self.length :]
            self.sock.send(body.upper())
            self.next_callback = self.read_length
            return self.use_length
"""

SERVER = """%%answer half
class HalfServer(PollServer):
    def read_request(self, client):
        chunk = client.sock.recv(65_536)
        if not chunk:
            return self.finish(client)
        client.data = getattr(client, "data", b"") + chunk
        try:
            parsed = http_wire.read_request(client.data)
        except http_wire.BadRequest as problem:
            return self.refuse(client, guestbook.error(problem.status, problem.reason))
        if parsed is None:
            return
        request, _ = parsed
        client.head_only = request.method == "HEAD"
        client.conversation = guestbook.respond(request)
        self.converse(client, None)
"""


PATIENT = """        self.sock.settimeout(0.05)
        try:
            while piece := self.sock.recv(4096):
                self.data += piece
        except TimeoutError:
            pass
"""


MOMENT = """        if parsed is None:
            client.sock.settimeout(0.02)
            try:
                return self.read_request(client)
            except TimeoutError:
                return
"""


OWN_INIT = """    def __init__(self, listener, redis_address):
        self.data = {}

"""


def changed(cell: str, *changes: tuple[str, str]) -> str:
    """A right answer with these parts replaced, each of them found exactly once."""
    for old, new in changes:
        assert cell.count(old) == 1, (old, cell)
        cell = cell.replace(old, new)
    return cell


CHAIN = [
    WrongAnswer(
        "no-answer", changed(SHOUTER, ("self.next_callback = self.read_body\n            return self.use_body", "pass"))
    ),
    WrongAnswer(
        "one-message-only",
        changed(SHOUTER, ("self.next_callback = self.read_length\n            return self.use_length", "pass")),
    ),
    WrongAnswer("body-is-here-already", changed(SHOUTER, ("            return self.use_body\n", ""))),
    # Takes every piece for a whole line.
    WrongAnswer("length-in-pieces", changed(SHOUTER, ("        if line_feed:\n", "        if line:\n"))),
    WrongAnswer("body-in-pieces", changed(SHOUTER, ("if len(self.data) >= self.length:", "if self.data:"))),
    WrongAnswer(
        "rest-is-lost", changed(SHOUTER, ("int(line), rest", "int(line), (rest if len(rest) >= int(line) else b'')"))
    ),
    WrongAnswer(
        "next-is-lost",
        changed(SHOUTER, ("self.data[: self.length], self.data[self.length :]", "self.data[: self.length], b''")),
    ),
    WrongAnswer("two-at-once", changed(SHOUTER, ("            return self.use_length\n", ""))),
    WrongAnswer(
        "reads-on",
        changed(
            SHOUTER,
            (
                "        self.receive()\n        self.go_on(self.use_body)\n",
                "        while len(self.data) < self.length:\n            self.receive()\n"
                "        self.go_on(self.use_body)\n",
            ),
        ),
    ),
    WrongAnswer("mixes-clients", SHOUTER.replace("self.data", "Shouter.data")),
    # Each step calls the next one.
    WrongAnswer(
        "too-deep",
        SHOUTER.replace("return self.use_body", "self.use_body()").replace(
            "return self.use_length", "self.use_length()"
        ),
    ),
    WrongAnswer("line-feed-in-body", changed(SHOUTER, ("int(line), rest", "int(line), rest.lstrip()"))),
    WrongAnswer("waits-a-while", changed(SHOUTER, ("        self.data += self.sock.recv(4096)\n", PATIENT))),
]

HALF = [
    # The original, copied.
    WrongAnswer(
        "still-waits",
        """%%answer half
class HalfServer(PollServer):
    def read_request(self, client):
        data = b""
        while (parsed := http_wire.read_request(data)) is None:
            chunk = client.sock.recv(65_536)
            if not chunk:
                return self.finish(client)
            data += chunk
        request, _ = parsed
        client.head_only = request.method == "HEAD"
        client.conversation = guestbook.respond(request)
        self.converse(client, None)
""",
    ),
    WrongAnswer("dies-of-half", changed(SERVER, ("        if parsed is None:\n            return\n", ""))),
    WrongAnswer(
        "forgets-half",
        changed(
            SERVER, ('client.data = getattr(client, "data", b"") + chunk', "data = chunk"), ("(client.data)", "(data)")
        ),
    ),
    WrongAnswer(
        "mixes-clients",
        changed(
            SERVER, ("client.data = getattr(client,", "self.data = getattr(self,"), ("(client.data)", "(self.data)")
        ),
    ),
    WrongAnswer(
        "keeps-leavers", changed(SERVER, ("        if not chunk:\n            return self.finish(client)\n", ""))
    ),
    WrongAnswer(
        "dies-of-nonsense",
        changed(
            SERVER,
            (
                "            return self.refuse(client, guestbook.error(problem.status, problem.reason))\n",
                "            raise ValueError(problem.reason)\n",
            ),
        ),
    ),
    # By number: who is refused leaves something to whoever gets the number next.
    WrongAnswer(
        "left-over-bytes",
        """%%answer half
class HalfServer(PollServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.come = {}

    def read_request(self, client):
        fd = client.sock.fileno()
        chunk = client.sock.recv(65_536)
        if not chunk:
            self.come.pop(fd, None)
            return self.finish(client)
        self.come[fd] = self.come.get(fd, b"") + chunk
        try:
            parsed = http_wire.read_request(self.come[fd])
        except http_wire.BadRequest as problem:
            return self.refuse(client, guestbook.error(problem.status, problem.reason))
        if parsed is None:
            return
        self.come.pop(fd)
        request, _ = parsed
        client.head_only = request.method == "HEAD"
        client.conversation = guestbook.respond(request)
        self.converse(client, None)
""",
    ),
    # ... or who leaves.
    WrongAnswer(
        "left-over-bytes",
        """%%answer half
class HalfServer(PollServer):
    come = {}

    def read_request(self, client):
        fd = client.sock.fileno()
        chunk = client.sock.recv(65_536)
        if not chunk:
            return self.finish(client)
        data = self.come.pop(fd, b"") + chunk
        try:
            parsed = http_wire.read_request(data)
        except http_wire.BadRequest as problem:
            return self.refuse(client, guestbook.error(problem.status, problem.reason))
        if parsed is None:
            self.come[fd] = data
            return
        request, _ = parsed
        client.head_only = request.method == "HEAD"
        client.conversation = guestbook.respond(request)
        self.converse(client, None)
""",
    ),
    WrongAnswer("body-for-head", changed(SERVER, ('        client.head_only = request.method == "HEAD"\n', ""))),
    WrongAnswer("no-answer", changed(SERVER, ("        self.converse(client, None)\n", ""))),
    # Waits for the rest, but only for a moment.
    WrongAnswer("waits-a-while", changed(SERVER, ("        if parsed is None:\n            return\n", MOMENT))),
    WrongAnswer(
        "half-a-form",
        changed(
            SERVER,
            ("        try:\n", '        if b"\\r\\n\\r\\n" not in client.data:\n            return\n        try:\n'),
            ("        if parsed is None:\n            return\n", ""),
        ),
    ),
    WrongAnswer(
        "does-not-run", changed(SERVER, ("client.head_only = request.method", "client.head_only = request.verb"))
    ),
    # The context has no such attribute before its first piece.
    WrongAnswer(
        "does-not-run", changed(SERVER, ('client.data = getattr(client, "data", b"") + chunk', "client.data += chunk"))
    ),
    WrongAnswer(
        "swallows-errors",
        changed(
            SERVER,
            ("except http_wire.BadRequest as problem:\n", "except:\n"),
            ("return self.refuse(client, guestbook.error(problem.status, problem.reason))", "return"),
        ),
    ),
    WrongAnswer("forgets-super", changed(SERVER, ("(PollServer):\n", "(PollServer):\n" + OWN_INIT))),
]
