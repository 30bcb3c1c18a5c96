"""The guard: runs one command, and sees to it that nothing of it outlives the lab.

    python guard.py [--remove FOLDER] [--grace SECONDS] [--most PROCESSES] [--memory BYTES] [--keep FD,FD]
                    -- COMMAND ...

The lab starts every other process through a guard and holds the write end of the guard's
standard input. When the lab closes it, or dies in any way at all, the kernel closes it, the
guard reads end-of-file, and ends the command: SIGTERM first, SIGKILL after the grace (which begins
anew while the command is busy closing its connections). Then it
kills whatever the command left behind, however deep: the guard is a "subreaper" (man 2 prctl),
so the kernel makes it the parent of every orphan among its descendants. They are stopped before
they are killed, or those that multiply would be faster than we are.

With --most it counts its descendants and their threads ten times a second. A limit of the kernel's (RLIMIT_NPROC,
man 2 setrlimit) counts all processes of a user, and holds for all users but root. With --memory it
adds up what they hold in memory, each time: the kernel's limits are for one process each. What cannot be added up is
seen by what the machine has left; and should the kernel have to end processes itself, it ends these first.
With --keep the command gets these descriptors of ours.

This file imports nothing of the package and is run with `python -I -S`: it starts in a few
hundredths of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
COUNTING_TIME = 0.1  # seconds between two counts
TIMES_ANEW = 10  # the grace may begin so often
# Our exit status when there were more processes or threads, or more memory, than allowed; or nearly none left.
TOO_MANY, TOO_MUCH, TOO_LITTLE_LEFT = 96, 97, 98
THREADS = 5  # that may be there for each process that may
LEFT = 1 / 16  # of the machine's memory; below that, and after a loss of as much, we end what we guard
libc = ctypes.CDLL(None)


def main(arguments: list[str]) -> int:
    options, command = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    settings = dict(zip(options[::2], options[1::2], strict=True))
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the lab, which will tell us
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    kept = [int(fd) for fd in settings.get("--keep", "").split(",") if fd]
    most, memory = int(settings.get("--most", "0")), int(settings.get("--memory", "0"))
    try:
        return run(command, float(settings.get("--grace", "3")), most, memory, kept)
    finally:
        if "--remove" in settings:
            shutil.rmtree(settings["--remove"], ignore_errors=True)


def run(command: list[str], grace: float, most: int, memory: int, kept: list[int]) -> int:
    """Run the command until it ends, or until our standard input does. Returns its exit status."""
    start = partial(before_exec, memory > 0)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=kept, preexec_fn=start)  # noqa: PLW1509 - one thread
    for fd in kept:  # or nobody would see that the command has closed them
        os.close(fd)
    # The command's pipes are its own: should it close them, our readers must see that.
    left = meminfo("MemAvailable") if memory else 0
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    ended = os.pidfd_open(child.pid)
    waiting = select.poll()
    waiting.register(0, select.POLLIN)
    waiting.register(ended, select.POLLIN)
    while not (ready := dict(waiting.poll(COUNTING_TIME * 1000 if most else None))):
        if reason := over_the_limits(most, memory, left):
            child.kill()  # if it began a PID namespace, that is the end of all in there, at once
            kill_descendants()
            return reason
    if ended not in ready:
        child.terminate()
        waiting.unregister(0)
        if not ends_in_time(lambda: bool(waiting.poll(grace * 1000))):
            child.kill()
    status = child.wait()
    kill_descendants()
    return status if status >= 0 else 128 - status


def ends_in_time(ends: Callable[[], bool], of: int | None = None) -> bool:
    """`ends()` waits for a while, and says whether it has ended. Does it, in that time?

    The time counts anew while our descendants, or those `of` a process, have fewer and fewer descriptors
    open: to close a connection takes the kernel 10 microseconds, and a server may have 250,000.
    """
    still_open = open_descriptors(of)
    for _ in range(TIMES_ANEW):
        if ends():
            return True
        before, still_open = still_open, open_descriptors(of)
        if still_open >= before:
            break
    return False


def open_descriptors(of: int | None) -> int:
    number = 0
    for pid in descendants(of):
        with contextlib.suppress(OSError):  # ended since
            number += len(os.listdir(f"/proc/{pid}/fd"))
    return number


def before_exec(is_first_to_go: bool) -> None:
    """In the child: a group of its own, the default signals, and die if the guard is killed."""
    if is_first_to_go:  # of all processes, when the kernel has no memory (man 5 proc); nobody may then take it back
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def kill_descendants() -> None:
    """Stop them all, kill them all, until there are none: the orphans of those we kill become ours."""
    while children_of(os.getpid()):
        frozen = freeze_descendants()
        for pid in frozen:
            send(pid, signal.SIGKILL)
        for pid in frozen.intersection(children_of(os.getpid())):  # not one that came since: it lives
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def freeze_descendants() -> set[int]:
    """Stop every descendant. A stopped process cannot fork: when no new one is found, that is all of them."""
    frozen: set[int] = set()
    while new := set(descendants()) - frozen:
        for pid in new:
            send(pid, signal.SIGSTOP)
        frozen |= new
    return frozen


def descendants(of: int | None = None, most: int | None = None) -> list[int]:
    """All of them; or, of more than `most`, some more than that: those who multiply are not waited for."""
    pids = children_of(os.getpid() if of is None else of)
    for pid in pids:  # grows while we go
        if most is not None and len(pids) > most:
            break
        pids += children_of(pid)
    return pids


def children_of(pid: int) -> list[int]:
    """The children of all threads of a process (man 5 proc); none, if it has ended since."""
    children: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                children += [int(child) for child in file.read().split()]
    return children


def over_the_limits(most: int, memory: int, left: int) -> int:
    """Why all has to end now, as an exit status; 0 if nothing is wrong. `left`: memory that there was at first."""
    pids = descendants(most=most)
    if len(pids) > most:
        return TOO_MANY
    if not memory:
        return 0
    uses = [use_of(pid) for pid in pids]
    if sum(threads for threads, _ in uses) > most * THREADS:
        return TOO_MANY
    if sum(held for _, held in uses) > memory:
        return TOO_MUCH
    now, reserve = meminfo("MemAvailable"), int(meminfo("MemTotal") * LEFT)
    return TOO_LITTLE_LEFT if now < reserve and left - now > reserve else 0


def use_of(pid: int) -> tuple[int, int]:
    """Threads, and bytes that a process has in memory (man 5 proc, status): its own, and what it shares with other
    processes, but not what comes from files."""
    try:
        with open(f"/proc/{pid}/status") as file:
            about = dict(line.split(":", 1) for line in file)
        held = [int(about.get(name, "0").split()[0]) * 1024 for name in ("RssAnon", "RssShmem")]
        return int(about["Threads"]), sum(held)
    except (OSError, ValueError, KeyError):  # it has ended since
        return 0, 0


def meminfo(name: str) -> int:
    """Of the machine, in bytes."""
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(f"{name}:"))


def send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
