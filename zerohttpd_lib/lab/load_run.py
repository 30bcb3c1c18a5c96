"""A load test under way: its processes, its samples as they come, its result."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ..load.cpu import Meter, Share, redis_of
from ..load.limit import ALWAYS
from ..load.network import accept_queue, is_here, listeners
from ..load.plan import Plan, PlanError
from ..load.sample import Sample, merge_samples
from ..load.steady import has_settled, is_enough, nobody_listens, rate, why_not
from .errors import LabError
from .generators import AnyGenerators, Generators, Side
from .idle_run import IdleRun
from .processes import interrupts_held_back

if TYPE_CHECKING:
    from ..load.latencies import Latencies
    from ..load.result import LoadResult

NEWS_TIME: Final = 0.1  # seconds between two looks at a load test that is waited for
SPARE_CORES: Final = 0.5  # idle: then one more generator process could do something


class LoadRun:
    """Started when it is made. `samples` grows while it runs; `wait()` returns the result.

    It settles first, and is measured then (see load/steady.py). Where the generator turns out to be the
    limit, and this machine has cores to spare, it begins anew with twice as many processes.

    `redis_pid` is whose CPU time is shown beside the server's; `recorded`, whether the server's waits
    are recorded meanwhile. `record`, if given, is called with False before measuring begins and with True
    at the end: the server's recorder is put aside for that time. (Not for a number of requests, all of
    which are measured.) Raises LabError for a plan that cannot be carried out.
    """

    def __init__(
        self,
        plan: Plan,
        redis_pid: int | None = None,
        recorded: bool | None = None,
        record: Callable[[bool], None] | None = None,
    ) -> None:
        self.plan = _checked(plan)
        self.recorded = recorded
        self._record = record if self.plan.requests is None else None
        self.samples: list[Sample] = []
        self.is_measured = False  # by now
        self._trouble: BaseException | None = None
        self._result: LoadResult | None = None
        self._ended = threading.Event()
        self._stopped = False
        self._idle: IdleRun | None = None
        self._generators: AnyGenerators | None = None
        self._server_is_here = is_here(self.plan.address[0])
        self._controller = threading.Thread(target=self._control, daemon=True)
        try:
            if self.plan.idle:
                self._idle = self._hold_idle()
            self._redis = redis_of(self._servers()) if redis_pid is None else [redis_pid]
            self._begin(1)
            with interrupts_held_back():
                self._controller.start()
        except BaseException:  # an interrupt, too
            self.stop()
            raise

    def wait(self, progress: bool = True) -> LoadResult:
        """Wait for the end, with a progress bar if you like. An interrupt ends the load test."""
        with interrupts_held_back():
            from .progress import progress_bar

        total = self.plan.seconds or self.plan.requests or 0
        unit = "s" if self.plan.seconds else "requests"
        try:
            with progress_bar(wanted=progress, total=total, unit=unit) as bar:
                bar.bar_format = "{desc}{bar}| {n:.0f}/{total:.0f} " + unit + "{postfix}"
                while not self._ended.wait(NEWS_TIME):
                    self._show(bar, total)
        finally:
            self.stop()
        if self._trouble is not None:
            raise self._trouble
        if self._result is None:
            raise LabError("The load test was stopped.")
        return self._result

    def _show(self, bar: Any, total: float) -> None:
        measured = [sample for sample in self.samples if sample.measured]
        done = sum(sample.seconds if self.plan.seconds else sample.requests for sample in measured)
        bar.set_description_str("measuring " if self.is_measured else "settling ", refresh=False)
        bar.set_postfix_str(f" {rate(self.samples[-3:]):,.0f} requests/s", refresh=False)
        bar.update(min(done, total) - bar.n)
        bar.refresh()

    @property
    def is_running(self) -> bool:
        """False once there is a result, or trouble, or it was stopped."""
        return not self._ended.is_set()

    @property
    def generator_pids(self) -> list[int]:
        """The processes that generate the load now."""
        return self._generators.pids if self._generators is not None else []

    def shares_so_far(self) -> tuple[dict[str, Share], float]:
        """How busy each side, and all cores together, have been since it began to settle, or to be measured."""
        return {name: meter.share() for name, meter in self._meters.items()}, self._machine.share()

    def stop(self) -> None:
        """End it now, if it is still running. May be repeated."""
        self._stopped = True
        if self._generators is not None:
            self._generators.stop()
        if self._controller.ident is not None:
            self._controller.join()
        if self._idle is not None:
            self._idle.stop()
        self._ended.set()

    # In a thread of its own: begin, watch, decide, add up.

    def _hold_idle(self) -> IdleRun | None:
        """None where whoever generates the load holds the idle connections, too."""
        return IdleRun(self.plan)

    def _new_generators(self, processes: int) -> AnyGenerators:
        return Generators(self.plan.client_parts(processes))

    def _servers(self) -> list[int]:
        """The processes that listen at the target. Those of another machine cannot be seen, and whoever listens
        to the same port here is none of them."""
        return listeners(self.plan.address[1]) if self._server_is_here else []

    def _accept_queue(self) -> int:
        return accept_queue(self.plan.address[1]) if self._server_is_here else 0

    def _begin(self, processes: int) -> None:
        """Start so many generator processes, or more. Nothing that came before counts any more."""
        self._generators = self._new_generators(processes)
        self.samples.clear()
        self.is_measured = self.plan.requests is not None
        self._look_at_the_sides()

    def _look_at_the_sides(self) -> None:
        """From now on: who is busy, what is dropped. The server's processes may have come since the start."""
        assert self._generators is not None
        self._meters: dict[str, Side] = {}
        if self._server_is_here:
            self._meters["server"] = Meter(self._servers(), without=self._redis)
        self._meters["generator"] = self._generators.meter()
        if self._redis:
            self._meters["redis"] = Meter(self._redis)
        self._machine, self._counters = self._generators.machine(), self._generators.counters()
        self._shares: dict[str, Share] = {}  # once it has been measured

    def _control(self) -> None:
        try:
            while (results := self._watch()) is None:
                pass
            if results:
                self._result = self._add_up(results)
        except BaseException as trouble:  # whatever it is, wait() raises it, and does not wait for ever
            self._trouble = trouble
        finally:
            if self._record is not None:
                self._record(True)
            self._ended.set()

    def _watch(self) -> list[dict[str, Any]] | None:
        """Follow the generators to their end. Returns what they found; nothing, if they were stopped;
        None, if it has begun anew with more of them."""
        generators, self._problem = self._generators, ""
        assert generators is not None
        for samples in generators.samples():
            cores = {name: meter.cores() for name, meter in self._meters.items()}
            self.samples.append(merge_samples(samples, self._accept_queue(), cores))
            if not self._shares and self._begins_anew(generators):
                return None
        if self._stopped:
            return []
        if len(generators.results) < len(generators.pids):
            raise LabError(f"The load generator died. It said: {generators.errors() or 'nothing'}")
        if not self._shares:  # a number of requests; or no time was left (Plan.longest) to find that it was enough
            self._look_once_more()
        if not self._problem and self.plan.requests is None:
            measured = [sample for sample in self.samples if sample.measured]
            too_late = "its time was up before it had settled"
            self._problem = why_not(measured, self.plan) if self.is_measured else too_late
        return generators.results

    def _begins_anew(self, generators: AnyGenerators) -> bool:
        """After each sample: measure, end, or go on as it is. True: it has begun anew, with more processes."""
        if nobody_listens(self.samples):
            host, port = self.plan.address
            self._problem = f"nobody listens on {host} port {port}, every connection was refused"
            self._end(generators)
        elif self.is_measured:
            if self.plan.requests is None and self._is_enough(self._problem):
                self._end(generators)
        elif (settled := has_settled(self.samples, self.plan)) is not False:
            if self._wants_more(generators):
                generators.stop()
                self._begin(2 * len(generators.pids))
                return True
            self._problem = "" if settled is True else str(settled)
            self._measure(generators)
        return False

    def _measure(self, generators: AnyGenerators) -> None:
        self.is_measured = True
        if self._record is not None:
            self._record(False)
            self.recorded = False
        self._look_at_the_sides()
        generators.tell(signal.SIGUSR1)

    def _end(self, generators: AnyGenerators) -> None:
        self._look_once_more()
        generators.tell(signal.SIGUSR2)

    def _is_enough(self, problem: str) -> bool:
        """What is no steady state is measured for the time that was asked for, and no longer."""
        measured = [sample for sample in self.samples if sample.measured]
        return is_enough(measured, replace(self.plan, cap=self.plan.seconds or 0) if problem else self.plan)

    def _wants_more(self, generators: AnyGenerators) -> bool:
        """Is the generator the limit, and would another process of it have a core to run on?"""
        idle = (1 - self._machine.share()) * (os.cpu_count() or 1)
        is_the_limit = self._meters["generator"].share().ran >= ALWAYS and idle >= SPARE_CORES
        return is_the_limit and not self._stopped and self.plan.clients >= 2 * len(generators.pids)

    def _look_once_more(self) -> None:
        self._shares = {name: meter.share() for name, meter in self._meters.items()}
        self._busy = self._machine.share()
        assert self._generators is not None
        self._happened = self._generators.counters() - self._counters

    def _add_up(self, results: list[dict[str, Any]]) -> LoadResult:
        from ..load.result import LoadResult

        def total(name: str) -> Any:
            return sum(result[name] for result in results)

        failures: Counter[str] = Counter()
        for result in results:
            failures.update(result["failures"])
        requests, measured = total("requests"), [sample for sample in self.samples if sample.measured]
        return LoadResult(
            plan=self.plan,
            requests=requests,
            failures=dict(failures),
            seconds=max(result["seconds"] for result in results),
            requests_per_second=sum(result["requests"] / result["seconds"] for result in results),
            latencies=_sum_of(results, "latencies"),
            waiting=_sum_of(results, "waiting"),
            shares=self._shares,
            machine=self._busy,
            samples=self.samples,
            problem=self._problem,
            answered_clients=total("answered"),
            mean_wait=total("seconds_waited") / requests if requests else 0.0,
            idle_open=self._idle.open_now if self._idle is not None else 0,
            late=total("late"),
            counters=self._happened,
            accept_queue=max((sample.accept_queue for sample in measured), default=0),
            recorded=self.recorded,
            generators=len(results),
        )


def _sum_of(results: list[dict[str, Any]], name: str) -> Latencies:
    from ..load.latencies import Latencies

    found = Latencies()
    for result in results:
        found.add(Latencies.from_text(result[name]))
    return found


def _checked(plan: Plan) -> Plan:
    try:
        return plan.check()
    except PlanError as problem:
        raise LabError(str(problem)) from None
