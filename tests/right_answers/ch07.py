"""Right answers to exercise 07 that are unlike its solutions."""

from right_answers import RightAnswer

RIGHT = {
    "referee": [
        RightAnswer(
            "a list, from rules in a table",
            """%%answer referee
RULES = {
    "law": lambda t: not holds(t),
    "unsteady": lambda t: t["steady"] is not True,
    "few": lambda t: 0.01 * t["requests"] < 10,
    "limit": lambda t: (t["rate"], t["think"]) == (None, None) and t["bottleneck"] != "server",
    "door": lambda t: t["dropped"] + t["syn_retransmits"] > 0,
}


def holds(t):
    if t["rate"]:
        return 0.9 <= t["requests_per_second"] / t["rate"] <= 1.1
    if t["mean_ms"] is None:
        return False
    clients = t["requests_per_second"] * (t["mean_ms"] + 1000 * (t["think"] or 0.0)) / 1000
    return 0.9 * t["clients"] <= clients <= 1.1 * t["clients"]


def complaints(test):
    return [word for word, applies in RULES.items() if applies(test)]
""",
        ),
        RightAnswer(
            "a frozen set, from a generator",
            """%%answer referee
def words(kind=None, rate=None, think=None, mean_ms=None, **t):
    due, come = (rate, t["requests_per_second"]) if rate else (t["clients"], 0.0)
    if not rate and mean_ms is not None:
        come = t["requests_per_second"] * (mean_ms / 1e3 + (think if think else 0))
    if abs(come - due) > due / 10:
        yield "law"
    if not t["steady"]:
        yield "unsteady"
    if t["requests"] < 1000:
        yield "few"
    if rate is None and think is None and t["bottleneck"] != "server":
        yield "limit"
    if max(t["dropped"], t["syn_retransmits"]):
        yield "door"


def complaints(test):
    return frozenset(words(**test))
""",
        ),
        RightAnswer(
            "as a generator, asked for a tuple",
            """%%answer referee
def complaints(test):
    think, rate = test["think"] or 0, test["rate"]
    try:
        law = test["requests_per_second"] / rate if rate else test["clients"] / (think + test["mean_ms"] * 1e-3)
        law = law if rate else test["requests_per_second"] / law
    except (TypeError, ZeroDivisionError):
        law = 0
    wrong = dict(
        law=not 0.9 <= law <= 1.1,
        unsteady=not test["steady"],
        few=test["requests"] // 100 < 10,
        limit=not rate and not think and test["bottleneck"] != "server",
        door=bool(test["dropped"] or test["syn_retransmits"]),
    )
    return tuple(filter(wrong.get, wrong))
""",
        ),
    ],
    "pairs": [
        RightAnswer(
            "by means, with numpy",
            """%%answer pairs
import numpy as np


def share_of_pairs(first, second):
    differences = np.array(first) - np.array(second)
    signs = np.array(list(product((1, -1), repeat=len(differences))))
    means = np.abs((signs * differences).mean(axis=1))
    return np.mean(means >= abs(differences.mean()) - 1e-9)
""",
        ),
        RightAnswer(
            "by bits, and as a fraction",
            """%%answer pairs
from fractions import Fraction


def share_of_pairs(first, second):
    n = len(first)
    far = 0
    for bits in range(2**n):
        total = sum((a - b) * (-1 if bits >> i & 1 else 1) for i, (a, b) in enumerate(zip(first, second)))
        far += abs(total) >= abs(sum(first) - sum(second))
    return Fraction(far, 2**n)
""",
        ),
        RightAnswer(
            "by recursion, sums counted",
            """%%answer pairs
from collections import Counter


def share_of_pairs(first, second):
    sums = Counter({0: 1})
    for a, b in zip(first, second):
        grown = Counter()
        for total, ways in sums.items():
            grown[total + a - b] += ways
            grown[total - a + b] += ways
        sums = grown
    measured = abs(sum(first) - sum(second))
    return sum(ways for total, ways in sums.items() if abs(total) >= measured) / sums.total()
""",
        ),
    ],
    "due": [
        RightAnswer(
            "a thread for each request",
            """%%answer due
from concurrent.futures import ThreadPoolExecutor


def open_loop(address, every, number):
    start = time.perf_counter()

    def ask(n):
        due = start + n * every
        time.sleep(max(0, due - time.perf_counter()))
        with socket.create_connection(address) as sock:
            sock.sendall(f"{n}\\n".encode())
            sock.recv(1)
            return time.perf_counter() - due

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(ask, range(number)))
""",
        ),
        RightAnswer(
            "asyncio",
            """%%answer due
import asyncio


async def ask(address, n, due):
    loop = asyncio.get_running_loop()
    await asyncio.sleep(max(0, due - loop.time()))
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"%d\\n" % n)
    await reader.read(1)
    latency = loop.time() - due
    writer.close()
    await writer.wait_closed()
    return latency


async def ask_all(address, every, number):
    start = asyncio.get_running_loop().time()
    return await asyncio.gather(*(ask(address, n, start + n * every) for n in range(number)))


def open_loop(address, every, number):
    return asyncio.run(ask_all(address, every, number))
""",
        ),
        RightAnswer(
            "select, without a list of due times",
            """%%answer due
def open_loop(address, every, number):
    start, open_, took, n = time.time(), {}, {}, 0
    while len(took) < number:
        left = None if n == number else max(0, start + n * every - time.time())
        ready, _, _ = select.select(list(open_), [], [], left)
        for sock in ready:
            sock.recv(100)
            sock.close()
            which = open_.pop(sock)
            took[which] = time.time() - start - which * every
        if n < number and time.time() >= start + n * every:
            sock = socket.socket()
            sock.connect(tuple(address))
            sock.send(b"%d\\n" % n)
            open_[sock] = n
            n += 1
    return [took[which] for which in sorted(took)]
""",
        ),
    ],
    "door": [
        RightAnswer(
            "the library's, with another limit",
            """%%answer door
import zerohttpd_lib.servers.epoll as epoll

epoll.ACCEPTS_AT_ONCE = 32


class Door(EpollServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.listener.listen(socket.SOMAXCONN)
""",
        ),
        RightAnswer(
            "accept() itself",
            """%%answer door
class Door(EpollServer):
    def __init__(self, listener, redis_address):
        listener.listen(200)
        super().__init__(listener, redis_address)

    def accept_clients(self):
        taken = 0
        try:
            while taken < 32:
                sock, _ = self.listener.accept()
                self.by_client[sock.fileno()] = Client(sock, self.read_request)
                self.watch(sock.fileno(), READABLE)
                taken += 1
        except BlockingIOError:
            pass
""",
        ),
        RightAnswer(
            "two functions, and iter",
            """%%answer door
from itertools import islice


class Door(EpollServer):
    def run(self):
        self.listener.listen(4096)
        super().run()

    def accept_clients(self):
        waiting = iter(lambda: sockets.accept(self.listener), None)
        for sock in islice(waiting, 32):
            self.let_in(Client(sock, self.read_request))

    def let_in(self, client):
        fd = client.sock.fileno()
        self.by_client[fd] = client
        self.watch(fd, READABLE)
""",
        ),
    ],
}
