"""A Dask cluster on this machine: a scheduler and workers, each a process that ends with its block."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from waiting import wait_until

Process = subprocess.Popen[bytes]


@contextlib.contextmanager
def dask(
    home: Path, *command: str, before: str = "", environment: Mapping[str, str] | None = None
) -> Iterator[Process]:
    """`dask scheduler` or `dask worker`, after the statements `before`, in the folder `home`."""
    start = f"{before}\nfrom distributed.cli.{command[0]} import main; main()"
    log = open(home / f"{command[0].removeprefix('dask_')}.log", "ab")  # noqa: SIM115
    own = {**os.environ, **(environment or {})}
    process = subprocess.Popen([sys.executable, "-c", start, *command[1:]], env=own, cwd=home, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        log.close()


def worker(
    home: Path, address: str, name: str, *, threads: int = 1, before: str = "",
    environment: Mapping[str, str] | None = None,
) -> contextlib.AbstractContextManager[Process]:  # fmt: skip
    options = ("--name", name, "--no-nanny", "--nthreads", str(threads), "--no-dashboard")
    folder = ("--local-directory", str(home / name))
    return dask(home, "dask_worker", address, *options, *folder, before=before, environment=environment)


@contextlib.contextmanager
def scheduler(home: Path, environment: Mapping[str, str] | None = None) -> Iterator[tuple[Process, str]]:
    """The process, and the address that it has."""
    file = home / "scheduler.json"
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    with dask(home, "dask_scheduler", *options, environment=environment) as process:
        wait_until(lambda: file.exists() and file.read_text().endswith("}"), 60)
        yield process, str(json.loads(file.read_text())["address"])


def wait_for_workers(home: Path, number: int) -> None:
    """Until so many, in all, have come to their scheduler."""
    log = home / "worker.log"
    wait_until(lambda: log.exists() and log.read_bytes().count(b"Registered to") >= number, 60)
