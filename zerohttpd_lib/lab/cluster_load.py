"""`zerohttpd load --scheduler`: a load test that the workers of a Dask cluster generate, and that is watched from here.

No two machines' clocks are ever compared. Each latency and each stretch of time is measured on one machine, by one
clock that only goes forward; what travels are durations, counts and histograms. Their windows do not begin at one
moment: how far they may lie apart is measured here, from the first word to the last reply, and where that is
much of the time measured, it is called no steady state.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from time import perf_counter as clock
from typing import Any, Final
from uuid import uuid4

from ..load.cpu import Machine, Share
from ..load.network import Counters
from ..load.plan import Plan
from ..load.result import LoadResult
from ..load.sample import Sample, join_samples
from . import load_part
from .cluster import Cluster
from .errors import LabError
from .generators import AnyGenerators
from .load_part import News
from .load_run import LoadRun

TICK: Final = 0.1  # seconds between two looks at the workers
ANSWER_TIME: Final = 10.0  # seconds within which a worker says something
START_TIME: Final = 60.0  # ... or has started: idle connections may be many
APART: Final = 0.05  # of the time measured


class ClusterRun(LoadRun):
    """A `LoadRun` on all workers of a cluster that are there at its beginning: a process for each of their threads.

    Raises LabError where none is fit, and when one is lost in the middle: with fewer clients it is another test.
    """

    def __init__(self, plan: Plan, cluster: Cluster) -> None:
        self.cluster = cluster
        super().__init__(plan)

    def _hold_idle(self) -> None:
        return None

    def _new_generators(self, processes: int) -> AnyGenerators:
        self._there = GeneratorsThere(self.plan, self.cluster, self._server_is_here)
        return self._there

    def _wants_more(self, generators: AnyGenerators) -> bool:
        return False  # how many there are is said by whoever starts the workers

    def _add_up(self, results: list[dict[str, Any]]) -> LoadResult:
        there, seconds = self._there, self.plan.seconds
        if seconds is not None and not self._problem and there.apart > APART * seconds:
            self._problem = f"the workers may have begun to measure {there.apart:.2g} s apart"
        found = super()._add_up(results)
        return replace(found, idle_open=there.idle_open, generated_by=there.in_words(len(results)))


class GeneratorsThere:
    """The generator processes on the workers, as `LoadRun` knows those on this machine. Raises LabError.

    `apart`: the seconds within which all have been told to measure.
    """

    def __init__(self, plan: Plan, cluster: Cluster, server_is_here: bool) -> None:
        self.cluster, self.key = cluster, uuid4().hex
        self.pids: list[int] = []
        self.results: list[dict[str, Any]] = []
        self.apart = 0.0
        self._stop = threading.Event()
        self._here = load_part.place()
        self._server_is_here = server_is_here
        self._last: dict[str, News] = {}
        parts = self._parts(plan)
        self.workers = list(parts)
        try:
            self._places = self._ask(load_part.begin, parts, within=START_TIME)
            self._take_in()
        except BaseException:
            self.stop()
            raise
        self.pids = [0] * sum(number for _, number in parts.values())  # each has one on its machine, unknown here

    def _parts(self, plan: Plan) -> dict[str, tuple[str, int]]:
        """By worker: its plan, and its number of processes. Clients are shared out by processes."""
        version = metadata.version("zerohttpd-lab")
        threads = self.cluster.workers(load_part.why_unfit, plan.to_json(), version, self._here)
        if not threads:
            raise LabError(f"The cluster at {self.cluster.address} has no worker that can generate this load.")
        if plan.clients < sum(threads.values()):
            threads = dict.fromkeys(list(threads)[: plan.clients], 1)
        plans = plan.divided(list(threads.values()))
        return {
            address: (part.to_json(), number)
            for (address, number), part in zip(threads.items(), plans, strict=True)
        }  # fmt: skip

    def _ask(self, question: Callable[..., Any], *arguments: Any, within: float = ANSWER_TIME) -> dict[str, Any]:
        """What each worker replies to it. Raises LabError when one of them does not."""
        client = self.cluster.client

        async def ask() -> dict[str, Any]:
            options = {"workers": self.workers, "on_error": "return"}
            found: dict[str, Any] = await client.run(question, self.key, *arguments, **options)
            return found

        try:
            answers: dict[str, Any] = client.sync(ask, callback_timeout=within)
        except TimeoutError:
            if client.status != "running":
                raise self.cluster.is_gone() from None
            if lost := set(self.workers) - set(client.nthreads()):
                raise self._lost(lost) from None
            raise LabError(f"A worker has said nothing for {within:.0f} s. The load test is given up.") from None
        except (OSError, RuntimeError, ValueError):  # ValueError: one of them is no worker of this cluster any more
            if client.status != "running":
                raise self.cluster.is_gone() from None
            raise self._lost(set(self.workers) - set(client.nthreads())) from None
        if lost := {address for address, answer in answers.items() if isinstance(answer, (OSError, KeyError))}:
            raise self._lost(lost)
        for address, answer in answers.items():
            if isinstance(answer, BaseException):
                raise LabError(f"The worker {address} cannot go on: {answer}")
        return answers

    @staticmethod
    def _lost(workers: set[str]) -> LabError:
        return LabError(
            f"A worker was lost in the middle of the load test ({', '.join(sorted(workers)) or 'not known which'}). "
            "With those that are left it would be another test: start it again."
        )

    def _take_in(self) -> None:
        self._last = self._ask(load_part.news)
        for address, news in self._last.items():
            if news.trouble:
                raise LabError(f"On the worker {address} {news.trouble}")

    def samples(self) -> Iterator[list[Sample]]:
        """As soon as each worker has a new one: of each all that has come since, as one."""
        new: dict[str, list[Sample]] = {address: [] for address in self.workers}
        while not self._stop.wait(TICK):
            try:
                self._take_in()
            except LabError:
                if self._stop.is_set():  # they are being ended meanwhile
                    return
                raise
            for address, news in self._last.items():
                if news.sample is not None:
                    new[address].append(news.sample)
            if all(new.values()):
                yield [join_samples(parts) for parts in new.values()]
                new = {address: [] for address in self.workers}
            if all(news.results is not None for news in self._last.values()):
                self.results = [result for news in self._last.values() for result in news.results or ()]
                return

    def tell(self, what: signal.Signals) -> None:
        started = clock()
        self._ask(load_part.tell, int(what))
        if what == signal.SIGUSR1:
            self.apart = clock() - started

    def meter(self) -> GeneratorsThere:
        """Itself: how busy they are is measured there, from when they are told to measure."""
        return self

    def cores(self) -> float:
        return sum(news.cores for news in self._last.values())

    def share(self) -> Share:
        """All cores used, and how much the busiest of the processes ran."""
        shares = [news.share for news in self._last.values()]
        cores = sum(share.cores for share in shares)
        return Share(cores, max(share.ran for share in shares), max(share.busy for share in shares))

    def machine(self) -> _Machines:
        """How busy the busiest of all machines is that take part."""
        return _Machines(self, Machine() if self._server_is_here else None)

    def counters(self) -> Counters:
        """Of this machine, and of each other one that takes part, once."""
        others = {self._places[address]: news.counters for address, news in self._last.items()}
        others.pop(self._here, None)
        return sum(others.values(), Counters.now())

    def machines_busy(self) -> float:
        return max(news.machine for news in self._last.values())

    @property
    def idle_open(self) -> int:
        return sum(news.idle_open for news in self._last.values())

    def in_words(self, processes: int) -> str:
        numbers = {"process": processes, "worker": len(self.workers), "machine": len(set(self._places.values()))}
        each, workers, machines = [f"{number} {name}{_plural(name, number)}" for name, number in numbers.items()]
        told = f", told to measure within {self.apart * 1e3:.0f} ms" if self.apart else ""
        return f"by {each} of {workers} on {machines}{told}"

    def errors(self) -> str:
        return ""  # what they had to say has been raised by then

    def stop(self) -> None:
        """End them, on those workers that are still there. May be repeated."""
        self._stop.set()
        there = self.cluster.client.nthreads() if self.cluster.client.status == "running" else {}
        self.workers = [address for address in self.workers if address in there]
        with suppress(LabError):  # who cannot be told ends by itself: nobody asks it any more
            if self.workers:
                self._ask(load_part.end)


def _plural(name: str, number: int) -> str:
    return "" if number == 1 else "es" if name.endswith("s") else "s"


class _Machines:
    """The machines of the workers and, if the server is on it, this one."""

    def __init__(self, there: GeneratorsThere, here: Machine | None) -> None:
        self.there, self.here = there, here

    def share(self) -> float:
        """Of the busiest of them."""
        return max(self.there.machines_busy(), self.here.share() if self.here is not None else 0.0)
