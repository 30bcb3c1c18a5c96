"""Load generators: ours, `ab` and `wrk`, each run once against a URL, in the same form.

The CPU time of `ab` and `wrk` is what the kernel adds to ours when their guard has ended (man 2
getrusage, RUSAGE_CHILDREN). The guard's own start is in it: some hundredths of a second.
"""

from __future__ import annotations

import re
import resource
import shutil
from typing import Final

from zerohttpd_lib.lab.load_run import LoadRun
from zerohttpd_lib.lab.processes import GuardedProcess, LabError, new_folder
from zerohttpd_lib.load.plan import Plan

from .measured import Measured
from .targets import Missing

PACKAGES: Final = {"ab": "apache2-utils", "wrk": "wrk"}
ENDLESS: Final = "2000000"  # requests; the seconds end it before


def ours(url: str, *, clients: int, seconds: float, keep_alive: bool, redis_pid: int | None = None) -> Measured:
    """Our load generator, one process of it."""
    plan = Plan(url + "/guestbook", clients, seconds=seconds, keep_alive=keep_alive)
    result = LoadRun(plan, redis_pid).wait(progress=False)
    requests = max(1, result.requests)
    return Measured(
        rate=result.requests_per_second,
        generator_us=result.shares["generator"].cores * result.seconds / requests * 1e6,
        server_us=result.shares["server"].cores * result.seconds / requests * 1e6,
        p99_ms=result.percentile(99) or 0.0,
        failed=result.failed,
        bottleneck=result.bottleneck,
    )


def ab(url: str, *, clients: int, seconds: int) -> Measured:
    """`ab`: a connection per request."""
    # -t sets a limit of 50,000 requests, too: -n after it takes that away.
    said, cpu = _run("ab", "-q", "-c", str(clients), "-t", str(seconds), "-n", ENDLESS, url + "/guestbook")
    requests = _number(r"Complete requests:\s+(\d+)", said)
    failed = _number(r"Failed requests:\s+(\d+)", said)
    return Measured(_number(r"Requests per second:\s+([\d.]+)", said), cpu / max(1, requests) * 1e6, failed=int(failed))


def wrk(url: str, *, clients: int, seconds: int) -> Measured:
    """`wrk`: keep-alive, in one thread."""
    said, cpu = _run("wrk", "-t", "1", "-c", str(clients), "-d", str(seconds), url + "/guestbook")
    requests = _number(r"(\d+) requests in", said)
    failed = _number(r"Non-2xx or 3xx responses: (\d+)", said, default=0)
    return Measured(_number(r"Requests/sec:\s+([\d.]+)", said), cpu / max(1, requests) * 1e6, failed=int(failed))


def check(name: str) -> None:
    """Raises Missing when there is no such tool."""
    if shutil.which(name) is None:
        raise Missing(f"{name} is not installed (sudo apt install {PACKAGES[name]})")


def _run(name: str, *arguments: str) -> tuple[str, float]:
    """Run a tool to its end. Returns what it printed, and the CPU time it took, in seconds."""
    before = _children()
    process = GuardedProcess([shutil.which(name) or name, *arguments], new_folder(name), grace=0.5)
    try:
        said = process.output.read()
    finally:
        process.stop()
    if not said:
        raise LabError(f"{name} measured nothing. It said: {process.errors()[-500:] or 'nothing'}")
    return said, _children() - before


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
