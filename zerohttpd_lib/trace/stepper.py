"""The stepper: hold a running server before its next wait, and let it go a step at a time."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from . import control, layout
from .control import CALL, COMMAND, HANDLED, IN_HAND, LINE, SEEN, SERIAL, SINCE, WAIT, WHERE
from .wait import Wait
from .waits import Waits

LOOK_AGAIN: Final = 0.001  # seconds
STUCK: Final = 0.1  # seconds in one call, after which it is said

_WORDS: Final = {
    "running": "The server runs at full speed.",
    "before wait": "The server is held before its next wait. Its clients wait for it.",
    "in wait": "The server sleeps in its wait: nothing is ready. It will be held as soon as something is.",
    "list in hand": "The server is held with a ready list in hand",
    "after a call": "The server is held after a system call",
    "handling": "The server is still busy with what was ready.",
    "ended": "The server has ended.",
}


@dataclass(frozen=True)
class State:
    """Where a server is: "running", "before wait", "in wait", "list in hand", "after a call", "handling" or "ended"."""

    where: str
    handled: int = 0  # events of the list in hand that it has been given
    in_hand: int = 0  # length of that list
    wait: int = -1  # number of the newest wait
    call: str = ""  # the system call on a socket that it has been in for long; only with details
    fd: int = -1  # of that socket
    since: float = 0.0  # when that call began: seconds of time.perf_counter()
    line: int = -1  # which line of the server's made it: its place among the names of the trace

    @property
    def is_held(self) -> bool:
        """Whether it stands still until it is let go."""
        return self.where in ("before wait", "list in hand", "after a call")

    def __str__(self) -> str:
        if self.call:
            return f"The server is stuck in {self.call}() on fd {self.fd}. Until that returns, it serves nobody."
        words = _WORDS[self.where]
        in_batch = self.where in ("list in hand", "after a call")
        return f"{words}: {self.handled} of {self.in_hand} events handled." if in_batch else words

    __repr__ = __str__


class Stepper:
    """Of the server whose words are in the file `path`. `trace` is asked for what came of a step.

    It may be used from several threads. When it is closed, or nobody has it any more, the server
    goes on at full speed. An interrupt in the middle of a step leaves it as usable as before.
    """

    def __init__(self, path: str, trace: Callable[[], Waits], has_ended: Callable[[], bool]) -> None:
        self._words = control.map_words(path)
        self._trace = trace
        self._has_ended = has_ended
        self._lock = threading.RLock()
        self._resume_at_last = weakref.finalize(self, _resume, self._words, os.getpid())

    @property
    def state(self) -> State:
        """Where the server is: running, held, or ended; and at which wait."""
        words = self._words
        newest = words[WAIT] - 1
        if self._has_ended():
            return State("ended", wait=newest)
        if not words[COMMAND]:
            return State("running", 0, 0, newest, *self._stuck())
        where = words[WHERE]
        if words[SERIAL] != words[SEEN] and where != control.IN_WAIT:
            where = control.OUTSIDE  # it has been told to go on, and will in a moment
        if where == control.OUTSIDE:
            return State("handling", 0, 0, newest, *self._stuck())
        if where in (control.LIST_IN_HAND, control.AFTER_CALL):
            name = "list in hand" if where == control.LIST_IN_HAND else "after a call"
            return State(name, words[HANDLED], words[IN_HAND], newest)
        return State("in wait" if where == control.IN_WAIT else "before wait", wait=newest)

    def _stuck(self) -> tuple[str, int, float, int]:
        """The call that it has been in for long, on which descriptor, since when, and which line made it."""
        call, since = self._words[CALL], self._words[SINCE] / 1e6
        if not call or time.perf_counter() - since < STUCK:
            return "", -1, 0.0, -1
        return layout.SYSTEM_CALLS[(call & 0xFF) - layout.FIRST_CALL], call >> 8, since, self._words[LINE] >> 16

    @property
    def is_paused(self) -> bool:
        """Whether it is held, so that `step` has something to let go."""
        return self.state.is_held

    @property
    def last(self) -> Wait | None:
        """The newest wait that has returned; None when there was none yet."""
        trace = self._trace()
        return trace[-1] if len(trace) else None

    def pause(self, timeout: float = 1.0) -> State:
        """Hold the server before its next wait; return where it is, after at most `timeout` seconds.

        One that sleeps in its wait is held when that returns, with the ready list in hand.
        """
        with self._lock:
            if not self._words[COMMAND]:
                self._tell(control.HOLD)
            deadline = time.monotonic() + timeout
            while (state := self.state).where == "handling" and time.monotonic() < deadline:
                time.sleep(LOOK_AGAIN)
            return state

    def step(self, timeout: float = 1.0) -> Wait | None:
        """One wait, and all that it leads to. With a list in hand: the rest of that list.

        Returns that wait; None when it has not come to its end within `timeout` seconds: `state` then
        says "in wait" (nothing is ready) or "handling". It still ends where the step was to end.
        """
        with self._lock:
            return self._step(control.STEP, timeout)

    def step_event(self, timeout: float = 1.0) -> Wait | None:
        """One event. Before a wait: that wait, up to where its list is in hand.

        The last event of a list takes the server to where it will wait again. Returns and gives up
        as `step` does.
        """
        with self._lock:
            return self._step(control.STEP_EVENT, timeout)

    def step_call(self, timeout: float = 1.0) -> Wait | None:
        """One call on a socket, or one change of the interest list; it is held as soon as that is done.

        At the end of an event, or of a wait, it is held there, too. Returns and gives up as `step` does. Raises
        ValueError where calls are not recorded.
        """
        if not self._trace().details:
            raise ValueError("The calls of this server are not recorded: start it with record='details'.")
        with self._lock:
            return self._step(control.STEP_CALL, timeout)

    def _step(self, command: int, timeout: float) -> Wait | None:
        before = self.pause(timeout)
        if before.where == "ended":
            return None
        if before.where != "handling":  # else an earlier step has not come to its end
            self._tell(command)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            state = self.state
            if state.is_held:
                return self.last
            if state.where == "ended":
                return None
            time.sleep(LOOK_AGAIN)
        return None

    def resume(self) -> None:
        """Go on at full speed."""
        with self._lock:
            self._tell(control.RUN)

    def close(self) -> None:
        """Resume; the stepper is of no use afterwards. May be repeated."""
        self._resume_at_last()

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called: the server then runs on its own."""
        return not self._resume_at_last.alive

    def _tell(self, command: int) -> None:
        self._words[COMMAND] = command
        self._words[SERIAL] += 1

    def __enter__(self) -> Stepper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return str(self.state)


def _resume(words: memoryview, owner: int) -> None:
    if os.getpid() != owner:  # a fork has its copy of the stepper, and not its end
        return
    words[COMMAND] = control.RUN
    words[SERIAL] += 1
