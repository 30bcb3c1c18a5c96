"""The judge: one answer, checked from outside, in a process of its own and with a deadline.

`judge` starts it: `python -m zerohttpd_lib.grading.judging FD`, in a box and under the lab's guard, which ends
it with everything that the learner's code has started. That process starts another one for the
learner's code, in a box within the box, runs the check, and prints one verdict. So there are three: who asks,
who judges, and who is judged. What that last one can do to the others depends on the box: see box.py.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..lab.errors import LabError
from ..lab.processes import TOO_LITTLE_LEFT, TOO_MANY, TOO_MUCH, GuardedProcess, new_folder
from .box import Box, best
from .exercise import Exercise, exercise_with
from .verdict import COULD_NOT, NOT_ATTEMPTED, WRONG, Verdict

MOST_TIME: Final = 29.0  # seconds for one task, from its start to its end
MOST_PROCESSES: Final = 200  # of a task, its Redis and its load included
MOST_MEMORY: Final = 3 * 1_073_741_824  # bytes, of all of them together
LONGEST_CELL: Final = 100_000  # characters
ACCUSATIONS: Final = ("writes-to-judge",)
MOST_SAID: Final = 1_048_576  # bytes that a judge says
# The judge's lab has a Redis of its own, and no environment of ours with what may be secret in it.
INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")


def judge(
    task: str, source: str, exercise: Exercise | None = None, *, box: Box | None = None, seed: str | None = None
) -> Verdict:
    """The verdict on the text of an answer cell. Takes 30 seconds at most, whatever it does; twice
    that when the check itself has failed, or the answer is under suspicion, because then it is tried once more.

    `box`: the best one that can be made here, if you name none. With the same `seed` a check draws the same numbers.
    """
    exercise = exercise or exercise_with(task)
    if exercise is None or task not in exercise.tasks:
        raise LabError(f"There is no task named {task!r}.")
    if len(source) > LONGEST_CELL:
        say = f"Its cell has {len(source):,} characters; {LONGEST_CELL:,} are more than enough."
        return Verdict(task, WRONG, "too-long", say, hints=["Keep in it only what the task asks for."])
    if not exercise.is_attempted(task, source):
        return Verdict(task, NOT_ATTEMPTED, "not-attempted", "Its cell is as you got it.")
    started = time.monotonic()
    job = Job(task, source, exercise.setup, exercise.checks, (box or best()).kind, seed or secrets.token_hex(8))
    trials = [_judge_in_a_process(job, box or best())]
    if _is_doubtful(trials[0].verdict):
        trials.append(_judge_in_a_process(job, box or best()))
    verdict = trials[-1].verdict
    if verdict.code in ACCUSATIONS and trials[0].verdict.code != verdict.code:  # once is no proof
        verdict = replace(trials[0].verdict, status=COULD_NOT, code="no-verdict")
    if verdict.status == COULD_NOT:
        kept = _keep(job, trials)
        verdict = replace(verdict, sentence=f"The check failed, not you: {verdict.sentence} The evidence is in {kept}.")
    return replace(verdict, seconds=round(time.monotonic() - started, 2))


def _is_doubtful(verdict: Verdict) -> bool:
    """Whether it may say more of our judge than of the answer: whoever is accused has done it twice."""
    return verdict.status == COULD_NOT or verdict.code in ACCUSATIONS


class Job(NamedTuple):
    """What a judge is to do; it travels as JSON."""

    task: str
    source: str
    setup: str
    checks: str
    box: str
    seed: str
    secret: str = ""  # each line that it says begins with this


class Trial(NamedTuple):
    """What came of it, and what was said meanwhile."""

    verdict: Verdict
    evidence: str


def _judge_in_a_process(job: Job, box: Box) -> Trial:
    job = job._replace(secret=secrets.token_hex(16))
    folder = new_folder("judge")
    paper = _written(json.dumps(job._asdict()))
    arguments = ["-m", "zerohttpd_lib.grading.judging", str(paper)]
    readable = [Path(job.checks)] if job.checks.endswith(".py") else []
    try:
        process = GuardedProcess(
            box.for_the_judge(arguments, readable),
            folder,
            grace=0.2,
            most=MOST_PROCESSES,
            memory=MOST_MEMORY,
            keep=(paper,),
            environment=_environment(Path("/tmp") if box.holds else folder),
            cwd=folder,
        )
    finally:
        os.close(paper)
    verdict: Verdict | None = None
    status = 0
    try:
        verdict = _read_verdict(process, job)
        status = process.stop()
    except KeyboardInterrupt:
        process.stop()
        raise
    except Exception as problem:  # whatever became of it, this task gets its row, and the others go on
        verdict = Verdict(job.task, COULD_NOT, "no-verdict", f"its process could not be asked or ended ({problem!r}).")
    return Trial(verdict or _ended_without(job.task, status, box, process.errors()), process.errors()[-20_000:])


def _written(text: str) -> int:
    """A descriptor to read it from: a file in memory, without a name (man 2 memfd_create)."""
    fd = os.memfd_create("job")
    with open(fd, "w", closefd=False) as file:
        file.write(text)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _environment(folder: Path) -> dict[str, str]:
    """The judge's folders go with its box, or with its own folder."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    # Threads set memory aside, numpy's and, by the cores, everybody's (man 3 mallopt, M_ARENA_MAX), which the limit on
    # the learner's process would not allow.
    few = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    return {**inherited, "TMPDIR": str(folder), **few}


def _ended_without(task: str, status: int, box: Box, said: str) -> Verdict:
    """A verdict on an answer whose judge has given none."""
    if status == TOO_MANY:
        say = f"Your code has started more than {MOST_PROCESSES} processes, or too many threads. All have been ended."
        return Verdict(task, WRONG, "too-many-processes", say, hints=["Look for what starts processes in a loop."])
    if status == TOO_MUCH:
        say = f"Your code has taken more than {MOST_MEMORY:,} bytes of memory. It has been ended."
        return Verdict(task, WRONG, "too-much-memory", say, hints=["Look for what grows in a loop."])
    if status == TOO_LITTLE_LEFT:  # and nobody can tell who has it
        return Verdict(task, COULD_NOT, "no-memory", "the machine had hardly any memory left meanwhile.")
    why = said[-300:] or "nobody said why"
    more = "" if box.holds else " Without a box an answer can end its judge: read it."
    return Verdict(task, COULD_NOT, "no-verdict", f"its process has ended without a verdict: {why}.{more}")


def _read_verdict(process: GuardedProcess, job: Job) -> Verdict | None:
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
        if not data or len(pending) > MOST_SAID:
            return None
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            message = _message(line, job.secret)
            if "seconds" in message:  # the first word: how long this task may take
                seconds = float(message["seconds"])
                deadline = min(last, time.monotonic() + seconds)
            elif "verdict" in message:
                return Verdict.told(job.task, message["verdict"])
    return Verdict(job.task, COULD_NOT, "check-too-slow", f"it took longer than {seconds:g} seconds, and was ended.")


def _message(line: bytes, secret: str) -> dict[str, Any]:
    """Anybody may write a line there; the judge's begin with the secret."""
    start = secret.encode()
    return dict(json.loads(line[len(start) :])) if line.startswith(start) else {}


def _keep(job: Job, trials: list[Trial]) -> Path:
    """What there is to look into when a check has failed: the answer, and what was said each time."""
    fd, name = tempfile.mkstemp(prefix=f"zerohttpd-not-judged-{job.task}-", suffix=".txt")
    parts = [f"Task: {job.task}\nBox: {job.box}\nSeed: {job.seed}", f"Answer:\n{job.source}"]
    parts += [f"Trial {number}: {trial.verdict}\n{trial.evidence}" for number, trial in enumerate(trials, 1)]
    with open(fd, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write("\n\n".join(parts) + "\n")
    return Path(name)
