"""Wrong answers to exercise 07."""

from wrong_answers import WrongAnswer

REFEREE = """%%answer referee
def complaints(test):
    found = set()
    answered, expected = test["requests_per_second"], test["rate"]
    if expected is None:
        latency = float("inf") if test["mean_ms"] is None else test["mean_ms"] / 1000
        answered, expected = answered * (latency + (test["think"] or 0)), test["clients"]
    if not abs(answered / expected - 1) <= 0.1:
        found.add("law")
    if not test["steady"]:
        found.add("unsteady")
    if test["requests"] / 100 < 10:
        found.add("few")
    if test["rate"] is None and test["think"] is None and test["bottleneck"] != "server":
        found.add("limit")
    if test["dropped"] or test["syn_retransmits"]:
        found.add("door")
    return found
"""

PAIRS = """%%answer pairs
def share_of_pairs(first, second):
    differences = [one - other for one, other in zip(first, second)]
    measured = abs(sum(differences))
    ways = list(product((1, -1), repeat=len(differences)))
    sums = [abs(sum(sign * each for sign, each in zip(way, differences))) for way in ways]
    return sum(each >= measured for each in sums) / len(ways)
"""

DUE = """%%answer due
def open_loop(address, every, number):
    start = time.monotonic()
    due = [start + n * every for n in range(number)]
    poller, waiting, latencies = select.epoll(), {}, [None] * number
    begun = 0
    while begun < number or waiting:
        left = max(0.0, due[begun] - time.monotonic()) if begun < number else -1
        for fd, _ in poller.poll(left):
            n, sock = waiting.pop(fd)
            sock.recv(16)
            latencies[n] = time.monotonic() - due[n]
            sock.close()
        while begun < number and due[begun] <= time.monotonic():
            sock = socket.create_connection(address)
            sock.sendall(b"%d\\n" % begun)
            poller.register(sock, select.EPOLLIN)
            waiting[sock.fileno()] = begun, sock
            begun += 1
    poller.close()
    return latencies
"""

# One request after the other, as in the chapter.
ONE_BY_ONE = """%%answer due
def open_loop(address, every, number):
    start, latencies = time.monotonic(), []
    for n in range(number):
        due = start + n * every
        time.sleep(max(0, due - time.monotonic()))
        with socket.create_connection(address) as sock:
            sock.sendall(b"%d\\n" % n)
            sock.recv(16)
        latencies.append(time.monotonic() - due)
    return latencies
"""

THREADS = """%%answer due
from threading import Thread


def open_loop(address, every, number):
    latencies = [None] * number
    start = time.monotonic()

    def ask(n, due):
        with socket.create_connection(address) as sock:
            sock.sendall(b"%d\\n" % n)
            sock.recv(16)
        latencies[n] = time.monotonic() - due

    threads = []
    for n in range(number):
        due = start + n * every
        time.sleep(max(0, due - time.monotonic()))
        threads.append(Thread(target=ask, args=(n, due)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return latencies
"""

DOOR = """%%answer door
class Door(EpollServer):
    def __init__(self, listener, redis_address):
        listener.listen(1024)
        super().__init__(listener, redis_address)

    def accept_clients(self):
        for _ in range(32):
            sock = sockets.accept(self.listener)
            if sock is None:
                return
            self.by_client[sock.fileno()] = Client(sock, self.read_request)
            self.watch(sock.fileno(), READABLE)
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """A right answer with a mistake put in."""
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


LIMIT = 'if test["rate"] is None and test["think"] is None and test["bottleneck"] != "server":'

WRONG = {
    "referee": [
        WrongAnswer("blames-the-good", changed(REFEREE, ('test["mean_ms"] / 1000', 'test["mean_ms"]'))),
        WrongAnswer("forgets-think", changed(REFEREE, ('(test["think"] or 0)', "0"))),
        WrongAnswer("blames-the-open", changed(REFEREE, ('test["rate"]\n    if', "None\n    if"))),
        WrongAnswer("law-missed", changed(REFEREE, ("if not abs(answered / expected - 1) <= 0.1", "if False"))),
        WrongAnswer(
            "law-missed-of-users",
            changed(REFEREE, ("if not abs(", 'if test["think"] is None and not abs(')),
        ),
        WrongAnswer("law-of-open-missed", changed(REFEREE, ("if not abs(", 'if test["rate"] is None and not abs('))),
        WrongAnswer("too-strict", changed(REFEREE, ("<= 0.1", "<= 0.05"))),
        WrongAnswer(
            "nothing-answered",
            changed(
                REFEREE,
                ('float("inf") if test["mean_ms"] is None', '0 if test["mean_ms"] is None'),
                ("if not abs(", 'if test["requests"] and not abs('),
            ),
        ),
        WrongAnswer("unsteady-missed", changed(REFEREE, ('found.add("unsteady")', "pass"))),
        WrongAnswer("few-missed", changed(REFEREE, ('test["requests"] / 100 < 10', 'test["requests"] < 10'))),
        WrongAnswer("few-too-strict", changed(REFEREE, ("/ 100 < 10", "/ 1000 < 10"))),
        WrongAnswer(
            "limit-missed", changed(REFEREE, ('test["bottleneck"] != "server"', 'test["bottleneck"] == "generator"'))
        ),
        WrongAnswer(
            "limit-of-the-open",
            changed(
                REFEREE,
                (
                    LIMIT,
                    'if test["bottleneck"] not in ("server", "none") or test["rate"] is None and '
                    'test["think"] is None and test["bottleneck"] == "none":',
                ),
            ),
        ),
        # The law is right, and so is every other word.
        WrongAnswer("limit-of-users", changed(REFEREE, (LIMIT, 'if test["bottleneck"] != "server":'))),
        WrongAnswer("limit-turned-round", changed(REFEREE, (LIMIT, 'if test["bottleneck"] == "server":'))),
        WrongAnswer("unsteady-blamed", changed(REFEREE, ('if not test["steady"]', 'if test["steady"]'))),
        WrongAnswer("door-blamed", changed(REFEREE, ('test["dropped"] or ', 'test["dropped"] is not None or '))),
        WrongAnswer("syn-missed", changed(REFEREE, (' or test["syn_retransmits"]', ""))),
        WrongAnswer("queue-missed", changed(REFEREE, ('test["dropped"] or ', ""))),
        WrongAnswer(
            "stops-at-the-first",
            changed(
                REFEREE, ('    if test["requests"]', '    if found:\n        return found\n    if test["requests"]')
            ),
        ),
        WrongAnswer(
            "forgets-latency",
            changed(REFEREE, ('answered * (latency + (test["think"] or 0))', 'answered * (test["think"] or latency)')),
        ),
        # An open loop, to the letter.
        WrongAnswer(
            "blames-the-open",
            changed(
                REFEREE,
                (
                    "    if not abs(answered / expected - 1) <= 0.1:",
                    '    if answered != expected if test["rate"] else not abs(answered / expected - 1) <= 0.1:',
                ),
            ),
        ),
        WrongAnswer(
            "too-strict",
            changed(
                REFEREE,
                (
                    "    if not abs(answered / expected - 1) <= 0.1:",
                    '    if not abs(answered / expected - 1) <= (0.05 if test["rate"] else 0.1):',
                ),
            ),
        ),
        WrongAnswer(
            "remembers",
            changed(
                REFEREE,
                ("    found = set()\n", ""),
                ("def complaints(test)", "found = set()\n\n\ndef complaints(test)"),
            ),
        ),
        WrongAnswer(
            "default-is-kept", changed(REFEREE, ("    found = set()\n", ""), ("(test):", "(test, found=set()):"))
        ),
        WrongAnswer("no-set", changed(REFEREE, ("    return found\n", '    return ", ".join(found)\n'))),
        WrongAnswer("strange-word", changed(REFEREE, ('found.add("law")', 'found.add("little")'))),
    ],
    "pairs": [
        WrongAnswer("one-side", changed(PAIRS, ("abs(", "("))),
        WrongAnswer("without-itself", changed(PAIRS, (">= measured", "> measured"))),
        WrongAnswer("in-percent", changed(PAIRS, ("/ len(ways)", "/ len(ways) * 100"))),
        WrongAnswer("not-a-share", changed(PAIRS, (" / len(ways)", ""))),
        WrongAnswer(
            "rounded",
            changed(
                PAIRS,
                (
                    "return sum(each >= measured for each in sums) / len(ways)",
                    "return round(sum(each >= measured for each in sums) / len(ways), 3)",
                ),
            ),
        ),
        # Two hundred thousand ways, drawn by lot.
        WrongAnswer(
            "by-chance",
            """%%answer pairs
import numpy as np


def share_of_pairs(first, second):
    differences = np.array(first) - np.array(second)
    signs = np.random.default_rng().choice((1, -1), size=(200_000, len(differences)))
    return float(np.mean(np.abs(signs @ differences) >= abs(differences.sum()) - 1e-9))
""",
        ),
        WrongAnswer("counts-wins", changed(PAIRS, ("one - other for", "(one > other) - (one < other) for"))),
        # The chapter's test.
        WrongAnswer(
            "mixes-all",
            """%%answer pairs
from itertools import combinations


def share_of_pairs(first, second):
    rounds = first + second
    measured = abs(sum(first) - sum(second))
    ways = [abs(2 * sum(way) - sum(rounds)) for way in combinations(rounds, len(first))]
    return sum(each >= measured for each in ways) / len(ways)
""",
        ),
        WrongAnswer(
            "another-share",
            changed(PAIRS, ("measured = abs(sum(differences))", "measured = abs(sum(differences)) / len(differences)")),
        ),
        WrongAnswer(
            "no-number",
            changed(
                PAIRS,
                ("return sum", "return bool"),
                (" / len(ways)", ""),
                ("bool(each >= measured for each in sums)", "sums[:3]"),
            ),
        ),
    ],
    "due": [
        WrongAnswer("waits-for-answers", ONE_BY_ONE),
        WrongAnswer(
            "from-sent", changed(DUE, ("= begun, sock\n", "= begun, sock\n            due[begun] = time.monotonic()\n"))
        ),
        WrongAnswer(
            "drifts",
            changed(
                THREADS,
                (
                    "due = start + n * every\n        time.sleep(max(0, due - time.monotonic()))",
                    "due = time.monotonic()",
                ),
                ("threads[-1].start()", "threads[-1].start()\n        time.sleep(every)"),
            ),
        ),
        # It asks at most once a second who is due.
        WrongAnswer("too-late", changed(DUE, ("max(0.0, ", "max(1.0, "))),
        WrongAnswer("all-late", changed(DUE, ("start = time.monotonic()", "start = time.monotonic() + every"))),
        WrongAnswer("too-early", changed(DUE, ("start + n * every", "start"))),
        WrongAnswer("milliseconds", changed(DUE, ("time.monotonic() - due[n]", "(time.monotonic() - due[n]) * 1000"))),
        WrongAnswer("spins", changed(DUE, ("poller.poll(left)", "poller.poll(0)"))),
        # A look at the clock every ten milliseconds: few enough for each request, and too many for a long time.
        WrongAnswer(
            "ticks", changed(DUE, ("poller.poll(left)", "poller.poll(min(left, 0.01) if left >= 0 else 0.01)"))
        ),
        WrongAnswer(
            "waits-for-the-rest",
            changed(
                THREADS, ("            sock.recv(16)\n", "            while sock.recv(16):\n                pass\n")
            ),
        ),
        WrongAnswer(
            "waits-for-the-rest",
            changed(DUE, ("            sock.recv(16)\n", '            sock.makefile("rb").readline()\n')),
        ),
        WrongAnswer(
            "leaks",
            changed(
                THREADS,
                ("def open_loop", "kept = []\n\n\ndef open_loop"),
                (
                    "        with socket.create_connection(address) as sock:\n",
                    "        if sock := socket.create_connection(address):\n",
                ),
                ("            sock.recv(16)\n", "            sock.recv(16)\n            kept.append(sock)\n"),
            ),
        ),
        WrongAnswer(
            "order-of-answers",
            changed(
                DUE,
                ("[None] * number", "[]"),
                ("latencies[n] = time.monotonic() - due[n]", "latencies.append(time.monotonic() - due[n])"),
            ),
        ),
        WrongAnswer(
            "connects-early",
            changed(
                DUE,
                (
                    "    begun = 0\n",
                    "    begun, socks = 0, [socket.create_connection(address) for _ in range(number)]\n",
                ),
                (
                    "sock = socket.create_connection(address)\n            sock.send",
                    "sock = socks[begun]\n            sock.send",
                ),
            ),
        ),
        WrongAnswer("other-request", changed(DUE, ('b"%d\\n" % begun', 'b"GET / HTTP/1.1\\r\\n\\r\\n"'))),
        WrongAnswer("other-numbers", changed(DUE, ('b"%d\\n" % begun', 'b"%d\\n" % (begun + 1)'))),
        WrongAnswer("no-list", changed(DUE, ("return latencies", "return sum(latencies) / number"))),
        WrongAnswer("too-long", changed(DUE, ("time.monotonic() - due[n]", "time.monotonic()"))),
    ],
    "door": [
        WrongAnswer("narrow-queue", changed(DOOR, ("listen(1024)", "listen(8)"))),
        WrongAnswer("all-at-once", changed(DOOR, ("for _ in range(32):", "while True:"))),
        WrongAnswer(
            "one-at-a-time",
            changed(DOOR, ("range(32)", "range(1)")),
        ),
        WrongAnswer("too-few", changed(DOOR, ("range(32)", "range(10)"))),
        WrongAnswer(
            "the-librarys",
            """%%answer door
class Door(EpollServer):
    def __init__(self, listener, redis_address):
        listener.listen(1024)
        super().__init__(listener, redis_address)
""",
        ),
        WrongAnswer("does-not-run", changed(DOOR, ("            if sock is None:\n                return\n", ""))),
        WrongAnswer(
            "loses-some",
            changed(
                DOOR,
                (
                    "            self.watch(sock",
                    "            if len(self.by_client) < 33:\n                self.watch(sock",
                ),
            ),
        ),
        WrongAnswer("nobody-gets-in", changed(DOOR, ("            self.watch(sock.fileno(), READABLE)\n", ""))),
        # It serves whom it lets in at once, said or unsaid.
        WrongAnswer(
            "waits-for-one",
            changed(
                DOOR,
                (
                    "            self.watch(sock.fileno(), READABLE)\n",
                    "            self.watch(sock.fileno(), READABLE)\n"
                    "            self.read_request(self.by_client[sock.fileno()])\n",
                ),
            ),
        ),
        WrongAnswer(
            "waits-at-the-door",
            changed(DOOR, ("        for _", "        self.listener.setblocking(True)\n        for _")),
        ),
    ],
}
