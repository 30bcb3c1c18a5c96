"""The check of the task "once": one epoll for many threads, and no socket in two hands."""

from __future__ import annotations

import random
import time
from typing import Final

from . import Answer, Wrong, task
from .ch10_crew import MIDDLE, ROUNDS, THREADS, Crew, Waited
from .idling import spent_in
from .witness import reset

NOW: Final = 2.0  # seconds, in which what is ready is handed out
NOT_NOW: Final = 0.05  # seconds, in which nothing is
WAIT: Final = 0.4  # seconds, in which it sleeps
MOST_SLEEPS: Final = 3  # in a wait for one time limit
BUSY: Final = 0.05  # seconds of the processor in that time
LONG: Final = 6.0  # seconds that a wait may last, and is not to
SOON: Final = 3.0  # seconds in which something is done for which there is nothing to wait


@task("once", seconds=25)
def check_once(answer: Answer) -> None:
    crew = Crew(answer)
    names = random.sample(["Ada", "Bo", "Cy", "Di"], 3)
    for name in names:
        crew.add(name)
    first, second, third = names
    expect(crew, None, NOT_NOW, "Nothing has come, and next() was called.", "hands-out-the-silent", SILENT)
    crew.send(first)
    expect(crew, first, NOW, f"{first} has sent something.", "not-handed-out", NOT_HANDED_OUT)
    check_in_work(crew, first, second)
    check_sleep(answer, crew, first)
    check_one_wait(crew)
    check_done(crew, first)
    check_several(crew, names, first)
    check_left(crew, third)
    check_end(crew)
    check_meanwhile(crew)
    check_another(crew)
    check_race(crew)


def expect(crew: Crew, name: str | None, seconds: float, say: str, code: str, hints: list[str]) -> None:
    yours = crew.next(seconds)
    if yours != name:
        shown = ["None, nobody" if each is None else each for each in (yours, name)]
        raise Wrong(code, yours=shown[0], expected=shown[1], say=say, hints=hints)


def check_in_work(crew: Crew, first: str, second: str) -> None:
    """The first is being worked on. It is not handed out, whatever comes; others are."""
    say = f"{first} is being worked on, and nothing has been read of it."
    expect(crew, None, NOT_NOW, say, "two-at-once", TWO_AT_ONCE)
    crew.send(first, b"more")
    say = f"{first} is being worked on, and has sent more."
    expect(crew, None, NOT_NOW, say, "more-is-news", MORE_IS_NEWS)
    crew.send(second)
    say = f"{first} is being worked on, and {second} has sent something."
    expect(crew, second, NOW, say, "others-wait", OTHERS_WAIT)
    crew.read(second, 100)
    crew.do("done", second)
    expect(crew, None, NOT_NOW, f"{second} was read to its end, and is done.", "hands-out-the-silent", SILENT)


def check_sleep(answer: Answer, crew: Crew, first: str) -> None:
    spent = spent_in(answer.pid, lambda: crew.next(WAIT))
    if spent.result is None and spent.elapsed < WAIT * 0.9:
        say = f"next({WAIT}) was called while {first} was being worked on."
        raise Wrong("back-too-soon", yours=f"back after {spent.elapsed:.2f} s", say=say, hints=BACK_TOO_SOON)
    if not 1 <= spent.sleeps <= MOST_SLEEPS or spent.processor > BUSY:  # none: on a busy machine it uses little, too
        yours = f"{spent.sleeps} sleeps, {spent.processor:.2f} s of the processor"
        say = f"next({WAIT}) was called while {first} was being worked on, and had bytes that nobody had read."
        raise Wrong("spins", yours=yours, expected="one sleep", say=say, hints=SPINS)


def check_one_wait(crew: Crew) -> None:
    """It sleeps until something comes or the time is over, and for nothing shorter."""
    crew.add("a late one")
    waited = crew.wait_for("a late one", LONG)
    say = f"next({LONG:g}) was called, and nothing was ready."
    compare_sleeper(waited, say)
    if waited.yours != "a late one" or waited.elapsed > SOON:
        yours, say = f"{waited.yours}, after {waited.elapsed:.1f} s", f"{say} Then a client has sent something."
        raise Wrong("not-told-at-once", yours=yours, expected="a late one, at once", say=say, hints=SLEEPS_BEFORE)
    crew.read("a late one", 100)
    crew.do("done", "a late one")


def compare_sleeper(waited: Waited, say: str) -> None:
    """By the time limit of its wait, where the kernel shows it, and by how often it was awake."""
    sleeper = waited.sleeper
    if sleeper is not None and sleeper.call == "sleep":
        raise Wrong("in-slices", say=f"{say} It was in a sleep() of its own.", hints=IN_SLICES)
    if sleeper is not None and sleeper.call != "unknown" and sleeper.limit is not None and sleeper.limit < 0.9 * LONG:
        say += " The wait that it was in has a time limit of so many seconds."
        raise Wrong("in-slices", yours=sleeper.limit, expected=LONG, say=say, hints=IN_SLICES)
    if waited.woken:
        say += f" In {MIDDLE:g} s it woke up so many times, for nothing."
        raise Wrong("in-slices", yours=waited.woken, expected=0, say=say, hints=IN_SLICES)


def check_done(crew: Crew, first: str) -> None:
    crew.read(first, 3)
    crew.do("done", first)
    say = f"{first} is done, and some of its bytes are still unread."
    expect(crew, first, NOW, say, "lost-while-at-work", LOST)
    crew.read(first, 100)
    crew.do("done", first)
    expect(crew, None, NOT_NOW, f"{first} was read to its end, and is done.", "hands-out-the-silent", SILENT)
    crew.send(first)
    say = f"{first} was done twice, and has sent something again."
    expect(crew, first, NOW, say, "not-again", NOT_AGAIN)
    say = f"{first} was done before, and is being worked on once more. Nothing has been read of it."
    expect(crew, None, NOT_NOW, say, "armed-for-good", ARMED_FOR_GOOD)


def check_several(crew: Crew, names: list[str], first: str) -> None:
    """All of them are ready before anybody asks, the first of them after it was worked on."""
    crew.read(first, 100)
    crew.do("done", first)
    for name in names:
        crew.send(name)
    yours = [crew.next(NOW) for _ in names]
    if sorted(map(str, yours)) != sorted(names):
        say = f"{len(names)} sockets were ready, and next() was called as often."
        raise Wrong("loses-others", yours=yours, expected=names, say=say, hints=LOSES_OTHERS)
    for name in names:
        crew.read(name, 100)
        crew.do("done", name)


def check_left(crew: Crew, third: str) -> None:
    """One is removed by who works on it, while another process has the same connection open; then it is closed."""
    crew.send(third)
    expect(crew, third, NOW, f"{third} has sent something.", "not-handed-out", NOT_HANDED_OUT)
    crew.do("remove", third)
    if crew.is_listed(third):
        say = f"{third} was removed, and is still on the kernel's interest list."
        raise Wrong("not-removed", say=say, hints=NOT_REMOVED)
    crew.send(third, b"again")
    say = f"{third} was removed, and has sent something."
    expect(crew, None, NOT_NOW, say, "not-removed", NOT_REMOVED)
    crew.close(third)
    crew.add("a newcomer")  # the kernel gives it the number that is free
    crew.send("a newcomer")
    say = f"{third} was removed and closed. A newcomer has its number, and has sent something."
    expect(crew, "a newcomer", NOW, say, "old-number", OLD_NUMBER)


def check_end(crew: Crew) -> None:
    """A client breaks off while somebody works on it: they will see it; a second thread is not told."""
    crew.add("who breaks off", tcp=True)
    crew.send("who breaks off")
    expect(crew, "who breaks off", NOW, "A client has sent something.", "not-handed-out", NOT_HANDED_OUT)
    reset(crew.theirs.pop("who breaks off"))
    time.sleep(0.05)
    say = "A client was being worked on, and has reset its connection."
    expect(crew, None, NOT_NOW, say, "errors-get-through", ERRORS)
    crew.do("done", "who breaks off")
    say = "A client has reset its connection while it was being worked on. Then it was done."
    expect(crew, "who breaks off", NOW, say, "lost-while-at-work", LOST)
    crew.do("remove", "who breaks off")


def check_meanwhile(crew: Crew) -> None:
    """One thread waits in next(). Another one adds a socket, and is done with one that has something to read."""
    crew.add("who is worked on")
    crew.send("who is worked on")
    expect(crew, "who is worked on", NOW, "A client has sent something.", "not-handed-out", NOT_HANDED_OUT)
    waiting = crew.wait_beside(LONG)
    for what in ("add", "done"):
        started = time.monotonic()
        if what == "add":
            crew.add("a newcomer to a waiting crew")
        else:
            crew.do("done", "who is worked on")
        if (elapsed := time.monotonic() - started) > SOON:
            say = f"A thread was waiting in next({LONG:g}), and another one called {what}()."
            raise Wrong("waits-with-it", yours=f"back after {elapsed:.1f} s", say=say, hints=WAITS_WITH_IT)
    if (yours := crew.outcome(waiting)) != "who is worked on":
        say = "A thread was waiting in next(). Another one was done with a socket that has bytes unread."
        raise Wrong("not-told-of-it", yours=yours, expected="that socket", say=say, hints=NOT_TOLD_OF_IT)
    crew.read("who is worked on", 100)
    crew.do("done", "who is worked on")


def check_another(crew: Crew) -> None:
    """Two of them share nothing."""
    crew.send("who is worked on")
    if (yours := crew.another().call("next", NOT_NOW)) is not None:
        say = "A second Shared was made, nothing was added to it, and its next() has handed out something."
        raise Wrong("one-for-all", yours=yours, expected=None, say=say, hints=ONE_FOR_ALL)
    say = "Somebody has sent something, beside a second Shared."
    expect(crew, "who is worked on", NOW, say, "one-for-all", ONE_FOR_ALL)


def check_race(crew: Crew) -> None:
    """Several threads wait, and one byte comes."""
    outcome, threads = crew.race()
    say = f"{THREADS} threads were in next() at the same time, and one byte came."
    if isinstance(outcome, str):
        raise Wrong("raises-in-threads", say=f"{say} One of them raised {outcome}.", hints=IN_THREADS)
    most, nobody = outcome
    if most > 1:
        raise Wrong("told-to-several", yours=f"{most} threads", expected="one", say=say, hints=SEVERAL)
    if threads <= THREADS:
        say = f"{THREADS} threads were to be in next() at the same time, and never there."
        raise Wrong("no-threads", yours=threads - 1, expected=THREADS, say=say, hints=LET_THEM)
    if nobody == ROUNDS:
        raise Wrong("not-handed-out", yours="none of them got it", expected="one", say=say, hints=NOT_HANDED_OUT)


# What is said of it.

SILENT: Final = ["Only a socket that has something to read, or has ended, is handed out. Else it is None."]
NOT_HANDED_OUT: Final = ["add() puts it on the list of one epoll, next() asks that epoll, and returns the object."]
TWO_AT_ONCE: Final = [
    "Level-triggered, it is reported as long as there is something to read. The second thread must not hear of it.",
    "Which flag disarms a descriptor with its first report? man 2 epoll_ctl",
]
MORE_IS_NEWS: Final = [
    "EPOLLET reports again when something new comes, whoever is at work.",
    "EPOLLONESHOT reports once, and then nothing until modify().",
]
ARMED_FOR_GOOD: Final = [
    "modify() sets the whole interest anew. Without EPOLLONESHOT it is armed for as long as it is on the list.",
]
OTHERS_WAIT: Final = ["One socket that is in work is no reason for others to wait. Only that one is disarmed."]
LOSES_OTHERS: Final = [
    "You have asked for all that are ready, and handed out one. The others are disarmed, and nobody knows of them.",
    "epoll.poll(seconds, 1) reports one and disarms one; or keep the others for the next who asks.",
]
BACK_TOO_SOON: Final = ["The seconds are for the whole of next(): it returns None after that time, and not before."]
SPINS: Final = [
    "The kernel reports it again and again, and you throw it away each time. That costs a processor.",
    "Have the kernel not report it: disarmed, or off the list, until it is done.",
]
LOST: Final = [
    "What came in the meantime is still there, and must be reported when it is armed again.",
    "epoll.modify(...) looks whether it is ready now, old bytes or new. Give it the events again.",
]
NOT_AGAIN: Final = ["done() has to arm it each time: the flag disarms it with every report."]
NOT_REMOVED: Final = [
    "Somebody else has the same connection open, so that it stays on the list until you take it off.",
    "epoll.unregister(sock), while it is still open.",
]
OLD_NUMBER: Final = [
    "In your notes the number still stands for the old socket. Take it out in remove(), put it in with add()."
]
ERRORS: Final = [
    "With an interest in nothing ERR and HUP still come. What EPOLLONESHOT has disarmed does not report them either.",
    "Leave the interest as it is in the kernel, or take it off the list; modify(fd, 0) is neither.",
]
IN_SLICES: Final = [
    "Until something comes, or the time is over, there is nothing to wake up for: one wait, for all of the seconds.",
    "The time limit of the wait is what is left of `seconds`, however long that is.",
]
SLEEPS_BEFORE: Final = ["Sleep in the wait itself, not before it: then who has something to read ends it."]
WAITS_WITH_IT: Final = [
    "A lock that is held while epoll waits keeps out all others for as long. epoll itself needs none.",
    "Hold a lock for your notes, and for no longer than it takes to change them.",
]
NOT_TOLD_OF_IT: Final = [
    "Whoever waits already has to hear of what is done now: done() has to tell the epoll that they wait in.",
]
ONE_FOR_ALL: Final = [
    "What stands in the class itself is one for all its objects. Make it in __init__: self.epoll, self.sockets.",
]
LET_THEM: Final = ["Others start the threads. Leave the module threading, and what it starts, as they are."]
IN_THREADS: Final = ["Others call the same methods at the same time: what can have changed between two lines of yours?"]
SEVERAL: Final = [
    "Between the report and what you do about it, another thread is told of the same socket.",
    "It has to be disarmed *by* the report, in the kernel: EPOLLONESHOT. Or only one thread may wait at a time.",
]
