"""A Dask cluster on this machine: a scheduler and workers, each a process that ends with its block.

To import Dask takes most of a second of processor time. A process that has nothing else to do does so once, and forks
(the Python reference, multiprocessing, "forkserver"): each scheduler and each worker is a fork of that one.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path

from waiting import wait_until

_DASK = multiprocessing.get_context("forkserver")
_DASK.set_forkserver_preload(["distributed.cli.dask_scheduler", "distributed.cli.dask_worker"])


@contextlib.contextmanager
def dask(
    home: Path, *command: str, before: str = "", environment: Mapping[str, str] | None = None
) -> Iterator[BaseProcess]:
    """`dask scheduler` or `dask worker`, after the statements `before`, in the folder `home`."""
    own = {**os.environ, **(environment or {})}
    process = _DASK.Process(target=_run, args=(home, command, before, own))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _run(home: Path, command: tuple[str, ...], before: str, environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
    os.chdir(home)
    log = os.open(f"{command[0].removeprefix('dask_')}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(log, 2)
    sys.argv = ["dask", *command[1:]]
    exec(before, {})
    import_module(f"distributed.cli.{command[0]}").main()


def worker(
    home: Path, address: str, name: str, *, threads: int = 1, before: str = "",
    environment: Mapping[str, str] | None = None,
) -> contextlib.AbstractContextManager[BaseProcess]:  # fmt: skip
    options = ("--name", name, "--no-nanny", "--nthreads", str(threads), "--no-dashboard")
    folder = ("--local-directory", str(home / name))
    return dask(home, "dask_worker", address, *options, *folder, before=before, environment=environment)


@contextlib.contextmanager
def scheduler(home: Path, environment: Mapping[str, str] | None = None) -> Iterator[tuple[BaseProcess, str]]:
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
