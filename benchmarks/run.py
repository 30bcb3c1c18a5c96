"""Measure everything and write benchmarks/results/DATE.md: what `make bench` runs.

    python -m benchmarks.run [--quick]

`--quick` takes about a minute; its ranges are wide, and git ignores its file.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Final

from zerohttpd_lib.lab.processes import LabError
from zerohttpd_lib.lab.redis_server import Redis

from . import crowds, generators, machine, patience, servers
from .measured import Settings
from .targets import sign

ROOT: Final = Path(__file__).parents[1]
FULL: Final = Settings(pairs=9, rounds=5, crowd_rounds=3, idle=(0, 1000, 5000, 15_000), crowds=(1000, 15_000))
QUICK: Final = Settings(pairs=1, rounds=1, crowd_rounds=1, idle=(0, 5000), crowds=(1000,), name="-quick")

METHOD: Final = """\
## How this was measured

- Clients, servers and Redis share one machine and talk over loopback: they compete for its cores. So the tables
  lead with ratios of two things measured in one run, moments apart. The absolute numbers differ from machine to
  machine, and on a shared one from minute to minute.
- A number in bold is the median. The range in brackets goes from the smallest to the largest. Part A had {pairs}
  rounds, B {rounds}, C and D {crowd_rounds}, of {seconds} s for each measurement (more with crowds and slow
  clients). A round measures everything once, in turns; ratios are taken within a round. Read a difference that
  is smaller than the range as none.
- Every server shows the same page. That was compared, but for the visitor's number, before anything was measured.
  The rungs up to `nonblocking`, `asyncio` and `uvloop` ask Redis three times for it (LRANGE, INCR, GET), as the
  article's servers do. From `pipelined` on they send LRANGE and INCR in one go. uvicorn and aiohttp send these two one
  after the other, through redis.asyncio with a pool of connections. nginx has the page as a file.
- uvicorn runs an ASGI application without a framework on uvloop and httptools; aiohttp its own server on asyncio.
  Each has one process, nginx one worker; none writes an access log.
- CPU time is the kernel's account of the processes (/proc/PID/stat, getrusage), user and system time together, in
  hundredths of a second. What the kernel does for a connection on loopback is charged to whoever happens to run.
- Latencies are those that our generator saw, in a closed loop: with {clients} clients who ask without pause, they
  say how long the queue is.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure servers and load generators, as ratios.")
    parser.add_argument("--quick", action="store_true", help="about a minute, with wide ranges")
    settings = QUICK if parser.parse_args().quick else FULL
    os.chdir(ROOT)  # the peers are modules of this folder
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        document = measure(settings)
    except KeyboardInterrupt:
        print("\nInterrupted: nothing was written.", file=sys.stderr)
        return 130
    except LabError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    file = ROOT / "benchmarks" / "results" / f"{date.today()}{settings.name}.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(document)
    print(f"\n{document}\nThis is in {file.relative_to(ROOT)}.")
    return 0


def measure(settings: Settings) -> str:
    """The whole document."""
    load_before = os.getloadavg()[0]
    with Redis() as redis:
        sign(redis)
        parts = [part.report(redis, settings) for part in (generators, servers, crowds, patience)]
    method = METHOD.format(**asdict(settings))
    title = f"# Measured on {date.today():%d %B %Y}" + (", quickly" if settings.name else "")
    return "\n\n".join([title, *parts, "## The machine", machine.describe(load_before), method])


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
