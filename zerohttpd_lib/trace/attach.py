"""Everything that is put around a server from outside: the recorder, its details, and what can hold it."""

from __future__ import annotations

import os
import sys
from typing import Any

from .calls import hook_sockets
from .control import Control
from .recorder import Recorder


def control_file(trace_file: str) -> str:
    """Where the words lie by which the server that writes `trace_file` is held."""
    return f"{trace_file}.control"


def record(server: Any, trace_file: str, details: bool) -> None:
    """Record `server`, which waits in a method of its own, and let it be held before its waits.

    Where its files cannot be made it says so, and the server runs without. Raises FileExistsError
    when there is a trace of that name already.
    """
    try:
        recorder = Recorder(trace_file, details=details)
        control = Control(control_file(trace_file), recorder)
    except FileExistsError:
        raise
    except OSError as problem:
        print(f"This server is not recorded: {problem}", file=sys.stderr, flush=True)
        return
    recorder.attach(server)
    control.attach(server)  # outside: what it holds up is not the server's time
    # A server may fork. Two that write to one file would spoil it: it stays with the first.
    for end in (recorder.switch_off, control.let_go):
        os.register_at_fork(after_in_child=end)
    if details:
        hook_sockets(recorder)
