"""The guestbook on aiohttp's own server: one process, no access log."""

from __future__ import annotations

from aiohttp import web

from zerohttpd_lib.kernel.sockets import BACKLOG

from .page import Guestbook, listen

guestbook = Guestbook()


async def show_page(request: web.Request) -> web.Response:
    return web.Response(body=await guestbook.page(), content_type="text/html", charset="utf-8")


if __name__ == "__main__":
    app = web.Application()
    app.router.add_get("/guestbook", show_page)
    web.run_app(app, sock=listen(), backlog=BACKLOG, access_log=None, print=None)
