"""Right answers to exercise 01 that are unlike its solutions."""

from right_answers import RightAnswer


def stuck(one: str, three: str, worker: str) -> str:
    return f"%%answer stuck\nstuck_by_one = {one}\nstuck_by_three = {three}\na_worker = {worker}\n"


RIGHT = {
    "stuck": [
        RightAnswer("lists", stuck('["iterative"]', '["prethreaded", "iterative", "preforked"]', '"b"')),
        RightAnswer("tuples", stuck('("iterative",)', '("iterative", "preforked", "prethreaded")', '"b"')),
        RightAnswer(
            "worked out",
            stuck(
                '{"iterative"}', 'frozenset(stuck_by_one | {"pre" + how for how in ("forked", "threaded")})', '"abc"[1]'
            ),
        ),
    ],
    "silence": [
        RightAnswer(
            "a table of functions",
            """%%answer silence
def pool(workers, silent):
    return max(0, workers - silent)


RULES = {"preforked": pool, "prethreaded": pool, "iterative": lambda workers, silent: pool(1, silent)}


def more_silent_clients(rung, workers, silent):
    rule = RULES.get(rung)
    return rule and rule(workers, silent)
""",
        ),
        RightAnswer(
            "fractions",
            """%%answer silence
from fractions import Fraction


def more_silent_clients(rung, workers, silent):
    if rung.startswith("pre") or rung == "iterative":
        return max(Fraction(0), Fraction(workers if rung.startswith("pre") else 1) - silent)
""",
        ),
        RightAnswer(
            "counted one by one",
            """%%answer silence
def more_silent_clients(rung, workers, silent):
    match rung:
        case "forking" | "threaded" | "poll" | "epoll":
            return None
        case "iterative":
            workers = 1
    more = 0
    while workers > silent + more:
        more += 1
    return more
""",
        ),
    ],
    "crowd": [
        RightAnswer(
            "a class of threads",
            """%%answer crowd
class Guest(Thread):
    def __init__(self, sock, address):
        super().__init__(daemon=True)
        self.sock, self.address = sock, address

    def run(self):
        redis = redis_connection(self.address)
        try:
            serve_client(self.sock, redis)
        finally:
            redis.disconnect()


class ThreadForEach:
    def __init__(self, *given):
        self.given = given

    def run(self):
        listener, address = self.given
        listener.setblocking(True)
        while True:
            Guest(next_client(listener), address).start()
""",
        ),
        RightAnswer(
            "a lambda that is given its value",
            """%%answer crowd
class ThreadForEach:
    __slots__ = ("listener", "redis_address")

    def __init__(self, listener, redis_address):
        self.listener, self.redis_address = listener, redis_address

    def run(self):
        self.listener.setblocking(True)
        for client in iter(lambda: next_client(self.listener), None):
            thread = Thread(target=lambda client=client: self.serve(client))
            thread.daemon = True
            thread.start()

    def serve(self, client):
        redis = redis_connection(self.redis_address)
        serve_client(client, redis)
        redis.disconnect()
""",
        ),
        RightAnswer(
            "the module below threading",
            """%%answer crowd
import _thread


class ThreadForEach:
    def __init__(self, listener, redis_address):
        self.listener, self.redis_address = listener, redis_address

    def run(self):
        self.listener.setblocking(True)
        while True:
            _thread.start_new_thread(self.serve, (next_client(self.listener),))

    def serve(self, client):
        redis = redis_connection(self.redis_address)
        serve_client(client, redis)
        redis.disconnect()
""",
        ),
        RightAnswer(
            "a thread that is the client's own class",
            """%%answer crowd
class Served(Thread):
    daemon = True

    def __init__(self, sock, redis_address):
        super().__init__()
        self.sock, self.redis_address = sock, redis_address

    def run(self):
        redis = redis_connection(self.redis_address)
        serve_client(self.sock, redis)
        redis.disconnect()


class ThreadForEach:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address

    def run(self):
        self.listener.setblocking(True)
        while True:
            Served(self.listener.accept()[0], self.redis_address).start()
""",
        ),
    ],
    "patience": [
        RightAnswer(
            "the main thread is the fourth",
            """%%answer patience
class PatientPool:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address

    def run(self):
        self.listener.setblocking(True)
        for _ in range(3):
            Thread(target=self.serve, daemon=True).start()
        self.serve()

    def serve(self):
        redis = redis_connection(self.redis_address)
        while True:
            client = next_client(self.listener)
            client.settimeout(0.5)
            serve_client(client, redis)
""",
        ),
        RightAnswer(
            "a queue, and the main thread accepts",
            """%%answer patience
from queue import Queue


class PatientPool:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address
        self.waiting = Queue()

    def run(self):
        self.listener.setblocking(True)
        for _ in range(4):
            Thread(target=self.work, daemon=True).start()
        while True:
            self.waiting.put(next_client(self.listener))

    def work(self):
        redis = redis_connection(self.redis_address)
        while True:
            client = self.waiting.get()
            client.settimeout(0.5)
            serve_client(client, redis)
""",
        ),
        RightAnswer(
            "the limit of the kernel, and a look before",
            """%%answer patience
import select


class PatientPool:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address

    def run(self):
        self.listener.setblocking(True)
        threads = [Thread(target=self.serve_clients, daemon=True) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]

    def serve_clients(self):
        while True:
            client = next_client(self.listener)
            if not select.select([client], [], [], 0.5)[0]:
                client.close()
                continue
            client.settimeout(0.5)
            redis = redis_connection(self.redis_address)
            serve_client(client, redis)
            redis.disconnect()
""",
        ),
    ],
    "order": [
        RightAnswer(
            "every pair",
            """%%answer order
def order(first, second):
    pairs = [(a, b) for a in first for b in second if None not in (a, b)]
    if pairs and all(a > b for a, b in pairs):
        return ">"
    return "<" if pairs and all(a < b for a, b in pairs) else "?"
""",
        ),
        RightAnswer(
            "sorted, with a member of an enumeration",
            """%%answer order
from enum import Enum


class Order(str, Enum):
    ABOVE, BELOW, NONE = ">", "<", "?"


def order(first, second):
    first, second = (sorted(filter(lambda rate: rate is not None, rates)) for rates in (first, second))
    match first, second:
        case ([], _) | (_, []):
            return Order.NONE
        case ([lowest, *_], [*_, highest]) if lowest > highest:
            return Order.ABOVE
        case ([*_, highest], [lowest, *_]) if highest < lowest:
            return Order.BELOW
    return Order.NONE
""",
        ),
        RightAnswer(
            "numpy",
            """%%answer order
import numpy


def order(first, second):
    a, b = (numpy.array([rate for rate in rates if rate is not None], float) for rates in (first, second))
    if not (a.size and b.size):
        return "?"
    return numpy.array([">", "<", "?"])[0 if a.min() > b.max() else 1 if a.max() < b.min() else 2]
""",
        ),
    ],
}
