"""A notebook with one cell for each panel, and JupyterLab on it: for the tests of the panels in a browser."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat

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


def write_notebook(path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(re.sub(r"(?m)^ {8}", "", source).strip()) for source in CELLS.values()]
    path.parent.mkdir(parents=True, exist_ok=True)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


@contextmanager
def jupyterlab_on(course: Path) -> Iterator[str]:
    """The address of `zerohttpd lab` in the folder `course`."""
    # JupyterLab takes cells that are out of view out of the page. The tests want to see them all.
    settings = course / ".lab/settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}')
    command = [sys.executable, "-m", "zerohttpd_lib", "lab", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, cwd=course, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            yield next(found[0] for line in process.stderr if (found := re.search(r"http://127\S+", line)))
        finally:
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
