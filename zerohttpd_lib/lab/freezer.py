"""Keeps one process stopped for as long as this one lives: `python -I -S freezer.py PID START`.

START is when that process was started, as /proc/PID/stat has it (man 5 proc): should the number be
another's by now, that one is left alone. From then on it is held by a pidfd, which is never
another's (man 2 pidfd_open). Run under a guard. Whatever becomes of the lab, the guard ends us,
and then that process goes on.
"""

import contextlib
import os
import signal
import sys


def main(pid: int, started: str) -> int:
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    process = os.pidfd_open(pid)
    with open(f"/proc/{pid}/stat") as file:
        if file.read().rpartition(")")[2].split()[19] != started:
            raise ProcessLookupError(f"process {pid} is another one now")
    signal.pidfd_send_signal(process, signal.SIGSTOP)
    try:
        print("frozen", flush=True)
        signal.sigwait(ends)
    finally:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(process, signal.SIGCONT)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2]))
