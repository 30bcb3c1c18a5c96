"""On what it was measured, and with which versions. Nothing that names a machine or a person."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from zerohttpd_lib.lab.redis_program import find_redis_server

from .measured import table
from .peers import nginx

PACKAGES: Final = ("uvicorn", "granian", "uvloop", "httptools", "aiohttp", "redis", "hiredis")


def describe(circumstances: list[list[str]]) -> str:
    """A Markdown table. `circumstances`: rows of how it was on this machine meanwhile."""
    rows = [
        ["CPU", _cpu()],
        ["cores", str(len(os.sched_getaffinity(0)))],
        ["virtual machine", "yes" if "hypervisor" in _cpuinfo() else "no"],
        ["memory", f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB"],
        *circumstances,
        ["kernel", f"Linux {platform.release()}"],
        ["Python", platform.python_version()],
        ["redis-server", _asked([str(find_redis_server()), "--version"], r"v=([\d.]+)")],
        ["nginx", _asked([nginx.find() or "", "-v"], r"nginx/([\d.]+)")],
        ["ab", _asked([shutil.which("ab") or "", "-V"], r"Version ([\d.]+)")],
        ["wrk", _asked([shutil.which("wrk") or "", "-v"], r"wrk (?:\w+/)?([\d.]+)")],
        *([name, _package(name)] for name in PACKAGES),
    ]
    return table(["", ""], rows)


def _cpuinfo() -> str:
    return Path("/proc/cpuinfo").read_text()


def _cpu() -> str:
    match = re.search(r"^model name\s*:\s*(.+)$", _cpuinfo(), re.M)
    return match[1] if match else platform.machine()


def _asked(command: list[str], pattern: str) -> str:
    """What a program says of its version."""
    if not command[0]:
        return "not installed"
    asked = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    match = re.search(pattern, asked.stdout + asked.stderr)
    return match[1] if match else "unknown"


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
