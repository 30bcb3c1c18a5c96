"""In which system call does a process sleep? What the kernel says of it, in /proc/PID/task/TID/syscall (man 5 proc)."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

# The system calls that wait, by number.
CALLS: Final = {
    "x86_64": {0: "read", 1: "write", 7: "poll", 23: "select", 35: "sleep", 42: "connect", 43: "accept", 44: "send",
               45: "recv", 47: "recv", 61: "wait4", 202: "futex", 219: "restarted", 230: "sleep", 232: "epoll_wait",
               270: "select", 271: "ppoll", 281: "epoll_pwait", 288: "accept", 441: "epoll_pwait2"},
    "aarch64": {22: "epoll_pwait", 63: "read", 64: "write", 72: "select", 73: "ppoll", 98: "futex", 101: "sleep",
                115: "sleep", 128: "restarted", 202: "accept", 203: "connect", 206: "send", 207: "recv", 212: "recv",
                242: "accept", 260: "wait4", 441: "epoll_pwait2"},
}.get(platform.machine(), {})  # fmt: skip
TAKES_DESCRIPTOR: Final = ("read", "write", "connect", "accept", "send", "recv")


class Sleep(NamedTuple):
    """A thread that sleeps: in which call and, where the call is about one, on which descriptor."""

    call: str
    fd: int | None

    def __str__(self) -> str:
        return self.call if self.fd is None else f"{self.call}, on descriptor {self.fd}"


def sleeps_of(pid: int) -> list[Sleep]:
    """Of each thread that sleeps in one of the calls above; the first is the main thread's.

    Empty when none does, and where the kernel keeps that to itself (man 2 ptrace, "access mode checking").
    """
    found = []
    threads: list[int] = []
    with suppress(OSError):  # the process has ended
        threads = sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))
    for thread in threads:
        with suppress(OSError):  # ended, or not for us to see
            number, *words = Path(f"/proc/{pid}/task/{thread}/syscall").read_text(encoding="ascii").split()
            call = CALLS.get(int(number)) if number != "running" else None
            if call is not None:
                found.append(Sleep(call, int(words[0], 16) if call in TAKES_DESCRIPTOR else None))
    return found
