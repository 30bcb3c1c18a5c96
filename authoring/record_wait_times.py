"""Measure the waits that exercise 06 fits a model to.

    python authoring/record_wait_times.py

For a quiet machine: what is written is what a learner works with.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

from zerohttpd_lib.kernel.wait_price import measure_grid

TARGET = Path(__file__).resolve().parents[1] / "zerohttpd_lib" / "grading" / "recorded" / "wait_times.csv"
WATCHED, READY = (10, 30, 100, 300, 1000, 3000), (1, 10, 100)


def main() -> None:
    with open(TARGET, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["how", "watched", "ready", "seconds"])
        for how in ("poll", "epoll"):
            for time in measure_grid(how, WATCHED, READY, repeats=300):
                if not time.changed:
                    writer.writerow([how, time.watched, time.ready, f"{time.seconds:.3e}"])
    print(f"written to {os.path.relpath(TARGET)}")


if __name__ == "__main__":
    main()
