"""A load test under way: its processes, its samples as they come, its result."""

from __future__ import annotations

import base64
import json
import sys
import threading
from collections import Counter
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ..load.cpu import Meter, Share, dropped_connections, listeners, redis_beside
from ..load.plan import Plan, PlanError
from ..load.result import SAMPLE_SECONDS, LoadResult, Sample, merge_samples
from .processes import GuardedProcess, LabError, new_folder


class LoadRun:
    """Started when it is made. `samples` grows while it runs; `wait()` returns the result.

    `redis_pid` is whose CPU time is shown beside the server's; without it, it is looked for.
    Raises LabError for a plan that cannot be carried out.
    """

    def __init__(self, plan: Plan, redis_pid: int | None = None) -> None:
        self.plan = _checked(plan)
        self.samples: list[Sample] = []
        self._news = threading.Condition()
        self._idle: IdleRun | None = None
        self._processes: list[GuardedProcess] = []
        self._readers: list[threading.Thread] = []
        self._parts: list[list[Sample]] = []  # the samples of each process
        self._results: list[dict[str, Any]] = []
        self._shares: dict[str, Share] = {}
        self._dropped = dropped_connections()
        try:
            self._start(redis_pid)
        except BaseException:  # an interrupt, too
            self.stop()
            raise

    def _start(self, redis_pid: int | None) -> None:
        servers = listeners(self.plan.address[1])
        redis_pid = redis_pid or redis_beside(servers)
        if self.plan.idle:
            self._idle = IdleRun(self.plan)
        for part in self.plan.client_parts():
            self._processes.append(_start("generator", part))
            self._parts.append([])
        pids = [_first_word(process)["pid"] for process in self._processes]
        self._meters = {"server": Meter(servers), "generator": Meter(pids)}
        if redis_pid is not None:
            self._meters["redis"] = Meter([redis_pid])
        self._running = len(pids)
        for number in range(len(pids)):
            self._readers.append(threading.Thread(target=self._read, args=(number,), daemon=True))
            self._readers[-1].start()

    def wait(self, progress: bool = True) -> LoadResult:
        """Wait for the end, with a progress bar if you like. An interrupt ends the load test."""
        total = self.plan.seconds or self.plan.requests or 0
        unit = "s" if self.plan.seconds else "requests"
        try:
            with tqdm(total=total, unit=unit, disable=not progress, leave=False) as bar:
                bar.bar_format = "{l_bar}{bar}| {n:.0f}/{total:.0f} " + unit + "{postfix}"
                seen = 0
                while self.is_running:
                    with self._news:
                        self._news.wait_for(lambda: not self.is_running, SAMPLE_SECONDS)
                    for sample in self.samples[seen:]:
                        seen += 1
                        done = sample.at if self.plan.seconds else bar.n + sample.requests
                        bar.update(min(done, total) - bar.n)
                        bar.set_postfix_str(f" {sample.requests / SAMPLE_SECONDS:,.0f} requests/s")
        finally:
            self.stop()
        if len(self._results) < len(self._processes):
            said = "\n".join(process.errors()[-500:] for process in self._processes)
            raise LabError(f"The load generator died. It said: {said or 'nothing'}")
        return self._result()

    @property
    def is_running(self) -> bool:
        return self._running > 0

    def shares_so_far(self) -> dict[str, Share]:
        """How busy each side has been, from the start until now."""
        return {name: meter.share() for name, meter in self._meters.items()}

    def stop(self) -> None:
        """End it now, if it is still running."""
        for process in self._processes:
            process.stop()
        if self._idle is not None:
            self._idle.stop()
        for reader in self._readers:
            reader.join()

    def _read(self, number: int) -> None:
        """In a thread for each generator process: take in what it prints, until it has ended."""
        for line in self._processes[number].output:
            message = json.loads(line)
            with self._news:
                if "sample" in message:
                    self._parts[number].append(Sample(**message["sample"]))
                    self._merge()
                else:
                    self._results.append(message["result"])
                    self._shares = {name: meter.share() for name, meter in self._meters.items()}
        with self._news:
            self._running -= 1
            self._news.notify_all()

    def _merge(self) -> None:
        """A sample is complete when each process has sent its part of it."""
        if all(len(part) > len(self.samples) for part in self._parts):
            cores = {name: meter.cores() for name, meter in self._meters.items()}
            self.samples.append(merge_samples([part[len(self.samples)] for part in self._parts], cores))

    def _result(self) -> LoadResult:
        parts = [np.frombuffer(base64.b64decode(result["latencies"]), np.float32) for result in self._results]
        latencies = np.concatenate(parts)
        failures: Counter[str] = Counter()
        for result in self._results:
            failures.update(result["failures"])
        generators = [Share(**result["share"]) for result in self._results]
        generator = Share(sum(share.cores for share in generators), max(share.busy for share in generators))
        return LoadResult(
            plan=self.plan,
            requests=len(latencies),
            failures=dict(failures),
            seconds=max(result["seconds"] for result in self._results),
            requests_per_second=sum(result["answered_in_time"] / result["seconds"] for result in self._results),
            latencies_ms=np.sort(latencies) * 1e3,
            shares={**self._shares, "generator": generator},
            samples=self.samples,
            idle_open=self._idle.open_now if self._idle is not None else 0,
            late=len(latencies) - sum(result["answered_in_time"] for result in self._results),
            dropped=dropped_connections() - self._dropped,
        )


class IdleRun:
    """Idle connections, held by processes of their own; all open and accepted when this returns."""

    def __init__(self, plan: Plan) -> None:
        self.plan = _checked(plan)
        self._processes: list[GuardedProcess] = []
        self._open: dict[int, int] = {}  # by process
        self.problem = ""
        try:
            for part in self.plan.idle_parts():
                self._open_part(part)
        except BaseException:
            self.stop()
            raise
        for number, process in enumerate(self._processes):
            threading.Thread(target=self._read, args=(number, process), daemon=True).start()

    def _open_part(self, part: Plan) -> None:
        process = _start("idle", part)
        self._processes.append(process)
        line = process.output.readline()
        if not line:
            raise LabError(f"The idle connections could not be opened: {process.errors()[-500:]}")
        self._take_in(len(self._processes) - 1, line)
        if self.problem:
            raise LabError(
                f"Of {self.plan.idle:,} idle connections {self.open_now:,} could be opened: {self.problem}. "
                "Choose fewer, or give the server more workers."
            )

    @property
    def open_now(self) -> int:
        """How many are still open. The server may have closed some."""
        return sum(self._open.values())

    def _take_in(self, number: int, line: str) -> None:
        news = json.loads(line)
        self._open[number] = news["open"]
        self.problem = self.problem or news["problem"]

    def _read(self, number: int, process: GuardedProcess) -> None:
        for line in process.output:
            self._take_in(number, line)

    def stop(self) -> None:
        """Close them all."""
        for process in self._processes:
            process.stop()

    def __repr__(self) -> str:
        return f"{self.open_now:,} connections that are open and silent"


def _first_word(process: GuardedProcess) -> dict[str, Any]:
    line = process.output.readline()
    if not line:
        raise LabError(f"The load generator did not start. It said: {process.errors()[-500:] or 'nothing'}")
    word: dict[str, Any] = json.loads(line)
    return word


def _checked(plan: Plan) -> Plan:
    try:
        return plan.check()
    except PlanError as problem:
        raise LabError(str(problem)) from None


def _start(module: str, plan: Plan) -> GuardedProcess:
    command = [sys.executable, "-m", f"zerohttpd_lib.load.{module}", plan.to_json()]
    return GuardedProcess(command, new_folder(module), grace=0.5)
