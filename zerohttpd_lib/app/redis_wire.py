"""Command to bytes, bytes to Reply: the Redis protocol, RESP 2. No socket in sight.

The protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/
Writing it takes five lines. Reading it is left to hiredis, the parser that redis-py uses too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import hiredis
from hiredis import ProtocolError

from .messages import Command, Reply

__all__ = ["NEED_MORE", "ProtocolError", "ReplyReader", "write_command"]

NEED_MORE: Final = False  # hiredis says False: None is already taken, it is Redis's nil


@lru_cache(maxsize=16)
def write_command(command: Command) -> bytes:
    """`Command(b"GET", (b"k",))` becomes `*2 $3 GET $1 k`, with CRLF for each space.

    A server asks the same few things over and over: they are kept.
    """
    words = (command.name, *command.arguments)
    head = b"*%d\r\n" % len(words)
    return head + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


class ReplyReader:
    """Feed it bytes as they come; take replies out as they are complete.

    `next_reply()` is the next complete one, or NEED_MORE. It raises ProtocolError on nonsense.
    """

    def __init__(self) -> None:
        reader = hiredis.Reader()
        self.feed: Callable[[bytes], None] = reader.feed
        self.next_reply: Callable[[], Reply | bool] = reader.gets
