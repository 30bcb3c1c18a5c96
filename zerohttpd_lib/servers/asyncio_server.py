"""Two strangers: the same pages as most Python programmers would serve them today.

asyncio has an event loop of its own, epoll inside. `await` marks the places where a coroutine
waits, and the loop runs others meanwhile: what rungs 6 and 7 do with callbacks, while the text
reads from top to bottom like blocking.py. uvloop is the same event loop again, written in C
(on libuv), and nothing else in the program changes.

They stand beside the ladder, to compare with. One difference to the rungs before `keepalive`:
a client may ask for its next page on the same connection.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import suppress
from typing import Final, cast

from hiredis import ReplyError
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from ..app import guestbook, http_wire
from ..app.messages import Command, Conversation, Reply, Response
from ..kernel import sockets

REDIS_CONNECTIONS: Final = 50  # at most; who needs one more waits for one to come back
MAX_DISCARDED: Final = 1_048_576  # bytes of a refused request that we read on, for politeness
MAX_LINGER: Final = 2.0  # seconds that this may take


class AsyncioServer:
    """Serves the guestbook on `listener`, with Redis at `redis_address`, until it is killed."""

    def __init__(self, listener: socket.socket, redis_address: sockets.Address) -> None:
        self.listener = listener
        self.redis_address = redis_address

    def run(self) -> None:
        asyncio.run(self.serve())

    async def serve(self) -> None:
        # asyncio keeps what a coroutine raises for whoever awaits it. An exception out of a
        # signal handler would be lost like that, so the loop is told about the signals instead.
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        self.redis = make_client(self.redis_address)
        # start_server calls listen() once more: without `backlog` it would shorten the queue to 100.
        await asyncio.start_server(self.serve_client, sock=self.listener, backlog=sockets.BACKLOG)
        await stopped.wait()

    async def serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, from its first request to its last."""
        try:
            await self.answer_requests(reader, writer)
        except http_wire.BadRequest as problem:
            await refuse(reader, writer, guestbook.error(problem.status, problem.reason))
        except OSError:  # the client has left
            pass
        finally:
            writer.close()

    async def answer_requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = b""
        keep_alive = True
        while keep_alive:
            while (parsed := http_wire.read_request(data)) is None:
                chunk = await reader.read(sockets.CHUNK)
                if not chunk:
                    return
                data += chunk
            request, length = parsed
            data = data[length:]
            keep_alive = request.keep_alive
            response = await self.converse(guestbook.respond(request))
            head_only = request.method == "HEAD"
            writer.write(http_wire.write_response(response, keep_alive=keep_alive, head_only=head_only))
            await writer.drain()  # wait until the client has taken most of it

    async def converse(self, conversation: Conversation) -> Response:
        """Fetch what the application asks for, one command after the other, until it has its page."""
        reply: Reply = None
        try:
            while True:
                reply = await self.ask(conversation.send(reply))
        except StopIteration as done:
            return cast(Response, done.value)
        except (OSError, RedisError):  # Redis refused, left, or talked nonsense
            return guestbook.redis_unavailable()

    async def ask(self, command: Command) -> Reply:
        """One command over a connection of the pool. An error reply is a value."""
        try:
            return cast(Reply, await self.redis.execute_command(command.name, *command.arguments))
        except ResponseError as error:
            return ReplyError(str(error))


class UvloopServer(AsyncioServer):
    """The same, on uvloop's event loop."""

    def run(self) -> None:
        import uvloop

        uvloop.run(self.serve())


def make_client(address: sockets.Address) -> Redis:
    """redis-py's client, with a pool of connections."""
    host, port = address
    pool = BlockingConnectionPool(
        host=host, port=port, protocol=2, max_connections=REDIS_CONNECTIONS, timeout=None,
        # redis-py would try a failed command again. It cannot know whether the first INCR was
        # carried out, and so might count a visitor twice.
        retry=Retry(NoBackoff(), 0),
    )  # fmt: skip
    return Redis(connection_pool=pool)


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, response: Response) -> None:
    """Answer a request that we did not read to its end; see `refuse` in blocking.py."""
    with suppress(OSError, asyncio.TimeoutError):
        writer.write(http_wire.write_response(response))
        writer.write_eof()
        await asyncio.wait_for(discard(reader), MAX_LINGER)


async def discard(reader: asyncio.StreamReader) -> None:
    discarded = 0
    while discarded < MAX_DISCARDED and (data := await reader.read(sockets.CHUNK)):
        discarded += len(data)
