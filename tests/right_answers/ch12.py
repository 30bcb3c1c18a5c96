"""Right answers to exercise 12 that are unlike its solutions."""

from right_answers import RightAnswer

HEAD = """LIMIT = 100_000
HEAD = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nConnection: close\\r\\n\\r\\n"


"""

RIGHT = {
    "patients": [
        RightAnswer(
            "other proofs: where it shows later",
            """%%answer patients
fault = dict(A="closed_twice", B="hup_ignored", C="not_drained", D="half_close")
proof = dict(A=10, B=39, C=13, D=9.0)
""",
        ),
        RightAnswer(
            "looked for in the record",
            """%%answer patients
fault = {"A": "closed_twice", "B": "hup_ignored", "C": "not_drained", "D": "half_close"}
empty = [wait.number for wait in recorded_case("B") if any("HUP" in t.entry.events and not t.done for t in wait.turns)]
full = [wait.number for wait in recorded_case("C") if any(call.full for call in wait.calls)]
unheard = [
    wait.number
    for wait in recorded_case("D")
    if any(c.kind == "forget" for c in wait.changes) and not any(call.name == "receive" for call in wait.calls)
]
proof = {"A": 9, "B": empty[-1], "C": full[0], "D": unheard[0]}
""",
        ),
        RightAnswer(
            "words taken from FAULTS",
            """%%answer patients
words = sorted(FAULTS)
fault = {
    "A": next(word for word in words if word.startswith("closed")),
    "B": next(word for word in words if word.startswith("hup")),
    "C": next(word for word in words if word.endswith("drained")),
    "D": next(word for word in words if word.startswith("half")),
}
proof = {"A": 9, "B": 30, "C": 13, "D": 9}
""",
        ),
    ],
    "spinning": [
        RightAnswer(
            "every window of five",
            """%%answer spinning
def spinning(waits):
    idle = [set(ready).difference(done) for ready, done in waits]
    windows = [set.intersection(*idle[at : at + 5]) for at in range(len(idle) - 4)]
    return sorted(set().union(*windows))
""",
        ),
        RightAnswer(
            "a text for each descriptor",
            """%%answer spinning
def spinning(waits):
    fds = {fd for ready, _ in waits for fd in ready}
    rows = {fd: "".join("x" if fd in ready and fd not in done else " " for ready, done in waits) for fd in fds}
    return [fd for fd in sorted(fds) if "xxxxx" in rows[fd]]
""",
        ),
        RightAnswer(
            "groups of the same",
            """%%answer spinning
from itertools import groupby


def spinning(waits):
    found = []
    for fd in sorted({fd for ready, _ in waits for fd in ready}):
        marks = (fd in ready and fd not in done for ready, done in waits)
        if any(mark and len(list(run)) >= 5 for mark, run in groupby(marks)):
            found.append(fd)
    return found
""",
        ),
    ],
    "chat": [
        RightAnswer(
            "who is too far behind is sent home at the end of the batch",
            "%%answer chat\n"
            + HEAD
            + """class ChatServer(SmallServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.listeners = {}

    def respond(self, client, request):
        if request.path == "/listen":
            client.keep = True
            self.listeners[client] = True
            client.output += HEAD
            client.write()
            return
        for each in self.listeners:
            each.output += request.body
        self.at_end_of_batch.append(self.flush)
        client.answer(Response(200, b"said\\n", "text/plain"))

    def flush(self):
        for each in tuple(self.listeners):
            try:
                each.write()
            except OSError:
                each.finish()
            if len(each.output) > LIMIT:
                each.finish()

    def leave(self, client):
        self.listeners.pop(client, None)
        super().leave(client)
""",
        ),
        RightAnswer(
            "a client class of its own that minds its output",
            "%%answer chat\n"
            + HEAD
            + """class Hearer(Client):
    def hear(self, data):
        self.output.extend(data)
        try:
            self.write()
        except OSError:
            return self.finish()
        if len(self.output) > LIMIT:
            self.finish()


class ChatServer(SmallServer):
    client_class = Hearer

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.listeners = []

    def respond(self, client, request):
        if request.path == "/listen":
            client.keep = True
            client.hear(HEAD)
            self.listeners.append(client)
            return
        for each in self.listeners[:]:
            each.hear(request.body)
        client.answer(Response(200, b"said\\n", "text/plain"))

    def leave(self, client):
        self.listeners = [each for each in self.listeners if each is not client]
        super().leave(client)
""",
        ),
        RightAnswer(
            "the dead are collected first, and sent home afterwards",
            "%%answer chat\n"
            + HEAD
            + """class ChatServer(SmallServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.listeners = set()

    def respond(self, client, request):
        if request.path == "/listen":
            client.keep = True
            self.listeners.add(client)
            client.output += HEAD
            client.write()
        else:
            leave = [each for each in self.listeners if not self.hears(each, request.body)]
            for each in leave:
                each.finish()
            client.answer(Response(200, b"said\\n", "text/plain"))

    def hears(self, client, data):
        client.output += data
        try:
            client.write()
        except OSError:
            return False
        return len(client.output) <= LIMIT

    def leave(self, client):
        self.listeners.discard(client)
        super().leave(client)
""",
        ),
    ],
}
