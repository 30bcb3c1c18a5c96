"""How many system calls does a page cost? strace counts them, rung by rung.

    python -m benchmarks.system_calls [RUNG ...] [--keep-alive]

Each server answers 1,000 requests of 20 clients while strace (man 1 strace) counts what it asks
of the kernel. strace slows it down many times over, so nothing is timed here.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Final

from zerohttpd_lib import Lab
from zerohttpd_lib.servers import RUNGS

REQUESTS: Final = 1000
CLIENTS: Final = 20
SHOWN: Final = 0.005  # calls for each request; rarer ones are summed up
_ROW: Final = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", re.MULTILINE)

DEFAULT: Final = ("epoll", "nonblocking", "pipelined", "edge")


def main() -> int:
    parser = argparse.ArgumentParser(description="Count system calls per request, with strace.")
    parser.add_argument("rungs", nargs="*", metavar="RUNG", default=DEFAULT, choices=[*RUNGS, DEFAULT])
    parser.add_argument("--keep-alive", action="store_true")
    options = parser.parse_args()
    if shutil.which("strace") is None:
        print("There is no strace here: sudo apt install strace", file=sys.stderr)
        return 2
    with Lab() as lab:
        counts = {rung: count(lab, rung, options.keep_alive) for rung in options.rungs}
    print(table(counts))
    return 0


def count(lab: Lab, rung: str, keep_alive: bool) -> dict[str, float]:
    """Calls for each request, by name."""
    server = lab.serve(rung, record=False)
    server.get("/guestbook")  # what is done once only is done now
    with tempfile.NamedTemporaryFile("r") as summary:
        command = ["strace", "-c", "-f", "-o", summary.name, "-p", str(server.pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            strace.stderr.readline()  # "attached"
            result = lab.load(server, clients=CLIENTS, requests=REQUESTS, keep_alive=keep_alive, progress=False)
            strace.terminate()
        rows = _ROW.findall(summary.read())
    server.stop()
    return {name: int(calls) / result.requests for calls, name in rows if name != "total"}


def table(counts: dict[str, dict[str, float]]) -> str:
    """Markdown: a row for each system call, the most frequent first, and a column for each rung."""
    names = sorted({name for calls in counts.values() for name in calls}, key=lambda name: -most(counts, name))
    shown = [name for name in names if most(counts, name) >= SHOWN]
    lines = [
        f"| system call | {' | '.join(counts)} |",
        f"| --- |{' ---: |' * len(counts)}",
        *(f"| `{name}` | {' | '.join(f'{calls.get(name, 0):.2f}' for calls in counts.values())} |" for name in shown),
        f"| **all** | {' | '.join(f'**{sum(calls.values()):.2f}**' for calls in counts.values())} |",
    ]
    return "\n".join(lines)


def most(counts: dict[str, dict[str, float]], name: str) -> float:
    return max(calls.get(name, 0) for calls in counts.values())


if __name__ == "__main__":
    sys.exit(main())
