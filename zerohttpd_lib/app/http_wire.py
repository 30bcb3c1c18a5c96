"""Bytes to Request, Response to bytes. No socket in sight (RFC 9112).

A `RequestReader` is fed bytes as they come and answers one of three things: a request; `None`,
"I need more"; or `BadRequest`, the client's mistake and the status to answer it with. It gives
the same answers whether the bytes came at once or one by one. `read_request` is the same for
a server that has the bytes of one request and keeps them itself.

Simplifications: no chunked request bodies (501), no folded header lines (400), no trailers. Who reads by
`read_request` says no "100 Continue": a client that waits for it waits until it is tired (curl: a second).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
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
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
MAX_REMEMBERED: Final = 2_048  # bytes of a head whose lines are remembered: nobody shall fill the memory with them

# A line ends in CRLF, but "a recipient MAY recognize a single LF" (RFC 9112, section 2.2),
# which lets you type a request into `nc` by hand.
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/([0-9])\.([0-9])\r?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r]*)\r?")
# An address in brackets or a name, and a port (RFC 9110, section 7.2). It may be empty.
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[!$&'()*+,;=%._~0-9A-Za-z-]*)(?::[0-9]*)?")
_ONE_HOST: Final = "A request has one Host header, and it names a host."  # RFC 9112, section 3.2
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

    __slots__ = ("_asks", "_body", "_end", "_input", "_request", "_searched", "_start", "kept")

    def __init__(self) -> None:
        self.kept = 0
        self._input: bytes | bytearray = b""
        self._start = 0  # of the next request; what lies before it has been taken out
        # These count from there.
        self._searched = 0  # up to here no head has ended
        self._request: Request | None = None  # its head has been read
        self._body = self._end = 0  # where its body begins, and where it ends
        self._asks = False  # whether to send the body, and has not been told

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
        request = self._request or self._find_head()
        if request is None or self.kept < self._end:
            return None
        if self._body < self._end:
            body = self._input[self._start + self._body : self._start + self._end]
            request = request._replace(body=bytes(body))
        self._start += self._end
        self.kept -= self._end
        self._searched = 0
        self._request = None
        return request

    def asks_to_go_on(self) -> bool:
        """Does the client wait for CONTINUE before it sends a body (RFC 9110, section 10.1.1)? To be
        asked when a request is not complete; the answer is yes once."""
        asks = self._asks and self.kept == self._body
        self._asks = False
        return asks

    def _find_head(self) -> Request | None:
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
        self._request, length, self._asks = _read_head(bytes(data[first : found.start()]))
        self._body = end - start
        self._end = self._body + length
        return self._request


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


def _read_head(head: bytes) -> tuple[Request, int, bool]:
    """The request without its body, the length of that, and does the client ask whether to send it?"""
    line, _, lines = head.partition(b"\n")
    method, path, query, minor = _read_request_line(line.decode("latin-1"))
    headers, keep_alive, length, asks = _read_headers(lines, minor)
    return Request(method, path, query, headers, b"", keep_alive), length, asks


@lru_cache(maxsize=128)
def _read_headers(block: bytes, minor: str) -> tuple[dict[str, str], bool, int, bool]:
    """The headers, and what they say: may the connection stay, how long is the body, is it to be asked for?

    The next request of a client mostly differs in its first line only: then this is a look-up.
    """
    lines = block.split(b"\n") if block else []
    if len(lines) > MAX_HEADERS:
        raise BadRequest(431, f"There are more than {MAX_HEADERS} header lines.")
    read_line = _read_header_line if len(block) <= MAX_REMEMBERED else _read_header_line.__wrapped__
    headers = dict(map(read_line, lines))
    if len(headers) < len(lines):
        headers = _join(map(read_line, lines))
    if "host" not in headers and minor != "0":
        raise BadRequest(400, _ONE_HOST)
    asks = minor != "0" and headers.get("expect", "").lower() == "100-continue"
    return headers, _keep_alive(minor, headers.get("connection", "")), _body_length(headers), asks


def _read_request_line(line: str) -> tuple[str, str, str, str]:
    """Method, path, query, and the version behind "HTTP/1."."""
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
    return method, path, query, minor


@lru_cache(maxsize=1024)
def _read_header_line(line: bytes) -> tuple[str, str]:
    """Name, in lower case, and value. Of headers that are new as a whole, most lines are not."""
    match = _HEADER.fullmatch(line)
    if match is None:
        raise BadRequest(400, "A header line is not NAME: VALUE.")
    name, value = match[1].decode().lower(), match[2].decode("latin-1").rstrip(" \t")
    if name == "host" and not _HOST.fullmatch(value):
        raise BadRequest(400, _ONE_HOST)
    return name, value


def _join(found: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Some names come more than once: their values are a list (RFC 9110, section 5.3)."""
    headers: dict[str, str] = {}
    for name, value in found:
        if name == "host" and name in headers:
            raise BadRequest(400, _ONE_HOST)
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


def _keep_alive(minor: str, connection: str) -> bool:
    """HTTP/1.1 keeps the connection unless told "close"; 1.0 only if told "keep-alive"."""
    options = [option.strip().lower() for option in connection.split(",")]
    return "keep-alive" in options if minor == "0" else "close" not in options


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
