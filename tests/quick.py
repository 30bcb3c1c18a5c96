"""What `make quick` runs: the tests that start no process, so neither a server nor a judge nor a browser.

It is read off what a file of tests imports, itself or by a helper that lies beside it, and off its fixtures. That
this is true is seen when they run: starting a process is then a failure.
"""

from __future__ import annotations

import ast
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

TESTS: Final = Path(__file__).parent
# Modules, and names from modules, that are there to start processes.
STARTERS: Final = {
    *("subprocess", "multiprocessing", "nbclient", "playwright", "build"),
    *("Lab", "Redis", "Server", "Sweep", "LoadRun", "IdleRun", "Generators", "GuardedProcess", "GUARD"),
    *("judge", "best", "examine"),
}
FIXTURES: Final = {"session_redis", "session_lab", "arena"}
EVENTS: Final = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"}
NOT_QUICK: Final = "This starts a process, and `make quick` runs it: tests/quick.py should know by what."


@lru_cache
def starts_processes(module: Path) -> bool:
    """Whether a file of tests, or a helper that it uses, imports what starts processes, or it runs alone."""
    if module.name.startswith(("test_browser", "test_alone")):
        return True
    names = set(_imported(module))
    beside = [TESTS / f"{name}.py" for name in names if name != module.stem]
    return bool(names & STARTERS) or any(starts_processes(helper) for helper in beside if helper.exists())


def _imported(module: Path) -> list[str]:
    """The first and the last part of whatever it imports, outside of `if TYPE_CHECKING`, too."""
    names: list[str] = []
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names += [part for name in node.names for part in (name.name.split(".")[0], name.name.split(".")[-1])]
        elif isinstance(node, ast.ImportFrom):
            path = (node.module or "").split(".")
            names += [path[0], path[-1], *(name.name for name in node.names)]
    return names


class Watch:
    """While `is_on`, whoever starts a process gets an exception (the Python reference, audit events)."""

    def __init__(self) -> None:
        self.is_on = False
        sys.addaudithook(self._look)

    def _look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.is_on and event in EVENTS:
            raise AssertionError(NOT_QUICK)
