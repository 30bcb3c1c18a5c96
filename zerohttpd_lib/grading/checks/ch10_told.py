"""The check of the task "told": what a wait reports, compared with what this kernel reports after the same steps."""

from __future__ import annotations

import random
import select
import socket
from typing import Any, Final, NamedTuple

from . import Answer, Raised, Wrong, task

KINDS: Final = {"level": 0, "edge": select.EPOLLET, "one shot": select.EPOLLONESHOT}
STEPS: Final = ("send", "read", "drain", "modify", "wait", "wait")
RANDOM_CASES: Final = 60
MOST_STEPS: Final = 14


class Case(NamedTuple):
    """The mistake that a wrong answer to these steps is."""

    code: str
    kind: str
    steps: str
    hints: list[str]


CASES: Final = [
    Case("level-is-state", "level", "wait send wait wait read wait drain wait modify wait", [
        "Level-triggered: at each wait, is there something to read at this moment? Nothing else counts.",
    ]),
    Case("counts-bytes", "level", "send read read wait read wait send send read read read read wait read wait", [
        "Five bytes come with each send, and a read takes two, or the one that is left. Count them.",
    ]),
    Case("left-is-told-again", "edge", "send wait wait", [
        "Edge-triggered, what has been reported is old news, even if nobody has read it.",
        "Note whether something has come since the last wait.",
    ]),
    Case("reading-is-no-news", "edge", "send wait read wait", [
        "That some of it was read is nothing new for epoll. Nor is what was left.",
    ]),
    Case("arrival-is-news", "edge", "send wait send wait read send wait", [
        "Whatever was left before: when more comes, it is reported.",
    ]),
    Case("news-of-nothing", "edge", "send drain wait", [
        "Something has come, and was read before anybody waited. The kernel looks before it tells.",
    ]),
    Case("modify-asks-anew", "edge", "send wait modify wait wait", [
        "modify() asks whether there is something now, and what it finds counts as news: once.",
        "It is reported if there are unread bytes, however old they are.",
    ]),
    Case("modify-finds-nothing", "edge", "modify wait send drain modify wait", [
        "modify() is no news by itself. It is reported only if there is something to read.",
    ]),
    Case("tells-more-than-once", "one shot", "send wait wait send wait", [
        "After a report a one-shot descriptor is disarmed: nothing is reported, whatever comes.",
    ]),
    Case("disarmed-too-early", "one shot", "wait wait send wait", [
        "It is disarmed by a report, and not by a wait that has nothing to report.",
    ]),
    Case("stays-disarmed", "one shot", "send wait drain send modify wait modify wait", [
        "modify() arms it again, and then it is reported if there is something to read, old or new.",
    ]),
]  # fmt: skip


def measured(kind: str, steps: list[str]) -> list[bool]:
    """What this kernel reports."""
    ours, theirs = socket.socketpair()
    events = select.EPOLLIN | KINDS[kind]
    reports = []
    with ours, theirs, select.epoll() as epoll:
        ours.setblocking(False)
        epoll.register(ours, events)
        for step in steps:
            if step == "send":
                theirs.send(b"hello")
            elif step in ("read", "drain"):
                _read(ours, 2 if step == "read" else 10_000)
            elif step == "modify":
                epoll.modify(ours, events)
            else:
                reports.append(bool(epoll.poll(0)))
    return reports


def _read(sock: socket.socket, size: int) -> None:
    try:
        sock.recv(size)
    except BlockingIOError:
        return


@task("told", seconds=15, refused=("epoll_create", "epoll_create1"))
def check_told(answer: Answer) -> None:
    for case in CASES:
        compare(answer, case.kind, case.steps.split(), case.code, case.hints)
    for _ in range(RANDOM_CASES):
        steps = random.choices(STEPS, k=random.randint(3, MOST_STEPS))
        compare(answer, random.choice(list(KINDS)), [*steps, "wait"], "together", TOGETHER)


def compare(answer: Answer, kind: str, steps: list[str], code: str, hints: list[str]) -> None:
    expected = measured(kind, steps)
    try:
        yours = answer.call("told", kind, steps)
    except Raised as raised:
        if raised.kind == "PermissionError":  # what refused calls end with
            raise Wrong("asks-the-kernel", say=raised.say, hints=ASKS) from None
        raise
    if yours == expected:
        return
    say = f"{kind}: {', '.join(steps)}."
    if not isinstance(yours, list) or len(yours) != len(expected) or not all(isinstance(each, bool) for each in yours):
        raise Wrong("not-a-list", yours=yours, expected=SHAPE, say=say, hints=["One True or False for each wait."])
    raise Wrong(code, yours=yours, expected=expected, say=say, hints=hints)


SHAPE: Final[Any] = "a list of True and False, as long as there are waits"
ASKS: Final = [
    "Whoever asks an epoll has predicted nothing: there is none while this is checked. Work it out from the steps.",
    "Three things to remember: how many bytes are unread, whether something is new, and whether it is armed.",
]
TOGETHER: Final = [
    "Each step alone is right. Take these steps with a pencil: what is unread, what is new, is it armed?",
    "What you remember has to survive every other step. Which of them changes it by mistake?",
]
