"""Wrong answers to exercise 02."""

from wrong_answers import WrongAnswer
from wrong_answers.ch02_servers import CHAIN, HALF

TAKE = """%%answer take
def take(sock):
    try:
        data = sock.recv(4096, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return "nothing now", b""
    except ConnectionError:
        return "broken", b""
    return ("data", data) if data else ("end", b"")
"""

CONNECT = """%%answer connect
def start(address):
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(address)
    return sock


def state(sock):
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    if not poller.poll(0):
        return "under way"
    number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return errno.errorcode[number] if number else "connected"
"""

LOOKUPS = """%%answer lookups
class Client:
    def __init__(self, fd):
        self.fd, self.redis_fd = fd, None
        self.data = b""


class Contexts:
    def __init__(self):
        self.by_client, self.by_redis = {}, {}

    def find(self, fd):
        return self.by_client.get(fd) or self.by_redis.get(fd)

    def accept(self, fd):
        self.by_client[fd] = Client(fd)

    def connect(self, fd, redis_fd):
        client = self.by_redis[redis_fd] = self.by_client[fd]
        client.redis_fd = redis_fd

    def feed(self, fd, data):
        self.find(fd).data += data

    def data(self, fd):
        client = self.find(fd)
        return client.data if client else None

    def finish(self, fd):
        client = self.find(fd)
        del self.by_client[client.fd]
        self.by_redis.pop(client.redis_fd, None)
"""


BUSY_WAIT = """    import time

    end = time.monotonic() + 0.5
    while time.monotonic() < end and not select.select([sock], [], [], 0)[0]:
        pass
    try:
"""


def changed(cell: str, *changes: tuple[str, str]) -> str:
    """A right answer with these parts replaced, each of them found exactly once."""
    for old, new in changes:
        assert cell.count(old) == 1, (old, cell)
        cell = cell.replace(old, new)
    return cell


WRONG = {
    "take": [
        WrongAnswer("waits", changed(TAKE, (", socket.MSG_DONTWAIT", ""))),
        WrongAnswer("ends-too-early", changed(TAKE, ('"nothing now"', '"end"'))),
        WrongAnswer("waits-for-the-dead", changed(TAKE, ('("end", b"")', '("nothing now", b"")'))),
        WrongAnswer("no-bytes-are-data", changed(TAKE, ('("data", data) if data else ("end", b"")', '"data", data'))),
        WrongAnswer("raises-for-nothing", changed(TAKE, ("except BlockingIOError", "except TimeoutError"))),
        WrongAnswer("raises-for-reset", changed(TAKE, ("except ConnectionError", "except BrokenPipeError"))),
        WrongAnswer("reset-is-something-else", changed(TAKE, ('"broken"', '"end"'))),
        WrongAnswer("too-little", changed(TAKE, ("4096", "1024"))),
        WrongAnswer(
            "waits-a-while",
            changed(
                TAKE,
                (
                    "        data = sock.recv(4096, socket.MSG_DONTWAIT)\n    except BlockingIOError",
                    "        sock.settimeout(0.1)\n        data = sock.recv(4096)\n    except TimeoutError",
                ),
            ),
        ),
        # Waits, but not for long.
        WrongAnswer(
            "waits-a-while",
            changed(
                TAKE,
                ("    try:\n", "    select.select([sock], [], [], 0.05)\n    try:\n"),
            ),
        ),
        WrongAnswer(
            "waits-a-while",
            changed(
                TAKE,
                ("    try:\n", BUSY_WAIT),
            ),
        ),
        WrongAnswer("too-much", changed(TAKE, ("4096", "65536"))),
        WrongAnswer(
            "swallows-errors",
            changed(TAKE, ("except ConnectionError", "except Exception"), ("except BlockingIOError:", "except ():")),
        ),
        WrongAnswer("text-for-bytes", changed(TAKE, ('("data", data) if', '("data", data.decode("latin-1")) if'))),
        WrongAnswer(
            "prints-not-returns",
            TAKE.replace("return ", "print(*").replace('b""\n', 'b"")\n').replace('("end", b"")', '("end", b""))', 1),
        ),
        # Asks poll, and takes RDHUP for the end although bytes are still there.
        WrongAnswer(
            "loses-bytes",
            """%%answer take
def take(sock):
    poller = select.poll()
    poller.register(sock, select.POLLIN | select.POLLRDHUP)
    ready = poller.poll(0)
    if not ready:
        return "nothing now", b""
    events = ready[0][1]
    if events & (select.POLLERR | select.POLLHUP):
        return "broken", b""
    if events & select.POLLRDHUP:
        return "end", b""
    return "data", sock.recv(4096)
""",
        ),
    ],
    "connect": [
        WrongAnswer(
            "waits",
            changed(
                CONNECT, ("    sock.setblocking(False)\n    sock.connect_ex(address)\n", "    sock.connect(address)\n")
            ),
        ),
        WrongAnswer("raises", changed(CONNECT, ("connect_ex", "connect"))),
        WrongAnswer(
            "too-early",
            changed(CONNECT, ('    if not poller.poll(0):\n        return "under way"\n', "")),
        ),
        WrongAnswer(
            "writable-is-connected",
            changed(CONNECT, ('errno.errorcode[number] if number else "connected"', '"connected"')),
        ),
        WrongAnswer(
            "reads-twice",
            changed(
                CONNECT,
                (
                    "number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)",
                    "which = socket.SOL_SOCKET, socket.SO_ERROR",
                ),
                ("errorcode[number] if number", "errorcode[sock.getsockopt(*which)] if sock.getsockopt(*which)"),
            ),
        ),
        WrongAnswer("state-waits", changed(CONNECT, ("poll(0)", "poll()"))),
        WrongAnswer("waits-a-while", changed(CONNECT, ("poll(0)", "poll(500)"))),
        WrongAnswer(
            "waits-a-while",
            changed(CONNECT, ("    return sock\n", "    select.select([], [sock], [], 0.5)\n    return sock\n")),
        ),
        WrongAnswer(
            "leaves-descriptors",
            changed(
                CONNECT,
                ("    poller = select.poll()\n", "    poller = select.epoll()\n    polled.append(poller)\n"),
                ("def start", "polled = []\n\n\ndef start"),
            ),
        ),
        WrongAnswer("never-over", changed(CONNECT, ("POLLOUT", "POLLIN"))),
        WrongAnswer("not-the-name", changed(CONNECT, ("errno.errorcode[number] if number", "number if number"))),
    ],
    "lookups": [
        WrongAnswer(
            "one-for-all",
            changed(
                LOOKUPS,
                ("        self.by_client[fd] = Client(fd)", "        self.by_client[fd] = self.client"),
                (
                    "        self.by_client, self.by_redis = {}, {}",
                    "        self.by_client, self.by_redis = {}, {}\n        self.client = Client(0)",
                ),
            ),
        ),
        WrongAnswer(
            "one-table-for-all",
            changed(
                LOOKUPS,
                (
                    "    def __init__(self):\n        self.by_client, self.by_redis = {}, {}\n",
                    "    by_client, by_redis = {}, {}\n",
                ),
            ),
        ),
        WrongAnswer("one-look-up", changed(LOOKUPS, (" or self.by_redis.get(fd)", ""))),
        WrongAnswer(
            "two-contexts",
            changed(
                LOOKUPS,
                (
                    "        client = self.by_redis[redis_fd] = self.by_client[fd]\n",
                    "        client = self.by_redis[redis_fd] = Client(fd)\n",
                ),
            ),
        ),
        WrongAnswer(
            "unknown-raises", changed(LOOKUPS, ("return client.data if client else None", "return client.data"))
        ),
        WrongAnswer(
            "no-redis-yet",
            changed(LOOKUPS, ("self.by_redis.pop(client.redis_fd, None)", "del self.by_redis[client.redis_fd]")),
        ),
        WrongAnswer("keeps-redis", changed(LOOKUPS, ("        self.by_redis.pop(client.redis_fd, None)\n", ""))),
        # No function ends without a return: what is None is said by get().
        WrongAnswer(
            "reused",
            """%%answer lookups
class Client:
    def __init__(self):
        self.data = b""


class Contexts:
    def __init__(self):
        self.by, self.redis = {}, {}

    def find(self, fd):
        return self.by.get(self.redis.get(fd, fd))

    def accept(self, fd):
        self.by[fd] = Client()

    def connect(self, fd, redis_fd):
        self.redis[redis_fd] = fd

    def feed(self, fd, data):
        self.find(fd).data += data

    def data(self, fd):
        client = self.find(fd)
        return client and client.data

    def finish(self, fd):
        self.by.pop(self.redis.get(fd, fd))
""",
        ),
        WrongAnswer("keeps-client", changed(LOOKUPS, ("        del self.by_client[client.fd]\n", ""))),
        WrongAnswer("finish-by-redis", changed(LOOKUPS, ("del self.by_client[client.fd]", "del self.by_client[fd]"))),
        WrongAnswer(
            "empty-is-none",
            changed(LOOKUPS, ("client.data if client else None", "(client.data if client else b'') or None")),
        ),
        WrongAnswer(
            "mixed-up", changed(LOOKUPS, ("self.by_redis.pop(client.redis_fd, None)", "self.by_redis.clear()"))
        ),
        # Marks who has finished, and keeps what was there when the number comes back.
        WrongAnswer(
            "reused",
            changed(
                LOOKUPS,
                (
                    "        self.by_client[fd] = Client(fd)",
                    "        self.by_client.setdefault(fd, Client(fd)).done = False",
                ),
                (
                    "return client.data if client else None",
                    "return client.data if client and not client.done else None",
                ),
                (
                    "        del self.by_client[client.fd]\n        self.by_redis.pop(client.redis_fd, None)\n",
                    "        client.done = True\n",
                ),
            ),
        ),
    ],
    "chain": CHAIN,
    "half": HALF,
}
