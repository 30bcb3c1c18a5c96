"""Record the runs that ship with the package: python authoring/record_runs.py

Each is a real load test on this machine, cut to its newest waits, and saved with its result in
zerohttpd_lib/lab/runs. Nothing in them tells on the machine but its kernel and number of cores.
The last ones have no load: three clients, of whom the first sends half of a request, and the rest of it later.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from functools import partial
from typing import Final, NamedTuple

from zerohttpd_lib import Lab
from zerohttpd_lib.lab.saved_run import SHIPPED, Run
from zerohttpd_lib.lab.server_processes import frozen
from zerohttpd_lib.views.interest_panel import both_lists

WAITS: Final = 1500  # kept of each
MOST: Final = 300_000  # bytes of a file
SECONDS: Final = 2.0
REST: Final = 0.03  # seconds


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
HALVES: Final = {"half-a-request-epoll": "epoll", "half-a-request-nonblocking": "nonblocking"}
LATER: Final = 0.3  # seconds, after which the rest of the request comes
NAMES: Final = ("Ada", "Bob", "Cleo")


def main() -> int:
    SHIPPED.mkdir(exist_ok=True)
    with Lab() as lab:
        runs = {name: partial(record, lab, what) for name, what in RUNS.items()}
        runs |= {name: partial(record_half, lab, rung) for name, rung in HALVES.items()}
        for name in sys.argv[1:] or runs:
            run = runs[name]()
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
    with ExitStack() as stack:  # nobody asks for a moment: the server comes to rest, and both lists are of one time
        for pid in load.generator_pids:
            stack.enter_context(frozen(pid))
        time.sleep(REST)
        interest, trace = both_lists(server)
    result = load.wait(progress=False)
    server.stop()
    return Run.of(what.rung, trace[-WAITS:], result, [*(interest or {}).values()])


def record_half(lab: Lab, rung: str) -> Run:
    server = lab.serve(rung, record="details")
    first, *others = visitors = [server.add_client() for _ in NAMES]
    first.send_half()
    time.sleep(LATER / 10)
    for each in others:
        each.send_request()
    time.sleep(LATER)
    first.send_rest()
    while not all(each.answer for each in visitors):
        time.sleep(0.01)
    time.sleep(LATER / 10)
    server.stop()
    run = Run.of(rung, server.trace, None)
    run.about["visitors"] = {each.address: name for each, name in zip(visitors, NAMES, strict=True)}
    return run


if __name__ == "__main__":
    sys.exit(main())
