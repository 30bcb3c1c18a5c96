"""What do live views cost, and is what the browser draws quick? Never a test: machines differ.

    python -m benchmarks.panels [--rounds N]          about two minutes

Live views: one server is put under the same load with a view and without it, in turn, N times each; of each pair
the ratio of the rates, and that of the server's CPU time for each request, which a busy machine hardly moves. The view
draws in this process, as it would in the notebook's; the browser, which draws what it is sent, is not part of it.

Long runs, in Chromium: the inspector with 100,000 waits, the grid with 15,000 descriptors.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from zerohttpd_lib.lab import Lab, Server
from zerohttpd_lib.load.result import LoadResult
from zerohttpd_lib.trace import layout
from zerohttpd_lib.trace.reader import Trace
from zerohttpd_lib.trace.records import ENTRY, WAIT, Records
from zerohttpd_lib.views import inspector, load_panel, stepper_panel, watch
from zerohttpd_lib.views.one_wait import OneWait
from zerohttpd_lib.views.web import page_with

from .measured import Measured, cpu, median, rates, ratios, table, with_range

ROUNDS: Final = 5
SECONDS: Final = 2.0
CLIENTS: Final = 20
HEAD: Final = ("view", "rate, with ÷ without", "CPU for each request, with ÷ without", "CPU without it")
WAITS: Final = 100_000
READY: Final = 5  # entries of each ready list
CELLS: Final = 15_000
MOVES: Final = """() => {
  const { timeline } = document.getElementById("here").inspector, moves = [];
  timeline.show([0, timeline.last]);
  for (let n = 0; n < 50; n++) {
    const started = performance.now();
    timeline.pick(0, Math.floor((n * timeline.servers[0].recording.length) / 50));
    document.body.offsetHeight;
    moves.push(performance.now() - started);
  }
  return moves;
}"""
FRAMES: Final = """async () => {
  const { player } = document.getElementById("here"), before = player.frames, started = performance.now();
  player.go(0);
  player.start();
  await new Promise((done) => setTimeout(done, 3000));
  return (player.frames - before) / (performance.now() - started) * 1000;
}"""


# Live views. Each puts the server under load and shows it meanwhile.


def without(lab: Lab, server: Server) -> LoadResult:
    return lab.start_load(server, clients=CLIENTS, seconds=SECONDS).wait(progress=False)


def with_watch(lab: Lab, server: Server) -> LoadResult:
    return watch(server, lab.start_load(server, clients=CLIENTS, seconds=SECONDS))


def with_load_panel(lab: Lab, server: Server) -> LoadResult:
    panel = load_panel(lab, target=server, clients=CLIENTS, seconds=SECONDS)
    try:
        return panel.run()
    finally:
        panel.close()


def with_stepper(lab: Lab, server: Server) -> LoadResult:
    panel = stepper_panel(server, lab)
    try:
        return without(lab, server)
    finally:
        panel.close()


VIEWS: Final[dict[str, Callable[[Lab, Server], LoadResult]]] = {
    "watch": with_watch, "load panel": with_load_panel, "stepper, at full speed": with_stepper,
}  # fmt: skip


def live_views(rounds: int) -> str:
    shell = InteractiveShell.instance()
    shell.display_pub = CapturingDisplayPublisher()  # what is shown is made, and goes nowhere
    with Lab() as lab:
        server = lab.serve("epoll", record=True)
        without(lab, server)  # to warm up
        return table(HEAD, [row(lab, server, name, rounds) for name in VIEWS])


def row(lab: Lab, server: Server, name: str, rounds: int) -> list[str]:
    found: tuple[list[Measured], list[Measured]] = [], []
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            found[which].append(Measured.of((VIEWS[name] if which else without)(lab, server)))
            server.check_alive()
    plain, shown = found
    return [
        name, with_range(ratios(rates(shown), rates(plain))), with_range(ratios(cpu(shown), cpu(plain))),
        f"{median(cpu(plain)):,.0f} µs",
    ]  # fmt: skip


# In a browser.


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
    listed = np.zeros(997, ENTRY)
    listed["fd"], listed["events"], listed["role"] = np.arange(997) + 4, 1, 1
    names = {"names": ["listener", "client", "read_request"], "how": "epoll", "details": False}
    return Trace(Records(waits, entries, np.zeros(0, [("born", "<i8")]), 0, names, listed=listed))


def grid() -> OneWait:
    fds = list(range(4, CELLS + 4))
    side = {"how": "poll", "cells": fds, "ready": fds[:: CELLS // 8], "us": 900.0}
    return OneWait(sides=[{**side, "title": "poll", "sweeps": True}, {**side, "title": "epoll", "sweeps": False}])


@contextmanager
def page_of(browser: Any, widget: Any) -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.html")
        file.write_text(page_with(widget, "Measured"))
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.goto(file.as_uri())
        page.locator("#here canvas").first.wait_for()
        yield page
        page.close()


def in_a_browser() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or find_spec("playwright") is None:
        print("What a browser does was not measured: there is no Chromium here, or no playwright.")
        return
    from playwright.sync_api import sync_playwright

    trace = long_trace()
    started = time.perf_counter()
    look = inspector(trace)
    print(f"inspector: {WAITS:,} waits made ready in {time.perf_counter() - started:.2f} s")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with page_of(browser, look) as page:
            moves = page.evaluate(MOVES)
            print(f"  the whole run in view: moved in {statistics.median(moves):.0f} ms, at most {max(moves):.0f} ms")
        with page_of(browser, grid()) as page:
            print(f"grid: {CELLS:,} descriptors on each side, {page.evaluate(FRAMES):.0f} frames a second")
        browser.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="The cost of live views, and how quick the browser draws.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    print(live_views(options.rounds))
    in_a_browser()
    return 0


if __name__ == "__main__":
    sys.exit(main())
