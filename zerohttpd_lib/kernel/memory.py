"""Memory in use: of a process, and of the kernel for its sockets. In bytes, all of it."""

from __future__ import annotations

import re
import resource
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")


def of_process(pid: int) -> int:
    """What a process holds for itself, its part of what it shares included (man 5 proc, smaps_rollup, Pss); 0 if it has
    ended."""
    try:
        text = (PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def of_kernel_objects() -> int:
    """All of the kernel's own objects, whoever they are for (/proc/meminfo, Slab)."""
    found = re.search(r"^Slab: +(\d+) kB", (PROC / "meminfo").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def of_tcp_buffers() -> int:
    """What lies in TCP's buffers at this moment (/proc/net/sockstat)."""
    found = re.search(r"^TCP: .*mem (\d+)", (PROC / "net/sockstat").read_text(), re.MULTILINE)
    return int(found[1]) * resource.getpagesize() if found else 0
