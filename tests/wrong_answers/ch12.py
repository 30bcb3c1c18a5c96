"""Wrong answers to exercise 12."""

from wrong_answers import WrongAnswer

PATIENTS = """%%answer patients
fault = {"A": "closed_twice", "B": "hup_ignored", "C": "not_drained", "D": "half_close"}
proof = {"A": 9, "B": 12, "C": 13, "D": 9}
"""

SPINNING = """%%answer spinning
def spinning(waits):
    row, found = {}, set()
    for ready, done in waits:
        idle = set(ready) - set(done)
        row = {fd: row.get(fd, 0) + 1 for fd in idle}
        found |= {fd for fd, number in row.items() if number >= 5}
    return sorted(found)
"""

CHAT = """%%answer chat
LIMIT = 100_000
HEAD = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nConnection: close\\r\\n\\r\\n"


class ChatServer(SmallServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.listeners = []

    def respond(self, client, request):
        if request.path == "/listen":
            client.keep = True
            self.listeners.append(client)
            self.pass_on(client, HEAD)
        else:
            for each in list(self.listeners):
                self.pass_on(each, request.body)
            client.answer(Response(200, b"said\\n", "text/plain"))

    def pass_on(self, client, data):
        try:
            client.output += data
            client.write()
        except OSError:
            client.finish()
        if len(client.output) > LIMIT:
            client.finish()

    def leave(self, client):
        if client in self.listeners:
            self.listeners.remove(client)
        super().leave(client)
"""
CHECKED = "        if len(client.output) > LIMIT:\n            client.finish()\n"


def changed(text: str, *changes: tuple[str, str]) -> str:
    """A right answer with a mistake put in."""
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


WRONG = {
    "patients": [
        WrongAnswer("A-has-another", changed(PATIENTS, ("closed_twice", "number_reused"))),
        WrongAnswer("B-has-another", changed(PATIENTS, ("hup_ignored", "write_kept"))),
        WrongAnswer("C-has-another", changed(PATIENTS, ("not_drained", "pool_exhausted"))),
        WrongAnswer("D-has-another", changed(PATIENTS, ("half_close", "hup_ignored"))),
        WrongAnswer("A-another-wait", changed(PATIENTS, ('"A": 9', '"A": 7'))),
        WrongAnswer("B-another-wait", changed(PATIENTS, ('"B": 12', '"B": 8'))),
        WrongAnswer("C-another-wait", changed(PATIENTS, ('"C": 13', '"C": 12'))),
        # There the rest comes, and is taken.
        WrongAnswer("C-another-wait", changed(PATIENTS, ('"C": 13', '"C": 20'))),
        WrongAnswer("D-another-wait", changed(PATIENTS, ('"D": 9', '"D": 8'))),
        WrongAnswer("no-such-word", changed(PATIENTS, ("half_close", "half-close"))),
        WrongAnswer("not-filled-in", changed(PATIENTS, ('"D": 9', '"D": None'))),
    ],
    "spinning": [
        WrongAnswer("four-are-enough", changed(SPINNING, (">= 5", ">= 4"))),
        WrongAnswer("six-are-needed", changed(SPINNING, (">= 5", "> 5"))),
        WrongAnswer("not-heeded", changed(SPINNING, (" - set(done)", ""))),
        WrongAnswer("others-count", changed(SPINNING, ("set(ready) - set(done)", "set() if done else set(ready)"))),
        WrongAnswer(
            "gaps-forgiven",
            changed(
                SPINNING,
                (
                    "        row = {fd: row.get(fd, 0) + 1 for fd in idle}\n",
                    "        for fd in ready:\n            row[fd] = row.get(fd, 0) + 1 if fd in idle else 0\n",
                ),
            ),
        ),
        WrongAnswer(
            "in-total",
            changed(
                SPINNING,
                (
                    "        row = {fd: row.get(fd, 0) + 1 for fd in idle}\n",
                    "        for fd in idle:\n            row[fd] = row.get(fd, 0) + 1\n",
                ),
            ),
        ),
        WrongAnswer("only-at-the-end", changed(SPINNING, ("        found |= {", "        found = {"))),
        WrongAnswer("not-sorted", changed(SPINNING, ("return sorted(found)", "return found"))),
        WrongAnswer(
            "default-is-kept",
            changed(SPINNING, ("row, found = {}, set()", "row = {}"), ("(waits):", "(waits, found=set()):")),
        ),
        WrongAnswer("no-list", changed(SPINNING, ("return sorted(found)", "return len(found)"))),
    ],
    "chat": [
        WrongAnswer(
            "unbounded", changed(CHAT, (CHECKED, ""), ("        try:", "        # nothing to mend here\n        try:"))
        ),
        WrongAnswer("sends-listeners-away", changed(CHAT, ("            client.keep = True\n", ""))),
        WrongAnswer(
            "keeps-the-gone", changed(CHAT, ("            self.listeners.remove(client)\n", "            pass\n"))
        ),
        WrongAnswer("exits", changed(CHAT, ("        if client in self.listeners:\n    ", ""))),
        WrongAnswer("sent-home-early", changed(CHAT, ("100_000", "60_000"))),
        WrongAnswer("sent-home-late", changed(CHAT, ("100_000", "200_000"))),
        WrongAnswer("no-patience", changed(CHAT, ("len(client.output) > LIMIT", "client.output"))),
        WrongAnswer(
            "leaves-lines-out",
            changed(
                CHAT,
                (CHECKED, ""),
                ("        try:", "        if len(client.output) > LIMIT:\n            return\n        try:"),
            ),
        ),
        # What waits for all of them together.
        WrongAnswer(
            "one-limit-for-all",
            changed(
                CHAT,
                (
                    "        if len(client.output) > LIMIT:",
                    "        if client.output and sum(len(each.output) for each in self.listeners) > LIMIT:",
                ),
            ),
        ),
        # It counts what the kernel would have taken.
        WrongAnswer(
            "counts-what-fits",
            changed(
                CHAT,
                (CHECKED, ""),
                (
                    "            client.write()\n",
                    "            if len(client.output) > LIMIT:\n                return client.finish()\n"
                    "            client.write()\n",
                ),
            ),
        ),
        WrongAnswer("neighbour-forgotten", changed(CHAT, ("list(self.listeners)", "self.listeners"))),
        WrongAnswer(
            "quick-sent-home",
            changed(
                CHAT,
                ("len(client.output) > LIMIT", "self.told[client] > LIMIT"),
                ("        self.listeners = []\n", "        self.listeners = []\n        self.told = {}\n"),
                ("        try:\n", "        self.told[client] = self.told.get(client, 0) + len(data)\n        try:\n"),
            ),
        ),
        WrongAnswer(
            "speaker-waits",
            changed(
                CHAT,
                (
                    "            client.output += data\n            client.write()\n",
                    "            client.sock.sendall(data)\n",
                ),
            ),
        ),
        WrongAnswer("hears-nothing", changed(CHAT, ("            self.listeners.append(client)\n", ""))),
    ],
}
