"""Responses that we write are read right by the standard library; no bytes at all upset the parser."""

from __future__ import annotations

import io
from http.client import HTTPResponse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerohttpd_lib.http_wire import BadRequest, read_request, write_response
from zerohttpd_lib.messages import Request, Response

STATUSES = (200, 400, 404, 405, 413, 414, 431, 501, 503, 505)
TOKEN = st.text("abcXYZ012!#$%&'*+.^_`|~-", min_size=1, max_size=12)
PIECES = (
    b"GET ", b"POST", b"/", b"/guestbook", b"?", b"a", b" ", b" HTTP/1.1", b" HTTP/1.0", b"\r", b"\n", b"\r\n",
    b"\r\n\r\n", b"Host: x", b"Content-Length: 3", b"Content-Length:", b"Transfer-Encoding: chunked", b":",
    b"\0", b"\xff",
)  # fmt: skip
ALMOST_HTTP = st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join)


class FakeSocket:
    """Just enough of a socket for http.client to read from."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self.data)


def read_by_the_standard_library(data: bytes, method: str = "GET") -> HTTPResponse:
    response = HTTPResponse(FakeSocket(data), method=method)  # type: ignore[arg-type]
    response.begin()
    return response


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_read_back_by_the_standard_library(status: int) -> None:
    ours = Response(status, "Grüße".encode(), "text/plain", (("Allow", "GET, HEAD"),))
    theirs = read_by_the_standard_library(write_response(ours))
    assert (theirs.status, theirs.version) == (status, 11)
    assert theirs.reason
    assert theirs.headers["Content-Type"] == "text/plain"
    assert theirs.headers["Allow"] == "GET, HEAD"
    assert theirs.read() == ours.body


@pytest.mark.parametrize("keep_alive", [True, False])
def test_the_answer_says_whether_the_connection_stays(keep_alive: bool) -> None:
    theirs = read_by_the_standard_library(write_response(Response(200, b"x"), keep_alive=keep_alive))
    assert theirs.will_close is not keep_alive


def test_an_answer_to_head_has_the_length_but_not_the_body() -> None:
    data = write_response(Response(200, b"hello"), head_only=True)
    assert data.endswith(b"\r\n\r\n")
    assert read_by_the_standard_library(data, "HEAD").headers["Content-Length"] == "5"


def answer_to(data: bytes) -> tuple[Request, int] | int | None:
    try:
        return read_request(data)
    except BadRequest as problem:
        return problem.status


@given(st.binary(max_size=300) | ALMOST_HTTP)
def test_any_bytes_are_a_request_or_unfinished_or_a_bad_request(data: bytes) -> None:
    answer = answer_to(data)
    if isinstance(answer, tuple):
        assert 0 < answer[1] <= len(data)
    else:
        assert answer in (None, 400, 413, 414, 431, 501, 505)


@given(ALMOST_HTTP)
def test_an_answer_once_given_is_not_changed_by_the_bytes_that_follow(data: bytes) -> None:
    answers = [answer_to(data[:end]) for end in range(len(data) + 1)]
    given_first = next((answer for answer in answers if answer is not None), None)
    assert answers[-1] == given_first
    assert all(answer in (None, given_first) for answer in answers)


@given(
    method=TOKEN,
    path=st.text("abc/%20.~-", max_size=20),
    query=st.text("abc=&?", max_size=20),
    headers=st.dictionaries(TOKEN.map(str.lower), st.text('abc ,;="\xe9', max_size=20).map(str.strip), max_size=8),
    body=st.binary(max_size=200),
    ends=st.lists(st.sampled_from(["\r\n", "\n"]), min_size=12, max_size=12),
)
def test_any_valid_request_comes_out_as_it_went_in(
    *, method: str, path: str, query: str, headers: dict[str, str], body: bytes, ends: list[str]
) -> None:
    headers = {"content-length": str(len(body)), **{f"x-{name}": value for name, value in headers.items()}}
    lines = [f"{method} /{path}?{query} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), ""]
    data = "".join(line + end for line, end in zip(lines, ends, strict=False)).encode("latin-1") + body
    assert read_request(data) == (Request(method, "/" + path, query, headers, body, True), len(data))
    assert read_request(data + b"GET /next") == read_request(data)
