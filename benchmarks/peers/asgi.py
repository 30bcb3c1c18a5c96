"""The guestbook as an ASGI application without a framework (https://asgi.readthedocs.io), for uvicorn and granian."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .page import TYPE, Guestbook

guestbook = Guestbook()


async def app(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    found = scope["path"] == "/guestbook"
    body = await guestbook.page() if found else b"There is no such page here."
    headers = [(b"content-type", TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
    await send({"type": "http.response.body", "body": body})
