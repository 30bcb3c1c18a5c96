"""poll(2) as C programs call it, with its array in sight.

`select.poll` keeps a list of its own and makes the array out of sight. Here you make it:

    array = (PollFd * 2)(PollFd(4, POLLIN), PollFd(7, POLLIN))
    poll(array, milliseconds=0)

and read afterwards, entry by entry, what the kernel has written into it.
"""

from __future__ import annotations

import ctypes
import os

from .events import event_names

_libc = ctypes.CDLL(None, use_errno=True)
_libc.poll.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int]


class PollFd(ctypes.Structure):
    """struct pollfd, field by field as in man 2 poll."""

    _fields_ = (
        ("fd", ctypes.c_int),
        ("events", ctypes.c_short),  # in: what you ask for
        ("revents", ctypes.c_short),  # out: what the kernel has found
    )

    def __repr__(self) -> str:
        asked, found = event_names(self.events), event_names(self.revents)
        return f"fd {self.fd:4}   events {asked:8} revents {found}"


def poll(array: ctypes.Array[PollFd], milliseconds: int = 0) -> int:
    """Call poll(2); return how many entries have something in `revents` (0: the time was up).

    It waits for `milliseconds` at most; -1: as long as it takes. Raises OSError, among others for a
    signal that came first (EINTR): unlike Python's own poll, this one does not try again.
    """
    found: int = _libc.poll(ctypes.byref(array), len(array), milliseconds)
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return found
