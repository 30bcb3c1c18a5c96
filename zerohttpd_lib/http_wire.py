"""Bytes to Request, Response to bytes. No socket in sight (RFC 9112).

`read_request` is given everything received so far and answers one of three things: a request
and its length in bytes; `None`, "I need more"; or `BadRequest`, the client's mistake and the
status to answer it with. It gives the same answer whether the bytes came at once or one by one.

Simplifications: no chunked request bodies (501), no folded header lines (400), no trailers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from .messages import Request, Response

MAX_LINE: Final = 8_192  # bytes of the request line; more is 414
MAX_HEAD: Final = 32_768  # bytes of request line and headers together; more is 431
MAX_HEADERS: Final = 100  # header lines; more is 431
MAX_BODY: Final = 65_536  # bytes; more is 413

# A line ends in CRLF, but "a recipient MAY recognize a single LF" (RFC 9112, section 2.2),
# which lets you type a request into `nc` by hand.
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/([0-9])\.([0-9])")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*)")
_ORIGIN = re.compile(r"https?://[^/?]*", re.IGNORECASE)


class BadRequest(Exception):
    """The client's mistake. `status` is the answer it gets; `reason` says why, in a sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


def read_request(data: bytes) -> tuple[Request, int] | None:
    """Parse the request at the start of `data`.

    Returns the request and the number of bytes it took, or None when it is not complete yet.
    Raises BadRequest with status 400, 413, 414, 431, 501 or 505.
    """
    start = _length_of_blank_lines(data)
    end_of_line = data.find(b"\n", start)
    end = _END_OF_HEAD.search(data, start)
    # What has not ended yet is at least one byte longer than what is here.
    if (end_of_line if end_of_line >= 0 else len(data)) + 1 - start > MAX_LINE:
        raise BadRequest(414, f"The request line is longer than {MAX_LINE:,} bytes.")
    if (end.end() if end else len(data) + 1) - start > MAX_HEAD:
        raise BadRequest(431, f"The headers are longer than {MAX_HEAD:,} bytes.")
    if end is None:
        return None
    request, length = _read_head(data[start : end.start()])
    if not length:
        return request, end.end()
    if len(data) < end.end() + length:
        return None
    return request._replace(body=data[end.end() : end.end() + length]), end.end() + length


@lru_cache(maxsize=128)
def _read_head(head: bytes) -> tuple[Request, int]:
    """The request without its body, and the length of that. A client's requests mostly have the
    same head, byte for byte, and then this is a look-up."""
    line, *header_lines = head.decode("latin-1").split("\n")
    method, target, version = _read_request_line(line.removesuffix("\r"))
    headers = _read_headers(header_lines)
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, b"", _keep_alive(version, headers)), _body_length(headers)


def _length_of_blank_lines(data: bytes) -> int:
    """Clients may send an empty line after a body; we skip it (RFC 9112, section 2.2)."""
    return 2 if data.startswith(b"\r\n") else 1 if data.startswith(b"\n") else 0


def _read_request_line(line: str) -> tuple[str, str, tuple[str, str]]:
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise BadRequest(400, "The first line is not METHOD TARGET HTTP/VERSION.")
    method, target, major, minor = match.groups()
    if major != "1":
        raise BadRequest(505, f"This server speaks HTTP/1.0 and HTTP/1.1, not HTTP/{major}.{minor}.")
    if target[0] not in "/*":
        target = _ORIGIN.sub("", target, count=1)  # "http://host/path" asks for "/path"
        if target[:1] not in ("/", "?", ""):
            raise BadRequest(400, "The target of a request starts with a slash.")
        target = target if target.startswith("/") else "/" + target
    return method, target, (major, minor)


def _read_headers(lines: list[str]) -> dict[str, str]:
    if len(lines) > MAX_HEADERS:
        raise BadRequest(431, f"There are more than {MAX_HEADERS} header lines.")
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER.fullmatch(line.removesuffix("\r"))
        if match is None:
            raise BadRequest(400, "A header line is not NAME: VALUE.")
        name, value = match[1].lower(), match[2].rstrip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _body_length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequest(501, "This server reads no chunked request bodies: send Content-Length.")
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(400, "Content-Length is not one number.")
    # The length is compared as text first: int() refuses numbers of thousands of digits.
    if len(text.lstrip("0")) > 9 or int(text) > MAX_BODY:
        raise BadRequest(413, f"The body is longer than {MAX_BODY:,} bytes.")
    return int(text)


def _keep_alive(version: tuple[str, str], headers: dict[str, str]) -> bool:
    """HTTP/1.1 keeps the connection unless told "close"; 1.0 only if told "keep-alive"."""
    options = [option.strip().lower() for option in headers.get("connection", "").split(",")]
    if version == ("1", "0"):
        return "keep-alive" in options
    return "close" not in options


def write_response(response: Response, *, keep_alive: bool = False, head_only: bool = False) -> bytes:
    """The bytes of `response`. `head_only` answers a HEAD request: all but the body."""
    head = _write_head(response.status, response.content_type, len(response.body), keep_alive, response.headers)
    return head if head_only else head + response.body


@lru_cache(maxsize=128)
def _write_head(
    status: int, content_type: str, length: int, keep_alive: bool, headers: tuple[tuple[str, str], ...]
) -> bytes:
    """Pages of the same kind and length, as most are, have the same head."""
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Server: zerohttpd",
        f"Content-Type: {content_type}",
        f"Content-Length: {length}",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
        *(f"{name}: {value}" for name, value in headers),
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1")
