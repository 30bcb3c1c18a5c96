"""How a trace lies in its file: a header, two rings of fixed-size records, and two tables.

    header | WAITS wait records | ENTRIES entry records | descriptors | names

The recorder writes record number n at place n mod (size of the ring), so the file never grows
and the newest records are always there. The header counts what was written; the recorder
raises a count only after the record is in place. Both sides map the file into memory: to
record costs no system call, and to read costs the server nothing.
"""

from __future__ import annotations

import struct
from typing import Final

MAGIC: Final = 0x5A48_5452_4143_4532  # "ZHTRACE2"
WAITS: Final = 1 << 17  # wait records kept
ENTRIES: Final = 1 << 20  # entry records kept
DESCRIPTORS: Final = 1 << 15  # numbers in the table of descriptors; of higher ones less is known
UNCOUNTED: Final = 1024  # at most so many entries are written that the header does not count yet

# magic, waits written, entries written
HEADER: Final = struct.Struct("<QQQ")
COUNTS_AT: Final = 8  # of the two counts

# Times are seconds of time.perf_counter(): when wait() was called, when it returned, and when
# the server came back to it (0: it has not yet). Then descriptors watched, length of the ready
# list, and the number of the first entry; the entries go up to the first one of the next wait.
WAIT: Final = struct.Struct("<dddiiq")
DONE_AT: Final = 16  # of the field that is written later, when the server came back

# What an entry is: a descriptor, a number, and in four bytes what (1), role (1) and next step (2).
ENTRY: Final = struct.Struct("<iII")

# One descriptor of the ready list, or one change to the interest list that the server made while
# it handled that list. The number is the events.
READY, WATCH, MODIFY, FORGET = range(4)
KINDS: Final = ("ready", "watch", "modify", "forget")
# Who is at the other end of the descriptor that the next entry watches or forgets: the number is
# an IPv4 address, and the port stands in the place of the next step.
PEER: Final = 4
# With details: the server has turned to this entry of its ready list (the number counts them; one too
# many: it has come to the end of the list) ...
TURN: Final = 5
# ... the call before this entry took so many microseconds; only of those that took long ...
TOOK: Final = 6
LONG: Final = 0.001  # seconds
# ... the line of the server that changes the interest list by the next entry but PEER: it stands in the place
# of the next step ...
LINE: Final = 7
# ... and a call on a socket. The number is what it returned: bytes, or for accept a descriptor; the line that
# made it stands in the place of the next step.
FIRST_CALL: Final = 16
CALLS: Final = (
    "accept", "receive", "send", "connect", "close", "shut down", "set blocking", "get option", "set option",
)  # fmt: skip
# The same as the manual has them (section 2).
SYSTEM_CALLS: Final = (
    "accept", "recv", "send", "connect", "close", "shutdown", "fcntl", "getsockopt", "setsockopt",
)  # fmt: skip
FAILED: Final = 1 << 31  # the number is an errno
FULL: Final = 1 << 30  # the number is bytes, and so many were asked for: there may be more

# The table of descriptors holds for each number that is watched: in which wait it was watched for
# the first time, plus 2 (0: never), address and port of the other end, and role.
LIFE: Final = struct.Struct("<qIHBx")

WAITS_AT: Final = 4096
ENTRIES_AT: Final = WAITS_AT + WAITS * WAIT.size
LIVES_AT: Final = ENTRIES_AT + ENTRIES * ENTRY.size
NAMES_AT: Final = LIVES_AT + DESCRIPTORS * LIFE.size
NAMES_SIZE: Final = 16_384  # bytes: JSON, zero-padded: roles and next steps by name, and how the server waits
FILE_SIZE: Final = NAMES_AT + NAMES_SIZE


def error_name(number: int) -> str:
    """An errno of Linux by name. Other systems have other numbers, and a trace may be read there."""
    return ERRORS.get(number, f"errno {number}")


# Of Linux, by number.
ERRORS: Final = {
    4: "EINTR", 9: "EBADF", 11: "EAGAIN", 24: "EMFILE", 32: "EPIPE", 103: "ECONNABORTED", 104: "ECONNRESET",
    107: "ENOTCONN", 110: "ETIMEDOUT", 111: "ECONNREFUSED", 115: "EINPROGRESS",
}  # fmt: skip
