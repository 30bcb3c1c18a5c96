"""What the peers in Python have in common: the page, a listening socket, a word to the benchmark.

The page is made with redis.asyncio and its own pool of connections (hiredis reads the replies), in one of two
ways. "in turn": one command after the other, as most would write it. "pipeline": both in one go, as the rungs
from `pipelined` on do. LRANGE and INCR are enough, since INCR answers with the number; the rungs before
`pipelined` ask for it once more, with GET, as the article's do.
"""

from __future__ import annotations

import json
import socket
import sys
from typing import Final, cast

from redis.asyncio import Redis

from zerohttpd_lib.app.guestbook import REMARKS, VISITOR_COUNT, render_page
from zerohttpd_lib.kernel import sockets

TYPE: Final = "text/html; charset=utf-8"


class Guestbook:
    """The page at /guestbook. The command line has host and port of a Redis, and the way to ask it."""

    def __init__(self) -> None:
        host, port, way = sys.argv[1:]
        self.redis = Redis(host=host, port=int(port), protocol=2)
        self.ask = {"in turn": self.ask_in_turn, "pipeline": self.ask_in_one_go}[way]

    async def page(self) -> bytes:
        return render_page(*await self.ask())

    async def ask_in_turn(self) -> tuple[list[bytes], int]:
        remarks = await self.redis.lrange(REMARKS.decode(), 0, -1)
        return cast(list[bytes], remarks), await self.redis.incr(VISITOR_COUNT.decode())

    async def ask_in_one_go(self) -> tuple[list[bytes], int]:
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.lrange(REMARKS.decode(), 0, -1)
            pipe.incr(VISITOR_COUNT.decode())
            remarks, count = await pipe.execute()
        return remarks, count


def listen() -> socket.socket:
    """A socket on a free port of this machine. Its URL goes to the benchmark, which waits for it."""
    sockets.raise_descriptor_limit()
    listener = sockets.listen("127.0.0.1", 0)
    tell(listener.getsockname()[1])
    return listener


def tell(port: int) -> None:
    """Say to the benchmark where we are, or will be in a moment."""
    print(json.dumps({"url": f"http://127.0.0.1:{port}"}), flush=True)
