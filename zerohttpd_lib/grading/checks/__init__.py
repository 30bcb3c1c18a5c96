"""The checks: a function for each task, run by the judge, never in the learner's process.

    @task("scan", seconds=20)
    def check_scan(answer: Answer) -> None:
        ...make a random case, ask `answer`, compare...
        raise Wrong("counts-all", yours=..., expected=..., hints=["a nudge", "nearly the line"])

`answer` is an `Answer`: `answer.value("NAME")`, `answer.call("NAME", *arguments)`,
`answer.make("CLASS", *arguments)`, `answer.give(sock)`, `answer.serve("CLASS")`, `answer.lab`.
What is expected is worked out here, from data made here, so that nothing the learner's process
prints or patches can decide the verdict. A check that returns says "right".
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Final, NamedTuple

from ..answer import Answer, Remote
from ..values import Fd, Other
from ..verdict import Raised, Wrong

__all__ = ["Answer", "Fd", "Other", "Raised", "Remote", "Wrong", "task"]

LONGEST: Final = 30  # seconds that a task may cost


class Task(NamedTuple):
    """How to check one task. All of it is over after `seconds`. With `network` the answer may connect to the judge.

    `refused`: system calls that the answer cannot make.
    """

    name: str
    check: Callable[[Answer], None]
    seconds: float
    network: bool = False
    prelude: str = ""
    refused: tuple[str, ...] = ()


TASKS: Final[dict[str, Task]] = {}


def task(
    name: str, *, seconds: float = 20, network: bool = False, prelude: str = "", refused: tuple[str, ...] = ()
) -> Callable[[Callable[[Answer], None]], Callable[[Answer], None]]:
    """Says that the function below checks the task of this name, within this many seconds.

    `network`: the answer connects to sockets of the check's; others are alone in a network of their own.
    `prelude`: code of the check's that runs before the answer's, such as what takes away what it is not to use.
    `refused`: system calls that the kernel is not to make for it, by name: see system_calls.py.
    """
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"A task gets at most {LONGEST} seconds, not {seconds}.")

    def register(check: Callable[[Answer], None]) -> Callable[[Answer], None]:
        if name in TASKS:
            raise ValueError(f"There are two checks of the task {name!r}.")
        TASKS[name] = Task(name, check, seconds, network, prelude, refused)
        return check

    return register


def load(home: str) -> None:
    """Register the checks of a module of this package, such as "ch03", or of a file.py elsewhere."""
    if not home.endswith(".py"):
        import_module(f"{__name__}.{home}")
        return
    spec = spec_from_file_location(Path(home).stem, home)
    assert spec is not None and spec.loader is not None
    spec.loader.exec_module(module_from_spec(spec))
