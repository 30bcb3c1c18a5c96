"""Check of the task "chain": a protocol whose bytes come in pieces, and callbacks that never wait."""

from __future__ import annotations

import random
import select
import socket
import string
from typing import Final

from . import Answer, Raised, Remote, Wrong, task
from .idling import spent_in

AT_ONCE: Final = 3.0  # seconds for one callback


class Loop:
    """A client of ours, and the event loop that calls the learner's callbacks when there is something to read."""

    def __init__(self, answer: Answer) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.theirs.setblocking(False)
        self.shouter: Remote = answer.make("Shouter", answer.give(self.theirs, as_socket=True))
        self.poller = select.poll()
        self.poller.register(self.theirs, select.POLLIN)  # our copy of the learner's end: readable when that is
        self.pid = answer.pid
        self.callbacks, self.waits = 0, 0  # how many there were, and how often one of them went to sleep

    def send(self, piece: bytes) -> bytes:
        """Send it, call back as long as some of it is unread, and return what has been answered."""
        self.ours.sendall(piece)
        for _ in range(len(piece) + 1):
            if not self.poller.poll(0):
                break
            self.callbacks += 1
            self.waits += spent_in(self.pid, self.call_back).sleeps > 0
        try:
            return self.ours.recv(65_536)
        except BlockingIOError:
            return b""

    def call_back(self) -> None:
        self.shouter.call("next_callback", seconds=AT_ONCE)


Case = tuple[str, list[bytes], str, list[str]]  # code, pieces, what they are, hints


def _cases() -> list[Case]:
    a, b = _word(5), _word(12)
    return [
        ("no-answer", [b"5\n", a], "A length, then a body, in two pieces", [
            "After the length comes the body: next_callback becomes read_body.",
            "After the body the answer is sent, in upper case, and next_callback becomes read_length.",
        ]),
        ("one-message-only", [b"5\n", a, b"12\n", b], "Two messages, one after the other", [
            "After the answer, what is the next callback?", "self.next_callback = self.read_length",
        ]),
        ("body-is-here-already", [b"5\n" + a], "A whole message in one piece", [
            "The body has come together with its length: no other event will tell you.",
            "When the length is known, look at once whether enough has come.",
        ]),
        ("length-in-pieces", [b"1", b"2\n", b], "A length in two pieces", [
            "A length is complete when its line feed is here, and not before.",
            "Keep what has come in self.data until there is a line feed in it.",
        ]),
        ("body-in-pieces", [b"5\n", a[:2], a[2:]], "A body in two pieces", [
            "Is all of the body here when a part of it is?", "Answer when len(self.data) >= length; else keep it.",
        ]),
        ("rest-is-lost", [b"5\n" + a[:2], a[2:]], "A length and a part of its body, then the rest", [
            "What has come behind the line feed is the beginning of the body.",
            "line, _, self.data = self.data.partition(b'\\n') keeps the rest.",
        ]),
        ("next-is-lost", [b"5\n" + a + b"1", b"2\n" + b], "A message and the beginning of the next", [
            "What has come behind the body belongs to the next message.", "self.data = self.data[length:]",
        ]),
        ("two-at-once", [b"5\n" + a + b"12\n" + b], "Two messages in one piece", [
            "When the first is answered, the second is here already: no other event will tell you.",
            "After an answer, look at once whether the next length is complete; and so on.",
        ]),
        ("line-feed-in-body", [b"8\n\n2\nab\n7\n" + b"12\n" + b], "A body with line feeds and numbers in it", [
            "A body may be anything. Only its length says where it ends.",
            "Split off the length at the first line feed: data.partition(b'\\n'). What is behind it, leave alone.",
        ]),
    ]  # fmt: skip


def _word(length: int) -> bytes:
    return "".join(random.choices(string.ascii_lowercase, k=length)).encode()


def _body() -> bytes:
    """From none to 30 bytes, line feeds and digits among them."""
    return "".join(random.choices(string.ascii_letters + string.digits + "\n\n\n", k=random.randint(0, 30))).encode()


@task("chain", seconds=25)
def check_chain(answer: Answer) -> None:
    for code, pieces, what, hints in _cases():
        _check(answer, code, pieces, what, hints)
    loops = [_check_some_pieces(answer) for _ in range(3)]
    _check_many(answer)
    _check_two_clients(answer)
    if sum(loop.waits for loop in loops) * 2 > sum(loop.callbacks for loop in loops):
        hints = [
            "A time limit only makes the wait shorter. Everybody else waits for it, too.",
            "One recv() of what has come, and back to the loop.",
        ]
        say = "Most calls of your callbacks went to sleep, although the socket was readable when they were called."
        raise Wrong("waits-a-while", say=say, hints=hints)


def _check_some_pieces(answer: Answer) -> Loop:
    words = [_body() for _ in range(8)]
    stream = b"".join(b"%d\n%b" % (len(word), word) for word in words)
    hints = ["Send yourself a message byte by byte, and look at self.data after each of them."]
    return _check(answer, "some-pieces", _cut(stream), "Eight messages, cut at random", hints)


def _check_many(answer: Answer) -> None:
    """So many that each call from within the one before would be too deep (sys.getrecursionlimit).

    Most of them are of no bytes: a buffer has room for some 70 answers that are sent one by one, however short.
    """
    words = [b""] * random.randint(1000, 1200) + [_word(1) for _ in range(40)]
    random.shuffle(words)
    stream = b"".join(b"%d\n%b" % (len(word), word) for word in words)
    hints = [
        "Do your callbacks call each other, once more for each message? Python stops at a thousand calls.",
        "Use a loop: as long as what comes next is complete, take it.",
    ]
    _check(answer, "too-deep", [stream], f"{len(words):,} messages of no byte or one, all in one piece", hints)


def _cut(stream: bytes) -> list[bytes]:
    cuts = sorted(random.sample(range(1, len(stream)), 20))
    return [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def _answered(pieces: list[bytes]) -> bytes:
    """What the protocol says, worked out on all of the stream."""
    stream, answered = b"".join(pieces), b""
    while stream:
        length, _, rest = stream.partition(b"\n")
        answered += rest[: int(length)].upper()
        stream = rest[int(length) :]
    return answered


def _check(answer: Answer, code: str, pieces: list[bytes], what: str, hints: list[str]) -> Loop:
    say = f"{what}: {pieces}." if sum(map(len, pieces)) < 60 else f"{what}."
    loop = Loop(answer)
    try:
        yours = b"".join(loop.send(piece) for piece in pieces)
    except Raised as raised:
        if raised.kind == "BlockingIOError":
            hints = [
                "How often does a callback call recv()? The event promises one that does not wait.",
                "Take what has come, keep it, and return: the rest will be another event.",
            ]
            raise Wrong("reads-on", say=f"{say} {raised.say}", hints=hints) from None
        if raised.kind in ("ValueError", "RecursionError"):
            raise Wrong(code, say=f"{say} {raised.say}", hints=hints) from None
        raise
    if yours != _answered(pieces):
        raise Wrong(code, yours=yours, expected=_answered(pieces), say=say, hints=hints)
    return loop


def _check_two_clients(answer: Answer) -> None:
    one, other = Loop(answer), Loop(answer)
    yours: bytes | str
    try:
        yours = one.send(b"4\nab") + other.send(b"2\nxy") + one.send(b"cd")
    except Raised as raised:
        yours = f"{raised.kind}: {raised.text}"
    if yours != b"XYABCD":
        hints = ["Each client has its own context.", "What belongs to one client goes into self, never into the class."]
        say = "Two clients at once: 4\\nab, then 2\\nxy from the other, then cd."
        raise Wrong("mixes-clients", yours=yours, expected=b"XYABCD", say=say, hints=hints)
