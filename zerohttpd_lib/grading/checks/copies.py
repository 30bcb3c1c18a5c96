"""Copies of a process's descriptors, taken from outside: it is not asked, and cannot tell."""

from __future__ import annotations

import ctypes
import os
from typing import Final

PIDFD_GETFD: Final = 438  # the system call's number, on every machine that has it (Linux 5.6)


def copy_of(pid: int, fd: int) -> int:
    """A descriptor of ours for what descriptor `fd` of process `pid` refers to (man 2 pidfd_getfd). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    try:
        copy: int = libc.syscall(PIDFD_GETFD, process, fd, 0)
    finally:
        os.close(process)
    if copy < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return copy
