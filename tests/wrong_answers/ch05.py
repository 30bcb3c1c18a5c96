"""Wrong answers to exercise 05."""

from wrong_answers import WrongAnswer

CLOSED = """%%answer closed
reported = {1: "NVAL", 2: "nothing", 3: "IN", 4: "nothing", 5: "IN|HUP", 6: "nothing"}
because = "b"
"""

CONTEXTS = """%%answer contexts
class Contexts:
    def __init__(self):
        self.by_client, self.by_redis = {}, {}
        self.redis_of = {}
        self.finished = []

    def arrive(self, client, name):
        self.by_client[client.fileno()] = name

    def connect(self, client, redis):
        self.by_redis[redis.fileno()] = self.by_client[client.fileno()]
        self.redis_of[client.fileno()] = redis

    def find(self, fd):
        return self.by_client.get(fd) or self.by_redis.get(fd)

    def end(self, client):
        del self.by_client[client.fileno()]
        self.finished.append(client)
        redis = self.redis_of.pop(client.fileno(), None)
        if redis is not None:
            del self.by_redis[redis.fileno()]
            self.finished.append(redis)

    def batch_is_done(self):
        for sock in self.finished:
            sock.close()
        self.finished.clear()
"""

EVIDENCE = """%%answer evidence
mistake = "write-kept"
descriptor = 14
wait_number = 23
"""

PORT = '''%%answer port
class EpollPort(PollServer):
    """The poll server, with epoll in place of poll."""

    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.epoll = select.epoll()

    def watch(self, fd, events):
        self.epoll.register(fd, events)

    def modify(self, fd, events):
        self.epoll.modify(fd, events)

    def forget(self, fd):
        self.epoll.unregister(fd)

    def wait(self):
        return self.epoll.poll(maxevents=8)
'''

ADDS = """\
        self.asked[fd] |= events
        self.epoll.modify(fd, self.asked[fd])"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """A right answer with a mistake put in."""
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


WRONG = {
    "closed": [
        WrongAnswer("poll-is-silent", changed(CLOSED, ('1: "NVAL"', '1: "nothing"'))),
        WrongAnswer("epoll-complains", changed(CLOSED, ('2: "nothing"', '2: "NVAL"'))),
        WrongAnswer("copy-counts-for-nothing", changed(CLOSED, ('3: "IN"', '3: "nothing"'))),
        WrongAnswer("forgotten-is-reported", changed(CLOSED, ('4: "nothing"', '4: "IN"'))),
        # As the answer to the third case; and as if the list had an entry for ever.
        WrongAnswer("leaving-is-not-seen", changed(CLOSED, ('5: "IN|HUP"', '5: "IN"'))),
        WrongAnswer("last-copy-is-missed", changed(CLOSED, ('6: "nothing"', '6: "IN"'))),
        WrongAnswer("wrong-reason", changed(CLOSED, ('"b"', '"a"'))),
        WrongAnswer("not-a-dict", '%%answer closed\nreported = ["NVAL", "nothing", "IN", "nothing"]\nbecause = "b"\n'),
    ],
    "contexts": [
        WrongAnswer("never-cleared", changed(CONTEXTS, ("        self.finished.clear()\n", ""))),
        WrongAnswer(
            "one-for-all",
            changed(
                CONTEXTS,
                (
                    "    def __init__(self):\n        self.by_client, self.by_redis = {}, {}\n",
                    "    by_client, by_redis = {}, {}\n\n    def __init__(self):\n",
                ),
            ),
        ),
        WrongAnswer("old-redis", changed(CONTEXTS, (".pop(client.fileno(), None)", ".get(client.fileno())"))),
        WrongAnswer(
            "old-number",
            changed(
                CONTEXTS,
                ("        self.finished = []\n", "        self.finished = []\n        self.gone = set()\n"),
                ("        return self", "        if fd in self.gone:\n            return None\n        return self"),
                (
                    "        self.finished.append(client)\n",
                    "        self.finished.append(client)\n        self.gone.add(client.fileno())\n",
                ),
            ),
        ),
        WrongAnswer(
            "namesakes",
            changed(
                CONTEXTS,
                ("self.redis_of[client.fileno()] = redis", "self.redis_of[self.by_client[client.fileno()]] = redis"),
                (
                    "        del self.by_client[client.fileno()]\n",
                    "        name = self.by_client.pop(client.fileno())\n",
                ),
                ("self.redis_of.pop(client.fileno(), None)", "self.redis_of.pop(name, None)"),
            ),
        ),
        # From the Redis connection's number to the client's, and on to whoever has that now.
        WrongAnswer(
            "old-redis-number",
            """%%answer contexts
class Contexts:
    def __init__(self):
        self.names, self.redis, self.socks = {}, {}, {}
        self.finished = []

    def arrive(self, client, name):
        self.names[client.fileno()] = name

    def connect(self, client, redis):
        self.redis[redis.fileno()] = client.fileno()
        self.socks[client.fileno()] = redis

    def find(self, fd):
        return self.names.get(self.redis.get(fd, fd))

    def end(self, client):
        self.names.pop(client.fileno(), None)
        self.finished.append(client)
        redis = self.socks.pop(client.fileno(), None)
        if redis is not None:
            self.finished.append(redis)

    def batch_is_done(self):
        for sock in self.finished:
            sock.close()
        self.finished.clear()
""",
        ),
        WrongAnswer("redis-not-found", changed(CONTEXTS, (" or self.by_redis.get(fd)", ""))),
        WrongAnswer(
            "stale-raises",
            changed(
                CONTEXTS,
                (
                    "return self.by_client.get(fd) or self.by_redis.get(fd)",
                    "return self.by_client[fd] if fd in self.by_client else self.by_redis[fd]",
                ),
            ),
        ),
        WrongAnswer(
            "closes-in-the-batch",
            changed(
                CONTEXTS, ("        self.finished.append(client)\n", ""), ("None)\n", "None)\n        client.close()\n")
            ),
        ),
        WrongAnswer("client-kept", changed(CONTEXTS, ("        del self.by_client[client.fileno()]\n", ""))),
        WrongAnswer("redis-kept", changed(CONTEXTS, ("            del self.by_redis[redis.fileno()]\n", ""))),
        WrongAnswer("no-redis-raises", changed(CONTEXTS, (".pop(client.fileno(), None)", ".pop(client.fileno())"))),
        WrongAnswer("never-closes", changed(CONTEXTS, ("            sock.close()\n", "            pass\n"))),
        WrongAnswer("leaks-redis", changed(CONTEXTS, ("            self.finished.append(redis)\n", ""))),
        WrongAnswer(
            "closes-too-many",
            changed(
                CONTEXTS,
                (
                    "        for sock in self.finished:\n",
                    "        for sock in [*self.finished, *self.redis_of.values()]:\n",
                ),
            ),
        ),
    ],
    "evidence": [
        WrongAnswer("hup-is-handled", changed(EVIDENCE, ("write-kept", "hup-ignored"), ("14", "11"), ("23", "24"))),
        WrongAnswer("nobody-took-it", changed(EVIDENCE, ("write-kept", "stale-event"), ("14", "12"), ("23", "24"))),
        WrongAnswer("all-are-forgotten", changed(EVIDENCE, ("write-kept", "not-forgotten"))),
        WrongAnswer("all-is-read", changed(EVIDENCE, ("write-kept", "never-read"))),
        WrongAnswer("no-such-kind", changed(EVIDENCE, ("write-kept", "out-kept"))),
        WrongAnswer("not-filled-in", changed(EVIDENCE, ("14", "None"))),
        WrongAnswer("text-for-number", changed(EVIDENCE, ("14", '"14"'))),
        WrongAnswer("a-client", changed(EVIDENCE, ("14", "13"))),
        WrongAnswer("a-sound-one", changed(EVIDENCE, ("14", "10"))),
        WrongAnswer("connect-is-right", changed(EVIDENCE, ("23", "22"))),
        WrongAnswer("not-the-first", changed(EVIDENCE, ("23", "24"))),
        WrongAnswer("another-wait", changed(EVIDENCE, ("23", "3"))),
    ],
    "port": [
        WrongAnswer(
            "wakes-up",
            changed(
                PORT,
                (
                    "        return self.epoll.poll(maxevents=8)\n",
                    "        while not (ready := self.epoll.poll(1, 8)):\n            pass\n        return ready\n",
                ),
            ),
        ),
        WrongAnswer(
            "still-poll",
            changed(PORT, ("select.epoll()", "select.poll()"), ("self.epoll", "self.poller")),
        ),
        WrongAnswer("forgets-super", changed(PORT, ("        super().__init__(listener, redis_address)\n", ""))),
        # The chapter's one line.
        WrongAnswer(
            "other-batch",
            """%%answer port
class EpollPort(PollServer):
    def __init__(self, listener, redis_address):
        super().__init__(listener, redis_address)
        self.poller = select.epoll()
""",
        ),
        WrongAnswer("throws-away", changed(PORT, ("self.epoll.poll(maxevents=8)", "self.epoll.poll()[:8]"))),
        WrongAnswer(
            "waits-in-poll",
            changed(
                PORT,
                (
                    "select.epoll()\n",
                    "select.epoll()\n        self.outer = select.poll()\n        self.outer.register(self.epoll, 1)\n",
                ),
                ("return self.epoll.poll(maxevents=8)", "self.outer.poll()\n        return self.epoll.poll(0, 8)"),
            ),
        ),
        WrongAnswer(
            "naps",
            changed(
                PORT,
                ("        return", "        import time\n\n        time.sleep(0.005)\n        return"),
            ),
        ),
        WrongAnswer("nothing-watched", changed(PORT, ("        self.epoll.register", "        self.poller.register"))),
        # It returns nothing.
        WrongAnswer(
            "no-answer", changed(PORT, ("return self.epoll.poll(maxevents=8)", "self.epoll.poll(maxevents=8)"))
        ),
        WrongAnswer("does-not-run", changed(PORT, ("self.epoll.modify(fd", "self.epoll.modfy(fd"))),
        WrongAnswer("nobody-asks", changed(PORT, ("self.epoll.poll(maxevents=8)", "self.poller.poll()"))),
        WrongAnswer("no-answer", changed(PORT, ("self.epoll.modify(fd", "self.epoll.register(fd"))),
        WrongAnswer("write-kept", changed(PORT, ("self.epoll.modify(fd, events)", "pass"))),
        WrongAnswer(
            "adds-interest",
            changed(
                PORT,
                ("select.epoll()\n", "select.epoll()\n        self.asked = {}\n"),
                (
                    "    def watch(self, fd, events):\n",
                    "    def watch(self, fd, events):\n        self.asked[fd] = events\n",
                ),
                ("        self.epoll.modify(fd, events)", ADDS),
            ),
        ),
        WrongAnswer("not-forgotten", changed(PORT, ("self.epoll.unregister(fd)", "pass"))),
        WrongAnswer(
            "not-level-triggered", changed(PORT, ("register(fd, events)", "register(fd, events | select.EPOLLET)"))
        ),
        WrongAnswer("never-sleeps", changed(PORT, ("self.epoll.poll(maxevents=8)", "self.epoll.poll(0, 8)"))),
    ],
}
