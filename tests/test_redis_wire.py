"""Commands are written as redis-py writes them; replies are read alike whole and byte by byte."""

from __future__ import annotations

import pytest
from hiredis import ReplyError
from hypothesis import given
from hypothesis import strategies as st
from redis.connection import Connection

from zerohttpd_lib.app.messages import Command
from zerohttpd_lib.app.redis_wire import NEED_MORE, ProtocolError, ReplyReader, write_command

REPLIES = {
    "status": (b"+OK\r\n", b"OK"),
    "number": (b":42\r\n", 42),
    "negative number": (b":-1\r\n", -1),
    "zero": (b":0\r\n", 0),
    "bulk": (b"$5\r\nhello\r\n", b"hello"),
    "bulk with line ends": (b"$4\r\n\r\n\r\n\r\n", b"\r\n\r\n"),
    "empty bulk": (b"$0\r\n\r\n", b""),
    "nil": (b"$-1\r\n", None),
    "list": (b"*2\r\n$1\r\na\r\n$1\r\nb\r\n", [b"a", b"b"]),
    "empty list": (b"*0\r\n", []),
    "nil list": (b"*-1\r\n", None),
    "list in a list": (b"*2\r\n*1\r\n:1\r\n$-1\r\n", [[1], None]),
}


def test_a_command_is_written_as_the_protocol_says() -> None:
    assert write_command(Command(b"GET", (b"key",))) == b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"
    assert write_command(Command(b"PING")) == b"*1\r\n$4\r\nPING\r\n"


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_command_is_written_as_redis_py_writes_it(arguments: list[bytes]) -> None:
    theirs = b"".join(Connection().pack_command("RPUSH", *arguments))
    assert write_command(Command(b"RPUSH", tuple(arguments))) == theirs


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_is_read_when_it_is_whole_and_not_before(name: str) -> None:
    data, value = REPLIES[name]
    reader = ReplyReader()
    for byte in data[:-1]:
        reader.feed(bytes([byte]))
        assert reader.next_reply() is NEED_MORE
    reader.feed(data[-1:])
    reply = reader.next_reply()
    assert reply is not NEED_MORE
    assert reply == value
    assert reader.next_reply() is NEED_MORE


def test_replies_that_come_together_are_taken_one_by_one() -> None:
    reader = ReplyReader()
    reader.feed(b"".join(data for data, _ in REPLIES.values()))
    assert [reader.next_reply() for _ in REPLIES] == [value for _, value in REPLIES.values()]


def test_nil_and_zero_are_not_taken_for_need_more() -> None:
    reader = ReplyReader()
    reader.feed(b"$-1\r\n:0\r\n")
    nil, zero = reader.next_reply(), reader.next_reply()
    assert nil is None
    assert zero is not NEED_MORE


def test_an_error_reply_is_a_value() -> None:
    reader = ReplyReader()
    reader.feed(b"-WRONGTYPE Operation against a key\r\n+OK\r\n")
    error = reader.next_reply()
    assert isinstance(error, ReplyError)
    assert str(error).startswith("WRONGTYPE")
    assert reader.next_reply() == b"OK"


@pytest.mark.parametrize(
    "nonsense", [b"HTTP/1.1 400 Bad Request\r\n", b"hello\r\n", b"\0\0\0\0", b"*x\r\n", b":one\r\n"]
)
def test_nonsense_is_a_protocol_error(nonsense: bytes) -> None:
    reader = ReplyReader()
    reader.feed(nonsense)
    with pytest.raises(ProtocolError):
        reader.next_reply()


@given(st.binary(max_size=60))
def test_any_bytes_are_a_reply_or_unfinished_or_a_protocol_error(data: bytes) -> None:
    reader = ReplyReader()
    reader.feed(b"$" + data)
    try:
        reply = reader.next_reply()
    except ProtocolError:
        return
    assert reply is NEED_MORE or reply is None or isinstance(reply, bytes)
