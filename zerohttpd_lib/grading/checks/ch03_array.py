"""Inside poll(): a poller of one's own."""

from __future__ import annotations

import random
import re
import select
import threading
import time
from contextlib import suppress
from typing import Final

from ...kernel.events import event_names
from . import Answer, Raised, Remote, Wrong, task
from .ch03_paused import check_paused
from .ch03_poller import Watched, expect_key_error, expect_ready, revents
from .effort import Effort, effort_within

# The cell is to hand an array to poll(2). Python's own pollers would make one out of sight.
# Nor is there a way back to them: not by another import of the module, nor by a search of the memory.
NO_POLLERS: Final = """
def no_pollers():
    import _imp, gc, select, selectors, sys

    for module in (select, selectors):
        for name in ("poll", "epoll", "select", "PollSelector", "EpollSelector", "SelectSelector", "DefaultSelector"):
            thing = module.__dict__.pop(name, None)
            if "_selector_cls" in getattr(thing, "__dict__", ()):
                del thing._selector_cls
    gc.collect()

    def guard(event, arguments):
        if event.startswith("gc.get_") or (event == "import" and arguments[0] in ("select", "selectors")):
            raise AttributeError("module 'select' has no attribute for that here")

    sys.addaudithook(guard)

    def create_builtin(spec, create=_imp.create_builtin):  # where select is a part of Python: nobody is told of that
        guard("import", (spec.name,))
        return create(spec)

    _imp.create_builtin = create_builtin

no_pollers()
del no_pollers
"""


@task("array", seconds=25, prelude=NO_POLLERS)
def check_array(answer: Answer) -> None:
    try:
        check_the_array(answer)
    except Raised as raised:
        if re.search(r"module 'select(ors)?' has no attribute|name '(\w*[pP]oll|select)' from 'select", raised.text):
            hints = ["That makes the array for you. Make it yourself: (PollFd * number)(...), and give it to poll()."]
            raise Wrong("pythons-poller", say=raised.say, hints=hints) from None
        raise


def check_the_array(answer: Answer) -> None:
    poller = answer.make("ArrayPoller")
    pairs = Watched(answer, 6)
    for fd in pairs.fds:
        poller.call("watch", fd, select.POLLIN)
    expect_ready(poller, 0, [], "lists-all", "Six descriptors are watched, and nobody has sent anything.", LISTS_ALL)
    some = sorted(random.sample(range(1, 6), 2))  # not the first: that one stays silent
    for number in some:
        pairs.theirs[number].send(b"x")
    started = time.monotonic()
    ready = [[pairs.fds[number], select.POLLIN] for number in some]
    expect_ready(poller, 1500, ready, "not-the-ready", "Two of the six were sent a byte.", NOT_THE_READY)
    if time.monotonic() - started > 1.2:  # one call returns at once: two of its descriptors are ready
        raise Wrong("one-by-one", say="wait(1500) slept although two of its descriptors were ready.", hints=ONE_BY_ONE)
    check_changes(poller, pairs, some)
    check_waiting(answer, poller, pairs, next(number for number in reversed(range(6)) if number not in some))
    check_paused(answer)
    check_made_up_changes(answer)


def check_changes(poller: Remote, pairs: Watched, some: list[int]) -> None:
    first, second = (pairs.fds[number] for number in some)
    poller.call("modify", second, select.POLLOUT)
    expect_ready(
        poller, 500, [[first, select.POLLIN], [second, select.POLLOUT]],
        "adds-events", "The second of them was modified to OUT alone, and has a byte to read.", ADDS,
    )  # fmt: skip
    poller.call("forget", first)
    expect_ready(
        poller, 500, [[second, select.POLLOUT]], "keeps-forgotten", "One of the two ready ones was forgotten.", KEEPS
    )
    quiet = next(number for number in range(6) if number not in some)
    poller.call("modify", second, 0)
    pairs.theirs[quiet].close()
    poller.call("modify", pairs.fds[quiet], 0)
    expect_ready(
        poller, 500, [[pairs.fds[quiet], select.POLLHUP]],
        "drops-unasked", "Nothing is asked of one whose other side has been closed.", DROPS,
    )  # fmt: skip
    poller.call("forget", pairs.fds[quiet])
    expect_key_error(poller, "forget", first)
    expect_key_error(poller, "modify", first, select.POLLIN)
    poller.call("watch", first, select.POLLIN)  # once more; its byte is still there
    expect_ready(poller, 500, [[first, select.POLLIN]], "not-again", "One was forgotten, and watched again.", AGAIN)


def check_waiting(answer: Answer, poller: Remote, pairs: Watched, late: int) -> None:
    for fd in pairs.fds:
        if fd != pairs.fds[late]:
            with suppress(Raised):  # the one that is forgotten already
                poller.call("forget", fd)
    expect_in_time(poller)
    efforts: list[Effort] = []

    def send_later() -> None:
        time.sleep(0.2)
        efforts.append(effort_within(answer.pid, LATER))
        pairs.theirs[late].send(b"x")

    threading.Thread(target=send_later).start()
    limit = random.choice([5000, -1])
    say = f"Nobody had sent anything when wait({limit}) was called. A byte came {LATER + 0.2:g} s later."
    expect_ready(poller, limit, [[pairs.fds[late], select.POLLIN]], "does-not-wait", say, WAITS)
    if efforts[0].sleeps > MOST or efforts[0].seconds > BUSY:
        raise Wrong("wakes-up", say=f"{say} Meanwhile your wait() did not just sleep.", hints=WAKES)


def expect_in_time(poller: Remote) -> None:
    """A time limit of some milliseconds is over after these, not sooner, and not after a thousand times as long."""
    limit, started = random.randint(150, 250), time.monotonic()
    say = f"Nobody had sent anything: wait({limit}) returns after {limit} milliseconds."
    expect_ready(poller, limit, [], "does-not-wait", say, WAITS)
    if (took := time.monotonic() - started) < 0.8 * limit / 1000:
        raise Wrong("does-not-wait", yours=f"{took:.2f} s", expected=f"{limit / 1000:g} s", say=say, hints=WAITS)


def check_made_up_changes(answer: Answer) -> None:
    """As chance has it, one is watched, changed or forgotten; each time the kernel is asked about the same sides."""
    poller, pairs = answer.make("ArrayPoller"), Watched(answer, 5)
    asked: dict[int, int] = {}  # by number of the pair, in the order in which they came to be watched
    paused: set[int] = set()
    for number in random.sample(range(5), 3):
        pairs.theirs[number].send(b"x")
    random.choice(pairs.theirs).close()

    def change(method: str, number: int, events: int | None = None) -> None:
        poller.call(method, pairs.fds[number], *([] if events is None else [events]))
        if events is not None:
            asked[number] = events
        elif method == "forget":
            del asked[number]
        if method == "pause":
            paused.add(number)
        elif method in ("resume", "forget"):
            paused.discard(number)
        heard = {which: wanted for which, wanted in asked.items() if which not in paused}
        truth = [[pairs.fds[which], revents(pairs.ours[which], wanted)] for which, wanted in heard.items()]
        told = ", ".join(f"{pairs.fds[which]}: {event_names(wanted)}" for which, wanted in heard.items())
        say = f"After some calls, {told or 'nothing'} is watched and not paused."
        expect_ready(poller, 0, [entry for entry in truth if entry[1]], "mixed-up", say, MIXED_UP)

    for number in range(3):
        change("watch", number, select.POLLOUT)
    change("modify", 0, select.POLLIN | select.POLLOUT)  # which keeps its place
    for _ in range(15):
        number = random.randrange(5)
        if number in asked and random.random() < 0.6:
            change(random.choice(["forget", "pause", "resume"]), number)
        else:
            events = random.choice([select.POLLIN, select.POLLOUT, select.POLLIN | select.POLLOUT, 0])
            change("modify" if number in asked else "watch", number, events)
    check_closed(answer, poller, pairs, asked)


def check_closed(answer: Answer, poller: Remote, pairs: Watched, asked: dict[int, int]) -> None:
    """A number that is closed, and still watched: that is nobody's event, and told unasked."""
    for which in list(asked):
        poller.call("forget", pairs.fds[which])
    poller.call("watch", pairs.fds[0], select.POLLIN)
    answer.close_there(pairs.fds[0])
    say = f"Descriptor {pairs.fds[0]} was closed, and not forgotten."
    expect_ready(poller, 500, [[pairs.fds[0], select.POLLNVAL]], "drops-unasked", say, DROPS)


LATER: Final = 0.4  # seconds
MOST: Final = 3  # times that it may go to sleep meanwhile
BUSY: Final = 0.02  # seconds of processor time meanwhile: who sleeps uses none
WAKES: Final = [
    "Whoever asks poll() again and again has not handed the waiting over.",
    "One call of poll(array, milliseconds) sleeps until something happens, or until the time is over.",
]
MIXED_UP: Final = [
    "Print what you keep after each call, and compare it with what ought to be watched.",
    "The order is that in which they came to be watched: modify() does not change it, forget() and watch() do.",
]
WAITS: Final = ["The number that wait() gets is poll(2)'s time limit: milliseconds, as it is."]
ONE_BY_ONE: Final = [
    "Each poll() of one descriptor waits for that one alone.",
    "Put all of them into one array, and call poll() once.",
]
LISTS_ALL: Final = ["An entry that is not ready has 0 in revents. Leave it out."]
NOT_THE_READY: Final = [
    "poll() returns how many are ready. Which ones is written in the array.",
    "Go through the whole array, and take each entry with something in revents.",
]
ADDS: Final = ["modify() replaces what is asked for. What was asked before must not be kept, by | or otherwise."]
KEEPS: Final = ["What is forgotten must not be in the array of the next poll()."]
DROPS: Final = [
    "Some events come although nobody asks for them.",
    "Do not mask revents by events: HUP, ERR and NVAL are in one and not in the other.",
]
AGAIN: Final = ["forget() has to leave nothing behind that stands in the way of a later watch()."]
