"""Check of the task "lookups": one context, found by either of two descriptors."""

from __future__ import annotations

import random
import secrets
from typing import Any, Final

from . import Answer, Raised, Remote, Wrong, task

STEPS: Final = 60  # of a story that is made up
MOST_TOLD: Final = 12  # calls of it

HINTS: Final = {
    "keeps-nothing": ["feed() adds the bytes to the context; data() gives them back."],
    "one-for-all": [
        "Whose bytes are they? Each client has its own context.",
        "What is made in the body of a class is shared by all; make it in __init__ or in accept().",
    ],
    "one-look-up": [
        "An event for the Redis connection brings its number, not the client's.",
        "Keep a second dict, from redis_fd to the context, and try both in each look-up.",
    ],
    "two-contexts": [
        "The client and its Redis connection share one context.",
        "In connect(): by_redis[redis_fd] = by_client[fd], the very same object.",
    ],
    "unknown-raises": ["An event may come for a descriptor that belongs to nobody by now.", "dict.get() gives None."],
    "no-redis-yet": [
        "A client can leave before it has a connection to Redis.",
        "by_redis.pop(number, None) takes away what is there, and is content if there is nothing.",
    ],
    "keeps-client": ["Who is finished is found no more, by its own number.", "del by_client[fd]"],
    "keeps-redis": [
        "Who is finished is found no more, by neither number.",
        "The context has to know its redis_fd, so that finish() can take that away, too.",
    ],
    "finish-by-redis": [
        "It may be Redis that ends it: then finish() is given the Redis connection's number.",
        "Look the context up first; then take away both of its numbers.",
    ],
    "one-table-for-all": [
        "Each Contexts() has tables of its own. Where are yours made?",
        "What is made in the body of a class is one for all of its objects: make it in __init__, self.by_client = {}.",
    ],
    "reused": [
        "The kernel gives a new socket the lowest free number, which was somebody else's a moment ago.",
        "Nothing of the old one may be left: accept() and connect() put something new under the number.",
    ],
    "mixed-up": [
        "Play it through on paper: which number leads to whose context after each of these calls?",
        "Several clients come and go, and a number means what the last accept() or connect() has made of it.",
    ],
}


class Witness:
    """The learner's object; says of each thing that it does wrong what mistake it is."""

    def __init__(self, contexts: Remote) -> None:
        self.contexts = contexts
        self.done: list[str] = []  # the calls so far, to be shown

    def do(self, code: str, method: str, *arguments: Any) -> Any:
        self.done.append(f"{method}({', '.join(map(repr, arguments))})")
        try:
            return self.contexts.call(method, *arguments)
        except Raised as raised:
            if raised.kind not in ("KeyError", "AttributeError"):
                raise
            raise Wrong(code, yours=f"{raised.kind}: {raised.text}", say=self.story(), hints=HINTS[code]) from None

    def expect(self, code: str, fd: int, expected: bytes | None) -> None:
        yours = self.do(code, "data", fd)
        if yours != expected:
            raise Wrong(code, yours=yours, expected=expected, say=self.story(), hints=HINTS[code])

    def story(self) -> str:
        """The calls that lead to this; data() changes nothing, so only the last one of it is told."""
        before = [call for call in self.done[:-1] if not call.startswith("data")]
        told = ["...", *before[-MOST_TOLD:]] if len(before) > MOST_TOLD else before
        return f"{self.done[-1]}, after {', '.join(told)}:" if before else f"{self.done[-1]}:"


@task("lookups", seconds=15)
def check_lookups(answer: Answer) -> None:
    a, b, redis_of_a, c, redis_of_c, d, nobody = random.sample(range(5, 1000), 7)
    x, y, z = (secrets.token_hex(2).encode() for _ in range(3))
    it = Witness(answer.make("Contexts"))
    it.do("keeps-nothing", "accept", a)
    it.do("keeps-nothing", "feed", a, x)
    it.expect("keeps-nothing", a, x)
    it.do("one-for-all", "accept", b)
    it.expect("one-for-all", b, b"")
    it.do("one-look-up", "connect", a, redis_of_a)
    it.do("one-look-up", "feed", redis_of_a, y)
    _check_one_context(it, a, redis_of_a, x, y)
    it.expect("unknown-raises", nobody, None)
    it.do("no-redis-yet", "finish", b)
    it.expect("keeps-client", b, None)
    it.do("keeps-client", "finish", a)
    it.expect("keeps-client", a, None)
    it.expect("keeps-redis", redis_of_a, None)
    it.do("reused", "accept", c)
    it.do("reused", "connect", c, redis_of_c)
    it.do("finish-by-redis", "finish", redis_of_c)
    it.expect("finish-by-redis", c, None)
    it.expect("finish-by-redis", redis_of_c, None)
    it.do("reused", "accept", redis_of_a)  # the number of a connection to Redis is a client's now
    it.expect("reused", redis_of_a, b"")
    it.do("reused", "accept", d)
    it.do("reused", "connect", d, a)  # and the other way round
    it.do("reused", "feed", a, z)
    it.expect("reused", d, z)
    another = answer.make("Contexts")
    _check_shares_nothing(another, d)
    _check_made_up_story(Witness(another))


def _check_shares_nothing(another: Remote, fd: int) -> None:
    if (yours := another.call("data", fd)) is not None:
        say = f"A second Contexts() was made, and nobody has come to it. Its data({fd}):"
        raise Wrong("one-table-for-all", yours=yours, expected=None, say=say, hints=HINTS["one-table-for-all"])


def _check_one_context(it: Witness, client: int, redis: int, first: bytes, second: bytes) -> None:
    by_redis = it.do("one-look-up", "data", redis)
    if by_redis == second:
        say, hints = it.story(), HINTS["two-contexts"]
        raise Wrong("two-contexts", yours=by_redis, expected=first + second, say=say, hints=hints)
    it.done.pop()
    it.expect("one-look-up", redis, first + second)
    it.expect("two-contexts", client, first + second)


class Known:
    """What ought to be known about one client."""

    def __init__(self, fd: int) -> None:
        self.fds = [fd]
        self.data = b""


def _check_made_up_story(it: Witness) -> None:
    """Clients come, feed, connect and go as chance has it; few numbers, so that they come again soon."""
    numbers = random.sample(range(3, 1000), 9)
    known: dict[int, Known] = {}
    for _ in range(STEPS):
        _one_step(it, numbers, known)
        for fd in random.sample(numbers, 2):
            it.expect("mixed-up", fd, known[fd].data if fd in known else None)


def _one_step(it: Witness, numbers: list[int], known: dict[int, Known]) -> None:
    free = [fd for fd in numbers if fd not in known]
    alone = [client for client in known.values() if len(client.fds) == 1]
    step = random.choice(["accept", "connect", "feed", "feed", "finish"])
    if step == "accept" and free:
        fd = random.choice(free)
        known[fd] = Known(fd)
        it.do("mixed-up", "accept", fd)
    elif step == "connect" and free and alone:
        client, fd = random.choice(alone), random.choice(free)
        it.do("mixed-up", "connect", client.fds[0], fd)
        client.fds.append(fd)
        known[fd] = client
    elif step == "feed" and known:
        fd, data = random.choice(list(known)), secrets.token_bytes(random.randint(0, 3))
        it.do("mixed-up", "feed", fd, data)
        known[fd].data += data
    elif step == "finish" and known:
        fd = random.choice(list(known))
        it.do("mixed-up", "finish", fd)
        for number in list(known[fd].fds):
            del known[number]
