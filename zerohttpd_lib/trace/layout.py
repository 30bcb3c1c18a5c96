"""How a trace lies in its file: a header and two rings of fixed-size records.

    header | WAITS wait records | ENTRIES entry records

The recorder writes record number n at place n mod (size of the ring), so the file never grows
and the newest records are always there. The header counts what was written; the recorder
raises a count only after the record is in place. Both sides map the file into memory: to
record costs no system call, and to read costs the server nothing.
"""

from __future__ import annotations

import struct
from typing import Final

MAGIC: Final = 0x5A48_5452_4143_4531  # "ZHTRACE1"
WAITS: Final = 1 << 16  # wait records kept
ENTRIES: Final = 1 << 19  # entry records kept
UNCOUNTED: Final = 1024  # at most so many entries are written that the header does not count yet

# magic, waits written, entries written
HEADER: Final = struct.Struct("<QQQ")
COUNTS_AT: Final = 8  # of the two counts

# Times are seconds of time.perf_counter(): when wait() was called, when it returned, and when
# the server came back to it. Then descriptors watched, length of the ready list, the number of
# the first entry, and how many entries there are in all.
WAIT: Final = struct.Struct("<dddiiqi4x")
DONE_AT, COUNT_AT = 16, 40  # of the two fields that are written later, when the server came back

# What an entry is: one descriptor of the ready list, or one change to the interest list that
# the server made while it handled that list. Descriptor, events, what, role, and next step.
ENTRY: Final = struct.Struct("<iIBBH")

READY, WATCH, MODIFY, FORGET = range(4)
KINDS: Final = ("ready", "watch", "modify", "forget")

WAITS_AT: Final = 4096
ENTRIES_AT: Final = WAITS_AT + WAITS * WAIT.size
NAMES_AT: Final = ENTRIES_AT + ENTRIES * ENTRY.size
NAMES_SIZE: Final = 16_384  # bytes: roles and next steps by name, JSON, zero-padded
FILE_SIZE: Final = NAMES_AT + NAMES_SIZE
