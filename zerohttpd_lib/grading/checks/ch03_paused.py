"""Inside poll(): a poller that can be told to leave a descriptor out for a while."""

from __future__ import annotations

import random
import select
import time
from typing import Any, Final

from . import Answer, Remote, Wrong
from .ch03_poller import Watched, expect_key_error, expect_ready, in_words, revents


def check_paused(answer: Answer) -> None:
    poller, pairs = answer.make("ArrayPoller"), Watched(answer, 4)
    for number, fd in enumerate(pairs.fds):
        poller.call("watch", fd, select.POLLIN)
        pairs.theirs[number].send(b"x")
    others = [[fd, select.POLLIN] for number, fd in enumerate(pairs.fds) if number != 1]
    check_left_out(poller, pairs, others)
    check_resumed(poller, pairs, others)
    check_forgotten_while_paused(poller, pairs, others)
    check_sleep_beside_one_that_is_paused(poller, pairs)
    check_number_zero(answer)


def check_left_out(poller: Remote, pairs: Watched, others: list[Any]) -> None:
    """Of four that are ready, the second is paused: whatever happens, it is not reported."""
    paused = pairs.fds[1]
    poller.call("modify", paused, select.POLLIN)
    say = "Four descriptors have a byte to read. One of them was modified to IN once more."
    expect_ready(poller, 500, [others[0], [paused, select.POLLIN], *others[1:]], "mixed-up", say, MODIFIED)
    poller.call("pause", paused)
    say = "Four descriptors have a byte to read, and one of them was paused."
    expect_ready(poller, 500, others, "paused-reported", say, REPORTED)
    poller.call("pause", paused)
    expect_ready(poller, 500, others, "pause-toggles", f"{say} Then it was paused once more.", TOGGLES)
    pairs.theirs[1].close()
    expect_ready(poller, 500, others, "paused-hangs-up", f"{say} Then its other side was closed.", HANGS_UP)
    poller.call("modify", paused, select.POLLOUT)
    expect_ready(poller, 500, others, "modify-resumes", f"{say} Then it was modified to OUT.", RESUMES)


def check_resumed(poller: Remote, pairs: Watched, others: list[Any]) -> None:
    """It is again where it was, and asks for what it was last asked for; to resume it twice changes nothing."""
    resumed = [pairs.fds[1], revents(pairs.ours[1], select.POLLOUT)]
    expected = [others[0], resumed, *others[1:]]
    say = "One of four was paused, then modified to OUT, then resumed."
    for _ in range(2):
        poller.call("resume", resumed[0])
        yours = poller.call("wait", 500, seconds=10)
        if yours != expected:
            raise _not_resumed(yours, expected, resumed[0], say)
        say += " Then it was resumed once more."


def _not_resumed(yours: Any, expected: list[Any], fd: int, say: str) -> Wrong:
    shown = {"yours": in_words(yours), "expected": in_words(expected)}
    if isinstance(yours, list) and sorted(map(repr, yours)) == sorted(map(repr, expected)):
        return Wrong("loses-place", **shown, say=say, hints=PLACE)
    if fd not in [entry[0] for entry in yours if isinstance(entry, list) and entry]:
        return Wrong("never-resumed", **shown, say=say, hints=NEVER)
    return Wrong("forgets-change", **shown, say=say, hints=FORGETS)


def check_forgotten_while_paused(poller: Remote, pairs: Watched, others: list[Any]) -> None:
    again = pairs.fds[1]
    poller.call("pause", again)
    poller.call("forget", again)
    poller.call("watch", again, select.POLLIN)
    expected = [*others, [again, revents(pairs.ours[1], select.POLLIN)]]
    say = "One was paused, then forgotten, then watched again: that is a new beginning."
    expect_ready(poller, 500, expected, "stays-paused", say, STAYS)


def check_sleep_beside_one_that_is_paused(poller: Remote, pairs: Watched) -> None:
    for fd in pairs.fds[1:]:
        poller.call("forget", fd)
    poller.call("pause", pairs.fds[0])
    limit, started = random.randint(200, 300), time.monotonic()
    say = f"Only one descriptor is watched. It has a byte to read, and is paused: wait({limit}) sleeps for that long."
    expect_ready(poller, limit, [], "paused-reported", say, REPORTED)
    if (took := time.monotonic() - started) < 0.8 * limit / 1000:
        raise Wrong("paused-wakes", yours=f"{took:.2f} s", expected=f"{limit / 1000:g} s", say=say, hints=WAKES)
    for method in ("pause", "resume"):
        expect_key_error(poller, method, pairs.fds[1])


def check_number_zero(answer: Answer) -> None:
    """0 is a descriptor as any other: if it is closed, that is reported, too."""
    poller = answer.make("ArrayPoller")
    poller.call("watch", 0, select.POLLOUT)
    if poller.call("wait", 0, seconds=10):
        poller.call("pause", 0)
        say = "Descriptor 0 was watched and reported. Then it was paused."
        expect_ready(poller, 0, [], "zero-is-not-negative", say, ZERO)


MODIFIED: Final = ["Print what you keep after each call, and compare it with what ought to be watched."]
REPORTED: Final = [
    "From pause() to resume() wait() says nothing of it. What has to be noted for that, and who looks at it?"
]
TOGGLES: Final = [
    "Paused twice is paused. Does your pause() turn something round that has been turned already?",
    "Note that it is paused, in a set or by True: to note it a second time changes nothing. ~ of ~fd is fd.",
]
HANGS_UP: Final = [
    "Some events come unasked, so to ask for nothing is not to be left out.",
    "Which entry does the kernel skip, or which one does it not see at all?",
]
RESUMES: Final = [
    "modify() of one that is paused changes what will be asked for, and not whether it is left out.",
    "What is asked for, and whether it is paused, are two notes. modify() writes the first one only.",
]
PLACE: Final = [
    "resume() puts it back where it was. Has your pause() taken it off the list?",
    "Let it stand on your list, with a note that it is paused; leave it out when you make the array.",
]
NEVER: Final = ["After resume() it is as before pause(), however often it was paused or resumed."]
FORGETS: Final = ["What modify() said while it was paused holds from resume() on: do not bring the older events back."]
ZERO: Final = ["-fd of descriptor 0 is 0, and that is no negative number. ~fd is negative for each: ~0 is -1."]
STAYS: Final = ["forget() has to take every note of it away, also that it was paused."]
WAKES: Final = [
    "The paused one was in the array, so poll(2) was back at once. To leave it out of the answer is too late.",
    "Leave it out of the array, or give its entry a negative number.",
]
