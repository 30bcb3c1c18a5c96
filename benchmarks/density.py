"""How many of the watched are ready? Poll and epoll, with clients that ask without pause and with users who think.

python -m benchmarks.density [--clients 100,1000,5000,15000] [--think 2] [--workers 10]

The waits of one process of the pool are recorded; its rate suffers a little from that, its density hardly.
"""

from __future__ import annotations

import argparse
import sys

from zerohttpd_lib import Lab

from .measured import table

HEAD = (
    "clients",
    "who",
    "server",
    "watched, of one process",
    "ready, in a wait",
    "density",
    "waits a page",
    "requests/s",
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Ready and watched, as recorded.")
    parser.add_argument("--clients", default="100,1000,5000,15000", help="numbers of them, with commas")
    parser.add_argument("--think", type=float, default=2.0, help="seconds of silence of users who think")
    parser.add_argument("--workers", type=int, default=10, help="processes")
    options = parser.parse_args()
    levels = [int(number) for number in options.clients.split(",")]
    with Lab() as lab:
        rows = [
            row(lab, rung, clients, think, options.workers)
            for clients in levels
            for think in (None, options.think)
            for rung in ("poll", "epoll")
        ]
    print(table(HEAD, rows))
    return 0


def row(lab: Lab, rung: str, clients: int, think: float | None, workers: int) -> list[str]:
    server = lab.serve(rung, workers=workers)
    run = lab.start_load(server, clients=clients, think=think, seconds=2, cap=25)
    result = run.wait(progress=False)
    measured = sum(sample.seconds for sample in result.samples if sample.measured)
    trace = server.trace
    server.stop()
    trace = trace[int(len(trace) * (1 - measured / result.samples[-1].at)) :]  # about what was measured
    watched, ready, pages = trace.watched.sum(), trace.ready.sum(), trace.total("forget") / 2
    return [
        f"{clients:,}",
        "ask without pause" if think is None else f"think for {think:g} s",
        rung,
        f"{watched / len(trace):,.0f}",
        f"{ready / len(trace):,.1f}",
        f"{ready / watched:.4f}",
        f"{len(trace) / pages:.2f}" if pages else "—",
        f"{result.requests_per_second:,.0f}" + (f" ({result.problem})" if result.problem else ""),
    ]


if __name__ == "__main__":
    sys.exit(main())
