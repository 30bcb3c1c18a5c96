"""Times from the README's first command to a live ready list, as a learner meets them, in a fresh clone.

    .venv/bin/python authoring/first_minutes.py [PYTHON] [--empty-cache]

It clones this checkout into a folder that goes, runs `make lab` there, opens JupyterLab's address, starts a notebook's
kernel of that environment, and has it show a wait of a server. It prints when each line came, and ends with status 1
when all took longer than five minutes, or a wait of more than three seconds came after a line that does not say what
for. With --empty-cache pip fetches every package anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
LINES: Final[dict[str, Any]] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "bufsize": 1}
LIMIT, LONG_WAIT = 300.0, 3.0  # seconds
SAYS_WHAT_FOR: Final = re.compile(r"\.\.\.\s*$")  # a line that ends so is about what comes next
ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+/lab\S*\?token=\w+")
# In the clone's own environment. A cell's error is the end of it.
CELLS: Final = """
print("A notebook's kernel starts ...", flush=True)
from jupyter_client.manager import KernelManager

manager = KernelManager(transport_encryption="auto")  # as `zerohttpd lab` has it
manager.start_kernel(cwd="chapters")
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


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary, "zerohttpd-lab")
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        environment = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "VIRTUAL_ENV")}
        if "--empty-cache" in arguments:
            environment["PIP_CACHE_DIR"] = str(Path(temporary, "cache"))
        python = next((word for word in arguments if not word.startswith("-")), "")
        command = ["make", "--silent", "lab", f"PYTHON={python}", "ARGS=--no-browser --port 0"]
        clock = Clock()
        with subprocess.Popen(command, cwd=clone, env=environment, **LINES) as lab:
            try:
                clock.follow(lab, until=ADDRESS)
                cells = [clone / ".venv/bin/python", "-c", CELLS]
                with urllib.request.urlopen(clock.found) as page, subprocess.Popen(cells, cwd=clone, **LINES) as kernel:
                    print(f"{clock.seconds:6.1f} s  JupyterLab's page is there: status {page.status}")
                    clock.follow(kernel, until=re.compile("closed"))
            finally:
                lab.terminate()
    print(f"{clock.seconds:6.1f} s in all; long waits of which nothing was said: {'; '.join(clock.unsaid) or 'none'}")
    return 1 if clock.seconds > LIMIT or clock.unsaid else 0


class Clock:
    """Since the first command. `unsaid`: the long waits that no line announced."""

    def __init__(self) -> None:
        self._began = self._before = time.monotonic()
        self._last, self.unsaid, self.found = "", [], ""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def follow(self, process: subprocess.Popen[str], until: re.Pattern[str]) -> None:
        """Print each line with its time, until one has that in it, which is `found`. No other end is a good one."""
        assert process.stdout is not None
        for line in process.stdout:
            now = time.monotonic()
            if now - self._before > LONG_WAIT and not SAYS_WHAT_FOR.search(self._last):
                self.unsaid.append(f"{now - self._before:.1f} s after {self._last.strip()!r}")
            print(f"{self.seconds:6.1f} s  {line.rstrip()}", flush=True)
            self._before, self._last = now, line
            if match := until.search(line):
                self.found = match[0]
                return
        sys.exit(f"It has ended, and did not come to {until.pattern!r}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
