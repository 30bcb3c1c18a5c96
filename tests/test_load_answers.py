"""The load generator's own reader of responses, whole and byte by byte, and against the server's writer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerohttpd_lib.app.http_wire import write_response
from zerohttpd_lib.app.messages import Response
from zerohttpd_lib.load.answers import MAX_HEAD, Answer, AnswerReader, BadAnswer

GOOD = {
    "with a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Answer(200, False)),
    "empty body": (b"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", Answer(200, False)),
    "closes": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", Answer(200, True)),
    "old version": (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", Answer(200, True)),
    "not found": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", Answer(404, False)),
    "body with an empty line": (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\na\r\n\r\nb", Answer(200, False)),
}


def read_byte_by_byte(reader: AnswerReader, data: bytes) -> Answer | None:
    """Only the last byte may bring an answer."""
    for end in range(len(data)):
        assert reader.read(data[:end]) is None
    return reader.read(data)


@pytest.mark.parametrize("name", GOOD)
def test_an_answer_is_read_when_it_is_whole_and_not_before(name: str) -> None:
    data, answer = GOOD[name]
    assert read_byte_by_byte(AnswerReader(), data) == answer


def test_a_reader_that_knows_an_answer_reads_others_right() -> None:
    reader = AnswerReader()
    for _ in range(2):
        for data, answer in GOOD.values():
            assert read_byte_by_byte(reader, data) == answer


def test_an_answer_like_the_last_one_with_another_body_is_read() -> None:
    reader = AnswerReader()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    assert reader.read(head + b"ab") == reader.read(head + b"cd") == Answer(200, False)
    assert reader.read(head + b"e") is None


def test_without_a_length_an_answer_ends_with_the_connection() -> None:
    data = b"HTTP/1.1 200 OK\r\n\r\nhello"
    reader = AnswerReader()
    assert read_byte_by_byte(reader, data) is None
    assert reader.read(data, closed=True) == Answer(200, True)


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\n", GOOD["with a length"][0][:-1]])
def test_a_connection_closed_before_the_end_is_counted_as_such(data: bytes) -> None:
    with pytest.raises(BadAnswer, match="closed early"):
        AnswerReader().read(data, closed=True)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"\r\n\r\n",
        b"x" * (MAX_HEAD + 1),
    ],
    ids=["SSH", "HTTP/2", "no status", "nothing", "endless"],
)
def test_what_is_not_http_is_counted_as_such(data: bytes) -> None:
    with pytest.raises(BadAnswer, match="not HTTP"):
        AnswerReader().read(data)


@given(body=st.binary(max_size=200), keep_alive=st.booleans(), status=st.sampled_from([200, 400, 404, 503]))
def test_what_the_servers_write_is_read_right(body: bytes, keep_alive: bool, status: int) -> None:
    data = write_response(Response(status, body), keep_alive=keep_alive)
    reader = AnswerReader()
    assert reader.read(data[:-1]) is None
    assert reader.read(data) == Answer(status, not keep_alive)


@given(st.lists(st.binary(max_size=80), max_size=4))
def test_any_bytes_are_an_answer_or_unfinished_or_a_bad_answer(answers: list[bytes]) -> None:
    reader = AnswerReader()
    for data in answers:
        try:
            assert reader.read(b"HTTP/1.1 200 OK\r\n" + data) is None or data
        except BadAnswer as problem:
            assert str(problem) == "not HTTP"
