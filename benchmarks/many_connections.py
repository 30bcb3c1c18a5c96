"""How many connections can it hold, and what does each cost? Silent ones, on several workers.

python -m benchmarks.many_connections [--connections 40000] [--workers 4]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from zerohttpd_lib import Lab
from zerohttpd_lib.lab import Server


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold many silent connections; measure the server's memory.")
    parser.add_argument("--connections", type=int, default=40_000)
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args()
    with Lab() as lab:
        server = lab.serve("multiprocess", workers=options.workers, record=False)
        lab.load(server, requests=200 * options.workers, progress=False)  # so that nothing is done for the first time
        before = resident(server)
        idle = lab.hold_idle(server, options.connections)
        each = (resident(server) - before) / idle.open_now
        answered = lab.load(server, clients=50, requests=5000, progress=False)
        print(f"{idle.open_now:,} connections open on {options.workers} workers")
        print(f"{each:,.0f} bytes of the server's memory for each")
        print(f"beside them: {answered.requests:,} requests answered, {answered.failed:,} failed")
        print(Path("/proc/net/sockstat").read_text().splitlines()[1])
    return 0


def resident(server: Server) -> int:
    """Bytes of memory that the server's processes hold for themselves (Pss, man 5 proc)."""
    with server.frozen() as pids:
        rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    return sum(int(line.split()[1]) * 1024 for text in rollups for line in text.splitlines() if line.startswith("Pss:"))


if __name__ == "__main__":
    sys.exit(main())
