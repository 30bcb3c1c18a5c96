"""Keeps one process stopped for as long as this one lives: `python -I -S freezer.py PID`.

Run under a guard. Whatever becomes of the lab, the guard ends us, and then that process goes on.
"""

import contextlib
import os
import signal
import sys


def main(pid: int) -> int:
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    os.kill(pid, signal.SIGSTOP)
    try:
        print("frozen", flush=True)
        signal.sigwait(ends)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
