"""What rungs 1 to 5 have in common: one client, from its first byte to its last.

`serve_client` reads like the story of one request, because whoever runs it has nothing else to
do: every call in it waits until it is done, and meanwhile the process or the thread sleeps in
the kernel. The five rungs differ in one thing only, who calls it.

Redis is asked through redis-py. A `Connection` of it carries one conversation at a time, so each
process or thread has its own, for as long as it lives. Where that is long (iterative, preforked,
prethreaded) so is the connection; where it is one request (forking, threaded) each request pays
for a new one. In the article the pre-threaded server connects for each request, too.

Simplifications: one request per connection, and no time-outs. A client that stays silent holds
its process or thread for as long as it likes, and so does a Redis that never answers.
"""

from __future__ import annotations

# Python imports this when it first looks up an address. That is too late for a process that has
# run out of descriptors, and it would be done again and again in the children of `forking`.
import encodings.idna  # noqa: F401
import socket
import time
from contextlib import suppress
from typing import Final, cast

from hiredis import ReplyError
from redis import Connection, RedisError, ResponseError

from ..app import guestbook, http_wire
from ..app.messages import Command, Conversation, Reply, Request, Response
from ..kernel import sockets

PAUSE: Final = 0.05  # seconds
MAX_DISCARDED: Final = 1_048_576  # bytes of a refused request that we read on, for politeness
MAX_LINGER: Final = 2.0  # seconds that this may take


def next_client(listener: socket.socket) -> socket.socket:
    """Wait for the next client."""
    while True:
        try:
            client = sockets.accept(listener)
        except OSError as error:
            if error.errno not in sockets.EXHAUSTED:
                raise
            # No descriptor is left, and accept() would fail at once again, and again. Nothing
            # tells us when one is free, so we sleep. It costs nobody anything: whoever waits
            # for us now could not be served.
            time.sleep(PAUSE)
        else:
            if client is not None:
                return client


def redis_connection(address: sockets.Address) -> Connection:
    """A connection that is made when it is first used, and made again when Redis has closed it."""
    host, port = address
    # RESP 2, no time-out, and without driver_info=None two more commands would go ahead of ours,
    # to tell Redis the name and the version of redis-py.
    return Connection(host=host, port=port, protocol=2, socket_timeout=None, driver_info=None)


def serve_client(client: socket.socket, redis: Connection) -> None:
    """Read one request, answer it, close. What is wrong with this client ends with it."""
    with client, suppress(OSError):  # the client has left: there is nobody to tell
        try:
            request = read_request(client)
        except http_wire.BadRequest as problem:
            return refuse(client, guestbook.error(problem.status, problem.reason))
        if request is not None:
            response = converse(guestbook.respond(request), redis)
            head_only = request.method == "HEAD"
            sockets.send_all(client, http_wire.write_response(response, head_only=head_only))


def read_request(client: socket.socket) -> Request | None:
    """The client's request; None when it leaves before that is complete. Raises BadRequest."""
    reader = http_wire.RequestReader()
    while (request := reader.next_request()) is None:
        if reader.asks_to_go_on():
            sockets.send_all(client, http_wire.CONTINUE)
        chunk = sockets.receive(client)
        if not chunk:
            return None
        reader.feed(chunk)
    return request


def converse(conversation: Conversation, redis: Connection) -> Response:
    """Fetch what the application asks for, one command after the other, until it has its page."""
    reply: Reply = None
    try:
        disconnect_if_closed(redis)
        while True:
            command = conversation.send(reply)
            reply = ask(redis, command)
    except StopIteration as done:
        return cast(Response, done.value)
    except RedisError:  # Redis refused, left, or talked nonsense
        return guestbook.redis_unavailable()


def ask(redis: Connection, command: Command) -> Reply:
    """Send a command, wait for its reply. An error reply is a value, as the application expects."""
    try:
        redis.send_command(command.name, *command.arguments)
        return cast(Reply, redis.read_response())
    except ResponseError as error:
        return ReplyError(str(error))


def disconnect_if_closed(redis: Connection) -> None:
    """Let go of a connection that Redis has closed since the last request, as in a restart.

    Redis says nothing unasked. A connection that can be read although we wait for no reply has
    come to its end (man 2 recv: "the return value will be 0").
    """
    if redis.is_connected:
        with suppress(RedisError):
            if not redis.can_read():
                return
        redis.disconnect()


def refuse(client: socket.socket, response: Response) -> None:
    """Answer a request that we did not read to its end.

    To close a socket with unread input resets the connection, and the answer can be lost with
    it. So we end our side only, and throw away what still comes (RFC 9112, section 9.6): up to
    a limit, because the process or thread that does this serves nobody else meanwhile.
    """
    sockets.send_all(client, http_wire.write_response(response))
    client.shutdown(socket.SHUT_WR)
    discarded = 0
    end = time.monotonic() + MAX_LINGER
    while discarded < MAX_DISCARDED and (time_left := end - time.monotonic()) > 0:
        client.settimeout(time_left)
        data = sockets.receive(client)
        if not data:
            return
        discarded += len(data)
