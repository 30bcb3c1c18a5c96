"""Who judges: so many at a time on this machine. cluster.py has those on other machines."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable

from .box import Box
from .rows import Case
from .verdict import Verdict

Done = Callable[[Case, Verdict], None]  # is told of each, once, by one thread at a time


def judge_here(cases: Iterable[Case], jobs: int, box: Box, seed: str, done: Done) -> None:
    """Judge all, `jobs` at a time. On an interrupt, those that are under way are given up: their guards end them."""
    crew = _Crew(cases, box, seed, done)
    # Daemons: whoever interrupts us does not wait for the thirty seconds that an answer may take.
    threads = [threading.Thread(target=crew.work, daemon=True) for _ in range(jobs)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        crew.stop()
    if crew.trouble is not None:
        raise crew.trouble


class _Crew:
    def __init__(self, cases: Iterable[Case], box: Box, seed: str, done: Done) -> None:
        self.box, self.seed, self.done = box, seed, done
        self.trouble: BaseException | None = None
        self._todo: queue.SimpleQueue[Case] = queue.SimpleQueue()
        self._telling = threading.Lock()
        self._has_stopped = False
        for case in cases:
            self._todo.put(case)

    def work(self) -> None:
        while not self._has_stopped:
            try:
                case = self._todo.get_nowait()
            except queue.Empty:
                return
            verdict = case.judged(self.box, self.seed)
            with self._telling:
                if not self._has_stopped:
                    self._tell(case, verdict)

    def _tell(self, case: Case, verdict: Verdict) -> None:
        try:
            self.done(case, verdict)
        except BaseException as trouble:  # ours, not the answer's: it ends the run
            self.trouble, self._has_stopped = trouble, True

    def stop(self) -> None:
        """Nobody is told of anything after this."""
        with self._telling:
            self._has_stopped = True
