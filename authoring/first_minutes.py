"""Times from the README's first command to a live ready list, as a learner meets them.

    .venv/bin/python authoring/first_minutes.py [PYTHON] [--wheel] [--empty-cache]

In a fresh clone of this checkout it runs `make lab`; with --wheel it builds the package, and then installs it, lays the
course out and opens it, outside of any checkout. Either way it opens JupyterLab's address, starts a notebook's kernel
of that environment, and has it show a wait of a server. It prints when each line came, and ends with status 1 when all
took longer than five minutes, or a wait of more than three seconds came after a line of ours that does not say what
for: how venv and pip speak is theirs to say. With --empty-cache pip fetches every package anew.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
LINES: Final[dict[str, Any]] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "bufsize": 1}
LIMIT, LONG_WAIT = 300.0, 3.0  # seconds
START_TIME, LOOK_AGAIN = 30.0, 0.1  # seconds, for a JupyterLab that has said where it is
SAYS_WHAT_FOR: Final = re.compile(r"\.\.\.\s*$")  # a line that ends so is about what comes next
ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+/lab\S*\?token=\w+")
LAST: Final = re.compile("closed")
# In the environment that was made. A cell's error is the end of it.
CELLS: Final = """
import sys
print("A notebook's kernel starts ...", flush=True)
from jupyter_client.manager import KernelManager

manager = KernelManager(transport_encryption="auto")  # as `zerohttpd lab` has it
manager.start_kernel(cwd=sys.argv[1])
client = manager.client()
client.start_channels()
client.wait_for_ready(60)
for cell in (
    "from zerohttpd_lib import Lab; lab = Lab(); print(lab)",
    "server = lab.serve('epoll'); print(server.get('/guestbook').status)",
    "while not (waits := [wait for wait in server.trace if wait.ready]): pass\\nprint(waits[-1])",
    "lab.close(); print('closed')",
):
    reply = client.execute_interactive(cell, timeout=60)
    assert reply["content"]["status"] == "ok", reply["content"]
    print(end="", flush=True)
manager.shutdown_kernel()
"""


class Way(NamedTuple):
    """How a learner comes to the course: in `folder`, by commands that end, and one that opens it."""

    folder: Path
    before: list[list[str]]
    lab: list[str]
    python: str
    chapters: str


def from_a_clone(temporary: Path, python: str) -> Way:
    clone = temporary / "zerohttpd-lab"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    lab = ["make", "--silent", "lab", f"PYTHON={python}", "ARGS=--no-browser --port 0"]
    return Way(clone, [], lab, str(clone / ".venv/bin/python"), "my-chapters")


def from_a_wheel(temporary: Path, python: str) -> Way:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where uv is
    build = [sys.executable, "-m", "build", "--wheel", "--installer", "uv", "--outdir", temporary, ROOT]
    subprocess.run(build, env=os.environ | {"PATH": path}, stdout=subprocess.DEVNULL, check=True)
    (wheel,) = temporary.glob("*.whl")
    programs = temporary / "lab-environment" / "bin"
    zerohttpd = str(programs / "zerohttpd")
    before = [
        [python or "python3", "-m", "venv", str(programs.parent)],
        [str(programs / "pip"), "install", str(wheel)],
        [zerohttpd, "init", "my-lab"],
    ]
    lab = [zerohttpd, "lab", "my-lab", "--no-browser", "--port", "0"]
    return Way(temporary, before, lab, str(programs / "python"), "my-lab/chapters")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python", nargs="?", default="", metavar="PYTHON", help="which one (default: python3)")
    parser.add_argument("--wheel", action="store_true", help="not from a clone, but from the package")
    parser.add_argument("--empty-cache", action="store_true", help="pip fetches every package anew")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        environment = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "VIRTUAL_ENV")}
        if options.empty_cache:
            environment["PIP_CACHE_DIR"] = str(Path(temporary, "cache"))
        way = (from_a_wheel if options.wheel else from_a_clone)(Path(temporary), options.python)
        clock = Clock()
        seconds = go(way, environment, clock)
    print(f"{seconds:6.1f} s in all; long waits of which nothing was said: {'; '.join(clock.unsaid) or 'none'}")
    return 1 if seconds > LIMIT or clock.unsaid else 0


def go(way: Way, environment: dict[str, str], clock: Clock) -> float:
    """Returns the seconds until a notebook has shown a wait."""
    for command in way.before:
        ours = command[0].endswith("zerohttpd")
        clock.hear(f"$ {shlex.join(command)}", ours)
        with subprocess.Popen(command, cwd=way.folder, env=environment, **LINES) as process:
            clock.follow(process, ours=ours)
    clock.hear(f"$ {shlex.join(way.lab)}")
    with subprocess.Popen(way.lab, cwd=way.folder, env=environment, **LINES) as lab:
        try:
            address = clock.follow(lab, until=ADDRESS)
            clock.hear(f"JupyterLab's page is there: status {status_of(address)}. A notebook is opened ...")
            cells = [way.python, "-c", CELLS, way.chapters]
            with subprocess.Popen(cells, cwd=way.folder, env=environment, **LINES) as kernel:
                clock.follow(kernel, until=LAST)
                return clock.seconds
        finally:
            lab.terminate()


def status_of(address: str) -> int:
    """Of the page there. JupyterLab says where it is, and on a busy machine listens there some moments later."""
    deadline = time.monotonic() + START_TIME
    while True:
        try:
            with urllib.request.urlopen(address) as page:
                return int(page.status)
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_AGAIN)


class Clock:
    """Since the first command. `unsaid`: the long waits that no line announced."""

    def __init__(self) -> None:
        self._began = self._before = time.monotonic()
        self._last, self._is_ours = "", True
        self.unsaid: list[str] = []

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def hear(self, line: str, ours: bool = True) -> None:
        """Print a line with its time; note whether it came late after one of ours."""
        now = time.monotonic()
        if now - self._before > LONG_WAIT and self._is_ours and not SAYS_WHAT_FOR.search(self._last):
            self.unsaid.append(f"{now - self._before:.1f} s after {self._last.strip()!r}")
        print(f"{self.seconds:6.1f} s  {line.rstrip()}", flush=True)
        self._before, self._last, self._is_ours = now, line, ours

    def follow(self, process: subprocess.Popen[str], until: re.Pattern[str] | None = None, ours: bool = True) -> str:
        """Hear each line, until one has that in it, which is returned; without it, to the end. There is no other
        good end."""
        assert process.stdout is not None
        for line in process.stdout:
            self.hear(line, ours)
            if until is not None and (match := until.search(line)):
                return match[0]
        if until is not None or process.wait():
            sys.exit("It has ended, and not well.")
        return ""


if __name__ == "__main__":
    sys.exit(main())
