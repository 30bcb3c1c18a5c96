"""The check of the task "link": many questions on one connection, whose sends are counted by the kernel.

The connection is of the kind that keeps what one send() has given together (SOCK_SEQPACKET, man 2 socket): so the
judge, at its other end, sees how many sends there were and what was in each of them.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from . import Answer, Raised, Remote, Wrong, task
from .idling import spent_in
from .never_waits import TRIES, waited

CALL: Final = 3.0  # seconds for one call: none of them has anything to wait for
LONGEST: Final = 100_000  # bytes of one send

# Runs in the learner's process. The callbacks are the judge's own functions: nothing there tells who is called.
DRIVER: Final = """
def command_of(words):
    return Command(words[0], tuple(words[1:]))
"""

Question = tuple[str, list[bytes]]  # who asks, and the words of the command


class Redis:
    """The other end of the learner's connection, and the calls into the learner's process."""

    def __init__(self, answer: Answer) -> None:
        answer.run(DRIVER)
        self._answer, self.pid = answer, answer.pid
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs.setblocking(False)
        self._kept = theirs
        self._link: Remote = answer.make("Link", answer.give(theirs, as_socket=True))
        self._log: list[Any] = []  # who was called, and with what

    def ask(self, *questions: Question, then: Question | None = None) -> None:
        for name, words in questions:
            callback = self._answer.callback(partial(self._called, name, then))
            self._link.call("ask", self._answer.make("command_of", words), callback)

    def _called(self, name: str, then: Question | None, *reply: Any) -> None:
        self._log.append([name, list(reply)])
        if then is not None:
            self.ask(then)

    def end_of_batch(self) -> list[bytes]:
        """What was sent, send by send."""
        self._link.call("end_of_batch", seconds=CALL)
        return self.sent()

    def sent(self) -> list[bytes]:
        found = []
        while True:
            try:
                found.append(self.sock.recv(LONGEST, socket.MSG_DONTWAIT))
            except BlockingIOError:
                return found

    def reply(self, data: bytes = b"") -> Any:
        """Send this, if it is anything, and have it read. Returns who was called with what."""
        if data:
            self.sock.send(data)
        try:
            self._link.call("readable", seconds=CALL)
        except Raised as raised:
            if raised.kind == "BlockingIOError":
                say = "readable() raised BlockingIOError: there was nothing more to read."
                raise Wrong("eagain-escapes", say=say, hints=EAGAIN) from None
            raise
        except Wrong as wrong:
            if wrong.code == "too-slow":
                raise Wrong("waits-for-more", say=wrong.say, hints=WAITS) from None
            raise
        log, self._log = self._log, []
        return log


@task("link", seconds=25)
def check_link(answer: Answer) -> None:
    redis = Redis(answer)
    check_one_batch(redis)
    check_together(redis)  # before all that takes for granted that several are handed out
    for check in random.sample(CASES, len(CASES)):
        check(redis)
    check_two_links(redis, Redis(answer))


def check_one_batch(redis: Redis) -> None:
    """One batch, and its replies one by one: what everything else is made of."""
    questions = new_questions(random.randint(3, 6))
    ask_in_one_send(redis, questions)
    if (again := redis.end_of_batch()) == [b""]:
        say = "A batch in which nothing was asked has ended, and send() was called with nothing to send."
        raise Wrong("sends-nothing", say=say, hints=["Is there anything to be sent? Only then call send()."])
    if again:
        say = "A batch in which nothing was asked has ended, and something was sent."
        raise Wrong("sends-again", yours=again, expected=[], say=say, hints=SENDS_AGAIN)
    for question in questions:
        expect(redis, [question], [new_reply()])


def new_questions(number: int) -> list[Question]:
    """From clients with different names."""
    names = random.sample(["Ada", "Bo", "Cy", "Di", "Eve", "Flo", "Gus", "Hal"], number)
    return [
        (name, random.choice([[b"INCR", b"%d" % random.randrange(1000)], [b"GET", name.encode()]])) for name in names
    ]


def new_reply() -> tuple[bytes, Any]:
    """A reply as it travels, and its value. It is so short that a few of them fit into the smallest read: this kind of
    connection throws away what a read leaves.
    """
    number, text = random.randint(1, 10**9), random.randbytes(random.randint(1, 10)).hex().encode()
    return random.choice([(b":%d\r\n" % number, number), (b"$%d\r\n%b\r\n" % (len(text), text), text)])


def ask_in_one_send(redis: Redis, questions: list[Question]) -> None:
    redis.ask(*questions)
    if redis.sent():
        say = f"{len(questions)} questions were asked, and the batch has not ended yet. Something was sent already."
        raise Wrong("sends-at-once", say=say, hints=SENDS_AT_ONCE)
    expect_one_send(redis.end_of_batch(), questions, "The batch has ended.")


def as_it_travels(words: list[bytes]) -> bytes:
    """A command in Redis's protocol (redis.io, RESP)."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def expect_one_send(sent: list[bytes], questions: list[Question], say: str) -> None:
    expected = b"".join(as_it_travels(words) for _, words in questions)
    if sent == [expected]:
        return
    if not sent:
        hints = ["end_of_batch() is where the questions leave: self.sock.send(...)"]
        raise Wrong("never-sends", yours=sent, expected=[expected], say=say, hints=hints)
    if b"".join(sent) == expected:
        raise Wrong("a-send-each", yours=f"{len(sent)} sends", expected="one", say=say, hints=A_SEND_EACH)
    raise Wrong("other-bytes", yours=b"".join(sent), expected=expected, say=say, hints=OTHER_BYTES)


def expect(redis: Redis, questions: list[Question], replies: list[tuple[bytes, Any]], say: str = "") -> None:
    """These replies arrive together, and these clients are called, in this order."""
    yours = redis.reply(b"".join(data for data, _ in replies))
    compare(yours, [[name, [value]] for (name, _), (_, value) in zip(questions, replies, strict=True)], say)


def compare(yours: Any, expected: list[Any], say: str) -> None:
    if yours == expected:
        return
    names, due = [entry[0] for entry in yours], [entry[0] for entry in expected]
    values = [entry[1] for entry in yours]
    say = say or "Replies have come. These were called, and with this."
    code, hints = "other-replies", ["callback(reply), with one reply, which is next_reply()'s."]
    if (
        names == due[: len(names)]
        and len(names) < len(due)
        and values == [entry[1] for entry in expected[: len(names)]]
    ):
        code, hints = ("one-a-read", ONE_A_READ) if names else ("calls-nobody", CALLS_NOBODY)
    elif values == [entry[1] for entry in expected] and names != due:
        code, hints = "wrong-order", WRONG_ORDER
    elif any(value == [False] for value in values):
        code, hints = "need-more-is-none", ["NEED_MORE says that no reply is complete. It is nobody's reply."]
    raise Wrong(code, yours=yours, expected=expected, say=say, hints=hints)


# The cases, in any order.


def check_together(redis: Redis) -> None:
    questions = new_questions(random.randint(4, 7))
    ask_in_one_send(redis, questions)
    say = f"{len(questions)} replies came together."
    expect(redis, questions, [new_reply() for _ in questions], say)


def check_pieces(redis: Redis) -> None:
    """One reply and a part of the next; then the rest, and all others."""
    questions = new_questions(4)
    replies = [new_reply() for _ in questions]
    ask_in_one_send(redis, questions)
    second = replies[1][0]
    cut = random.randint(1, len(second) - 1)
    expected = [[name, [value]] for (name, _), (_, value) in zip(questions, replies, strict=True)]
    compare(redis.reply(replies[0][0] + second[:cut]), expected[:1], "One reply and a part of the next have come.")
    rest = second[cut:] + replies[2][0] + replies[3][0]
    compare(redis.reply(rest), expected[1:], "Then the rest of it has come, and two more.")


def check_two_batches(redis: Redis) -> None:
    """The second leaves while the first is not answered."""
    questions = new_questions(6)
    ask_in_one_send(redis, questions[:3])
    ask_in_one_send(redis, questions[3:])
    say = "Two batches were under way. Then all replies came."
    try:
        expect(redis, questions, [new_reply() for _ in questions], say)
    except Raised as raised:
        if raised.kind in ("IndexError", "KeyError", "StopIteration", "TypeError"):
            raise Wrong("forgets-a-batch", say=f"{say} {raised.say}", hints=FORGETS) from None
        raise
    except Wrong as wrong:
        if wrong.code in ("one-a-read", "calls-nobody", "wrong-order"):
            raise Wrong("forgets-a-batch", yours=wrong.yours, expected=wrong.expected, say=say, hints=FORGETS) from None
        raise


def check_asked_again(redis: Redis) -> None:
    first, second = new_questions(2)
    redis.ask(first, then=second)
    redis.end_of_batch()
    expect(redis, [first], [new_reply()])
    if redis.sent():
        say = "A callback has asked, and the batch has not ended yet. Its question was sent already."
        raise Wrong("sends-at-once", say=say, hints=SENDS_AT_ONCE)
    try:
        expect_one_send(redis.end_of_batch(), [second], "A callback has asked. Then the batch has ended.")
    except Wrong as wrong:
        raise Wrong("loses-what-callbacks-ask", say=wrong.say, hints=LOSES) from None
    expect(redis, [second], [new_reply()])


def check_empty_replies(redis: Redis) -> None:
    """0, nothing, and an empty text are replies."""
    questions = new_questions(4)
    replies: list[tuple[bytes, Any]] = [(b":0\r\n", 0), (b"$-1\r\n", None), (b"$0\r\n\r\n", b""), (b"*0\r\n", [])]
    random.shuffle(replies)
    ask_in_one_send(redis, questions)
    yours = redis.reply(b"".join(data for data, _ in replies))
    expected = [[name, [value]] for (name, _), (_, value) in zip(questions, replies, strict=True)]
    if yours != expected:
        say = "The replies were a zero, nothing, an empty text and an empty list."
        raise Wrong("empty-is-a-reply", yours=yours, expected=expected, say=say, hints=EMPTY)


def check_nothing_there(redis: Redis) -> None:
    """Several times: it returns, and does not go to sleep for what may come."""
    spent = [spent_in(redis.pid, redis.reply) for _ in range(TRIES)]
    for each in spent:
        compare(each.result, [], "readable() was called, and nothing had come.")
    if waited(spent):
        raise Wrong("waits-for-more", say="readable() was called, nothing had come, and it waited.", hints=WAITS)


def check_two_links(one: Redis, other: Redis) -> None:
    """Each has its own questions, and its own who wait."""
    questions = [new_questions(3) for _ in (one, other)]
    for redis, asked in zip((one, other), questions, strict=True):
        redis.ask(*asked)
    say = "Two Links have been asked. Then the batch of each has ended."
    for redis, asked in zip((other, one), questions[::-1], strict=True):
        if redis.end_of_batch() != [b"".join(as_it_travels(words) for _, words in asked)]:
            raise Wrong("one-for-all", say=f"{say} One has sent other questions than its own.", hints=ONE_FOR_ALL)
    for redis, asked in zip((other, one), questions[::-1], strict=True):
        try:
            expect(redis, asked, [new_reply() for _ in asked])
        except Wrong as wrong:
            say += " Replies have come to one of them. These were called, and with this."
            raise Wrong("one-for-all", yours=wrong.yours, expected=wrong.expected, say=say, hints=ONE_FOR_ALL) from None


CASES: Final[list[Callable[[Redis], None]]] = [
    check_pieces, check_two_batches, check_asked_again, check_empty_replies, check_nothing_there,
]  # fmt: skip

# What is said of it.

SENDS_AT_ONCE: Final = [
    "Others of the same batch may ask, too. Whoever sends at once has a send() for each of them.",
    "ask() puts the bytes into a buffer; end_of_batch() sends the buffer.",
]
SENDS_AGAIN: Final = ["What has been sent is done with: empty the buffer."]
A_SEND_EACH: Final = ["Put the commands together first: b''.join(...), and then one send()."]
OTHER_BYTES: Final = [
    "write_command(command) is a question as bytes. All of them, in the order in which they were asked."
]
EAGAIN: Final = [
    "The kernel may report too much, and whoever reads on comes to the end: that is no mistake.",
    "Catch BlockingIOError around recv(), and return.",
]
WAITS: Final = [
    "readable() takes what is there, and returns. What is missing comes with the next event.",
    "No loop goes on until all questions are answered: that would be a server that blocks.",
]
ONE_A_READ: Final = [
    "No event comes for what the reader has in it already: take out all that is complete.",
    "while (reply := self.reader.next_reply()) is not NEED_MORE: ...",
]
CALLS_NOBODY: Final = ["Give what recv() returns to self.reader.feed(), and ask it for next_reply()."]
WRONG_ORDER: Final = ["Who has asked first has the first reply. Take from the front what you append at the end."]
FORGETS: Final = [
    "Those who wait for a reply do not change when a batch ends: their replies are still to come.",
    "Of bytes you keep what is not sent; of callbacks, those that are not answered. Those are two things.",
]
ONE_FOR_ALL: Final = [
    "What stands in the class itself is one for all its objects: a list there is the same list for every Link.",
    "Make it in __init__: self.waiting = [].",
]
LOSES: Final = [
    "A callback calls ask() while you are in readable(). What becomes of that question?",
    "Take each callback out of the queue *before* you call it, and leave the buffer alone in readable().",
]
EMPTY: Final = [
    "A reply may be 0, None, b'' or []. Which of them does your test take for 'no reply'?",
    "0 == False, and NEED_MORE is False: compare by `is`.",
]
