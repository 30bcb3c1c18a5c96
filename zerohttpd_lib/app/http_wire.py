"""Bytes to Request, Response to bytes. No socket in sight (RFC 9112).

A `RequestReader` is fed bytes as they come and answers one of three things: a request; `None`,
"I need more"; or `BadRequest`, the client's mistake and the status to answer it with. It gives
the same answers whether the bytes came at once or one by one. `read_request` is the same for
a server that has the bytes of one request and keeps them itself.

Simplifications: no chunked request bodies (501), no folded header lines (400), no trailers.
"""

from __future__ import annotations

import re
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import time
from typing import Final

from .messages import Request, Response

MAX_LINE: Final = 8_192  # bytes of the request line; more is 414
MAX_HEAD: Final = 32_768  # bytes of request line and headers together; more is 431
MAX_HEADERS: Final = 100  # header lines; more is 431
MAX_BODY: Final = 65_536  # bytes; more is 413

# A line ends in CRLF, but "a recipient MAY recognize a single LF" (RFC 9112, section 2.2),
# which lets you type a request into `nc` by hand.
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/([0-9])\.([0-9])")
_HEADER = re.compile(r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)\n", re.MULTILINE)
# An address in brackets or a name, and a port (RFC 9110, section 7.2). It may be empty.
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[!$&'()*+,;=%._~0-9A-Za-z-]*)(?::[0-9]*)?")
_ORIGIN = re.compile(r"https?://[^/?]*", re.IGNORECASE)


class BadRequest(Exception):
    """The client's mistake. `status` is the answer it gets; `reason` says why, in a sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


class RequestReader:
    """Feed it bytes as they come; take requests out as they are complete. `kept` says how many
    bytes have come and have not been taken out.

    A client may send a byte at a time, or a thousand requests at once, and must not make us
    work for more than it sent: no byte is searched twice, and what is left is not copied for
    each request that is taken out.
    """

    __slots__ = ("_head", "_input", "_searched", "_start", "kept")

    def __init__(self) -> None:
        self.kept = 0
        self._input: bytes | bytearray = b""
        self._start = 0  # of the next request; what lies before it has been taken out
        # These two count from there.
        self._searched = 0  # up to here no head has ended
        self._head: tuple[Request, int, int] | None = None  # of that request; where its body begins and ends

    def feed(self, data: bytes) -> bool:
        """Take `data` in. Does a request begin with it?"""
        begins = not self.kept
        if begins:
            self._input = data  # as mostly: no copy
        else:
            if isinstance(self._input, bytes):
                self._input = bytearray(self._input)  # bytes would be copied whole for each addition
            del self._input[: self._start]
            self._input += data
        self._start = 0
        self.kept = len(self._input)
        return begins

    def next_request(self) -> Request | None:
        """The next complete request, or None. Raises BadRequest with status 400, 413, 414, 431, 501
        or 505; there is no way to go on from that."""
        head = self._head or self._find_head()
        if head is None:
            return None
        request, body, end = head
        if self.kept < end:
            self._head = head
            return None
        if body < end:
            request = request._replace(body=bytes(self._input[self._start + body : self._start + end]))
        self._start += end
        self.kept -= end
        self._searched = 0
        self._head = None
        return request

    def _find_head(self) -> tuple[Request, int, int] | None:
        data, start = self._input, self._start
        # Clients may send an empty line after a body; we skip it (RFC 9112, section 2.2).
        first = start if data[start : start + 1] > b"\r" else start + _length_of_blank_line(data, start)
        # "\n\r" may have been at the end of what has been searched.
        found = _END_OF_HEAD.search(data, max(first, start + self._searched - 2) if self._searched else first)
        # What has not ended yet is at least one byte longer than what is here.
        end = found.end() if found else len(data) + 1
        if end - first > MAX_LINE:
            _check_lengths(data, first, end)
        if found is None:
            self._searched = len(data) - start
            return None
        request, length = _read_head(bytes(data[first : found.start() + 1]))
        return request, end - start, end - start + length


def read_request(data: bytes) -> tuple[Request, int] | None:
    """Parse the request at the start of `data`.

    Returns the request and the number of bytes it took, or None when it is not complete yet.
    Raises BadRequest with status 400, 413, 414, 431, 501 or 505.
    """
    reader = RequestReader()
    reader.feed(data)
    request = reader.next_request()
    return None if request is None else (request, len(data) - reader.kept)


def _length_of_blank_line(data: bytes | bytearray, start: int) -> int:
    return 2 if data.startswith(b"\r\n", start) else 1 if data.startswith(b"\n", start) else 0


def _check_lengths(data: bytes | bytearray, first: int, end: int) -> None:
    end_of_line = data.find(b"\n", first) + 1 or len(data) + 1
    if end_of_line - first > MAX_LINE:
        raise BadRequest(414, f"The request line is longer than {MAX_LINE:,} bytes.")
    if end - first > MAX_HEAD:
        raise BadRequest(431, f"The headers are longer than {MAX_HEAD:,} bytes.")


@lru_cache(maxsize=128)
def _read_head(head: bytes) -> tuple[Request, int]:
    """The request without its body, and the length of that. A client's requests mostly have the
    same head, byte for byte, and then this is a look-up."""
    line, _, lines = head.decode("latin-1").replace("\r\n", "\n").partition("\n")
    method, path, query, version = _read_request_line(line)
    headers = _read_headers(lines)
    host = headers.get("host", "" if version == ("1", "0") else None)
    if host is None or not _HOST.fullmatch(host):
        # Two of them have been joined, and name no host (RFC 9112, section 3.2).
        raise BadRequest(400, "A request has one Host header, and it names a host.")
    keep_alive = _keep_alive(version, headers.get("connection", ""))
    return Request(method, path, query, headers, b"", keep_alive), _body_length(headers)


@lru_cache(maxsize=128)
def _read_request_line(line: str) -> tuple[str, str, str, tuple[str, str]]:
    """Method, path, query and version."""
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
    path, _, query = target.partition("?")
    return method, path, query, (major, minor)


def _read_headers(lines: str) -> dict[str, str]:
    number = lines.count("\n")
    if number > MAX_HEADERS:
        raise BadRequest(431, f"There are more than {MAX_HEADERS} header lines.")
    found = _HEADER.findall(lines)
    if len(found) < number or "\r" in lines or "\0" in lines:
        raise BadRequest(400, "A header line is not NAME: VALUE.")
    headers = {name.lower(): value.rstrip(" \t") for name, value in found}
    return headers if len(headers) == number else _join(found)


def _join(found: list[tuple[str, str]]) -> dict[str, str]:
    """Some names come more than once: their values are a list (RFC 9110, section 5.3)."""
    headers: dict[str, str] = {}
    for name, value in ((name.lower(), value.rstrip(" \t")) for name, value in found):
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _body_length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise BadRequest(501, "This server reads no chunked request bodies: send Content-Length.")
    text = headers.get("content-length")
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(400, "Content-Length is not one number.")
    # The length is compared as text first: int() refuses numbers of thousands of digits.
    if len(text.lstrip("0")) > 9 or int(text) > MAX_BODY:
        raise BadRequest(413, f"The body is longer than {MAX_BODY:,} bytes.")
    return int(text)


@lru_cache(maxsize=128)
def _keep_alive(version: tuple[str, str], connection: str) -> bool:
    """HTTP/1.1 keeps the connection unless told "close"; 1.0 only if told "keep-alive"."""
    options = [option.strip().lower() for option in connection.split(",")]
    return "keep-alive" in options if version == ("1", "0") else "close" not in options


def write_response(response: Response, *, keep_alive: bool = False, head_only: bool = False) -> bytes:
    """The bytes of `response`. `head_only` answers a HEAD request: all but the body.

    They carry the date (RFC 9110, section 6.6.1): the clock is all that is asked of the system here.
    """
    status, body, content_type, headers = response
    head = _write_head(status, content_type, len(body), keep_alive, headers, int(time()))
    return head if head_only else head + body


@lru_cache(maxsize=128)
def _write_head(
    status: int, content_type: str, length: int, keep_alive: bool, headers: tuple[tuple[str, str], ...], now: int
) -> bytes:
    """Pages of the same kind and length, as most are, have the same head for a second."""
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Server: zerohttpd",
        f"Date: {formatdate(now, usegmt=True)}",
        f"Content-Type: {content_type}",
        f"Content-Length: {length}",
        f"Connection: {'keep-alive' if keep_alive else 'close'}",
        *(f"{name}: {value}" for name, value in headers),
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1")
