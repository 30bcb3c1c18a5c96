"""Record the runs that ship with the package: python authoring/record_runs.py

Each is a real load test on this machine, cut to its newest waits, and saved with its result in
zerohttpd_lib/lab/runs. Nothing in them tells on the machine but its kernel and number of cores.
"""

from __future__ import annotations

import sys
import time
from typing import Final, NamedTuple

from zerohttpd_lib import Lab
from zerohttpd_lib.lab.saved_run import SHIPPED, Run
from zerohttpd_lib.views.interest_panel import both_lists

WAITS: Final = 1500  # kept of each
MOST: Final = 300_000  # bytes of a file
SECONDS: Final = 2.0


class What(NamedTuple):
    rung: str
    idle: int = 0
    keep_alive: bool = False


RUNS: Final = {
    "poll-1000-idle": What("poll", idle=1000),
    "epoll-1000-idle": What("epoll", idle=1000),
    "keepalive": What("keepalive", keep_alive=True),
    "edge": What("edge", keep_alive=True),
}


def main() -> int:
    SHIPPED.mkdir(exist_ok=True)
    with Lab() as lab:
        for name, what in RUNS.items():
            run = record(lab, what)
            path = SHIPPED / f"{name}.npz"
            run.save(path)
            size = path.stat().st_size
            print(f"{path.name}: {size:,} bytes\n{run!r}\n", flush=True)
            if size > MOST:
                print(f"{path} is larger than {MOST:,} bytes: keep fewer waits.", file=sys.stderr)
                return 1
    return 0


def record(lab: Lab, what: What) -> Run:
    server = lab.serve(what.rung, record="details")
    load = lab.start_load(server, clients=8, idle=what.idle, seconds=SECONDS, keep_alive=what.keep_alive)
    while load.is_running and (not load.samples or load.samples[-1].at < SECONDS * 0.8):
        time.sleep(0.02)
    interest, trace = both_lists(server)  # of one moment, while the clients are still there
    result = load.wait(progress=False)
    server.stop()
    return Run.of(what.rung, trace[-WAITS:], result, [*(interest or {}).values()])


if __name__ == "__main__":
    sys.exit(main())
