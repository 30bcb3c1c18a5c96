"""The HTTP parser gives one answer however the bytes come, and the standard library agrees with it."""

from __future__ import annotations

import socket
from http.client import HTTPConnection

import pytest

from zerohttpd_lib.app.http_wire import MAX_BODY, MAX_HEAD, MAX_HEADERS, MAX_LINE, BadRequest, read_request
from zerohttpd_lib.app.messages import Request


def line_of(size: int) -> bytes:
    """A request whose first line has `size` bytes, its end included."""
    return b"GET /" + b"a" * (size - len("GET / HTTP/1.1\r\n")) + b" HTTP/1.1\r\nHost: h\r\n\r\n"


def head_of(size: int) -> bytes:
    """A request whose head has `size` bytes, the blank line included."""
    begin, end = b"GET / HTTP/1.1\r\nHost: ", b"\r\n\r\n"
    return begin + b"a" * (size - len(begin + end)) + end


def with_headers(*lines: bytes) -> bytes:
    return b"\r\n".join([b"GET / HTTP/1.1", *[b"Host: h"] * (b"Host: h" not in lines), *lines, b"", b""])


def post(body: bytes, length: bytes | None = None) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %b\r\n\r\n%b" % (length or b"%d" % len(body), body)


GOOD = {
    "short": b"GET / HTTP/1.0\r\n\r\n",
    "query": b"GET /a?b=c&d=?e HTTP/1.0\r\n\r\n",
    "headers": with_headers(b"Host: h", b"A:1", b"B:\t 2 \t", b"Empty:", b"A: 3"),
    "not ASCII": with_headers("Who: Grüße".encode()),
    "line feeds only": b"GET / HTTP/1.1\nHost: h\n\n",
    "one end of each kind": b"GET / HTTP/1.1\r\nHost: h\n\r\n",
    "empty line first": b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "empty line feed first": b"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "absolute target": b"GET http://host:80/a?b HTTP/1.1\r\nHost: host:80\r\n\r\n",
    "absolute without path": b"GET http://host HTTP/1.1\r\nHost: host\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
    "version 1.9": b"GET / HTTP/1.9\r\nHost: [::1]:80\r\n\r\n",
    "body": post(b"hello"),
    "body with an empty line": post(b"a\r\n\r\nb"),
    "length with zeros": post(b"hello", b"000000000000005"),
    "longest line": line_of(MAX_LINE),
    "longest head": head_of(MAX_HEAD),
    "most headers": with_headers(*[b"A: b"] * (MAX_HEADERS - 1)),
    "longest body": post(b"x" * MAX_BODY),
}
BAD = {
    "no version": (400, b"GET /\r\n\r\n"),
    "two spaces": (400, b"GET  / HTTP/1.1\r\n\r\n"),
    "no method": (400, b" / HTTP/1.1\r\n\r\n"),
    "nothing but lines": (400, b"\r\n\r\n\r\n"),
    "another protocol": (400, b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "method with a comma": (400, b"GE,T / HTTP/1.1\r\n\r\n"),
    "target without slash": (400, b"CONNECT host:443 HTTP/1.1\r\nHost: host\r\n\r\n"),
    "target not ASCII": (400, "GET /ü HTTP/1.1\r\n\r\n".encode()),
    "lower-case http": (400, b"GET / http/1.1\r\n\r\n"),
    "header without colon": (400, with_headers(b"A b")),
    "space before colon": (400, with_headers(b"A : b")),
    "folded header": (400, with_headers(b"A: b", b" c")),
    "zero byte in header": (400, with_headers(b"A: b\0c")),
    "carriage return in header": (400, with_headers(b"A: b\rc")),
    "length is a word": (400, post(b"", b"five")),
    "length is negative": (400, post(b"", b"-1")),
    "length has a plus": (400, post(b"", b"+1")),
    "length is empty": (400, with_headers(b"Content-Length:")),
    "two lengths": (400, with_headers(b"Content-Length: 1", b"Content-Length: 2")),
    "length in superscript": (400, post(b"", "²".encode("latin-1"))),
    "body too long": (413, post(b"", b"%d" % (MAX_BODY + 1))),
    "body of 5,000 digits": (413, post(b"", b"9" * 5000)),
    "line too long": (414, line_of(MAX_LINE + 1)),
    "line without end": (414, b"a" * MAX_LINE),
    "head too long": (431, head_of(MAX_HEAD + 1)),
    "head without end": (431, head_of(MAX_HEAD + 1)[:MAX_HEAD]),
    "too many headers": (431, with_headers(*[b"A: b"] * (MAX_HEADERS + 1))),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "no host in 1.9": (400, b"GET / HTTP/1.9\r\nA: b\r\n\r\n"),
    "two hosts": (400, with_headers(b"Host: h", b"Host: h")),
    "two hosts in 1.0": (400, b"GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n"),
    "a host that is none": (400, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    "chunked": (501, with_headers(b"Transfer-Encoding: chunked")),
    "chunked and length": (501, with_headers(b"Transfer-Encoding: chunked", b"Content-Length: 1")),
    "version 2": (505, b"PRI * HTTP/2.0\r\n\r\n"),
    "version 0.9": (505, b"GET / HTTP/0.9\r\n\r\n"),
}
UNFINISHED = {
    "nothing": b"",
    "an empty line": b"\r\n",
    "one byte short of a head": GOOD["headers"][:-1],
    "one byte short of a body": GOOD["body"][:-1],
    "a line one byte short of too long": b"a" * (MAX_LINE - 1),
    "a head one byte short of too long": head_of(MAX_HEAD + 1)[: MAX_HEAD - 1],
}


def answer_to(data: bytes) -> tuple[Request, int] | int | None:
    """What the parser says: a request and its length, the status of a BadRequest, or None."""
    try:
        return read_request(data)
    except BadRequest as problem:
        assert problem.reason.endswith(".")
        return problem.status


def first_answer(data: bytes, step: int) -> tuple[Request, int] | int | None:
    """What it says first, when the bytes come `step` by `step`."""
    ends = [*range(step, len(data), step), len(data)]
    return next((answer for end in ends if (answer := answer_to(data[:end])) is not None), None)


def step_for(data: bytes) -> int:
    return 1 if len(data) < 10_000 else 61


@pytest.mark.parametrize("name", GOOD)
def test_a_good_request_is_read_whole_and_byte_by_byte_alike(name: str) -> None:
    data = GOOD[name]
    answer = answer_to(data)
    assert isinstance(answer, tuple)
    assert answer[1] == len(data)
    assert first_answer(data, step_for(data)) == answer


@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_gets_the_same_status_whole_and_byte_by_byte(name: str) -> None:
    status, data = BAD[name]
    assert answer_to(data) == status
    assert first_answer(data, step_for(data)) == status


@pytest.mark.parametrize("name", UNFINISHED)
def test_what_is_not_finished_is_neither_good_nor_bad(name: str) -> None:
    assert answer_to(UNFINISHED[name]) is None


def test_the_parts_of_a_request_are_where_they_belong() -> None:
    request, _ = read_request(GOOD["headers"]) or pytest.fail("not complete")
    assert request == Request("GET", "/", "", {"host": "h", "a": "1, 3", "b": "2", "empty": ""}, b"", True)
    request, _ = read_request(GOOD["query"]) or pytest.fail("not complete")
    assert (request.path, request.query) == ("/a", "b=c&d=?e")
    request, _ = read_request(GOOD["absolute target"]) or pytest.fail("not complete")
    assert (request.path, request.query) == ("/a", "b")
    request, _ = read_request(GOOD["body with an empty line"]) or pytest.fail("not complete")
    assert request.body == b"a\r\n\r\nb"


@pytest.mark.parametrize(
    ("version", "connection", "keep"),
    [
        (b"1.1", None, True),
        (b"1.1", b"close", False),
        (b"1.1", b"Upgrade, Close", False),
        (b"1.1", b"closed", True),
        (b"1.0", None, False),
        (b"1.0", b"Keep-Alive", True),
        (b"1.0", b"close", False),
    ],
)
def test_keep_alive_follows_version_and_header(version: bytes, connection: bytes | None, keep: bool) -> None:
    header = b"" if connection is None else b"Connection: %b\r\n" % connection
    request, _ = read_request(b"GET / HTTP/%b\r\nHost: h\r\n%b\r\n" % (version, header)) or pytest.fail("not complete")
    assert request.keep_alive is keep


def test_pipelined_requests_are_taken_one_by_one() -> None:
    parts = [GOOD["headers"], GOOD["body"], GOOD["line feeds only"], GOOD["short"]]
    data, taken = b"".join(parts), []
    while data:
        _, length = read_request(data) or pytest.fail("not complete")
        taken.append(length)
        data = data[length:]
    assert taken == [len(part) for part in parts]


@pytest.mark.parametrize(
    ("method", "path", "body"), [("GET", "/a?b=c", None), ("POST", "/guestbook", b"a=b&c=d"), ("HEAD", "/", None)]
)
def test_what_the_standard_library_sends_is_read_right(method: str, path: str, body: bytes | None) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = HTTPConnection("example.org", 8000)
        connection.sock = theirs
        connection.request(method, path, body, {"X-Colour": "blue"})
        request, _ = read_request(ours.recv(65_536)) or pytest.fail("not complete")
    assert (request.method, request.path + ("?" + request.query) * bool(request.query)) == (method, path)
    assert request.headers["host"] == "example.org:8000"
    assert request.headers["x-colour"] == "blue"
    assert request.body == (body or b"")
