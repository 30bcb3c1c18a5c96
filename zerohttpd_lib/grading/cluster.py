"""Judging on other machines: each answer is handed to a worker of a Dask cluster, which judges it in a box there.

No more are handed out at a time than keep all workers busy: who joins later gets its share. Dask itself hands an
answer on when the worker that had it dies. A verdict is taken in once, by the key of its case; where an answer was
judged twice, because a worker died after it had judged and before it had told, the second verdict is the same.
"""

from __future__ import annotations

import platform
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from tqdm import tqdm

from ..lab.cluster import Cluster
from ..lab.errors import LabError
from .box import BUBBLEWRAP, best
from .crew import Done
from .exercise import shipped
from .rows import Case, not_judged
from .verdict import COULD_NOT, Verdict
from .version import library_version

FOR_EACH_THREAD: Final = 2  # answers: one that is judged, one that waits for it
NEWS_TIME: Final = 1.0  # seconds between two looks at who has come and who has gone


def judge_there(cases: Sequence[Case], address: str, seed: str, done: Done) -> None:
    """Judge all on the cluster whose scheduler is at `address`. Raises LabError when nobody there can do it."""
    with Cluster(address) as cluster:
        _Hands(cases, cluster, seed, done).judge_all()


# On a worker.


def why_unfit(version: str) -> str:
    """Why this worker cannot judge for a library of this version; "" if it can."""
    if library_version() != version:
        return f"it has the library {library_version()}, and here is {version}"
    return (
        ""
        if best().kind == BUBBLEWRAP.kind
        else "it can make no box with bubblewrap; `zerohttpd doctor` there says what is missing"
    )


def judge_on_a_worker(task: str, source: str, exercise: str, seed: str, version: str) -> dict[str, Any]:
    """A verdict as JSON, or why this worker gives none."""
    if why := why_unfit(version):
        return {"refused": why}
    verdict = Case("", task, source, shipped()[exercise]).judged(best(), seed)
    if verdict.status == COULD_NOT:
        verdict = replace(verdict, sentence=f"{verdict.sentence} (On {platform.node()}.)")
    return {"verdict": verdict.as_json()}


# Here.


class _Hands:
    """Hands out and takes in. `under_way` has, for each future, its case and the workers that it may go to."""

    def __init__(self, cases: Sequence[Case], cluster: Cluster, seed: str, done: Done) -> None:
        self.waiting, self.cluster, self.seed, self.done = deque(cases), cluster, seed, done
        self.under_way: dict[Any, tuple[Case, frozenset[str]]] = {}
        self.has_said_that_it_waits = False

    def judge_all(self) -> None:
        while self.waiting or self.under_way:
            workers = self.cluster.workers(why_unfit, library_version())
            if not workers:
                self.nobody_is_there()
            self.take_back_from_those_who_have_gone(workers)
            self.hand_out(workers)
            self.take_in()

    def nobody_is_there(self) -> None:
        """Raises LabError where all have been refused. Else one may come: many a cluster grows as it is given work."""
        if self.cluster.refused and self.cluster.present <= self.cluster.refused.keys():
            raise LabError(f"None of the workers at {self.cluster.address} can judge; each was told why.")
        if not self.has_said_that_it_waits:
            tqdm.write(f"zerohttpd: waiting for a worker to join {self.cluster.address}.", file=sys.stderr)
            self.has_said_that_it_waits = True

    def take_back_from_those_who_have_gone(self, workers: dict[str, int]) -> None:
        for future, (case, chosen) in list(self.under_way.items()):
            if chosen and not chosen & workers.keys():
                future.cancel()
                self.again(future, case)

    def again(self, future: Any, case: Case) -> None:
        del self.under_way[future]
        self.waiting.appendleft(case)

    def hand_out(self, workers: dict[str, int]) -> None:
        room = FOR_EACH_THREAD * sum(workers.values()) if workers else 1
        while self.waiting and len(self.under_way) < room:
            case = self.waiting.popleft()
            future = self.cluster.client.submit(
                judge_on_a_worker, case.task, case.source, case.exercise.name, self.seed, library_version(),
                workers=list(workers) or None, pure=False,
            )  # fmt: skip
            self.under_way[future] = case, frozenset(workers)

    def take_in(self) -> None:
        from distributed import wait

        try:
            wait(list(self.under_way), timeout=NEWS_TIME, return_when="FIRST_COMPLETED")
        except TimeoutError:
            return
        except Exception:  # it is cancelled: a scheduler that was started again knows nothing of it
            time.sleep(NEWS_TIME)
        for future, (case, _) in list(self.under_way.items()):
            if future.done():
                self.take_one_in(future, case)

    def take_one_in(self, future: Any, case: Case) -> None:
        if future.status in ("cancelled", "lost"):
            self.again(future, case)
            return
        try:
            problem = future.exception()
            answer = future.result() if problem is None else {}
        except OSError:  # the connection is lost: the next look at the workers says whose
            return
        if problem is not None:  # such as KilledWorker: it has outlived several of them
            verdict = not_judged(case.task, problem)
        elif "refused" in answer:  # it came, and took it before it was asked
            self.again(future, case)
            return
        else:
            verdict = Verdict.told(case.task, answer["verdict"])
        del self.under_way[future]
        self.done(case, verdict)
