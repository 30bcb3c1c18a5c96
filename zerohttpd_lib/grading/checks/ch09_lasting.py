"""The check of the task "lasting": a server whose clients stay for five answers, looked at from outside."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import Final

from ...lab import Lab
from ...lab.server import Server
from . import Answer, Wrong, task
from .ch09_client import PATIENCE, Client, Got
from .effort import effort_within

MOST: Final = 5  # answers on a connection
LOOKED_FOR: Final = 2.0  # seconds, until the interest list is as it should be
WATCHED: Final = 0.5  # seconds
MOST_WAITS: Final = 12  # in twice this time: the loop's own timers
BUSY: Final = 0.1  # seconds of the processor, in this time
STAYING: Final = 12  # clients that stay and say nothing
PATHS: Final = {"/": b"<", "/style.css": b"{", "/nowhere": b"404", "/guestbook": b"visitor"}
COUNT: Final = re.compile(rb"<strong> *([\d,]+)</strong>")


@task("lasting", seconds=28)
def check_lasting(answer: Answer) -> None:
    server = answer.serve("LastingServer")
    check_one_by_one(server, answer.lab)
    check_one_by_one(server, answer.lab, "The second client that comes, too, has a right to five answers.")
    check_unwilling(server)
    check_together(server)
    check_beyond(server)
    check_silent(server)
    check_under_load(server, answer.lab)


def check_one_by_one(server: Server, lab: Lab, other: str = "") -> None:
    """Guestbook pages, each asked for when the one before is here."""
    first = 1000 + random.randrange(9000)
    lab.redis.client.set("visitor_count", first)
    client = Client(server)
    with client.sock:
        for number in range(1, MOST + 1):
            client.ask("/guestbook")
            got = client.answer()
            if got is None:
                raise gone(number, client.is_closed(), other)
            compare_page(got, first + number)
            if number == MOST and got.says != "close":
                client.ask("/guestbook")  # is it only not said, or is there no end?
                if client.answer() is not None:
                    raise Wrong("no-limit", say=f"There was one answer more than {MOST}.", hints=NO_LIMIT)
            compare_words(got, number, other)
        if not client.is_closed():
            raise after_the_last()


def gone(number: int, closed: bool, other: str) -> Wrong:
    how = "The connection was closed" if closed else "There was no answer"
    if number == 1:
        return Wrong("no-answer", say=f"{how} when the first page was asked for.", hints=NO_ANSWER)
    say = f"{how} after {number - 1} of {MOST} answers."
    if other:
        return Wrong("counts-for-all", say=f"{say} {other}", hints=COUNTS_FOR_ALL)
    if not closed:
        return Wrong("falls-silent", say=say, hints=FALLS_SILENT)
    if number == 2:
        return Wrong("closes-at-once", say=say, hints=CLOSES_AT_ONCE)
    return Wrong("closes-early", yours=number - 1, expected=MOST, say=say, hints=CLOSES_EARLY)


def compare_page(got: Got, number: int) -> None:
    count = COUNT.search(got.body)
    yours = int(count[1].replace(b",", b"")) if count else got.status
    if got.status != 200 or yours != number:
        hints = ["The answers are right in PipelinedServer. Change what becomes of the connection after them."]
        raise Wrong("wrong-page", yours=yours, expected=number, say="The number of the visitor.", hints=hints)


def compare_words(got: Got, number: int, other: str) -> None:
    """What each answer says of the connection."""
    say = f'Answer {number} of {MOST} says "Connection: {got.says}".'
    if number < MOST and got.says == "close":
        if other:
            raise Wrong("counts-for-all", say=f"{say} {other}", hints=COUNTS_FOR_ALL)
        code, hints = ("closes-at-once", CLOSES_AT_ONCE) if number == 1 else ("closes-early", CLOSES_EARLY)
        raise Wrong(code, yours=number, expected=MOST, say=say, hints=hints)
    if number == MOST and got.says != "close":
        raise Wrong("does-not-say", yours=got.says, expected="close", say=say, hints=DOES_NOT_SAY)


def after_the_last() -> Wrong:
    say = f'The answer said "close", and {PATIENCE:g} seconds later the connection was still open.'
    return Wrong("stays-open", say=say, hints=STAYS_OPEN)


def check_unwilling(server: Server) -> None:
    """Those that say that they will not stay, at once or after some answers; and an old one that asks to."""
    for version, says, before in random.sample([("1.1", "close", 0), ("1.0", "", 0), ("1.1", "close", 2)], 3):
        client = Client(server)
        with client.sock:
            for _ in range(before):
                client.ask("/style.css")
                client.answer()
            client.ask("/guestbook", version=version, says=says)
            got = client.answer()
            who = f"A client of HTTP/{version}{' that says close' * bool(says)}{' after two answers' * bool(before)}"
            if got is None:
                raise Wrong("no-answer", say=f"{who} has no answer.", hints=NO_ANSWER)
            if got.says != "close" or not client.is_closed():
                raise Wrong("keeps-the-unwilling", say=f"{who} was kept.", hints=UNWILLING)
    client = Client(server)
    with client.sock:
        for _ in range(2):
            client.ask("/style.css", version="1.0", says="keep-alive")
            if client.answer() is None:
                raise Wrong("refuses-the-old", say="A client of HTTP/1.0 that asks to stay was not kept.", hints=OLD)


def check_together(server: Server) -> None:
    """Several requests that have come before the server looks: pages that need Redis, and pages that do not."""
    plain = [path for path in PATHS if path != "/guestbook"]
    random.shuffle(plain)
    for paths in (["/guestbook", *plain], plain, ["/guestbook"] * 3):
        client = Client(server)
        with client.sock:
            with server.frozen():
                client.ask(*paths)
            for number, path in enumerate(paths):
                got = client.answer()
                say = f"A client sent {len(paths)} requests at once ({' '.join(paths)}), and waited."
                if got is None:
                    raise cut_short(client, number, len(paths), say)
                if PATHS[path] not in got.body:
                    raise Wrong("out-of-order", say=f"{say} Answer {number + 1} is not {path}.", hints=ORDER)


def check_beyond(server: Server) -> None:
    """Seven requests at once: five answers, and an end."""
    client = Client(server)
    with client.sock:
        client.ask(*["/style.css"] * (MOST + 2))
        answers = []
        while (got := client.answer()) is not None:
            answers.append(got)
        say = f"A client sent {MOST + 2} requests at once."
        if len(answers) < MOST:
            raise cut_short(client, len(answers), MOST, say)
        if len(answers) > MOST:
            expect_end_of_plain(server)
            raise Wrong("no-limit", yours=len(answers), expected=MOST, say=f"{say} So many answers.", hints=NO_LIMIT)
        compare_words(answers[-1], MOST, "")


def cut_short(client: Client, number: int, expected: int, say: str) -> Wrong:
    """Fewer answers than were asked for: the server has closed, or it keeps silent."""
    say += f" It had {number} of {expected} answers"
    if client.is_closed():
        hints = CLOSES_OTHERS
        return Wrong("closes-in-between", yours=number, expected=expected, say=f"{say}, and was closed.", hints=hints)
    return Wrong("loses-requests", yours=number, expected=expected, say=f"{say}, and no more.", hints=LOSES)


def expect_end_of_plain(server: Server) -> None:
    """Pages that need no Redis, each asked for when the one before is here: they count, too."""
    client, answered = Client(server), 0
    with client.sock:
        for _ in range(MOST + 1):
            client.ask("/style.css")
            answered += client.answer() is not None
    if answered > MOST:
        say = f"Of guestbook pages a connection had {MOST} answers. Of /style.css, which needs no Redis, it had more."
        raise Wrong("decides-too-late", yours=answered, expected=MOST, say=say, hints=TOO_LATE)


def check_silent(server: Server) -> None:
    """Clients that have one answer and stay: each is watched for IN, nobody wakes up, and who leaves is forgotten."""
    clients = [Client(server) for _ in range(STAYING)]
    for client in clients:
        client.ask(random.choice(list(PATHS)))
        client.answer()
    events = clients_on_list(server, lambda found: found == ["IN"] * STAYING)
    if events != ["IN"] * STAYING:
        say = f"{STAYING} clients have had an answer, and say nothing. This is what they are watched for."
        raise Wrong("not-watched", yours=events, expected=["IN"] * STAYING, say=say, hints=NOT_WATCHED)
    compare_effort(server)
    for client in clients:
        client.sock.close()
    if left := clients_on_list(server, lambda found: not found):
        say = f"{STAYING} clients have left, and so many are still on the interest list."
        raise Wrong("not-forgotten", yours=len(left), expected=0, say=say, hints=NOT_FORGOTTEN)


def compare_effort(server: Server) -> None:
    """The loop's own timers wake it up two or three times a second. Whoever looks after its clients does more."""
    start = server.trace.end
    efforts = [effort_within(server.pid, WATCHED) for _ in range(2)]
    busy = min(each.seconds for each in efforts)
    # What the kernel has counted, too: within one wait of the server's there can be several.
    waits = max(len(server.trace.since(start)), 2 * min(each.sleeps for each in efforts))
    if waits > MOST_WAITS or busy > BUSY:
        say = f"{STAYING} clients stay and say nothing. In {2 * WATCHED:g} s the server came back from its wait"
        say += f" {waits:,} times, and used {2 * busy:.2f} s of the processor."
        raise Wrong("never-rests", say=say, hints=NEVER_RESTS)


def clients_on_list(server: Server, is_so: Callable[[list[str]], bool]) -> list[str]:
    """What the clients are watched for, as soon as it is so, or as it is after a while."""
    deadline = time.monotonic() + LOOKED_FOR
    while True:
        events = [each.events for each in server.interest_list() if each.role == "client"]
        if is_so(events) or time.monotonic() > deadline:
            return events
        time.sleep(0.05)


def check_under_load(server: Server, lab: Lab) -> None:
    """Ten clients, three pages each at a time; Redis counts them."""
    before = int(lab.redis.client.get("visitor_count") or 0)
    clients = [Client(server) for _ in range(10)]
    for client in clients:
        client.ask(*["/guestbook"] * 3)
    answers = [client.answer() for client in clients for _ in range(3)]
    for client in clients:
        client.sock.close()
    counted = int(lab.redis.client.get("visitor_count") or 0) - before
    if None in answers or counted != len(answers):
        say = "Ten clients asked for three pages each, all at the same time. So many were counted by Redis."
        raise Wrong("loses-some", yours=counted, expected=len(answers), say=say, hints=LOSES)


# What is said of it.

NO_ANSWER: Final = ["Serve your class by hand, and ask it for a page: lab.serve(LastingServer).get()."]
CLOSES_AT_ONCE: Final = [
    "Rung 9 closes after each answer. Where is it said whether a client may stay?",
    'keep_alive = True lets `begin` set self.keep; and `answered` has to go on with "reading" where it closes now.',
]
CLOSES_EARLY: Final = ["Count on paper: which answer is the fifth, and when do you count it, before it or after it?"]
FALLS_SILENT: Final = [
    "The connection is open, and the server does not listen. In which state is it after an answer?",
    'In `answered`: self.state = "reading", if the connection is to stay.',
]
COUNTS_FOR_ALL: Final = [
    "Each connection has a count of its own.",
    "A class attribute is one for all. `self.answers += 1` makes one of the object's; `Lasting.answers += 1` does not.",
]
DOES_NOT_SAY: Final = [
    "What an answer says of the connection is written in `respond`, from self.keep. Do you know by then that it is the "
    "fifth?",
    "Before super().respond(response): self.keep = self.keep and ...",
]
NO_LIMIT: Final = [
    "Five answers on a connection, and no more: they have to be counted. Is the fifth the last, or the sixth?",
    "A client that sends many requests at once has no more than five answers, either.",
]
TOO_LATE: Final = [
    "A page that needs no Redis has been answered when super().begin(request) returns. Is it too late by then?",
    "Decide in `respond`, before super().respond(response): all answers go through it.",
]
CLOSES_OTHERS: Final = [
    "It was closed early. Is your count that of this connection alone, and does it begin at 0?",
    "What is counted on the server, or by number, is still there when the next client comes: count in self.",
]
STAYS_OPEN: Final = ["After the last answer `answered` has to do what it does in rung 9: super().answered()."]
UNWILLING: Final = [
    "The client has a word in it, too: `begin` has put it into self.keep.",
    "Never make self.keep True where it is False.",
]
OLD: Final = ["`begin` knows who has asked to stay, whatever the version: keep whom it keeps."]
LOSES: Final = [
    "They are all in self.requests already, and no event will come for them.",
    "After an answer that needed no Redis nobody takes up the next request: `take_up_requests` has to go on "
    'while there is one and the state is "reading".',
]
ORDER: Final = ['Take up a request only when the one before is answered: only in the state "reading".']
NOT_WATCHED: Final = ["Leave `wait_for_more` as it is: it watches whoever may send more for IN."]
NEVER_RESTS: Final = ["No timer, and no look at everybody: the kernel says when a client asks."]
NOT_FORGOTTEN: Final = [
    "The end of a client's input is the end of its connection, unless an answer is still under way."
]
