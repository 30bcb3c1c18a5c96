"""A notebook with one cell for each panel, and JupyterLab on it: for the tests of the panels in a browser."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat

ARTEFACTS = Path(__file__).with_name("artefacts")
SOON = 30_000  # milliseconds

CELLS = {
    "load": """
        from zerohttpd_lib import Lab
        from zerohttpd_lib.views import (
            inspector, interest_panel, load_panel, one_wait, replay, stage, stepper_panel, twin_timelines, watch
        )
        lab = Lab()
        load = load_panel(lab, rung="poll", clients=8, idle=300, seconds=2.0)
        load
    """,
    "watch": """
        watched = lab.serve("epoll")
        watch(watched, lab.start_load(watched, clients=8, seconds=2))
    """,
    "inspector": """
        traces = {}
        for rung in ("poll", "epoll"):
            server = lab.serve(rung, record="details")
            idle = lab.hold_idle(server, 300)
            result = lab.load(server, clients=8, seconds=1, progress=False)
            traces[rung] = server.to_run(result)
            idle.stop()
        look = inspector(traces["epoll"])
        look
    """,
    "picked": """
        print("picked:", look.wait.number)
    """,
    "fifty": """
        look.select(50)
    """,
    "two": """
        two = inspector(traces["poll"], traces["epoll"])
        two
    """,
    "glance": """
        one_wait(traces["poll"], traces["epoll"])
    """,
    "stage": """
        stage(traces["epoll"], start=len(traces["epoll"].trace) // 2)
    """,
    "stepper": """
        held = lab.serve("epoll", record="details")
        steps = stepper_panel(held)
        steps
    """,
    "interest": """
        lists = interest_panel(held)
        lists
    """,
    "twins": """
        for rung in ("keepalive", "edge"):
            server = lab.serve(rung, record="details")
            result = lab.load(server, clients=4, seconds=1, keep_alive=True, progress=False)
            traces[rung] = server.to_run(result)
        twins = twin_timelines(traces["keepalive"], traces["edge"])
        all_twins = [*globals().get("all_twins", []), twins]
        twins
    """,
    "count": """
        print("twins that are open:", sum(each.comm is not None for each in all_twins))
    """,
    "replay": """
        traces["epoll"].save("epoll.npz")
        again = replay("epoll.npz")
        again
    """,
    "end": """
        import threading
        for panel in (load, look, two, steps, lists, twins, again):
            panel.close()
        lab.close()
        print("threads of panels:", [t.name for t in threading.enumerate() if "panel" in t.name])
    """,
}


EXPLORABLES = {
    "silence": """
        from zerohttpd_lib.kernel.wait_price import fit, measure_grid
        from zerohttpd_lib.lab.saved_run import load_run, shipped_run
        from zerohttpd_lib.servers import RUNGS
        from zerohttpd_lib.views import explore_density, explore_idle, explore_port, explore_request, explore_silence
        measured = {"iterative": {1: False}, "preforked": {9: True, 10: False}, "poll": {15: True}}
        explore_silence({rung: measured.get(rung, {}) for rung in list(RUNGS)[:7]}, pool=10)
    """,
    "request": """
        explore_request(load_run(shipped_run("poll-1000-idle")), start=700)
    """,
    "idle": """
        explore_idle(measure_grid("poll", (10, 100, 300), (1,), repeats=20))
    """,
    "port": """
        explore_port(*(load_run(shipped_run(f"{name}-1000-idle")) for name in ("poll", "epoll")))
    """,
    "density": """
        times = {how: measure_grid(how, (30, 300), (1, 10), repeats=20) for how in ("poll", "epoll")}
        explore_density(times["poll"] + times["epoll"], [fit(times[how]) for how in times])
    """,
}


def write_notebook(path: Path, sources: dict[str, str] = CELLS) -> None:
    cells = [nbformat.v4.new_code_cell(re.sub(r"(?m)^ {8}", "", source).strip()) for source in sources.values()]
    path.parent.mkdir(parents=True, exist_ok=True)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


@contextmanager
def jupyterlab_on(course: Path, theme: str = "JupyterLab Light") -> Iterator[str]:
    """The address of `zerohttpd lab` in the folder `course`."""
    settings = {
        # JupyterLab takes cells that are out of view out of the page. The tests want to see them all.
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/themes": {"theme": theme},
    }
    for name, values in settings.items():
        file = course / f".lab/settings/@jupyterlab/{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))
    command = [sys.executable, "-m", "zerohttpd_lib", "lab", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, cwd=course, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            yield next(found[0] for line in process.stderr if (found := re.search(r"http://127\S+", line)))
        finally:
            process.send_signal(signal.SIGTERM)
            process.stderr.read()


class Book:
    """The open notebook: cells by name, run one by one."""

    def __init__(self, page: Any, sources: dict[str, str] = CELLS) -> None:
        self.page = page
        self.names = list(sources)

    def cell(self, name: str) -> Any:
        return self.page.locator(".jp-CodeCell").nth(self.names.index(name))

    def run(self, name: str) -> Any:
        """Run a cell; return its output area once it is done."""
        cell = self.cell(name)
        prompt = cell.locator(".jp-InputPrompt").first
        before = prompt.inner_text()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        number = re.compile(r"\[\d+\]")
        self.page.wait_for_function(
            "([element, before]) => /\\[\\d+\\]/.test(element.innerText) && element.innerText !== before",
            arg=[prompt.element_handle(), before], timeout=2 * SOON,
        )  # fmt: skip
        assert number.search(prompt.inner_text())
        errors = cell.locator("[data-mime-type='application/vnd.jupyter.error']")
        assert errors.all_inner_texts() == []
        return cell.locator(".jp-Cell-outputArea")

    def keep(self, name: str, output: Any) -> None:
        """A screenshot of the panel, as an artefact."""
        ARTEFACTS.mkdir(exist_ok=True)
        shown = output.locator(".zh").first
        shown.scroll_into_view_if_needed()
        shown.screenshot(path=ARTEFACTS / f"panel-{name}.png")
