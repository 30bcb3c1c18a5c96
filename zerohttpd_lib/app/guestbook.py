"""The application: a guestbook, and static files. It knows no socket and no server.

For each request, `respond` returns a generator. It yields the Redis commands it needs, is sent
the replies, and returns the response; how a command travels is the server's business:

    conversation = respond(request)
    command = next(conversation)                # Command(b"LRANGE", ...)
    command = conversation.send([b"..."])       # Command(b"INCR", ...)
    ...                                         # until StopIteration, whose value is the Response

A page is LRANGE, INCR, GET in that order, as in the article. Between INCR and GET another
client may count too, so two pages can show the same number. `respond_in_one_trip`, which later
rungs use, does without the GET.
"""

from __future__ import annotations

import errno
import html
import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeGuard
from urllib.parse import parse_qs, unquote

from .messages import Command, Conversation, PipelinedConversation, Reply, Request, Response

SITE: Final = Path(__file__).parent / "site"
PUBLIC: Final = (SITE / "public").resolve()
VISITOR_COUNT: Final = b"visitor_count"
REMARKS: Final = b"guestbook_remarks"
MAX_FIELDS: Final = 20  # in a form; ours has two

_LIST_AND_COUNT: Final = [Command(b"LRANGE", (REMARKS, b"0", b"-1")), Command(b"INCR", (VISITOR_COUNT,))]
_NUMBER: Final = re.compile(rb"-?[0-9]{1,19}")  # Redis counts in 64 bits
# The template, cut where the two things go in that change.
_TOP, _MIDDLE, _BOTTOM = re.split(rb"\$COUNT\$|\$REMARKS\$", (SITE / "guestbook.html").read_bytes())
_MESSAGE: Final = (SITE / "message.html").read_text(encoding="utf-8")
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".ico": "image/x-icon",
}


def respond(request: Request) -> Conversation:
    """The conversation that answers `request`. It may end without asking Redis for anything."""
    conversation: Conversation = _route(request, _show_page)
    return conversation


def respond_in_one_trip(request: Request) -> PipelinedConversation:
    """The same, for a server that can ask Redis several things at once: a page is one round trip.

    The reply to INCR is the visitor's own number, so every page shows a different one.
    """
    conversation: PipelinedConversation = _route(request, _show_page_in_one_trip)
    return conversation


def _route(request: Request, show_page: Callable[[], Any]) -> Any:
    if request.method not in ("GET", "HEAD", "POST"):
        return _say(error(501, f"This server does not know the method {request.method}."))
    path = unquote(request.path) if "%" in request.path else request.path
    if path == "/guestbook":
        return _sign(request) if request.method == "POST" else show_page()
    if request.method == "POST":
        return _say(error(405, "Only /guestbook takes a POST.", headers=(("Allow", "GET, HEAD"),)))
    return _say(_static_file(path))


def _say(response: Response) -> Any:
    """A conversation that asks for nothing."""
    return response
    yield  # never reached, but it is what makes this a generator


def _show_page() -> Conversation:
    remarks = yield Command(b"LRANGE", (REMARKS, b"0", b"-1"))
    counted = yield Command(b"INCR", (VISITOR_COUNT,))
    count = yield Command(b"GET", (VISITOR_COUNT,))
    # An error is a value (a ReplyError), and what answers there may not even be a Redis.
    if not (_is_list_of_bytes(remarks) and isinstance(counted, int) and _is_number(count)):
        return redis_unavailable()
    return Response(200, render_page(remarks, int(count)))


def _show_page_in_one_trip() -> PipelinedConversation:
    replies: Any = yield _LIST_AND_COUNT
    remarks, count = replies
    if not (_is_list_of_bytes(remarks) and isinstance(count, int)):
        return redis_unavailable()
    return Response(200, render_page(remarks, count))


def _is_list_of_bytes(reply: Reply) -> TypeGuard[list[bytes]]:
    return _below_the_count.was_made_of(reply) or (isinstance(reply, list) and set(map(type, reply)) <= {bytes})


def _is_number(reply: Reply) -> TypeGuard[bytes]:
    return isinstance(reply, bytes) and _NUMBER.fullmatch(reply) is not None


def _sign(request: Request) -> Conversation:
    try:
        fields = parse_qs(request.body.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS)
    except ValueError:
        return error(400, f"A form may have {MAX_FIELDS} fields, and no more.")
    name = fields.get("guest-name", [""])[0].strip()
    remarks = fields.get("guest-remarks", [""])[0].strip()
    if not name or not remarks:
        return error(400, "A remark needs both a name and a text. Go back and fill in both.")
    reply = yield Command(b"RPUSH", (REMARKS, f"{remarks} - {name}".encode()))
    if not isinstance(reply, int):
        return redis_unavailable()
    return _message(200, "Thank you!", f"Your remark is in the guestbook, {name}.")


def render_page(remarks: list[bytes], count: int) -> bytes:
    """The guestbook page: what people typed is escaped, so that it stays text.

    The count is padded with spaces, which a browser does not show: pages are then of one length,
    and `ab`, which takes a page of another length for a failed one, can be used.
    """
    return b"%b%b%b" % (_TOP, f"{count:>13,}".encode(), _below_the_count.made_of(remarks))


class _BelowTheCount:
    """What changes with the remarks only, and so is mostly what it was for the last visitor."""

    def __init__(self) -> None:
        self._last: tuple[list[bytes], bytes] = ([], _MIDDLE + _BOTTOM)

    def was_made_of(self, remarks: object) -> bool:
        return remarks == self._last[0]

    def made_of(self, remarks: list[bytes]) -> bytes:
        before, part = self._last  # read once: another thread may have other remarks
        if remarks != before:
            items = "\n".join(f"<li>{html.escape(remark.decode('utf-8', 'replace'))}</li>" for remark in remarks)
            part = _MIDDLE + items.encode() + _BOTTOM
            self._last = (list(remarks), part)
        return part


_below_the_count: Final = _BelowTheCount()


def _static_file(path: str) -> Response:
    """A file from the public folder, read in full; nothing outside of it is ever served.

    Reading blocks the server: a disk file is always "ready" to poll and epoll, whether
    its bytes are in memory or not (man 2 poll), so there is nothing to wait for.
    """
    try:
        file = (PUBLIC / path.lstrip("/")).resolve()
        if file.is_dir():
            file /= "index.html"
        if not file.is_relative_to(PUBLIC):
            return error(404, "There is no such page here.")
        body = file.read_bytes()
    except (OSError, ValueError, RuntimeError) as problem:  # ValueError: a zero byte in the path
        if isinstance(problem, OSError) and problem.errno in (errno.EMFILE, errno.ENFILE):
            return error(503, "The server has no descriptor left to open this page with.")
        return error(404, "There is no such page here.")
    return Response(200, body, _TYPES.get(file.suffix.lower(), "application/octet-stream"))


def error(status: int, sentence: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """A page that says in one sentence what went wrong."""
    return _message(status, f"{status} {HTTPStatus(status).phrase}", sentence, headers)


def redis_unavailable() -> Response:
    """The answer to those who need Redis while there is none. Static pages go on."""
    return error(503, "The guestbook's database does not answer. Try again in a moment.")


def _message(status: int, title: str, text: str, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    page = _MESSAGE.replace("$TITLE$", html.escape(title)).replace("$TEXT$", html.escape(text))
    return Response(status, page.encode(), headers=headers)
