"""The four values that everything else passes around. They know no socket.

A `Request` comes in, `Command`s go to Redis, `Reply`s come back, a `Response` goes out.
All are tuples underneath: cheap to make, and nobody can change one after the fact.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

from hiredis import ReplyError


class Request(NamedTuple):
    """One HTTP request, complete (RFC 9112)."""

    method: str
    path: str  # still percent-encoded, without the query
    query: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    keep_alive: bool  # may another request follow on this connection?


class Response(NamedTuple):
    """One HTTP response. `headers` are extra ones; the writer adds the usual."""

    status: int
    body: bytes
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


class Command(NamedTuple):
    """One Redis command: its name and its arguments, all bytes."""

    name: bytes
    arguments: tuple[bytes, ...] = ()


# What hiredis makes of a reply: status and bulk strings are bytes, nil is None, and an error
# reply ("-ERR ...") is a ReplyError *value*: it is for the application to read, not to crash on.
Reply = bytes | int | list[Any] | None | ReplyError

# An application in mid-request: yields Commands, is sent Replies, returns a Response.
Conversation = Generator[Command, Reply, Response]

# The same, but it may yield several Commands at once, and is then sent the list of their Replies.
Wanted = Command | list[Command]
Replies = Reply | list[Reply]
PipelinedConversation = Generator[Wanted, Replies, Response]
