"""The one thread that keeps all open panels up to date.

A widget's callback may run beside a cell: JupyterLab sends it to a thread of its own (a "subshell"
of ipykernel 7). So there is one lock for what panels know, one thread that draws, and no other. The
thread starts with the first panel that has something going on, and ends with the last one.
"""

from __future__ import annotations

import threading
from time import perf_counter as clock
from typing import Final, Protocol

from .picture import LOCK

REDRAW: Final = 0.2  # seconds between two drawings
REST: Final = 0.05  # seconds without drawing, at least: the server is on this machine, too


class Watcher(Protocol):
    def refresh(self) -> bool:
        """Look at what is going on, and draw it. Returns whether to be called again."""


class Sampler:
    """Calls `refresh()` of each watcher, five times a second, until that returns False."""

    def __init__(self) -> None:
        self._watchers: list[Watcher] = []
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, watcher: Watcher) -> None:
        with LOCK:
            if watcher not in self._watchers:
                self._watchers.append(watcher)
            if self._thread is None:
                self._wake.clear()
                self._thread = threading.Thread(target=self._run, name="panels", daemon=True)
                self._thread.start()

    def remove(self, watcher: Watcher) -> None:
        """When this was the last one, the thread has ended on return. Not to be called with the lock held."""
        with LOCK:
            if watcher in self._watchers:
                self._watchers.remove(watcher)
            thread = self._thread
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            while thread.is_alive() and not self._watchers:
                thread.join(REST)

    def _run(self) -> None:
        while True:
            started = clock()
            with LOCK:
                for watcher in list(self._watchers):
                    if not watcher.refresh() and watcher in self._watchers:
                        self._watchers.remove(watcher)
                if not self._watchers:
                    self._thread = None
                    return
            self._wake.wait(max(REST, REDRAW - (clock() - started)))
            self._wake.clear()


SAMPLER: Final = Sampler()
