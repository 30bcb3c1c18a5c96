"""Who else is there: a look at an answer's process, again and again, for as long as it is checked.

What a check sees of one process says nothing of what others do, and a thread can wait where the loop does not. To look
once is not enough: whoever has read the check knows when.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from .verdict import Wrong

BETWEEN: Final = 0.05  # seconds between two looks


class Lookout:
    """Looks at `pid` until `close`. `beside` gives the processes that run besides.

    `most`: how many of those there may be. `threads`: whether each process may have more than one.
    """

    def __init__(self, pid: int, beside: Callable[[], list[int]], *, most: int = 0, threads: bool = True) -> None:
        self._pid, self._ask_beside = pid, beside
        self._most_beside, self._may_have_threads = most, threads
        self._beside, self._threads = 0, 1  # the most that were seen
        self._is_over = threading.Event()
        self._looks = threading.Thread(target=self._look_again_and_again, daemon=True)
        self._looks.start()

    def _look_again_and_again(self) -> None:
        while not self._is_over.wait(BETWEEN):
            self._look()

    def _look(self) -> None:
        others = self._ask_beside()
        self._beside = max(self._beside, len(others))
        if not self._may_have_threads:
            self._threads = max(self._threads, *(_threads_of(pid) for pid in (self._pid, *others)))

    def expect_nobody(self) -> None:
        """Raises Wrong when there was ever somebody who may not be there."""
        self._look()
        if self._beside > self._most_beside:
            say = "Your code has started a process of its own."
            hints = ["One process does it all here: no fork().", "What waits is to be the process that is looked at."]
            raise Wrong("processes", yours=1 + self._beside, expected=1 + self._most_beside, say=say, hints=hints)
        if self._threads > 1:
            say = "Threads of your server's process:"
            hints = ["One thread does it all here: it waits in one place, for everybody at once."]
            raise Wrong("threads", yours=self._threads, expected=1, say=say, hints=hints)

    def close(self) -> None:
        self._is_over.set()
        self._looks.join()


def _threads_of(pid: int) -> int:
    with suppress(OSError):  # it has ended
        return len(os.listdir(f"/proc/{pid}/task"))
    return 0
