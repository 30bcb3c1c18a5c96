"""An event loop in this process, which a script takes one batch further at a time.

The script is a generator. At each `yield` the server has one batch: what the kernel reports just
then, or the events that the script yields in its place.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from zerohttpd_lib.servers import RUNGS

Script = Generator[list[tuple[int, int]] | None, None, None]
AT_MOST = 5.0  # seconds for something to happen


@contextmanager
def all_descriptors_taken_up_to(fd: int) -> Iterator[None]:
    """Within this block the lowest free number is above `fd`, unless that is closed."""
    taken = [os.dup(0)]
    while taken[-1] < fd:
        taken.append(os.dup(0))
    try:
        yield
    finally:
        for each in taken:
            os.close(each)


class Over(Exception):
    """The script has ended."""


class ScriptedPoller:
    """The real one, with the script between its waits."""

    def __init__(self, poller: Any, script: Script) -> None:
        self.poller = poller
        self.script = script

    def __getattr__(self, name: str) -> Any:
        return getattr(self.poller, name)

    def wait(self, timeout: float) -> list[tuple[int, int]]:
        try:
            forced = next(self.script)
        except StopIteration:
            raise Over from None
        if forced is not None:
            return forced
        return self.poller.wait(AT_MOST if timeout < 0 else min(timeout, AT_MOST))


def loop_of(rung: str, listener: socket.socket, redis_address: tuple[str, int], hasty: bool = False) -> Any:
    """The server of a rung. A `hasty` one has a mistake in it: it closes in the middle of a batch."""

    class Scripted(RUNGS[rung].load()):  # type: ignore[misc]
        def listen_to_signals(self) -> None:
            """They are the tests'."""

        def close(self, sock: socket.socket) -> None:
            super().close(sock)
            if hasty:
                sock.close()

        def run_script(self, script: Script) -> None:
            self.poller = ScriptedPoller(self.poller, script)
            with pytest.raises(Over):
                self.run()

    return Scripted(listener, redis_address)
