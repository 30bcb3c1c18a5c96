"""A worker's part of a load test, on the machine of that worker. cluster_load.py, on ours, begins it and asks for news.

The functions at the end are run by Dask on every worker that takes part (`Client.run`). Each test has a key.
"""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import threading
from dataclasses import dataclass
from importlib import metadata
from ipaddress import ip_address
from pathlib import Path
from time import perf_counter as clock
from typing import Any, Final

from ..load.cpu import Share
from ..load.network import Counters
from ..load.plan import Plan, PlanError
from ..load.sample import Sample, join_samples, merge_samples
from .generators import Generators
from .idle_run import IdleRun

ABANDONED: Final = 10.0  # seconds without a question: then nobody waits for the result any more


@dataclass(frozen=True)
class News:
    """What has happened on one worker since it was last asked. All times are durations by its own clock."""

    sample: Sample | None  # None: not a tenth of a second has passed
    cores: float  # CPU used since then by the generator processes, in cores
    share: Share  # how busy these were since the beginning of it all, or of the measuring
    machine: float  # and all cores of that machine
    counters: Counters
    idle_open: int
    results: list[dict[str, Any]] | None = None  # of each process, when all have ended
    trouble: str = ""


class LoadPart:
    """So many generator processes, and idle connections beside them. Raises LabError when they cannot be had."""

    def __init__(self, plan: Plan, processes: int) -> None:
        self._asked = clock()
        self._samples: list[Sample] = []
        self._is_over = self._stopped = False
        self._idle = IdleRun(plan) if plan.idle else None
        try:
            self._generators = Generators(plan.client_parts(processes))
        except BaseException:
            self._stop_idle()
            raise
        self._look_anew()
        self._reader = threading.Thread(target=self._follow, daemon=True)
        self._reader.start()

    def _look_anew(self) -> None:
        self._meter, self._machine, self._share = self._generators.meter(), self._generators.machine(), Share(0.0)

    def _follow(self) -> None:
        for samples in self._generators.samples():
            self._samples.append(merge_samples(samples, 0, {}))
            if (share := self._meter.share()).cores:  # else they have just ended
                self._share = share
            if clock() - self._asked > ABANDONED:
                self._generators.stop()
                self._stop_idle()
        self._is_over = True

    def news(self) -> News:
        self._asked = clock()
        is_over = self._is_over  # before the samples are taken: none comes after it
        new, self._samples = self._samples, []
        results = self._generators.results if is_over else None
        died = results is not None and len(results) < len(self._generators.pids) and not self._stopped
        return News(
            sample=join_samples(new) if new else None,
            cores=self._meter.cores(),
            share=self._share,
            machine=self._machine.share(),
            counters=Counters.now(),
            idle_open=self._idle.open_now if self._idle is not None else 0,
            results=results,
            trouble=f"its load generator died. It said: {self._generators.errors() or 'nothing'}" if died else "",
        )

    def tell(self, what: signal.Signals) -> None:
        if what == signal.SIGUSR1:  # from now on it counts
            self._look_anew()
        self._generators.tell(what)

    def stop(self) -> None:
        self._stopped = True
        self._generators.stop()
        self._reader.join()
        self._stop_idle()

    def _stop_idle(self) -> None:
        if self._idle is not None:
            self._idle.stop()


_parts: dict[str, LoadPart] = {}


def place() -> str:
    """Which machine this is, and which network of it: whoever says the same has the same loopback."""
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.readlink('/proc/self/ns/net')}"


def why_unfit(plan: str, version: str, its_place: str) -> str:
    """Why this worker cannot take part in a plan of somebody with that version, at that place; "" if it can."""
    if (ours := metadata.version("zerohttpd-lab")) != version:
        return f"it has zerohttpd-lab {ours}, and here is {version}"
    try:
        target = Plan.from_json(plan).check().address[0]
    except PlanError as problem:
        return str(problem).rstrip(".")
    if ip_address(target).is_loopback and place() != its_place:
        return f"{target} is another machine there ({platform.node()}): name the target by its address in your network"
    return ""


async def begin(key: str, plans: dict[str, tuple[str, int]], dask_worker: Any) -> str:
    """Begin this worker's part: of `plans`, by address, a plan and a number of processes. Returns where it is."""
    plan, processes = plans[dask_worker.address]
    _parts[key] = await asyncio.to_thread(LoadPart, Plan.from_json(plan), processes)
    return place()


def news(key: str) -> News:
    return _parts[key].news()


def tell(key: str, what: int) -> None:
    _parts[key].tell(signal.Signals(what))


async def end(key: str) -> None:
    if part := _parts.pop(key, None):
        await asyncio.to_thread(part.stop)
