"""Responses that we write are read right by the standard library; no bytes at all upset the parser."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerohttpd_lib.app import http_wire
from zerohttpd_lib.app.http_wire import BadRequest, RequestReader, read_request, write_response
from zerohttpd_lib.app.messages import Request, Response

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


def test_an_answer_has_the_date() -> None:
    date = read_by_the_standard_library(write_response(Response(200, b"hello"))).headers["Date"]
    assert date.endswith(" GMT")  # RFC 9110, section 5.6.7
    assert abs(datetime.now(timezone.utc) - parsedate_to_datetime(date)) < timedelta(seconds=5)


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
    ends=st.lists(st.sampled_from(["\r\n", "\n"]), min_size=13, max_size=13),
)
def test_any_valid_request_comes_out_as_it_went_in(
    *, method: str, path: str, query: str, headers: dict[str, str], body: bytes, ends: list[str]
) -> None:
    headers = {"host": "h", "content-length": str(len(body)), **{f"x-{name}": value for name, value in headers.items()}}
    lines = [f"{method} /{path}?{query} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), ""]
    data = "".join(line + end for line, end in zip(lines, ends, strict=False)).encode("latin-1") + body
    assert read_request(data) == (Request(method, "/" + path, query, headers, body, True), len(data))
    assert read_request(data + b"GET /next") == read_request(data)


def all_answers(pieces: list[bytes], at_once: int = 1_000_000) -> list[Request | int]:
    """What a reader says when the bytes come in these pieces; the status of a BadRequest is the last of it.
    After each piece up to `at_once` requests are taken out, and the others in the end."""
    reader, answers = RequestReader(), []
    try:
        for piece in pieces:
            reader.feed(piece)
            for _ in range(at_once):
                if (request := reader.next_request()) is None:
                    break
                answers.append(request)
        while (request := reader.next_request()) is not None:
            answers.append(request)
    except BadRequest as problem:
        answers.append(problem.status)
    return answers


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


REQUESTS = st.sampled_from(
    [
        b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /b HTTP/1.0\n\n",
        b"\r\nPOST / HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n\r\n\r\n\n\n.",
    ]
)


@given(
    st.lists(REQUESTS | ALMOST_HTTP | st.binary(max_size=20), max_size=8).map(b"".join),
    st.lists(st.integers(0, 500), max_size=20),
    st.sampled_from([1, 2, 1_000_000]),
)
def test_any_split_of_any_bytes_gives_the_same_answers(data: bytes, places: list[int], at_once: int) -> None:
    whole = all_answers([data])
    assert all_answers(cut(data, places), at_once) == whole
    assert all_answers([data[i : i + 1] for i in range(len(data))], at_once) == whole


class CountedSearch:
    """The pattern of http_wire for the end of a head; it counts the bytes that it is given to search."""

    def __init__(self) -> None:
        self.bytes = 0

    def search(self, data: bytes, start: int) -> re.Match[bytes] | None:
        self.bytes += len(data) - start
        return END_OF_HEAD.search(data, start)


END_OF_HEAD = http_wire._END_OF_HEAD
LONG_HEAD = b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 99 + b"B: " + b"c" * 28_000 + b"\r\n\r\n"


def test_no_byte_of_a_head_is_searched_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = CountedSearch()
    monkeypatch.setattr(http_wire, "_END_OF_HEAD", counted)
    data = LONG_HEAD.replace(b"A: b\r\n", b"", 3)
    assert len(all_answers([data[i : i + 1] for i in range(len(data))])) == 1
    assert counted.bytes < 5 * len(data)


def test_what_is_left_of_many_requests_is_kept_and_counted() -> None:
    reader = RequestReader()
    request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
    reader.feed(request * 1000)
    for left in range(999, 990, -1):
        assert reader.next_request() is not None
        assert reader.kept == left * len(request)
    reader.feed(request[:5])
    assert reader.kept == 991 * len(request) + 5
    assert len([*iter(reader.next_request, None)]) == 991
    assert reader.kept == 5
