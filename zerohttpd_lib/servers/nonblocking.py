"""Rung 8: nothing blocks. Read epoll.py first: its first read and its writes move into the loop.

The article ends on a conjecture: were the first read and the writes non-blocking too, the epoll
server should do even better. This is that server. All else is as it was: the same questions to
Redis, one after the other, on a connection of their own for each request.

What it takes is memory of where one was: `requests` and `output` in http_connection.py. That file
is shared by rungs 8 to 12, and so are the loop (event_loop.py), the door (accepting.py) and what
talks to Redis (redis_connection.py). What a rung does differently is in its own file.
"""

from __future__ import annotations

import socket
from collections import deque

from ..app import guestbook
from ..app.messages import Wanted
from ..kernel import sockets
from .http_connection import HttpConnection, HttpServer
from .redis_connection import RedisConnection


class Connection(HttpConnection):
    __slots__ = ("redis",)
    server: NonblockingServer

    def __init__(self, server: NonblockingServer, sock: socket.socket) -> None:
        self.redis: RedisConnection | None = None
        super().__init__(server, sock)

    # A connection to Redis for each request, from its first question until it is answered.

    def ask(self, wanted: Wanted) -> None:
        if self.redis is None:
            self.server.wait_for_turn(self, wanted)
        else:
            self.redis.ask(wanted, self.replied)

    def take_turn(self, wanted: Wanted) -> None:
        self.redis = RedisConnection(self.server, self.server.redis_address, self.server.patience)
        self.redis.ask(wanted, self.replied)

    def done_asking(self) -> None:
        if self.redis is not None:
            self.redis.close()
            self.redis = None
            self.server.end_turn()

    def time_is_up(self) -> None:
        super().time_is_up()
        if self.redis is not None:
            self.redis.lose_patience()
            if self.redis is None:  # Redis is silent
                self.server.turn_away()


class NonblockingServer(HttpServer):
    """Lets in all who come, and lets `asks_at_once` of them ask Redis; the others have their turn, in order.

    Without that it had to choose. If it lets in a few at each turn of the loop, a crowd waits at the door: the
    accept queue overflows, and who finds it full is not heard for 1, 3, 7 seconds. If it lets in all, each of
    them wants a descriptor more, and a connection of which Redis has 10,000 (redis.conf, maxclients): who gets
    none has status 503. A queue inside has room for all, and takes no time from those whose turn it is. And as
    no more than about `asks_at_once` are answered in a batch, no more come again until the door is looked at:
    far fewer than the accept queue holds. (docs/past-the-article.md has all three ways measured.)
    """

    connection_class = Connection
    respond = staticmethod(guestbook.respond)
    asks_at_once = 256  # enough to keep Redis busy

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        super().__init__(listener, redis_address)
        self.asking = 0  # clients that have a connection to Redis
        self.waiting_for_turn: deque[tuple[Connection, Wanted]] = deque()

    def wait_for_turn(self, connection: Connection, wanted: Wanted) -> None:
        self.waiting_for_turn.append((connection, wanted))
        self.give_turns()

    def give_turns(self) -> None:
        while self.waiting_for_turn and self.asking < self.asks_at_once:
            connection, wanted = self.waiting_for_turn.popleft()
            if connection.state == "asking":  # else it has left
                self.asking += 1
                connection.take_turn(wanted)

    def end_turn(self) -> None:
        self.asking -= 1
        if self.waiting_for_turn:
            self.at_end_of_batch.append(self.give_turns)

    def turn_away(self) -> None:
        """Nobody needs to wait for a turn with a Redis that does not answer."""
        waiting, self.waiting_for_turn = self.waiting_for_turn, deque()
        for connection, _ in waiting:
            connection.replied(None, True)
