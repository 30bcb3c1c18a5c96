"""Load generators: ours, `ab` and `wrk`, each run once against a URL, in the same form.

The CPU time of `ab` and `wrk` is what the kernel adds to ours when their guard has ended (man 2
getrusage, RUSAGE_CHILDREN). The guard's own start is in it: some hundredths of a second. The server's
CPU time is told by /proc, for all of them alike.
"""

from __future__ import annotations

import re
import resource
import shutil
import time
from pathlib import Path
from typing import Final

from zerohttpd_lib.lab.errors import LabError
from zerohttpd_lib.lab.load_run import LoadRun
from zerohttpd_lib.lab.processes import GuardedProcess, new_folder
from zerohttpd_lib.load.cpu import Meter
from zerohttpd_lib.load.network import listeners
from zerohttpd_lib.load.plan import Plan

from .measured import Measured
from .targets import Missing

PACKAGES: Final = {"ab": "apache2-utils", "wrk": "wrk"}
ENDLESS: Final = "2000000"  # requests; the seconds end it before
CAP: Final = 4.0  # seconds to settle, and as many to be measured, at most
VARIED: Final = Path(__file__).with_name("varied.lua")


def ours(
    url: str,
    *,
    clients: int,
    seconds: float,
    keep_alive: bool,
    varied: bool = True,
    idle: int = 0,
    cap: float = CAP,
    redis_pid: int | None = None,
) -> Measured:
    """Our load generator. Raises LabError."""
    plan = Plan(
        url + "/guestbook", clients, idle, seconds=seconds, cap=cap, keep_alive=keep_alive, varied=varied
    )  # fmt: skip
    return Measured.of(LoadRun(plan, redis_pid).wait(progress=False))


def ab(url: str, *, clients: int, seconds: int) -> Measured:
    """`ab`: a connection per request, all requests the same."""
    # -t sets a limit of 50,000 requests, too: -n after it takes that away.
    arguments = ["-q", "-c", str(clients), "-t", str(seconds), "-n", ENDLESS, url + "/guestbook"]
    run = _Run("ab", arguments, new_folder("ab"), url)
    requests = _number(r"Complete requests:\s+(\d+)", run.said)
    failed = _number(r"Failed requests:\s+(\d+)", run.said)
    return run.measured(_number(r"Requests per second:\s+([\d.]+)", run.said), requests, failed)


def wrk(url: str, *, clients: int, seconds: int, varied: bool = True) -> Measured:
    """`wrk`: keep-alive, in one thread."""
    folder, script, file = new_folder("wrk"), [], []
    if varied:
        templates = folder / "templates"
        templates.write_bytes(b"".join(Plan(url + "/guestbook", keep_alive=True).templates))
        script, file = ["-s", str(VARIED)], ["--", str(templates)]
    target = [url + "/guestbook", *file]
    run = _Run("wrk", ["-t", "1", "-c", str(clients), "-d", str(seconds), *script, *target], folder, url)
    requests = _number(r"(\d+) requests in", run.said)
    failed = _number(r"Non-2xx or 3xx responses: (\d+)", run.said, default=0)
    return run.measured(_number(r"Requests/sec:\s+([\d.]+)", run.said), requests, failed)


def check(name: str) -> None:
    """Raises Missing when there is no such tool."""
    if shutil.which(name) is None:
        raise Missing(f"{name} is not installed (sudo apt install {PACKAGES[name]})")


class _Run:
    """A tool, run to its end: what it `said`, and the CPU time that it and the server took, in seconds."""

    def __init__(self, name: str, arguments: list[str], folder: Path, url: str) -> None:
        meter, before, self.started = Meter(listeners(Plan(url).address[1])), _children(), time.perf_counter()
        process = GuardedProcess([shutil.which(name) or name, *arguments], folder, grace=0.5)
        try:
            self.said = process.output.read()
            self.seconds = time.perf_counter() - self.started
            self.server = meter.share().cores * self.seconds
            process.ends_within(1)  # by itself: its guard has then waited for it, and has its CPU time
        finally:
            process.stop()
        self.generator = _children() - before
        if not self.said:
            raise LabError(f"{name} measured nothing. It said: {process.errors()[-500:] or 'nothing'}")

    def measured(self, rate: float, requests: float, failed: float) -> Measured:
        each = 1e6 / max(1, requests)
        return Measured(rate, self.generator * each, self.server * each, failed=int(failed), seconds=self.seconds)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _number(pattern: str, text: str, default: float | None = None) -> float:
    match = re.search(pattern, text)
    if match is None:
        if default is None:
            raise LabError(f"There is no {pattern!r} in what the tool printed:\n{text[-500:]}")
        return default
    return float(match[1])
