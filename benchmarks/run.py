"""Measure everything and write benchmarks/results/DATE.md: what `make bench` runs.

    python -m benchmarks.run [--quick] [--parts A,B] [--anyway]

It takes about ten minutes; `--quick` one or two, but its ranges are wide, and git ignores its file.
`--parts`: only these. `--anyway`: on a machine that is busy, too, where it says so and stops otherwise.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from datetime import date
from pathlib import Path
from types import FrameType, ModuleType
from typing import Final

from zerohttpd_lib.lab.errors import LabError
from zerohttpd_lib.lab.redis_server import Redis

from . import crowds, generators, heads, machine, patience, quiet, servers
from .measured import Settings
from .targets import sign

ROOT: Final = Path(__file__).parents[1]
PARTS: Final[dict[str, ModuleType]] = {"A": generators, "B": servers, "C": crowds, "D": patience, "E": heads}
FULL: Final = Settings(
    rounds=5, few_rounds=3, idle=(0, 15_000), crowds=(1000, 15_000), many=1000, seconds=0.5
)  # fmt: skip
QUICK: Final = Settings(
    rounds=1, few_rounds=1, idle=(0, 3000), crowds=(500,), many=500, seconds=0.3, cap=3.0, name="-quick"
)  # fmt: skip

METHOD: Final = """\
- Clients, servers and Redis share one machine and talk over loopback: they compete for its cores. So the tables
  lead with the server's CPU time for each request, which others on the machine move least, and with ratios of two
  things measured in one round, moments apart. Rates differ from machine to machine, and on a shared one from minute
  to minute.
- A number in bold is the median. The range in brackets goes from the smallest to the largest. A round measures
  everything once, in turns; ratios are taken within a round.
- *The limit* is who could not go faster: a process of the server, of the generator or of Redis that ran all of the
  time; the machine, where all its cores were busy and no single process was; or none. *≥* before a rate: it was the
  generator, and the server could have answered more.
- Each load test is measured after its rate had settled. One that did not settle, or changed while it was measured,
  is shown as unsteady, has no place, and is compared with none.
- Every server shows the same page. That was compared, but for the visitor's number, before anything was measured.
  Trips to Redis were counted by Redis itself, over pages that were asked for one after the other.
- uvicorn and granian run the same ASGI application without a framework, on uvloop; aiohttp its own server on asyncio.
  They ask Redis through redis.asyncio with a pool of connections: two commands in turn, or in a pipeline where the
  row says so. Each has one process that works, nginx one worker; none writes an access log.
- CPU time is the kernel's account of the processes (/proc/PID/stat, getrusage), user and system time together, in
  hundredths of a second. What the kernel does for a connection on loopback is charged to whoever happens to run.
- Latencies are those that our generator saw, in a closed loop: with clients who ask without pause, they say how long
  the queue is."""


def main() -> int:
    options = read_options(sys.argv[1:])
    settings = QUICK if options.quick else FULL
    busy = quiet.busy_cores()
    if (refusal := quiet.refusal(busy)) and not options.anyway:
        print(refusal, file=sys.stderr)
        return 2
    os.chdir(ROOT)  # the peers are modules of this folder
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        document = measure(settings, options.parts, busy)
    except KeyboardInterrupt:
        print("\nInterrupted: nothing was written.", file=sys.stderr)
        return 130
    except LabError as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    some = "" if options.parts == list(PARTS) else "-" + "".join(options.parts)
    file = ROOT / "benchmarks" / "results" / f"{date.today()}{some}{settings.name}.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(document)
    print(f"\n{document}\nThis is in {file.relative_to(ROOT)}.")
    return 0


def read_options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure servers and load generators, as ratios.")
    parser.add_argument("--quick", action="store_true", help="one or two minutes, with wide ranges")
    parser.add_argument("--parts", type=parts, default=list(PARTS), help="some of A,B,C,D,E; all, if not given")
    parser.add_argument("--anyway", action="store_true", help="measure on a busy machine, too")
    return parser.parse_args(words)


def parts(text: str) -> list[str]:
    """Of "C,a": ["A", "C"]."""
    asked = {name.strip().upper() for name in text.split(",")}
    if unknown := sorted(asked - set(PARTS)):
        raise argparse.ArgumentTypeError(f"there is no part {unknown[0]!r}: choose from {', '.join(PARTS)}")
    return [name for name in PARTS if name in asked]


def measure(settings: Settings, names: list[str], busy: float) -> str:
    """The whole document. `busy`: how many cores were, when nothing of ours ran."""
    stolen, started = quiet.Stolen(), time.perf_counter()
    sections, took = [], []
    with Redis() as redis:
        sign(redis)
        for name in names:
            began = time.perf_counter()
            sections.append(PARTS[name].report(redis, settings))
            took.append(f"{name} {time.perf_counter() - began:,.0f} s")
    rows = [
        ["cores that were busy before", f"{busy:.2f}"],
        ["time that the hypervisor gave to others", f"{stolen.share():.1%}"],
        ["this took", f"{time.perf_counter() - started:,.0f} s ({', '.join(took)})"],
    ]
    is_busy = bool(quiet.refusal(busy))
    title = f"# Measured on {date.today():%d %B %Y}" + (", quickly" if settings.name else "")
    return "\n\n".join(
        [
            title,
            *([f"**Measured on a busy machine**: others used {busy:.2f} cores before it began."] if is_busy else []),
            *(section.text for section in sections),
            "## The machine",
            machine.describe(rows),
            "## How this was measured",
            METHOD,
            "## What each claim rests on",
            "\n".join(f"- {section.rests_on}" for section in sections) + "\n",
        ]
    )


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
