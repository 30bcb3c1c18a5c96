"""What must work here, does it, and what mends it."""

from __future__ import annotations

import os
import platform
import resource
import select
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

from .lab.errors import LabError
from .lab.redis_program import find_redis_server, how_to_get_one, where_it_is_from
from .lab.redis_server import Redis


@dataclass(frozen=True)
class Finding:
    """One line of the examination. `mend` is a sentence with a command; empty when all is well."""

    name: str
    is_fine: bool
    found: str
    mend: str = ""
    is_optional: bool = False

    def __str__(self) -> str:
        mark = "ok" if self.is_fine else "optional" if self.is_optional else "WRONG"
        mend = f"  ->  {self.mend}" if self.mend and not self.is_fine else ""
        return f"{mark:<9}{self.name:<17}{self.found}{mend}"


def examine() -> list[Finding]:
    """Look at everything, most basic first."""
    checks: tuple[Callable[[], Finding], ...] = (
        _python, _kernel, _epoll, _descriptors, _redis, _jupyterlab, _box, _ab, _browser,
    )  # fmt: skip
    return [check() for check in checks]


def what_the_lab_lacks() -> list[str]:
    """What to know before JupyterLab is opened, as sentences. Raises LabError for that without which nothing works."""
    kernel, descriptors = _kernel(), _descriptors()
    if not kernel.is_fine:
        raise LabError(kernel.mend)
    return [] if descriptors.is_fine else [f"Here are {descriptors.found}. {descriptors.mend}"]


def _python() -> Finding:
    mend = "Use Python 3.10 or newer: make lab PYTHON=python3.12, for instance."
    return Finding("Python", sys.version_info >= (3, 10), platform.python_version(), mend)


def _kernel() -> Finding:
    system = f"{platform.system()} {platform.release()}"
    fine = platform.system() == "Linux" and os.path.exists("/proc/self/fdinfo")
    mend = "epoll is a part of Linux: use Linux, WSL 2, or a Linux container."
    if platform.system() == "Linux":
        mend = "There is no /proc, by which we look at processes: sudo mount -t proc proc /proc"
    return Finding("kernel", fine, system, mend)


def _epoll() -> Finding:
    try:
        with select.epoll() as epoll:
            read_end, write_end = os.pipe()
            epoll.register(read_end, select.EPOLLIN)
            os.write(write_end, b"x")
            ready = epoll.poll(1)
            os.close(read_end)
            os.close(write_end)
        return Finding("epoll", ready == [(read_end, select.EPOLLIN)], "a pipe with a byte in it is ready")
    except (AttributeError, OSError) as error:
        return Finding("epoll", False, str(error), "epoll is a part of Linux: use Linux, WSL 2, or a Linux container.")


def _box() -> Finding:
    from .grading.box import HOW_TO_GET_ONE, best

    found = best()
    return Finding("box for answers", found.holds, found.covers, HOW_TO_GET_ONE, is_optional=True)


def _descriptors() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = f"{soft:,} open descriptors for each process, which it may raise to {hard:,}"
    mend = "The chapters need 4,096: put '* hard nofile 20000' into /etc/security/limits.conf and log in again."
    return Finding("descriptor limit", hard >= 4096, found, mend)


def _redis() -> Finding:
    mend = how_to_get_one()
    if os.environ.get("REDIS_URL"):
        mend = (
            "Start the Redis that REDIS_URL names, or unset REDIS_URL. If make lab had started it, run make lab again."
        )
    try:
        if url := os.environ.get("REDIS_URL"):
            with Redis(url) as redis:
                return Finding("Redis", True, f"yours answers at {redis.url}")
        program = find_redis_server()
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
        with Redis() as redis:
            redis.client.ping()
        what = f"{program.name} {version.removeprefix('v=')} starts and answers ({where_it_is_from(program)})"
        return Finding("Redis", True, what)
    except (LabError, OSError, subprocess.CalledProcessError) as error:
        return Finding("Redis", False, str(error).splitlines()[0], mend)


def _jupyterlab() -> Finding:
    try:
        found = {name: metadata.version(name) for name in ("jupyterlab", "ipykernel", "ipywidgets", "nbval")}
    except metadata.PackageNotFoundError as error:
        return Finding("JupyterLab", False, f"{error.name} is not installed", "Run make lab, which installs it.")
    return Finding("JupyterLab", True, ", ".join(f"{name} {version}" for name, version in found.items()))


def _ab() -> Finding:
    tools = [tool for tool in ("ab", "wrk") if shutil.which(tool)]
    mend = "To compare our load generator with others: sudo apt install apache2-utils wrk"
    return Finding("ab and wrk", len(tools) == 2, " and ".join(tools) or "neither is here", mend, is_optional=True)


def _browser() -> Finding:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        driver = f"playwright {metadata.version('playwright')}"
    except metadata.PackageNotFoundError:
        driver = ""
    found = ", ".join(part for part in (driver, os.path.basename(browser or "")) if part) or "not here"
    lacks = ["sudo apt install chromium"] * (not browser) + ["make .venv/test"] * (not driver)
    mend = f"Only the project's own browser tests need it: {'; '.join(lacks)}"
    return Finding("browser tests", bool(driver and browser), found, mend, is_optional=True)
