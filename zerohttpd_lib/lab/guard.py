"""The guard: runs one command, and sees to it that nothing of it outlives the lab.

    python guard.py [--remove FOLDER] [--grace SECONDS] -- COMMAND ...

The lab starts every other process through a guard and holds the write end of the guard's
standard input. When the lab closes it, or dies in any way at all, the kernel closes it, the
guard reads end-of-file, and ends the command: SIGTERM first, SIGKILL after the grace. Then it
kills whatever the command left behind, however deep: the guard is a "subreaper" (man 2 prctl),
so the kernel makes it the parent of every orphan among its descendants.

This file imports nothing of the package and is run with `python -I -S`: it starts in a few
hundredths of a second.
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
libc = ctypes.CDLL(None)


def main(arguments: list[str]) -> int:
    options, command = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    settings = dict(zip(options[::2], options[1::2], strict=True))
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the lab, which will tell us
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        return run(command, float(settings.get("--grace", "3")))
    finally:
        if "--remove" in settings:
            shutil.rmtree(settings["--remove"], ignore_errors=True)


def run(command: list[str], grace: float) -> int:
    """Run the command until it ends, or until our standard input does. Returns its exit status."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=before_exec)  # noqa: PLW1509 - one thread
    # The command's pipes are its own: should it close them, our readers must see that.
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    ended = os.pidfd_open(child.pid)
    waiting = select.poll()
    waiting.register(0, select.POLLIN)
    waiting.register(ended, select.POLLIN)
    if ended not in dict(waiting.poll()):
        child.terminate()
        waiting.unregister(0)
        if not waiting.poll(grace * 1000):
            child.kill()
    status = child.wait()
    kill_descendants()
    return status if status >= 0 else 128 - status


def before_exec() -> None:
    """In the child: a group of its own, the default signals, and die if the guard is killed."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def kill_descendants() -> None:
    """Kill children until there are none: the children of those we kill become ours."""
    while True:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            children = [int(pid) for pid in file.read().split()]
        if not children:
            return
        for pid in children:
            try:
                os.killpg(pid, signal.SIGKILL)
            except OSError:  # not the leader of a group
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
