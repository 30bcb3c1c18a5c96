"""The article's table: requests a second, by number of concurrent clients and server.

From "Linux Applications Performance, Part VII: epoll Servers" by Shuveb Hussain. The servers
were written in C; poll and epoll ran as ten processes, the pre-threaded one as two processes
of 10,000 threads each. The machine is not described in that part.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

WIDE: Final = "wide variations"  # what the article writes where a number would mean little
RUNGS: Final = ("iterative", "forking", "preforked", "threaded", "prethreaded", "poll", "epoll")
LEVELS: Final = (
    20, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000,
    1500, 2000, 2500, 3000, 5000, 8000, 10_000, 11_000, 12_000, 13_000, 14_000, 15_000,
)  # fmt: skip

Rates = dict[int, float | str]  # by number of clients: requests a second, or WIDE


def published_table() -> dict[str, Rates]:
    """The table, a column for each rung. A level that a server did not reach is not in its column."""
    table: dict[str, Rates] = {rung: {} for rung in RUNGS}
    with open(Path(__file__).with_suffix(".csv"), newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for rung in RUNGS:
                if text := row[rung]:
                    table[rung][int(row["concurrency"])] = WIDE if text == WIDE else float(text)
    return table
