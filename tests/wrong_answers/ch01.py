"""Wrong answers to exercise 01."""

from wrong_answers import WrongAnswer

STUCK = """%%answer stuck
stuck_by_one = {"iterative"}
stuck_by_three = {"iterative", "preforked", "prethreaded"}
a_worker = "b"
"""

SILENCE = """%%answer silence
def more_silent_clients(rung, workers, silent):
    if rung == "iterative":
        workers = 1
    elif rung not in ("preforked", "prethreaded"):
        return None
    return max(0, workers - silent)
"""

CROWD = """%%answer crowd
class ThreadForEach:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address

    def run(self):
        self.listener.setblocking(True)
        while True:
            client = next_client(self.listener)
            Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        redis = redis_connection(self.redis_address)
        serve_client(client, redis)
        redis.disconnect()
"""

PATIENCE = """%%answer patience
class PatientPool:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address

    def run(self):
        self.listener.setblocking(True)
        threads = [Thread(target=self.serve_clients, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def serve_clients(self):
        redis = redis_connection(self.redis_address)
        while True:
            client = next_client(self.listener)
            client.settimeout(0.5)
            serve_client(client, redis)
"""

ORDER = """%%answer order
def order(first, second):
    first = [rate for rate in first if rate is not None]
    second = [rate for rate in second if rate is not None]
    if not first or not second:
        return "?"
    if min(first) > max(second):
        return ">"
    return "<" if max(first) < min(second) else "?"
"""


FORKS = """            import os
            import signal

            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            if os.fork() == 0:
                self.serve(client)
            client.close()
"""


POOL = """        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(100)
        while True:
"""


def changed(cell: str, *changes: tuple[str, str]) -> str:
    """A right answer with these parts replaced, each of them found exactly once."""
    for old, new in changes:
        assert cell.count(old) == 1, (old, cell)
        cell = cell.replace(old, new)
    return cell


WRONG = {
    "stuck": [
        WrongAnswer("iterative", changed(STUCK, ('one = {"iterative"}', "one = set()"))),
        WrongAnswer("pools-one", changed(STUCK, ('one = {"iter', 'one = {"preforked", "prethreaded", "iter'))),
        WrongAnswer("pools-three", changed(STUCK, (', "preforked", "prethreaded"}', "}"))),
        # One thread, so one client at a time?
        WrongAnswer("event-loops", changed(STUCK, ('one = {"iter', 'one = {"poll", "epoll", "iter'))),
        WrongAnswer("new-worker-for-each", changed(STUCK, ('three = {"iter', 'three = {"forking", "threaded", "iter'))),
        WrongAnswer("wrong-reason", changed(STUCK, ('worker = "b"', 'worker = "c"'))),
        WrongAnswer("no-letter", changed(STUCK, ('worker = "b"', 'worker = "B"'))),
        WrongAnswer("not-a-set-of-names", changed(STUCK, ('one = {"iterative"}', 'one = "iterative"'))),
    ],
    "silence": [
        WrongAnswer("forgets-the-silent", changed(SILENCE, ("max(0, workers - silent)", "workers"))),
        WrongAnswer("below-zero", changed(SILENCE, ("max(0, workers - silent)", "workers - silent"))),
        # One more, because the last one "waits in the queue"
        WrongAnswer("off-by-one", changed(SILENCE, ("max(0, workers - silent)", "max(0, workers - silent) + 1"))),
        WrongAnswer("iterative", changed(SILENCE, ("workers = 1", "pass"))),
        WrongAnswer(
            "event-loops",
            changed(SILENCE, ('elif rung not in ("preforked", "prethreaded")', 'elif rung in ("forking", "threaded")')),
        ),
        WrongAnswer(
            "new-worker-for-each",
            changed(SILENCE, ('elif rung not in ("preforked", "prethreaded")', 'elif rung in ("poll", "epoll")')),
        ),
    ],
    "crowd": [
        # Called here, and what it returns is the thread's target.
        WrongAnswer("waits", changed(CROWD, ("target=self.serve, args=(client,)", "target=self.serve(client)"))),
        WrongAnswer(
            "one-client",
            changed(
                CROWD,
                ("        while True:\n    ", ""),
                ("            Thread(", "        Thread("),
                (", daemon=True", ""),
            ),
        ),
        WrongAnswer(
            "shared-redis",
            changed(
                CROWD,
                (
                    "        self.redis_address = redis_address\n",
                    "        self.redis = redis_connection(redis_address)\n",
                ),
                ("        redis = redis_connection(self.redis_address)\n", ""),
                ("client, redis)", "client, self.redis)"),
                ("        redis.disconnect()\n", ""),
            ),
        ),
        WrongAnswer("does-not-stop", changed(CROWD, (", daemon=True", ""))),
        WrongAnswer("no-answer", changed(CROWD, ("daemon=True).start()", "daemon=True)"))),
        # next_client asks again and again: the listener comes in non-blocking mode.
        WrongAnswer("wakes-up", changed(CROWD, ("        self.listener.setblocking(True)\n", ""))),
        WrongAnswer(
            "late-binding", changed(CROWD, ("target=self.serve, args=(client,)", "target=lambda: self.serve(client)"))
        ),
        WrongAnswer(
            "processes",
            changed(
                CROWD,
                ("            Thread(target=self.serve, args=(client,), daemon=True).start()\n", FORKS),
                (
                    "        redis.disconnect()\n",
                    "        redis.disconnect()\n        import os\n\n        os._exit(0)\n",
                ),
            ),
        ),
        WrongAnswer(
            "keeps-threads",
            changed(
                CROWD,
                (
                    "        while True:\n",
                    POOL,
                ),
                ("Thread(target=self.serve, args=(client,), daemon=True).start()", "pool.submit(self.serve, client)"),
            ),
        ),
        WrongAnswer(
            "leaves-connections",
            changed(
                CROWD,
                ("        redis.disconnect()\n", "        self.kept.append(redis)\n"),
                ("        self.listener = listener\n", "        self.listener = listener\n        self.kept = []\n"),
            ),
        ),
        WrongAnswer(
            "pool",
            """%%answer crowd
class ThreadForEach:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address

    def run(self):
        self.listener.setblocking(True)
        for _ in range(9):
            Thread(target=self.serve, daemon=True).start()
        self.serve()

    def serve(self):
        redis = redis_connection(self.redis_address)
        while True:
            serve_client(next_client(self.listener), redis)
""",
        ),
    ],
    "patience": [
        WrongAnswer("no-patience", changed(PATIENCE, ("            client.settimeout(0.5)\n", ""))),
        WrongAnswer("impatient", changed(PATIENCE, ("settimeout(0.5)", "settimeout(0.05)"))),
        WrongAnswer(
            "quiet-ends-it",
            changed(
                PATIENCE,
                ("self.listener.setblocking(True)", "self.listener.settimeout(0.5)"),
                ("            client.settimeout(0.5)\n", ""),
            ),
        ),
        WrongAnswer(
            "shrinks",
            changed(
                PATIENCE,
                ("client.settimeout(0.5)", "client.settimeout(0.5)\n            client.recv(1, socket.MSG_PEEK)"),
            ),
        ),
        WrongAnswer(
            "grows",
            CROWD.replace("%%answer crowd", "%%answer patience")
            .replace("ThreadForEach", "PatientPool")
            .replace("        serve_client", "        client.settimeout(0.5)\n        serve_client"),
        ),
        WrongAnswer("other-size", changed(PATIENCE, ("range(4)", "range(1)"))),
        # Counts the main thread.
        WrongAnswer("other-size", changed(PATIENCE, ("range(4)", "range(3)"))),
        WrongAnswer("other-size", changed(PATIENCE, ("range(4)", "range(5)"))),
        WrongAnswer("impatient", changed(PATIENCE, ("settimeout(0.5)", "settimeout(0.35)"))),
        WrongAnswer("too-patient", changed(PATIENCE, ("settimeout(0.5)", "settimeout(1)"))),
        WrongAnswer("exits", changed(PATIENCE, ("        for thread in threads:\n            thread.join()\n", ""))),
        WrongAnswer(
            "shared-redis",
            changed(
                PATIENCE,
                (
                    "        self.redis_address = redis_address\n",
                    "        self.redis = redis_connection(redis_address)\n",
                ),
                ("        redis = redis_connection(self.redis_address)\n", ""),
                ("client, redis)", "client, self.redis)"),
            ),
        ),
        WrongAnswer(
            "not-closed",
            changed(
                PATIENCE,
                ("        while True:\n", "        given_up = []\n        while True:\n"),
                (
                    "            serve_client(client, redis)\n",
                    """            try:
                client.recv(1, socket.MSG_PEEK)
            except TimeoutError:
                given_up.append(client)
                continue
            serve_client(client, redis)
""",
                ),
            ),
        ),
    ],
    "order": [
        WrongAnswer(
            "prints-not-returns",
            ORDER.replace("return ", "print(").replace('"?"\n', '"?")\n').replace('">"\n', '">")\n'),
        ),
        WrongAnswer(
            "some-rounds",
            changed(
                ORDER,
                ('return "<" if max(first) < min(second)', 'return "<" if max(first) < min(second) and len(first) > 1'),
            ),
        ),
        WrongAnswer(
            "averages",
            """%%answer order
def order(first, second):
    first = [rate for rate in first if rate is not None]
    second = [rate for rate in second if rate is not None]
    if not first or not second:
        return "?"
    a, b = sum(first) / len(first), sum(second) / len(second)
    return ">" if a > b else "<" if a < b else "?"
""",
        ),
        WrongAnswer("turned-round", changed(ORDER, ('return ">"', 'return "<"'), ('return "<" if', 'return ">" if'))),
        WrongAnswer("one-way-only", changed(ORDER, ('return "<" if max(first) < min(second) else "?"', 'return "?"'))),
        WrongAnswer("ties", changed(ORDER, ("min(first) > max", "min(first) >= max"))),
        WrongAnswer("ties", changed(ORDER, ("max(first) < min", "max(first) <= min"))),
        WrongAnswer(
            "failed-rounds", ORDER.replace("rate for rate in first if rate is not None", "rate or 0 for rate in first")
        ),
        WrongAnswer("nothing-left", changed(ORDER, ('    if not first or not second:\n        return "?"\n', ""))),
        WrongAnswer("zero-is-a-rate", ORDER.replace("if rate is not None", "if rate")),
    ],
}
