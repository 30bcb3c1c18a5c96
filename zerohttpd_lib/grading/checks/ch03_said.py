"""Inside poll(): last_words() is asked, and what it returns is compared."""

from __future__ import annotations

from typing import Any, Final

from . import Answer, Raised, Wrong

EARLY: Final = [
    "`seconds` are seconds, and poll() takes whole milliseconds. How many is 0.4 s?",
    "That poll() has found nothing is the end only if the time is up.",
]


WAITS_ONCE: Final = [
    "It waited, and read until nothing was left. That nothing more is there now is not the end: is the time up?",
    "A loop: poll() for the time that is left, one recv(), and then poll() again.",
]


def waits_once(wrong: Wrong) -> Wrong:
    """Of one that leaves early, and knows how long its time is."""
    return Wrong("waits-once", yours=wrong.yours, expected=wrong.expected, say=wrong.say, hints=WAITS_ONCE)


def ask(answer: Answer, fd: Any, seconds: float) -> Any:
    try:
        return answer.call("last_words", fd, seconds, seconds=5)
    except Raised as raised:
        if raised.kind == "ConnectionResetError":
            raise Wrong(
                "reset-escapes",
                say="The client reset its connection, and last_words() raised ConnectionResetError.",
                hints=["recv() raises it: put a try around recv(), and return what you have with 'reset'."],
            ) from None
        if raised.kind == "BlockingIOError":
            raise Wrong(
                "reads-without-asking",
                say="The socket was in non-blocking mode, and last_words() raised BlockingIOError.",
                hints=[
                    "Who waits, poll() or recv()? After each recv() ask poll() again.",
                    "One poll() and one recv() each time through the loop, and none when poll() has found nothing.",
                ],
            ) from None
        raise


def not_the_last_words(yours: Any, expected: list[Any]) -> Wrong:
    words, how = expected
    if not isinstance(yours, list) or len(yours) != 2 or not isinstance(yours[0], bytes):
        return Wrong(
            "no-pair",
            yours=yours,
            expected=(b"...", how),
            hints=["Return two things: all bytes that came, and a word for how it ended."],
        )
    shown: dict[str, Any] = {
        "yours": (f"{len(yours[0]):,} bytes", yours[1]),
        "expected": (f"{len(words):,} bytes", how),
    }
    if yours[0] == words:
        return Wrong(
            "how-it-ended",
            **shown,
            hints=[
                "An end of file is 'closed'. recv() tells a reset by an exception, ConnectionResetError.",
                "And when poll() has found nothing until the time was up, it is 'still there'.",
            ],
        )
    if yours[1] == "still there":
        return Wrong(
            "leaves-early", **shown, say="There was time enough, and it did not wait for the end.", hints=EARLY
        )
    if how == "reset":
        return Wrong(
            "lost-at-reset",
            **shown,
            say="The client sent, and then reset its connection. What had arrived is missing.",
            hints=["What came before the reset has come. Keep it, and return it with 'reset'."],
        )
    if not yours[0]:
        return Wrong(
            "leaves-at-hup",
            **shown,
            say="The other side sent something and closed, all before you asked. None of it was read.",
            hints=[
                "poll() said IN|HUP. Does HUP mean that there is nothing left to read?",
                "Read until recv() returns no bytes. Only that is the end.",
            ],
        )
    return Wrong(
        "stops-early",
        **shown,
        say="Not all of it was read.",
        hints=[
            "One recv() returns what is there, up to the size that you give it. More may come.",
            "Wait and read in a loop, until recv() returns no bytes.",
        ],
    )
