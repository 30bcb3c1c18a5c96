"""A load test under way: its processes, its samples as they come, its result."""

from __future__ import annotations

import base64
import json
import sys
import threading
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ..load.cpu import Meter, Share, listeners, redis_beside
from ..load.plan import Plan, PlanError
from ..load.result import SAMPLE_SECONDS, LoadResult, Sample
from .processes import GuardedProcess, LabError, new_folder


class LoadRun:
    """Started when it is made. `samples` grows while it runs; `wait()` returns the result.

    `redis_pid` is whose CPU time is shown beside the server's; without it, it is looked for.
    Raises LabError for a plan that cannot be carried out.
    """

    def __init__(self, plan: Plan, redis_pid: int | None = None) -> None:
        try:
            self.plan = plan.check()
            servers = listeners(self.plan.address[1])
        except PlanError as problem:
            raise LabError(str(problem)) from None
        self.samples: list[Sample] = []
        self._idle = IdleRun(self.plan) if self.plan.idle else None
        self._process = _start("generator", self.plan)
        pid = json.loads(self._process.output.readline())["pid"]
        self._meters = {"server": Meter(servers), "generator": Meter([pid])}
        redis_pid = redis_pid or redis_beside(servers)
        if redis_pid is not None:
            self._meters["redis"] = Meter([redis_pid])
        self._news = threading.Condition()
        self._result: LoadResult | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait(self, progress: bool = True) -> LoadResult:
        """Wait for the end, with a progress bar if you like. An interrupt ends the load test."""
        total = self.plan.seconds or self.plan.requests
        unit = "s" if self.plan.seconds else "requests"
        try:
            with tqdm(total=total, unit=unit, disable=not progress, leave=False) as bar:
                bar.bar_format = "{l_bar}{bar}| {n:.0f}/{total:.0f} " + unit + "{postfix}"
                seen = 0
                while self._reader.is_alive():
                    with self._news:
                        self._news.wait(0.2)
                    for sample in self.samples[seen:]:
                        seen += 1
                        done = sample.at if self.plan.seconds else bar.n + sample.requests
                        bar.update(min(done, total or 0) - bar.n)
                        bar.set_postfix_str(f" {sample.requests / SAMPLE_SECONDS:,.0f} requests/s")
        finally:
            self.stop()
        if self._result is None:
            raise LabError(f"The load generator died. It said: {self._process.errors()[-500:] or 'nothing'}")
        return self._result

    @property
    def is_running(self) -> bool:
        return self._reader.is_alive()

    def stop(self) -> None:
        """End it now, if it is still running."""
        self._process.stop()
        if self._idle is not None:
            self._idle.stop()
        self._reader.join()

    def _read(self) -> None:
        """In a thread of its own: take in what the generator prints, until it has ended."""
        for line in self._process.output:
            message = json.loads(line)
            if "sample" in message:
                cores = {name: meter.cores() for name, meter in self._meters.items()}
                self.samples.append(Sample(**message["sample"], cores=cores))
            else:
                self._result = self._read_result(message)
            with self._news:
                self._news.notify_all()

    def _read_result(self, message: dict[str, Any]) -> LoadResult:
        shares = {name: meter.share() for name, meter in self._meters.items()}
        shares["generator"] = Share(**message["share"])
        result = message["result"]
        latencies = np.frombuffer(base64.b64decode(result["latencies"]), np.float32)
        return LoadResult(
            plan=self.plan,
            requests=len(latencies),
            failures=result["failures"],
            seconds=result["seconds"],
            requests_per_second=result["answered_in_time"] / result["seconds"],
            latencies_ms=np.sort(latencies) * 1e3,
            shares=shares,
            samples=self.samples,
            idle_open=self._idle.open_now if self._idle is not None else 0,
        )


class IdleRun:
    """Idle connections, held open by a process of their own, all open when this returns."""

    def __init__(self, plan: Plan) -> None:
        try:
            plan.check()
        except PlanError as problem:
            raise LabError(str(problem)) from None
        self._process = _start("idle", plan)
        line = self._process.output.readline()
        if not line:
            raise LabError(f"The idle connections could not be opened: {self._process.errors()[-500:]}")
        self._take_in(line)
        if self.problem:
            self.stop()
            raise LabError(
                f"Of {plan.idle:,} idle connections {self.open_now:,} could be opened: {self.problem}. Choose fewer."
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _take_in(self, line: str) -> None:
        news = json.loads(line)
        self.open_now: int = news["open"]
        self.problem: str = news["problem"]

    def _read(self) -> None:
        for line in self._process.output:
            self._take_in(line)

    def stop(self) -> None:
        """Close them all."""
        self._process.stop()

    def __repr__(self) -> str:
        return f"{self.open_now:,} connections that are open and silent"


def _start(module: str, plan: Plan) -> GuardedProcess:
    command = [sys.executable, "-m", f"zerohttpd_lib.load.{module}", plan.to_json()]
    return GuardedProcess(command, new_folder(module), grace=0.5)
