"""Is this a whole answer, and a good one? The load generator's own reader of HTTP responses."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MAX_HEAD: Final = 65_536  # bytes

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_CLOSES = re.compile(rb"^HTTP/1\.0|\r\nconnection:[ \t]*close", re.IGNORECASE)


class Answer(NamedTuple):
    status: int
    closes: bool  # will the server close the connection now?


class BadAnswer(Exception):
    """What came is no answer. The message is the kind of failure, as it is counted."""


class AnswerReader:
    """Reads the answers of one server.

    Most of them start with the same head. One that starts with the head of the last good one
    has its length too, so only that is compared, and nothing is parsed again.
    """

    def __init__(self) -> None:
        self._head = b"\0"  # of the last good answer; none starts with a zero byte
        self._size = 0  # bytes of that answer, head and body
        self._answer = Answer(0, True)

    def read(self, data: bytes, closed: bool = False) -> Answer | None:
        """The answer, once `data` is all of it; None for "more to come".

        `closed`: the server has closed, nothing more will come. Raises BadAnswer.
        """
        if len(data) == self._size and data.startswith(self._head):
            return self._answer
        end = data.find(b"\r\n\r\n") + 4
        if end < 4:
            if closed:
                raise BadAnswer("closed early")
            if len(data) > MAX_HEAD:
                raise BadAnswer("not HTTP")
            return None
        head = data[:end]
        status, length = _STATUS.match(head), _LENGTH.search(head)
        if status is None:
            raise BadAnswer("not HTTP")
        if length is None:  # then it ends where the connection ends
            return Answer(int(status[1]), True) if closed else None
        size = end + int(length[1])
        if len(data) < size:
            if closed:
                raise BadAnswer("closed early")
            return None
        answer = Answer(int(status[1]), _CLOSES.search(head) is not None)
        if answer.status == 200:
            self._head, self._size, self._answer = head, size, answer
        return answer
