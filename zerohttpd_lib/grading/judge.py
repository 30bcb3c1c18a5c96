"""The judge: one answer, checked from outside, in a process of its own and with a deadline.

`judge` starts it: `python -m zerohttpd_lib.grading.judge FOLDER`, under the lab's guard, which ends
it with everything that the learner's code has started. That process starts another one for the
learner's code, runs the check, and prints one verdict. So there are three: who asks, who judges, and who is judged;
the last one can do nothing to the first, and all that it can do to the second is to end it.
"""

from __future__ import annotations

import ctypes
import json
import os
import secrets
import select
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Final

from ..lab.processes import TOO_MANY, GuardedProcess, LabError, new_folder
from .exercise import Exercise, exercise_with
from .verdict import NOT_ATTEMPTED, RIGHT, WRONG, Verdict, Wrong

MOST_TIME: Final = 29.0  # seconds for one task, from its start to its end
MOST_PROCESSES: Final = 200  # of a task, its Redis and its load included
SPARE: Final = 2.0  # seconds before the end in which the judge still says where the answer hangs
PR_SET_DUMPABLE: Final = 4  # man 2 prctl


def judge(task: str, source: str, exercise: Exercise | None = None) -> Verdict:
    """The verdict on the text of an answer cell. Takes 30 seconds at most, whatever it does."""
    exercise = exercise or exercise_with(task)
    if exercise is None or task not in exercise.tasks:
        raise LabError(f"There is no task named {task!r}.")
    if not exercise.is_attempted(task, source):
        return Verdict(task, NOT_ATTEMPTED, "not-attempted", "Its cell is as you got it.")
    started = time.monotonic()
    verdict = _judge_in_a_process(task, source, exercise)
    return Verdict(**{**verdict.as_json(), "seconds": round(time.monotonic() - started, 2)})


def _judge_in_a_process(task: str, source: str, exercise: Exercise) -> Verdict:
    secret = secrets.token_hex(16)
    folder = new_folder("judge")
    job = {"task": task, "source": source, "setup": exercise.setup, "checks": exercise.checks, "secret": secret}
    (folder / "job").write_text(json.dumps(job))
    process = GuardedProcess(
        [sys.executable, "-m", "zerohttpd_lib.grading.judge", str(folder)],
        folder,
        grace=0.2,
        most=MOST_PROCESSES,
        environment=_environment(folder),
        cwd=folder,  # not where the notebook is: `python -m` imports from there first
    )
    try:
        verdict = _read_verdict(process, secret, task)
    finally:
        status = process.stop()
    if verdict is not None:
        return verdict
    if status == TOO_MANY:
        say = f"Your code has started more than {MOST_PROCESSES} processes. All of them have been ended."
        return Verdict(task, WRONG, "too-many-processes", say, hints=["Look for what starts processes in a loop."])
    say = f"The judging was ended from within: {process.errors()[-300:] or 'nobody said why'}"
    return Verdict(task, WRONG, "exits", say, hints=["Your code must not end processes that it has not started."])


def _environment(folder: Path) -> dict[str, str]:
    """The judge's lab has a Redis of its own, and its folders go with the judge's."""
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    # numpy's threads set memory aside, which the limit on the learner's process would not allow.
    return {**environment, "TMPDIR": str(folder), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _read_verdict(process: GuardedProcess, secret: str, task: str) -> Verdict | None:
    """The line that carries the secret. None when the judge goes without one."""
    output = process.output.fileno()
    waiting = select.poll()
    waiting.register(output, select.POLLIN)
    last, seconds, pending = time.monotonic() + MOST_TIME, MOST_TIME, b""
    deadline = last
    while (left := deadline - time.monotonic()) > 0:
        if not waiting.poll(left * 1000):
            break
        data = os.read(output, 65_536)
        if not data:
            return None
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            message = _message(line, secret)
            if "seconds" in message:  # the first word: how long this task may take
                seconds = float(message["seconds"])
                deadline = min(last, time.monotonic() + seconds)
            elif "verdict" in message:
                return Verdict(**message["verdict"])
    say = f"It took longer than {seconds:g} seconds, and was ended."
    return Verdict(task, WRONG, "too-slow", say, hints=["Look for a loop or a wait that does not end."])


def _message(line: bytes, secret: str) -> dict[str, Any]:
    """Anybody may write a line there; the judge's begin with the secret."""
    start = secret.encode()
    return dict(json.loads(line[len(start) :])) if line.startswith(start) else {}


# From here on, in the judge's process.


def main(folder: str) -> None:
    # Nobody but root may look into our memory or write to our descriptors (man 2 prctl, man 5 proc).
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    file = Path(folder) / "job"
    job = json.loads(file.read_text())
    file.unlink()  # before the learner's code runs: it has the secret in it

    def say(**message: Any) -> None:
        os.write(1, b"\n" + job["secret"].encode() + json.dumps(message).encode() + b"\n")

    from . import checks

    try:
        checks.load(job["checks"])
        task = checks.TASKS[job["task"]]
    except Exception as problem:  # a mistake of ours, not of the answer's
        cannot = Wrong("cannot-judge", say=f"Its check cannot be loaded: {problem!r}. Please report it.")
        say(verdict=Verdict.of(job["task"], cannot).as_json())
        raise
    say(seconds=task.seconds)
    say(verdict=verdict_of(task.name, job).as_json())
    os._exit(0)  # no farewells: the guard ends whatever is left


def verdict_of(name: str, job: dict[str, str]) -> Verdict:
    from .answer import Answer
    from .checks import TASKS

    task = TASKS[name]
    try:
        task.check(Answer(job["setup"], job["source"], time.monotonic() + task.seconds - SPARE))
    except Wrong as wrong:
        return Verdict.of(name, wrong)
    except LabError as trouble:
        return Verdict.of(name, server_trouble(trouble))
    except Exception as problem:  # the answer is of a kind that the check has not thought of
        frame = traceback.extract_tb(problem.__traceback__)[-1]
        where = f"{Path(frame.filename).name}, line {frame.lineno}"
        say = f"The check could make nothing of it ({type(problem).__name__}: {problem}; {where})."
        hint = "Compare what kind of value the task asks for with what yours is."
        return Verdict(name, WRONG, "not-understood", say, hints=[hint])
    return Verdict(name, RIGHT)


def server_trouble(trouble: LabError) -> Wrong:
    """A server of the learner's that dies or hangs while it is checked."""
    from ..lab.server import ServerDidNotStart, ServerHangs, ServerTrouble

    lines = str(trouble).splitlines()
    say = lines[0] if len(lines) == 1 else f"{lines[0]} {lines[-1].strip()}"
    if isinstance(trouble, ServerHangs):
        return Wrong("too-slow", say=say, hints=["Look for a wait that nobody ends."])
    if not isinstance(trouble, ServerTrouble):  # nothing to do with the answer
        return Wrong("cannot-judge", say=say)
    code = "does-not-run" if isinstance(trouble, ServerDidNotStart) else "exits"
    hint = "Read what it said last: that is where it ended."
    if say.endswith("run() has returned"):
        hint = "A server ends when its run() does. It has to go on: in a loop, or in the join() of a thread that does."
    return Wrong(code, say=say, hints=[hint])


if __name__ == "__main__":
    main(sys.argv[1])
