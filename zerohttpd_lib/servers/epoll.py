"""Rung 7: epoll. Read poll.py first: the array moves into the kernel.

poll() is given the whole list of descriptors at every call, and looks at every one of them,
at every call. epoll keeps the list in the kernel and has three calls in place of one:

    epoll_create    makes the list, once; it is reached through a descriptor of its own
    epoll_ctl       adds, changes or removes one descriptor: a system call for each change
    epoll_wait      gives back those that are ready, and looks at no others

Nothing else differs. To see that for yourself, compare this file with poll.py line by line:

    diff poll.py epoll.py
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from contextlib import suppress

from ..app import guestbook, http_wire
from ..app.messages import Command, Conversation, Reply, Response
from ..app.redis_wire import NEED_MORE, ProtocolError, ReplyReader, write_command
from ..kernel import sockets

READABLE = select.EPOLLIN
WRITABLE = select.EPOLLOUT
ONLY_BROKEN = 0  # EPOLLHUP and EPOLLERR are reported whether you ask or not (man 2 epoll_ctl)

ACCEPTS_AT_ONCE = 64  # so that a crowd at the door does not keep those inside waiting
MAX_DISCARDED = 1_048_576  # bytes of a refused request that we read on, for politeness


class Client:
    """All that is known about one client between two callbacks."""

    conversation: Conversation  # with the application, from read_request on
    command: Command  # what the application asked Redis last
    redis: socket.socket  # from connect_to_redis on

    def __init__(self, sock: socket.socket, next_callback: Callable[[Client], None]) -> None:
        self.sock = sock
        self.next_callback = next_callback
        self.head_only = False
        self.waits_for_redis = False
        self.replies = ReplyReader()
        self.discarded = 0  # bytes


class EpollServer:
    """Serves the guestbook on `listener`, with Redis at `redis_address`, until it is killed."""

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        self.listener = listener
        self.redis_address = redis_address
        self.by_client: dict[int, Client] = {}  # look-up one: the client's descriptor
        self.by_redis: dict[int, Client] = {}  # look-up two: its Redis connection's
        self.finished: list[socket.socket] = []  # to be closed when this batch of events is done
        self.accepting = True
        self.epoll = select.epoll()

    # Waiting. The list of descriptors lives in the kernel: the interest list. To watch one
    # more is a system call, epoll_ctl, but the list need not be handed over ever again.

    def watch(self, fd: int, events: int) -> None:
        self.epoll.register(fd, events)

    def modify(self, fd: int, events: int) -> None:
        self.epoll.modify(fd, events)

    def forget(self, fd: int) -> None:
        # For a socket that is about to be closed this is a call too many: the kernel drops it
        # by itself, unless a second descriptor refers to it (man 7 epoll, question 6). An array
        # drops nothing by itself, and so that the two files can be compared, we ask here, too.
        self.epoll.unregister(fd)

    def wait(self) -> list[tuple[int, int]]:
        # Nothing goes in. The kernel keeps a second list, of those that are ready, and adds
        # to it when data arrives: what comes back is that list, however long the first one is.
        return self.epoll.poll()

    # The loop.

    def run(self) -> None:
        self.watch(self.listener.fileno(), READABLE)
        while True:
            for fd, _ in self.wait():
                if fd == self.listener.fileno():
                    self.accept_clients()
                elif fd in self.by_client:
                    self.client_is_ready(self.by_client[fd])
                elif fd in self.by_redis:
                    self.redis_is_ready(self.by_redis[fd])
                # else: an event for a client that an earlier event of this batch has ended
            self.close_finished()

    def accept_clients(self) -> None:
        """Take the clients that are waiting. If there are more of them, the listener stays ready."""
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                sock = sockets.accept(self.listener)
            except OSError as error:
                if error.errno not in sockets.EXHAUSTED:
                    raise
                # No descriptor for this client, and the listener would be ready again at once, and
                # again: stop watching it until somebody leaves, if there is anybody who can.
                if self.by_client:
                    self.forget(self.listener.fileno())
                    self.accepting = False
                return
            if sock is None:
                return
            self.by_client[sock.fileno()] = Client(sock, self.read_request)
            self.watch(sock.fileno(), READABLE)

    def client_is_ready(self, client: Client) -> None:
        if client.waits_for_redis:  # then all we can hear from the client is that it has gone
            return self.finish(client)
        try:
            client.next_callback(client)
        except OSError:  # its connection broke: only this client ends
            self.finish(client)

    def redis_is_ready(self, client: Client) -> None:
        try:
            client.next_callback(client)
        except (OSError, ProtocolError):  # Redis refused, left, or talked nonsense
            self.send_response(client, guestbook.redis_unavailable())

    # The callbacks, in the order in which a page needs them.

    def read_request(self, client: Client) -> None:
        """Blocks from the first byte of a request to its last."""
        data = b""
        try:
            while (parsed := http_wire.read_request(data)) is None:
                chunk = sockets.receive(client.sock)
                if not chunk:
                    return self.finish(client)
                data += chunk
        except http_wire.BadRequest as problem:
            return self.refuse(client, guestbook.error(problem.status, problem.reason))
        request, _ = parsed
        client.head_only = request.method == "HEAD"
        client.conversation = guestbook.respond(request)
        self.converse(client, None)

    def converse(self, client: Client, reply: Reply) -> None:
        """Hand the application a reply (None to begin) and do what it asks for next."""
        try:
            client.command = client.conversation.send(reply)
        except StopIteration as done:
            self.send_response(client, done.value)
        else:
            if client.waits_for_redis:
                sockets.send_all(client.redis, write_command(client.command))
            else:
                self.connect_to_redis(client)

    def connect_to_redis(self, client: Client) -> None:
        """Start to connect. The socket is non-blocking now, and writable when that is done."""
        try:
            client.redis = sockets.start_connect(self.redis_address)
        except OSError:  # nobody listens there, or no descriptor is left
            return self.send_response(client, guestbook.redis_unavailable())
        client.waits_for_redis = True
        client.next_callback = self.redis_connected
        self.by_redis[client.redis.fileno()] = client
        self.watch(client.redis.fileno(), WRITABLE)
        self.modify(client.sock.fileno(), ONLY_BROKEN)

    def redis_connected(self, client: Client) -> None:
        if error := sockets.connect_error(client.redis):
            raise OSError(error, "connect to Redis")
        client.redis.setblocking(True)
        client.next_callback = self.redis_replied
        self.modify(client.redis.fileno(), READABLE)
        sockets.send_all(client.redis, write_command(client.command))

    def redis_replied(self, client: Client) -> None:
        """Some bytes of a reply are here, perhaps not all of it."""
        data = sockets.receive(client.redis)
        if not data:
            raise ConnectionError("Redis closed the connection")
        client.replies.feed(data)
        reply = client.replies.next_reply()
        if reply is not NEED_MORE:
            self.converse(client, reply)

    def send_response(self, client: Client, response: Response) -> None:
        """Blocks until the kernel has taken every byte, which a slow reader can delay for long."""
        with suppress(OSError):  # the client did not wait for its page
            sockets.send_all(client.sock, http_wire.write_response(response, head_only=client.head_only))
        self.finish(client)

    def refuse(self, client: Client, response: Response) -> None:
        """Answer a request that we did not read to its end.

        To close a socket with unread input resets the connection, and the answer can be lost
        with it. So we end our side only, and throw away what still comes (RFC 9112, section 9.6).
        """
        sockets.send_all(client.sock, http_wire.write_response(response))
        client.sock.shutdown(socket.SHUT_WR)
        client.next_callback = self.discard

    def discard(self, client: Client) -> None:
        data = sockets.receive(client.sock)
        client.discarded += len(data or b"")
        if not data or client.discarded > MAX_DISCARDED:
            self.finish(client)

    def finish(self, client: Client) -> None:
        """Forget the client and its Redis connection. Their sockets are closed a little later.

        The kernel gives a new socket the lowest free number. Were we to close 9 here, the next
        accept() could return a new 9, and an event for the old 9, further down this same batch,
        would be taken for the new one's. So the numbers stay taken until the batch is done.
        """
        del self.by_client[client.sock.fileno()]
        self.forget(client.sock.fileno())
        self.finished.append(client.sock)
        if client.waits_for_redis:
            del self.by_redis[client.redis.fileno()]
            self.forget(client.redis.fileno())
            self.finished.append(client.redis)

    def close_finished(self) -> None:
        for sock in self.finished:
            sock.close()
        if self.finished and not self.accepting:
            self.accepting = True
            self.watch(self.listener.fileno(), READABLE)
        self.finished.clear()

    def describe(self, fd: int) -> tuple[str, str]:
        """What the recorder writes beside a descriptor: whose it is, and what it will do next."""
        if fd in self.by_client:
            return "client", self.by_client[fd].next_callback.__name__
        if fd in self.by_redis:
            return "redis", self.by_redis[fd].next_callback.__name__
        return "listener", "accept_clients"
