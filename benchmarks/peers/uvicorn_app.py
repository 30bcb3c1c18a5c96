"""The guestbook on uvicorn: one worker, uvloop and httptools, an ASGI application without a framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

from zerohttpd_lib.sockets import BACKLOG

from .page import TYPE, Guestbook, listen

guestbook = Guestbook()


async def app(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    found = scope["path"] == "/guestbook"
    body = await guestbook.page() if found else b"There is no such page here."
    headers = [(b"content-type", TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200 if found else 404, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="warning", backlog=BACKLOG
    )
    uvicorn.Server(config).run(sockets=[listen()])
