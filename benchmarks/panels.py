"""What do the panels cost, and are they quick? Never a test: machines differ.

    python -m benchmarks.panels          under a minute

The load panel: the rate of a load test with the panel drawing, divided by that of the same load test
without it; the two take turns, and each server is new. The panel's drawings a second meanwhile. The
inspector: seconds to open a trace of 100,000 waits, and milliseconds to move to another wait, in Chromium.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from zerohttpd_lib.lab import Lab
from zerohttpd_lib.trace import layout
from zerohttpd_lib.trace.reader import Trace
from zerohttpd_lib.trace.records import ENTRY, WAIT, Records
from zerohttpd_lib.views import inspector, load_panel
from zerohttpd_lib.views.inspector import Inspector
from zerohttpd_lib.views.load_panel import LoadPanel
from zerohttpd_lib.views.web import page_with

ROUNDS = 6
SECONDS = 3.0
WAITS = 100_000
READY = 5  # entries of each ready list
MOVES = """() => {
  const { timeline } = document.getElementById("here").inspector, moves = [];
  for (let n = 0; n < 50; n++) {
    const started = performance.now();
    timeline.pick(0, Math.floor((n * timeline.servers[0].recording.length) / 50));
    moves.push(performance.now() - started);
  }
  return moves;
}"""


def rate_without(lab: Lab) -> float:
    server = lab.serve("epoll", record=False)
    try:
        return lab.load(server, clients=20, seconds=SECONDS, progress=False).requests_per_second
    finally:
        server.stop()


def rate_with(panel: LoadPanel) -> tuple[float, float]:
    """The rate, and how often the panel was drawn in a second."""
    panel.clear.click()
    before = panel.updates
    panel._measure(*panel._settings({}))
    result = panel.runs[-1].result
    assert result is not None
    return result.requests_per_second, (panel.updates - before) / result.seconds


def long_trace() -> Trace:
    """As many waits as a long run has, with descriptors that come and go: sizes matter here, not values."""
    at = np.arange(WAITS) * 1e-3
    waits = np.zeros(WAITS, WAIT)
    waits["called"], waits["returned"], waits["done"] = at, at + 2e-4, at + 9e-4
    waits["watched"], waits["ready"] = 1000, READY
    waits["entries"], waits["first"] = READY + 2, np.arange(WAITS) * (READY + 2)
    entries = np.zeros(WAITS * (READY + 2), ENTRY)
    entries["fd"] = np.arange(len(entries)) // 7 % 997 + 4
    entries["events"], entries["role"] = 1, 1
    entries["kind"][READY :: READY + 2] = layout.FORGET
    entries["kind"][READY + 1 :: READY + 2] = layout.WATCH
    names = {"names": ["listener", "client", "read_request"], "how": "epoll", "details": False}
    return Trace(Records(waits, entries, np.zeros(0, [("born", "<i8")]), 0, names))


def main() -> None:
    pairs, updates = [], []
    with Lab() as lab:
        panel = load_panel(lab, rung="epoll", clients=20, seconds=SECONDS)
        for number in range(ROUNDS):
            if number % 2:
                rate, often = rate_with(panel)
                without = rate_without(lab)
            else:
                without = rate_without(lab)
                rate, often = rate_with(panel)
            pairs.append((rate, without))
            updates.append(often)
        panel.close()
    ratios = [rate / without for rate, without in pairs]
    print("load panel on / off, by round:", ", ".join(f"{ratio:.3f}" for ratio in ratios))
    print(f"  median {statistics.median(ratios):.3f}; rates {statistics.median(r for r, _ in pairs):,.0f}/s on, "
          f"{statistics.median(w for _, w in pairs):,.0f}/s off")  # fmt: skip
    print(f"  drawings a second while saturated: {min(updates):.1f} at least")
    trace = long_trace()
    started = time.perf_counter()
    look = inspector(trace)
    print(f"inspector: {WAITS:,} waits, {len(trace.records.entries):,} entries opened in "
          f"{time.perf_counter() - started:.2f} s")  # fmt: skip
    print(f"  {moved_in(look)}")


def moved_in(look: Inspector) -> str:
    """How long a browser takes to pick another wait and to write what it was about."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or find_spec("playwright") is None:
        return "to move was not measured: there is no Chromium here, or no playwright"
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        file = Path(folder, "page.html")
        file.write_text(page_with(look, "100,000 waits"))
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(file.as_uri())
        moves = page.evaluate(MOVES)
        browser.close()
    return f"moved in {statistics.median(moves):.0f} ms, at most {max(moves):.0f} ms"


if __name__ == "__main__":
    main()
