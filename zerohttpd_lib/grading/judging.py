"""The judge's process: `python -m zerohttpd_lib.grading.judging FD`. See judge.py, which starts it.

FD is open on the job. It says on its standard output how long the task may take, and then the verdict.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Final

from ..lab.errors import LabError
from .answer import Answer, did_not_start
from .asked import DidNotStart
from .box import KINDS
from .judge import Job
from .verdict import COULD_NOT, RIGHT, Verdict, Wrong

SPARE: Final = 2.0  # seconds before the end in which the judge still says where the answer hangs
PR_SET_DUMPABLE: Final = 4  # man 2 prctl
# What comes of a value that the check has not thought of; every other exception is a mistake of ours.
OF_ODD_VALUES: Final = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


def main(fd: int) -> None:
    # Nobody but root may look into our memory or write to our descriptors (man 2 prctl, man 5 proc).
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    with open(fd) as file:  # and it is closed before the learner's code runs: it has the secret in it
        job = Job(**json.load(file))

    def say(**message: Any) -> None:
        os.write(1, b"\n" + job.secret.encode() + json.dumps(message).encode() + b"\n")

    from . import checks

    # Of the answer, too: whoever was told what is expected, and answers just that, is asked for something else.
    random.seed(f"{job.seed} {job.task} {job.source!a}")
    try:
        checks.load(job.checks)
        task = checks.TASKS[job.task]
    except Exception as problem:
        say(verdict=check_has_failed(job.task, problem).as_json())
        raise
    say(seconds=task.seconds)
    say(verdict=verdict_of(task, job).as_json())
    os._exit(0)  # no farewells: the guard ends whatever is left


def verdict_of(task: Any, job: Job) -> Verdict:
    from .checks import Task
    from .checks.mistakes import explained

    assert isinstance(task, Task)
    deadline = time.monotonic() + task.seconds - SPARE
    answer: Answer | None = None

    def verdict_on(wrong: Wrong) -> Verdict:
        return Verdict.of(task.name, explained(wrong, job.source, answer.said() if answer else ""))

    try:
        setup, box = job.setup + task.prelude, KINDS[job.box]
        answer = Answer(setup, job.source, deadline, box=box, network=task.network, refused=task.refused)
        task.check(answer)
        answer.expect_nobody_beside()
    except Wrong as wrong:
        return verdict_on(wrong)
    except DidNotStart as trouble:
        return check_has_failed(task.name, trouble)
    except LabError as trouble:
        found = server_trouble(trouble) or trouble_of_servers(answer)
        return check_has_failed(task.name, trouble) if found is None else verdict_on(found)
    except OF_ODD_VALUES as problem:  # the answer is of a kind that the check has not thought of
        say = f"The check could make nothing of it ({in_words(problem)})."
        hint = "Compare what kind of value the task asks for with what yours is."
        return verdict_on(Wrong("not-understood", say=say, hints=[hint]))
    except Exception as problem:  # a connection to a server that has ended, for one
        found = trouble_of_servers(answer)
        return check_has_failed(task.name, problem) if found is None else verdict_on(found)
    return Verdict(task.name, RIGHT)


def check_has_failed(task: str, problem: BaseException) -> Verdict:
    traceback.print_exception(type(problem), problem, problem.__traceback__)  # to our log, which is kept
    return Verdict(task, COULD_NOT, "check-failed", f"{in_words(problem)}.")


def in_words(problem: BaseException) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    where = f"; {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(problem).__name__}: {problem}{where}"


def trouble_of_servers(answer: Answer | None) -> Wrong | None:
    """What a check has met when a server of the answer's has ended, if one has."""
    try:
        if answer is not None:
            answer.check_servers()
    except LabError as trouble:
        return server_trouble(trouble)
    return None


def server_trouble(trouble: LabError) -> Wrong | None:
    """A server of the learner's that dies or hangs while it is checked; None: that trouble is not the answer's."""
    from ..lab.errors import NoInterestList, ServerDidNotStart, ServerHangs, ServerTrouble

    if isinstance(trouble, NoInterestList):
        hint = (
            "This task is about a server that waits in epoll: leave its poller, and what it watches, to the base class."
        )
        return Wrong("no-epoll", say=str(trouble), hints=[hint])
    if not isinstance(trouble, ServerTrouble):
        return None
    lines = str(trouble).splitlines()
    say = lines[0] if len(lines) == 1 else f"{lines[0]} {lines[-1].strip()}"
    if isinstance(trouble, ServerHangs):
        return Wrong("too-slow", say=say, hints=["Look for a wait that nobody ends."])
    if isinstance(trouble, ServerDidNotStart):
        return did_not_start(str(trouble))
    hint = "Read what it said last: that is where it ended."
    if say.endswith("run() has returned"):
        hint = "A server ends when its run() does. It has to go on: in a loop, or in the join() of a thread that does."
    return Wrong("exits", say=say, hints=[hint])


if __name__ == "__main__":
    main(int(sys.argv[1]))
