"""How many connections can it hold, and what does each cost: its client, its server, and the kernel?

    python -m benchmarks.many_connections [--connections 40000] [--active 10000] [--workers N]

First `connections` that say nothing, then `active` clients who ask without pause, on connections that they keep.
Either end of a connection is on this machine, so the kernel has two sockets for each. Without `--workers` there
are as many as the descriptor limit asks for. A quarter of a million connections take some minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zerohttpd_lib import Lab
from zerohttpd_lib.kernel.memory import of_kernel_objects, of_process, of_tcp_buffers
from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.load_run import LoadRun
from zerohttpd_lib.load.cpu import family
from zerohttpd_lib.servers.multiprocess import MultiprocessServer

from .measured import table

SPARE: Final = 200  # descriptors of a worker that are no clients
UNEVEN: Final = 1.1  # the kernel deals connections out to the workers, not quite evenly
SLABS: Final = re.compile(r"^(\S*(?:TCP|sock_inode|eventpoll|filp)\S*) +(\d+) +\d+ +(\d+)", re.MULTILINE)
SECONDS: Final = 2.0  # for which the active ones are measured
LONGEST: Final = 60.0  # seconds for all of the active ones to come


class Multiprocess(MultiprocessServer):
    """The rung, but nobody is dismissed for saying nothing while we count."""

    silence = 3600.0


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold many connections; measure the memory of all sides.")
    parser.add_argument("--connections", type=int, default=40_000, help="that are silent")
    parser.add_argument("--active", type=int, default=10_000, help="clients who ask without pause")
    parser.add_argument("--workers", type=int, help="of the server; default: what the descriptor limit asks for")
    options = parser.parse_args()
    workers = options.workers or workers_for(max(options.connections, options.active))
    print(f"{workers} workers; each may have {descriptor_limit():,} descriptors open\n")
    with Lab() as lab:
        server = lab.serve(Multiprocess, workers=workers, record=False)
        lab.load(server, requests=200 * workers, progress=False)  # so that nothing is done for the first time
        before = Memory.now(server)
        idle = lab.hold_idle(server, options.connections)
        print(report(f"{idle.open_now:,} silent connections", before, Memory.now(server), idle.open_now))
        answered = lab.load(server, clients=50, requests=5000, progress=False)
        print(f"\nBeside them {answered.requests:,} requests were answered, {answered.failed:,} failed.\n")
        idle.stop()
        server.stop()
        server = lab.serve(Multiprocess, workers=workers, record=False)
        lab.load(server, requests=200 * workers, progress=False)
        before = Memory.now(server)
        run = lab.start_load(
            server, clients=options.active, seconds=SECONDS, cap=LONGEST, keep_alive=True, varied=True, drain=False
        )
        wait_until_all_have_come(run)
        print(report(f"{options.active:,} active connections", before, Memory.now(server), options.active))
        print(f"\n{run.wait(progress=False)!r}")
    return 0


def descriptor_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def workers_for(connections: int) -> int:
    """So many that none runs out of descriptors, and no fewer than there are cores."""
    each = (descriptor_limit() - SPARE) / UNEVEN
    return max(os.cpu_count() or 1, int(-(-connections // each)))


def wait_until_all_have_come(run: LoadRun) -> None:
    deadline = time.monotonic() + LONGEST
    while run.is_running and not run.is_measured and time.monotonic() < deadline:
        time.sleep(0.1)


@dataclass(frozen=True)
class Memory:
    """Bytes in use at a moment. `slabs`: of the kernel's own kinds of object, by name; empty if we may not look."""

    server: int  # Pss: what processes share is counted once (man 5 proc_pid_smaps_rollup)
    clients: int  # the same, of the processes that hold the other ends
    slab: int  # all of the kernel's objects (/proc/meminfo)
    buffers: int  # of TCP, partly in those (/proc/net/sockstat)
    slabs: dict[str, int]
    gone: int  # what this machine has no more, for whomever (MemAvailable)

    @classmethod
    def now(cls, server: Server) -> Memory:
        with server.frozen() as pids:
            ours = sum(of_process(pid) for pid in pids)
        others = [pid for pid in family([os.getpid()]) if b"zerohttpd_lib.load." in command_line(pid)]
        clients = sum(of_process(pid) for pid in others)
        return cls(ours, clients, of_kernel_objects(), of_tcp_buffers(), slabs(), -available())


def report(title: str, before: Memory, after: Memory, number: int) -> str:
    """A Markdown table: what has been added, in all and for each connection."""
    added = {
        "server's processes (Pss)": after.server - before.server,
        "clients' processes (Pss)": after.clients - before.clients,
        "kernel: objects of all kinds (Slab)": after.slab - before.slab,
        "kernel: buffers of TCP, partly in those (sockstat)": after.buffers - before.buffers,
        "MemAvailable that has gone, to others, too": after.gone - before.gone,
        **{f"of Slab, `{name}`": after.slabs[name] - before.slabs.get(name, 0) for name in after.slabs},
    }
    rows = [
        [name, f"{value / 2**20:,.1f} MiB", f"{value / max(1, number):,.0f} bytes"]
        for name, value in added.items()
        if abs(value) > 10 * number or not name.startswith("of Slab")
    ]
    return table((title, "more than before", "for each"), rows)


def command_line(pid: int) -> bytes:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return b""
    return b"" if b"--" in words else b" ".join(words)  # a guard has the command of its process behind "--"


def available() -> int:
    match = re.search(r"^MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return int(match[1]) * 1024 if match else 0


def slabs() -> dict[str, int]:
    """Bytes by kind of object, of those that a connection needs; only root may see them (man 5 slabinfo)."""
    try:
        text = Path("/proc/slabinfo").read_text()
    except OSError:
        return {}
    return {name: int(active) * int(size) for name, active, size in SLABS.findall(text)}


if __name__ == "__main__":
    sys.exit(main())
