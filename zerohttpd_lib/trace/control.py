"""How a running server is held before its next wait, and let go a step at a time: its own side.

A few words in a file that both sides map into memory. While nobody wants anything, a wait costs one
look at the first word. A server that is held looks again every millisecond; it holds no descriptor
for that, so that the numbers its next clients get are those they would have had.

A hook around wait(), like the recorder's: the server's code knows nothing of it. It goes on to call
its timers by the clock, and what its clients send meanwhile waits in the kernel.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Iterator
from typing import Any, Final

from .hooks import Method, hook
from .ready import Ready
from .recorder import Recorder, what_waits

# The words, 8 bytes each. The first two are the stepper's, ASIDE is the load test's, the others the server's.
# CALL is 0, or the call on a socket that it is in (descriptor << 8 | kind of entry), SINCE when that began (µs), and
# LINE which of the server's lines made it, as an entry has it.
COMMAND, SERIAL, SEEN, WHERE, HANDLED, IN_HAND, WAIT, ASIDE, CALL, SINCE, LINE = range(11)
SIZE: Final = 4096

RUN, HOLD, STEP, STEP_EVENT, STEP_CALL = range(5)  # commands
OUTSIDE, IN_WAIT, BEFORE_WAIT, LIST_IN_HAND, AFTER_CALL = range(5)  # where the server is
LOOK_AGAIN: Final = 0.001  # seconds


def map_words(path: str) -> memoryview:
    """The words in the file at `path`, which is made if it is not there."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, SIZE)  # room on the disk: see writer.py
        return memoryview(mmap.mmap(descriptor, SIZE)).cast("q")
    finally:
        os.close(descriptor)


class Control:
    """Made in the server's process; `attach` it after the recorder."""

    def __init__(self, path: str, recorder: Recorder) -> None:
        self.words = map_words(path)
        self.recorder = recorder
        recorder.command = self.words[COMMAND : COMMAND + 1]
        recorder.aside = self.words[ASIDE : ASIDE + 1]
        recorder.in_call = self.words[CALL : LINE + 1]
        recorder.after_each = self.after_each
        self.command = HOLD  # the last one that was taken
        self.handled = self.in_hand = 0  # of the list that it is going through

    def attach(self, server: Any) -> None:
        hook(what_waits(server), "wait", self._around_wait)

    def _around_wait(self, wait: Method) -> Method:
        def controlled_wait(*arguments: Any, **named: Any) -> Any:
            words = self.words
            if words[COMMAND]:
                self.recorder.is_back()
                self.hold(BEFORE_WAIT)
            words[WHERE] = IN_WAIT
            words[WAIT] += 1
            ready = wait(*arguments, **named)
            words[WHERE] = OUTSIDE
            if self.recorder.is_aside:
                words[WAIT] -= 1  # only those that are recorded have a number
            return self.hand_out(ready) if words[COMMAND] else ready

        return controlled_wait

    def let_go(self) -> None:
        """In a fork: it is not the one who is held. It has words of its own, which nobody changes."""
        self.words = memoryview(bytearray(SIZE)).cast("q")
        self.recorder.command = (RUN,)
        self.recorder.in_call = [0, 0, 0]

    def hand_out(self, ready: Any) -> Any:
        """The list came back while somebody wants to see it. Perhaps they asked only just now."""
        if self.words[SERIAL] != self.words[SEEN]:
            self.take(OUTSIDE)
        self.handled = self.in_hand = len(ready)
        one_by_one = isinstance(ready, list) and len(ready) and self.command not in (RUN, STEP)
        return Held(ready, self) if one_by_one else ready

    def after_each(self) -> None:
        """A call on a socket has returned, or the interest list has changed."""
        if self.command == STEP_CALL and self.words[COMMAND]:
            self.hold_in_batch(AFTER_CALL)

    def hold_in_batch(self, where: int) -> None:
        """Hold it where its own time runs: that of the hold is not to count."""
        since = time.perf_counter()
        self.hold(where)
        self.recorder.held += time.perf_counter() - since

    def hold(self, where: int) -> None:
        """Stay here until there is a command other than to stay."""
        words = self.words
        words[HANDLED], words[IN_HAND], words[WHERE] = self.handled, self.in_hand, where
        self.recorder.guarded(self.recorder.write_pending)
        while words[COMMAND]:
            if words[SERIAL] != words[SEEN]:
                self.take(where)
                if self.command != HOLD:
                    return
            time.sleep(LOOK_AGAIN)
        self.command = RUN
        words[SEEN] = words[SERIAL]
        words[WHERE] = OUTSIDE

    def take(self, where: int) -> None:
        serial = self.words[SERIAL]
        self.command = self.words[COMMAND]
        self.words[WHERE] = where if self.command == HOLD else OUTSIDE
        self.words[SEEN] = serial  # last: whoever sees it finds the rest as it is now


class Held(Ready):
    """A ready list whose events are given to the server one at a time, as it is told.

    The batch stays one batch for the server: what it does at its end, it does after the last one.
    """

    def __init__(self, ready: Ready, control: Control) -> None:
        super().__init__(list.__iter__(ready))  # not by its own: that notes to which entry the server turns
        self._ready = ready
        self._control: Control | None = control

    def __iter__(self) -> Iterator[tuple[int, int]]:
        control, self._control = self._control, None
        return iter(self._ready) if control is None else self._one_by_one(control)

    def _one_by_one(self, control: Control) -> Iterator[tuple[int, int]]:
        events = iter(self._ready)
        for number in range(len(self)):
            control.handled, control.in_hand = number, len(self)
            if control.command not in (RUN, STEP):
                control.hold_in_batch(LIST_IN_HAND)
            yield next(events)
        control.handled = len(self)
