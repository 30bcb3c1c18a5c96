"""What does the recorder cost? The rate with it, divided by the rate without it.

    python -m benchmarks.recorder [RUNG ...] [--rounds N] [--details]

Two servers of each rung run side by side, one recorded and one not, and are put under the same load
in turn, several times; the ratio of each pair is taken, and then the median. On a machine that does
other things, too, look at the CPU time of the server for each request: it is what the rate hangs on.
It ends within a minute.
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


def main() -> int:
    parser = argparse.ArgumentParser(description="The recorder's cost, as a ratio.")
    parser.add_argument("rungs", nargs="*", metavar="RUNG", default=DEFAULT, choices=[*RUNGS, DEFAULT])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--details", action="store_true", help="with calls on sockets, too")
    options = parser.parse_args()
    rows = []
    with Lab() as lab:
        for rung in options.rungs:
            servers = [lab.serve(rung, record=record) for record in ("details" if options.details else True, False)]
            for keep_alive in (False, True) if keeps_alive(servers[0]) else (False,):
                rows.append(row(lab, servers, keep_alive, options.rounds))
            for server in servers:
                server.stop()
    print(
        table(("server", "rate with it ÷ without", "CPU without it ÷ with", "CPU per request with it", "without"), rows)
    )
    return 0


def row(lab: Lab, servers: list[Server], keep_alive: bool, rounds: int) -> list[str]:
    """`servers`: one that is recorded, and one that is not."""
    rates: list[list[float]] = [[], []]
    costs: list[list[float]] = [[], []]
    for server in servers:
        rate(lab, server, keep_alive, WARM_UP)
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            found, cost = rate(lab, servers[which], keep_alive, SECONDS)
            rates[which].append(found)
            costs[which].append(cost)
    rung = servers[0].name
    name = f"{rung}, keep-alive" if keep_alive else rung
    cpu = ratios(costs[1], costs[0])
    return [name, with_range(ratios(*rates)), with_range(cpu), *(f"{median(each):,.0f} µs" for each in costs)]


def rate(lab: Lab, server: Server, keep_alive: bool, seconds: float) -> tuple[float, float]:
    """Requests a second, and microseconds of the server's CPU for each of them."""
    result = lab.load(server, clients=CLIENTS, seconds=seconds, keep_alive=keep_alive, progress=False)
    return result.requests_per_second, result.cpu_us("server") or 0.0


if __name__ == "__main__":
    sys.exit(main())
