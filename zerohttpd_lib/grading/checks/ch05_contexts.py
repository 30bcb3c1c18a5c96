"""The check of the task "contexts": two look-ups, and numbers that are given again."""

from __future__ import annotations

import secrets
import socket
from typing import Any, Final

from . import Answer, Raised, Remote, Wrong, task

MOST_GIVEN: Final = 60  # sockets, until one gets a certain number

# Runs in the learner's process: sockets that count how often they are closed.
SOCKETS: Final = """
import socket as _socket

def _counting():
    counted = {}

    class Counting(_socket.socket):
        closings = property(lambda self: counted.get(id(self), 0))  # which is for nobody to set

        def close(self):
            counted[id(self)] = self.closings + 1
            super().close()

    return Counting

Counting = _counting()

def counting(number):
    return Counting(fileno=number)
"""


class Peer:
    """A socket in the learner's process: there it is an argument, here is its other end."""

    def __init__(self, number: int, sock: Remote, kept: socket.socket) -> None:
        self.number, self.sock, self._kept = number, sock, kept

    def is_closed(self) -> bool:
        try:
            return self._kept.recv(1, socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False

    def closings(self) -> int:
        return int(self.sock.get("closings"))


def new_peer(answer: Answer) -> Peer:
    given, kept = socket.socketpair()
    with given:
        number = answer.give(given)
    return Peer(number, answer.make("counting", number), kept)


def peer_with(answer: Answer, number: int) -> Peer:
    """One that gets this number, which is free: the kernel gives the lowest."""
    for _ in range(MOST_GIVEN):
        if (peer := new_peer(answer)).number == number:
            break
    return peer


@task("contexts", seconds=20)
def check_contexts(answer: Answer) -> None:
    answer.run(SOCKETS)
    contexts = Contexts(answer)
    names = [secrets.choice(["Ada", "Bo", "Cy", "Di"]) + f" {number}" for number in range(4)]
    clients = [new_peer(answer) for _ in names]
    redis = [new_peer(answer) for _ in names[:3]]  # the last client has none
    for client, name in zip(clients, names, strict=True):
        contexts.call("arrive", client, name)
    for client, its_redis in zip(clients, redis, strict=False):
        contexts.call("connect", client, its_redis)
    for client, name in zip(clients, names, strict=True):
        contexts.find(client, name, "client-not-found", "`arrive` is told the socket: its number is `client.fileno()`.")
    for its_redis, name in zip(redis, names, strict=False):
        hints = "There are two look-ups.", "`find` has to try by_redis as well."
        contexts.find(its_redis, name, "redis-not-found", *hints)
    Contexts(answer).find(clients[0], None, "one-for-all", *ONE_FOR_ALL)  # a second one, to which nobody has come
    contexts.call("end", clients[0])
    if clients[0].is_closed() or redis[0].is_closed():
        hints = "A newcomer would get the number, and the events of the old one with it.", "Keep it in a list."
        raise Wrong("closes-in-the-batch", say="`end` has closed a socket in mid-batch.", hints=hints)
    contexts.find(clients[0], None, "client-kept", "Who has ended is in no look-up.")
    hints = "The client is gone; what about its second descriptor?", "Delete from by_redis."
    contexts.find(redis[0], None, "redis-kept", *hints)
    contexts.end_without_redis(clients[3])
    newcomer = new_peer(answer)
    contexts.call("arrive", newcomer, "a newcomer")
    hint = "Who arrives in the batch in which others end is as good."
    contexts.find(newcomer, "a newcomer", "newcomer-not-found", hint)
    contexts.call("batch_is_done")
    compare_closed([clients[0], clients[3]], redis[0], [*clients[1:3], newcomer, *redis[1:]])
    contexts.call("end", clients[1])
    contexts.call("batch_is_done")
    compare_closed([clients[1]], redis[1], [clients[2], newcomer, redis[2]])
    if any(peer.closings() > 1 for peer in (*clients, *redis)):
        say = "`batch_is_done` has closed a socket that it had closed after an earlier batch."
        raise Wrong("never-cleared", say=say, hints=NEVER_CLEARED)
    check_numbers_again(answer, contexts, clients[0], redis[0])
    check_redis_number_again(answer, contexts)
    for connects_first in (0, 1):
        check_namesakes(answer, contexts, connects_first)


def check_numbers_again(answer: Answer, contexts: Contexts, client: Peer, redis: Peer) -> None:
    """A newcomer gets the number of a client that had a connection to Redis. It has none, and leaves."""
    newcomer = peer_with(answer, client.number)
    contexts.call("arrive", newcomer, "with an old number")
    contexts.find(newcomer, "with an old number", "old-number", *OLD_NUMBER)
    bystander, its_redis = new_peer(answer), peer_with(answer, redis.number)
    contexts.call("arrive", bystander, "a bystander")
    contexts.call("connect", bystander, its_redis)
    try:
        contexts.call("end", newcomer)
    except Raised as raised:
        say = f"A newcomer with the number of one that has ended before, and without a Redis, ended: {raised.say}"
        raise Wrong("old-redis", say=say, hints=OLD_REDIS) from None
    contexts.call("batch_is_done")
    contexts.find(its_redis, "a bystander", "old-redis", *OLD_REDIS)
    if its_redis.is_closed() or bystander.is_closed():
        raise Wrong("old-redis", say="Another client's connection was closed with that of a newcomer.", hints=OLD_REDIS)
    contexts.call("end", bystander)
    contexts.call("batch_is_done")
    compare_closed([newcomer, bystander], its_redis, [])


def check_redis_number_again(answer: Answer, contexts: Contexts) -> None:
    """Two newcomers get the numbers of a client and of its connection to Redis, which have both ended."""
    client, redis = new_peer(answer), new_peer(answer)
    contexts.call("arrive", client, "one who leaves")
    contexts.call("connect", client, redis)
    contexts.call("end", client)
    contexts.call("batch_is_done")
    newcomers = [peer_with(answer, number) for number in sorted((client.number, redis.number))]
    for newcomer, name in zip(newcomers, ("Bob", "Cy"), strict=True):
        contexts.call("arrive", newcomer, name)
    for newcomer, name in zip(newcomers, ("Bob", "Cy"), strict=True):
        contexts.find(newcomer, name, "old-redis-number", *OLD_REDIS_NUMBER)
    for newcomer in newcomers:
        contexts.call("end", newcomer)
    contexts.call("batch_is_done")


def check_namesakes(answer: Answer, contexts: Contexts, connects_first: int) -> None:
    """Two clients have the same name, which is nobody's number. The first leaves before the second."""
    first, second = (new_peer(answer) for _ in range(2))
    redis = [new_peer(answer) for _ in range(2)]
    for client in (first, second):
        contexts.call("arrive", client, "Eve")
    for number in (connects_first, 1 - connects_first):
        contexts.call("connect", (first, second)[number], redis[number])
    contexts.call("end", first)
    for peer in (second, redis[1]):
        contexts.find(peer, "Eve", "namesakes", *NAMESAKES)
    contexts.find(redis[0], None, "namesakes", *NAMESAKES)
    contexts.call("batch_is_done")
    if second.is_closed() or redis[1].is_closed() or not redis[0].is_closed():
        say = "Of two clients with the same name one ended, and not just its own sockets were closed."
        raise Wrong("namesakes", say=say, hints=NAMESAKES)
    contexts.call("end", second)
    contexts.call("batch_is_done")


class Contexts:
    """The learner's object, asked with sockets by their `Peer`."""

    def __init__(self, answer: Answer) -> None:
        self._made = answer.make("Contexts")

    def call(self, method: str, *arguments: Any) -> Any:
        return self._made.call(method, *(each.sock if isinstance(each, Peer) else each for each in arguments))

    def find(self, peer: Peer, expected: str | None, code: str, *hints: str) -> None:
        try:
            yours = self._made.call("find", peer.number)
        except Raised as raised:
            if expected is not None:
                raise Wrong(code, say=raised.say, yours=raised.kind, expected=expected, hints=hints) from None
            hint = "Not every event is for somebody who is still here: `dict.get` gives None."
            raise Wrong("stale-raises", say=raised.say, yours=raised.kind, expected=expected, hints=[hint]) from None
        if yours != expected:
            say = f"find({peer.number}) is not right {'for a stale event' if expected is None else ''}".rstrip() + "."
            raise Wrong(code, yours=yours, expected=expected, hints=hints, say=say)

    def end_without_redis(self, client: Peer) -> None:
        try:
            self.call("end", client)
        except Raised as raised:
            hints = [
                "A client may leave before it has asked for anything.",
                "`pop(key, None)`, and look at what you got before you close it.",
            ]
            raise Wrong("no-redis-raises", say=f"For a client that has no Redis: {raised.say}", hints=hints) from None


def compare_closed(ended: list[Peer], redis: Peer, others: list[Peer]) -> None:
    if any(peer.is_closed() for peer in others):
        hints = ["Close those that have ended, and leave all others alone."]
        raise Wrong("closes-too-many", say="`batch_is_done` has closed somebody who is still here.", hints=hints)
    if not all(peer.is_closed() for peer in ended):
        hints = ["Whoever is not closed keeps its number for ever: a leak.", "`sock.close()` for each that has ended."]
        raise Wrong("never-closes", say="After `batch_is_done` a client that has ended is still open.", hints=hints)
    if not redis.is_closed():
        hints = ["Each client that ends has up to two sockets.", "Put the Redis socket among the finished, too."]
        raise Wrong("leaks-redis", say="After `batch_is_done` its connection to Redis is still open.", hints=hints)


ONE_FOR_ALL: Final = [
    "A second Contexts() was asked, to which nobody has come: each has look-ups of its own. Where are yours made?",
    "What is made in the body of a class is one for all of its objects: make it in __init__, as self.by_client = {}.",
]
NEVER_CLEARED: Final = [
    "Your list of the finished grows with every client that ever came, and each batch goes through all of it.",
    "Once they are closed, forget them: self.finished.clear().",
]
OLD_NUMBER: Final = ["Its number was that of another client, who has ended. Now it means the newcomer."]
OLD_REDIS: Final = [
    "Whatever you keep for a client by its number has to go when it ends: the number will be a newcomer's.",
    "`pop` takes it out and gives it to you, where `get` leaves it.",
]
OLD_REDIS_NUMBER: Final = [
    "Two clients have come since another one left: one has its number, one that of its connection to Redis.",
    "What `connect` notes by the number of the Redis connection has to be gone after `end`: else it leads elsewhere.",
]
NAMESAKES: Final = ["Two clients may have the same name: only their descriptors tell them apart."]
