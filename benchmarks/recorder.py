"""What does the recorder cost, while it writes and while `lab.load` has put it aside?

    python -m benchmarks.recorder [RUNG ...] [--rounds N] [--details]

Two servers of each rung run side by side, one with a recorder and one without, and are put under the same
load in turn, several times: the first one recorded, and then with its recorder put aside. The ratio of each
round is taken, and then the median. On a machine that does other things, too, look at the CPU time of the
server for each request: it is what the rate hangs on. It ends within two minutes.
"""

from __future__ import annotations

import argparse
import sys
from typing import Final

from zerohttpd_lib import Lab
from zerohttpd_lib.lab import Server
from zerohttpd_lib.servers import RUNGS

from .measured import median, ratios, table, with_range
from .targets import keeps_alive

DEFAULT: Final = ("poll", "epoll", "nonblocking", "edge")
SECONDS: Final = 0.6  # of each measurement
WARM_UP: Final = 0.2
CLIENTS: Final = 20
HEAD: Final = (
    "server", "CPU without it ÷ recorded", "rate, recorded ÷ without", "CPU without it ÷ put aside",
    "rate, put aside ÷ without", "CPU for each request, without",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="The recorder's cost, as a ratio.")
    parser.add_argument("rungs", nargs="*", metavar="RUNG", default=DEFAULT, choices=[*RUNGS, DEFAULT])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--details", action="store_true", help="with calls on sockets, too")
    options = parser.parse_args()
    rows = []
    with Lab() as lab:
        for rung in options.rungs:
            with_it, without = (
                lab.serve(rung, record=record) for record in ("details" if options.details else True, False)
            )
            for keep_alive in (False, True) if keeps_alive(without) else (False,):
                rows.append(row(lab, with_it, without, keep_alive, options.rounds))
            with_it.stop()
            without.stop()
    print(table(HEAD, rows))
    return 0


def row(lab: Lab, with_it: Server, without: Server, keep_alive: bool, rounds: int) -> list[str]:
    ways = ((with_it, True), (with_it, False), (without, False))  # a server, and whether it is recorded meanwhile
    rates: list[list[float]] = [[] for _ in ways]
    costs: list[list[float]] = [[] for _ in ways]
    for server in (with_it, without):
        measure(lab, server, keep_alive, True, WARM_UP)
    for number in range(rounds):
        for which in range(len(ways)) if number % 2 else reversed(range(len(ways))):
            found, cost = measure(lab, ways[which][0], keep_alive, ways[which][1], SECONDS)
            rates[which].append(found)
            costs[which].append(cost)
    name = f"{with_it.name}, keep-alive" if keep_alive else with_it.name
    recorded, aside = (ratios(costs[2], costs[which]) for which in (0, 1))
    return [
        name, with_range(recorded), with_range(ratios(rates[0], rates[2])),
        with_range(aside), with_range(ratios(rates[1], rates[2])),
        f"{median(costs[2]):,.0f} µs",
    ]  # fmt: skip


def measure(lab: Lab, server: Server, keep_alive: bool, record: bool, seconds: float) -> tuple[float, float]:
    """Requests a second, and microseconds of the server's CPU for each of them."""
    result = lab.load(
        server, clients=CLIENTS, seconds=seconds, keep_alive=keep_alive, record=record, progress=False
    )  # fmt: skip
    return result.requests_per_second, result.cpu_us("server") or 0.0


if __name__ == "__main__":
    sys.exit(main())
