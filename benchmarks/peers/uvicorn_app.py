"""The guestbook on uvicorn: one worker, uvloop and httptools, no access log."""

from __future__ import annotations

import uvicorn

from zerohttpd_lib.kernel.sockets import BACKLOG

from .asgi import app
from .page import listen

if __name__ == "__main__":
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="warning", backlog=BACKLOG
    )
    uvicorn.Server(config).run(sockets=[listen()])
