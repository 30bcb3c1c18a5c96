"""How many processes does one client wake? strace counts, for each way to share a listener.

    python -m benchmarks.herd [--workers 8]

A client comes, is answered, and only then comes the next, so that all the processes sleep when
it does. Each that wakes calls accept(); all but one of them find nobody there.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from typing import Final

from zerohttpd_lib import Lab
from zerohttpd_lib.servers.multiprocess import SHARES

CLIENTS: Final = 500
# strace -c: time in per cent, seconds, microseconds a call, calls, errors if there were any, name
_ACCEPT: Final = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(\d+)?\s+accept4?$", re.MULTILINE)


def main() -> int:
    parser = argparse.ArgumentParser(description="Count accept() in vain, with strace.")
    parser.add_argument("--workers", type=int, default=8)
    workers = parser.parse_args().workers
    if shutil.which("strace") is None:
        print("There is no strace here: sudo apt install strace", file=sys.stderr)
        return 2
    print(f"| {workers} processes share | accept() for each client | of these in vain |")
    print("| --- | ---: | ---: |")
    with Lab() as lab:
        for share in SHARES:
            calls, in_vain = accepts(lab, share, workers)
            print(f"| `{share}` | {calls:.2f} | {in_vain:.2f} |", flush=True)
    return 0


def accepts(lab: Lab, share: str, workers: int) -> tuple[float, float]:
    """accept() for each client, and how many of them found nobody.

    An edge-triggered loop calls accept() until it finds nobody. So one call in vain for each
    client is the least that there can be.
    """
    server = lab.serve("multiprocess", workers=workers, share=share, record=False)
    pids: list[int] = []
    while len(pids) <= workers:  # the first one answers before the last one has been forked
        server.get("/")
        with server.frozen() as pids:
            processes = [word for pid in pids for word in ("-p", str(pid))]
    with ExitStack() as stack:
        summary = stack.enter_context(tempfile.NamedTemporaryFile("r"))
        command = ["strace", "-c", "-f", "-e", "trace=accept,accept4", "-o", summary.name, *processes]
        strace = stack.enter_context(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        assert strace.stderr is not None
        for _ in pids:
            strace.stderr.readline()  # "attached"
        result = lab.load(server, "/", clients=1, requests=CLIENTS, progress=False)
        strace.terminate()
        strace.wait()
        rows = _ACCEPT.findall(summary.read())
    server.stop()
    calls, errors = (sum(int(row[column] or 0) for row in rows) for column in (0, 1))
    return calls / result.requests, errors / result.requests


if __name__ == "__main__":
    sys.exit(main())
