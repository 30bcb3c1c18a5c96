"""What the peers in Python have in common: the page, a listening socket, a word to the benchmark.

The page is made as most would make it: redis.asyncio with its own pool of connections (hiredis
reads the replies), one command after the other. LRANGE and INCR are enough, since INCR answers
with the number; the rungs before `pipelined` ask for it once more, with GET, as the article's do.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import cast

from redis.asyncio import Redis

from zerohttpd_lib import sockets
from zerohttpd_lib.guestbook import REMARKS, VISITOR_COUNT, render_page

TYPE = "text/html; charset=utf-8"


class Guestbook:
    """The page at /guestbook, with the Redis whose host and port are on the command line."""

    def __init__(self) -> None:
        host, port = sys.argv[1:]
        self.redis = Redis(host=host, port=int(port), protocol=2)

    async def page(self) -> bytes:
        remarks = await self.redis.lrange(REMARKS.decode(), 0, -1)
        count = await self.redis.incr(VISITOR_COUNT.decode())
        return render_page(cast(list[bytes], remarks), count)


def listen() -> socket.socket:
    """A socket on a free port of this machine. Its URL goes to the benchmark, which waits for it."""
    sockets.raise_descriptor_limit()
    listener = sockets.listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    print(json.dumps({"url": url, "pid": os.getpid()}), flush=True)
    return listener
