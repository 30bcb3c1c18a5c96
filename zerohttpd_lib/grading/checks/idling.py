"""How an answer waits, and what it holds: processes watched from outside, by what the kernel says of them (man 5 proc).

Nothing here is the answer's own word, and nothing depends on how fast this machine is: to go to sleep, to be woken
up, to have a thread or a descriptor are counted, not timed.
"""

from __future__ import annotations

import os
import platform
import re
import signal
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ...kernel.sleeping import CALLS
from . import Wrong
from .effort import effort_of, effort_within

if TYPE_CHECKING:
    from ...lab.server import Server

WATCHED_TIME: Final = 0.5  # seconds
MOST: Final = 3  # wake-ups in that time: something else may still have been under way
BUSY: Final = 0.02  # seconds of processor time in that time: who sleeps uses none
SHORT: Final = 10.0  # seconds: whoever waits with a time limit below this one wakes up for nothing
QUIET_TIME: Final = 2.0  # seconds until a process that has answered is asleep again

# Where in the kernel it sleeps (wchan).
PLACES: Final = {"poll_": "poll", "do_poll": "poll", "do_sys_poll": "poll", "hrtimer": "sleep", "do_nanosleep": "sleep"}
LIMIT_AT: Final = {"poll": 2, "epoll_wait": 3, "epoll_pwait": 3}  # in milliseconds
TIME_AT: Final = {"select": 4, "ppoll": 2, "epoll_pwait2": 3}  # where in the process's memory two longs are
MICROSECONDS: Final = (23,) if platform.machine() == "x86_64" else ()  # of select(); all others have nanoseconds
MOST_EVENTS_AT: Final = 2  # of the epoll calls
EPOLLS: Final = ("epoll_wait", "epoll_pwait", "epoll_pwait2")
AWAITS: Final = (*EPOLLS, "select", "ppoll", "sleep")


class Sleeper(NamedTuple):
    """A thread that sleeps in a system call. `limit`: seconds, None for no limit or one that cannot be seen."""

    call: str
    limit: float | None
    most_events: int | None  # that an epoll call may return


def sleepers(pid: int) -> list[Sleeper]:
    """Every thread that sleeps in a call that waits; none where the kernel keeps that to itself."""
    found = (_sleeper_of(thread) for thread in _threads_of(pid))
    return [sleeper for sleeper in found if sleeper is not None]


def _sleeper_of(thread: Path) -> Sleeper | None:
    with suppress(OSError):  # ended, or not for us to see
        number, *words = (thread / "syscall").read_text().split()
        if number == "running":
            return None
        if (call := CALLS.get(int(number))) != "restarted":
            return None if call is None else _sleeper(thread, int(number), call, [int(word, 16) for word in words])
        # A poll() that was stopped and continued goes on in another call, without arguments (man 2 restart_syscall).
        place = (thread / "wchan").read_text()
        call = next((call for beginning, call in PLACES.items() if place.startswith(beginning)), None)
        return None if call is None else Sleeper(call, None, None)
    return None


def sleeper_in(pid: int, is_over: Callable[[], bool]) -> Sleeper | None:
    """The thread that sleeps in a wait of the answer's own, as soon as there is one; None if it is over without.

    An answer's process itself waits to be asked, in poll() without a limit: that one does not count. Where the
    kernel keeps its calls to itself, it is taken for one that sleeps as it should.
    """
    if not _can_be_seen(pid):
        time.sleep(WATCHED_TIME)
        return None if is_over() else Sleeper("unknown", 0.0, None)
    while not is_over():
        for sleeper in sleepers(pid):
            if sleeper.call in AWAITS or (sleeper.call == "poll" and sleeper.limit is not None):
                return sleeper
        time.sleep(0.002)
    return None


def _can_be_seen(pid: int) -> bool:
    try:
        return bool(CALLS and Path(f"/proc/{pid}/syscall").read_text())
    except OSError:
        return False


def _sleeper(thread: Path, number: int, call: str, arguments: list[int]) -> Sleeper:
    limit = None
    if call in LIMIT_AT:
        milliseconds = arguments[LIMIT_AT[call]] & 0xFFFFFFFF
        limit = None if milliseconds >= 0x80000000 else milliseconds / 1e3  # negative: for ever
    elif call in TIME_AT and (where := arguments[TIME_AT[call]]):
        limit = _time_at(thread, where, 1e-6 if number in MICROSECONDS else 1e-9)
    return Sleeper(call, limit, arguments[MOST_EVENTS_AT] & 0xFFFFFFFF if call in EPOLLS else None)


def _time_at(thread: Path, where: int, unit: float) -> float:
    """The time limit that a call was given by its address (a struct timespec, or timeval), in seconds."""
    with open(thread / "mem", "rb", buffering=0) as memory:
        memory.seek(where)
        seconds, fraction = struct.unpack("ll", memory.read(struct.calcsize("ll")))
    return float(seconds + fraction * unit)


def expect_sleep(server: Server, hints: list[str]) -> None:
    """Raises Wrong("wakes-up") when the server, with nobody to serve, does not just sleep, for as long as it takes."""
    expect_one_process(server)
    efforts = [effort_within(server.pid, WATCHED_TIME)]
    if efforts[0].sleeps > MOST or efforts[0].seconds > BUSY:  # by chance, perhaps
        efforts.append(effort_within(server.pid, WATCHED_TIME))
    woken, busy = min(each.sleeps for each in efforts), min(each.seconds for each in efforts)
    if woken > MOST:
        say = f"With nobody to serve, it woke up {woken / WATCHED_TIME:,.0f} times a second."
        raise Wrong("wakes-up", yours=woken / WATCHED_TIME, expected=0, say=say, hints=hints)
    if busy > BUSY:
        say = f"With nobody to serve, it does not sleep: {busy:.2f} s of the processor in {WATCHED_TIME:g} s."
        raise Wrong("wakes-up", say=say, hints=hints)
    expect_no_limit(server.pid, hints)


def expect_no_limit(pid: int, hints: list[str]) -> None:
    """Raises Wrong("wakes-up") when a process that has nothing to do sleeps for a while only, or has set an alarm."""
    asleep = _asleep(pid)
    limits = [sleeper.limit for sleeper in asleep if sleeper.limit is not None] + _timers(pid)
    if limits and min(limits) < SHORT:
        say = f"With nobody to serve, it wakes up every {min(limits):g} seconds, and finds nothing."
        raise Wrong("wakes-up", yours=1 / max(min(limits), 1e-3), expected=0, say=say, hints=hints)
    if any(sleeper.call == "sleep" for sleeper in asleep):
        say = "With nobody to serve, it sleeps for a while, and not until somebody comes."
        raise Wrong("wakes-up", say=say, hints=hints)
    if alarm := _alarm(pid):
        say = f"With nobody to serve, it has an alarm set: it waits for {alarm}."
        raise Wrong("wakes-up", say=say, hints=hints)


def _asleep(pid: int) -> list[Sleeper]:
    """Its sleepers, as soon as there is one: at a single look it may be awake for a moment, or wait for a processor."""
    deadline = time.monotonic() + QUIET_TIME
    while not (found := sleepers(pid)) and _can_be_seen(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def _timers(pid: int) -> list[float]:
    """Until each timerfd of the process expires, in seconds (man 5 proc, fdinfo)."""
    found = []
    for fd, what in descriptors(pid).items():
        if what == "anon_inode:[timerfd]":
            text = Path(f"/proc/{pid}/fdinfo/{fd}").read_text()
            seconds, fraction = map(int, re.search(r"it_value: \((\d+), (\d+)\)", text).groups())  # type: ignore[union-attr]
            found += [seconds + fraction / 1e9] if seconds or fraction else []
    return found


def _alarm(pid: int) -> str:
    """A timer that ends in a signal, of which no time limit tells (man 2 setitimer, timer_create); "" for none."""
    caught = int(re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())[1], 16)  # type: ignore[index]
    for number in (signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF):
        if caught >> number - 1 & 1:
            return number.name
    with suppress(OSError):  # this file is not in every kernel
        return "a timer" if Path(f"/proc/{pid}/timers").read_text() else ""
    return ""


def expect_one_process(server: Server) -> None:
    """Raises Wrong("processes") when there is another one: what is seen of this one says nothing of that."""
    if others := server.beside():
        hints = ["One process does it all here: no fork().", "What waits is to be the process that serves."]
        raise Wrong("processes", yours=1 + len(others), expected=1, say="Processes of your server:", hints=hints)


class Spent(NamedTuple):
    """What a call into the answer's process returned, and what it took."""

    result: Any
    sleeps: int  # beside the one in which the process waits for the next call
    processor: float  # seconds
    elapsed: float  # seconds, as the clock has them


def spent_in(pid: int, call: Callable[[], Any]) -> Spent:
    """Make a call, and see what the process spends on it. It must have one thread, which waits to be asked."""
    _until_quiet(pid)
    before, started = effort_of(pid), time.monotonic()
    result = call()
    elapsed = time.monotonic() - started
    _until_quiet(pid)
    effort = effort_of(pid).since(before)
    return Spent(result, effort.sleeps - 1, effort.seconds, elapsed)


def _until_quiet(pid: int) -> None:
    """Until the process sleeps: what it had to do after its answer counts as its own."""
    deadline = time.monotonic() + QUIET_TIME
    while _state(pid) != "S" and time.monotonic() < deadline:
        time.sleep(0.001)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def descriptors(pid: int) -> dict[int, str]:
    """The open descriptors, and what each one refers to."""
    found = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed since
            found[int(entry.name)] = os.readlink(entry)
    return found


def interest_lists(pid: int) -> list[dict[int, int]]:
    """Of each epoll descriptor: what is asked for, by descriptor (fdinfo), without ERR and HUP, which all have."""
    lists = []
    for fd, what in descriptors(pid).items():
        if what == "anon_inode:[eventpoll]":
            text = Path(f"/proc/{pid}/fdinfo/{fd}").read_text()
            targets = re.findall(r"tfd:\s*(\d+) events:\s*([0-9a-f]+)", text)
            lists.append({int(target): int(events, 16) & ~0x18 for target, events in targets})
    return lists


def _threads_of(pid: int) -> Iterator[Path]:
    return Path(f"/proc/{pid}/task").glob("*")
