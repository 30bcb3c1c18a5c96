"""A run in one file: the trace, what came of the load, the kernel's list, and what ran.

It opens anywhere: no server, no Redis and no Linux are needed to look at it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from ..kernel.interest import Interest, InterestList
from ..load.cpu import Share
from ..load.latencies import Latencies
from ..load.network import Counters
from ..load.plan import Plan
from ..load.result import LoadResult
from ..load.sample import Sample
from ..trace import archive
from ..trace.reader import Trace

SHIPPED: Final = Path(__file__).with_name("runs")  # made by authoring/record_runs.py


@dataclass
class Run:
    """`about` says what ran: "rung", "clients", "idle", "keep_alive", "python", "kernel", "cores".

    Where clients have names, "visitors" has them by HOST:PORT.
    """

    trace: Trace
    result: LoadResult | None = None
    interest: Sequence[Interest] = ()
    about: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, rung: str, trace: Trace, result: LoadResult | None, interest: Sequence[Interest] = ()) -> Run:
        """What ran here, just now."""
        about: dict[str, Any] = {"rung": rung, "python": platform.python_version(), "kernel": platform.release()}
        about["cores"] = os.cpu_count()
        if result is not None:
            plan = result.plan
            about |= {"clients": plan.clients, "idle": plan.idle, "keep_alive": plan.keep_alive}
        return cls(trace, result, interest, about)

    def save(self, path: str | Path) -> None:
        """Save it to one file, compressed. It replaces one of that name only when it is whole."""
        interest = [asdict(interest) for interest in self.interest]
        result = _plain(self.result) if self.result else None
        archive.save(path, self.trace, about=self.about, interest=interest, result=result)

    def __repr__(self) -> str:
        name = self.about.get("rung", "a")
        return f"A run of {name}: {self.trace!r}" + (f"\n{self.result!r}" if self.result else "")


def load_run(path: str | Path) -> Run:
    """Open what `Run.save` has saved. Raises ValueError, in words, for any other file."""
    records, known = archive.load(path)
    trace = Trace(records, lost=known["trace"]["lost"], now=known["trace"]["now"])
    interest = InterestList([Interest(**each) for each in known["interest"]])
    return Run(trace, _result(known["result"]) if known["result"] else None, interest, known["about"])


def shipped_run(name: str) -> Path:
    """The file of a run that comes with this package. Raises ValueError, with their names, for any other."""
    names = sorted(path.stem for path in SHIPPED.glob("*.npz"))
    if name not in names:
        raise ValueError(f"There is no saved run named {name!r}. There are {', '.join(names)}.")
    return SHIPPED / f"{name}.npz"


def load_trace(path: str | Path) -> Trace:
    """The trace of a saved run."""
    return load_run(path).trace


def _plain(result: LoadResult) -> dict[str, Any]:
    plain = {each.name: getattr(result, each.name) for each in fields(result)}
    return plain | {
        "plan": asdict(result.plan),
        "latencies": result.latencies.to_text(),
        "waiting": result.waiting.to_text(),
        "shares": {name: asdict(share) for name, share in result.shares.items()},
        "samples": [asdict(sample) for sample in result.samples],
        "counters": asdict(result.counters),
    }


def _result(plain: dict[str, Any]) -> LoadResult:
    return LoadResult(
        **plain
        | {
            "plan": Plan(**plain["plan"]),
            "latencies": Latencies.from_text(plain["latencies"]),
            "waiting": Latencies.from_text(plain["waiting"]),
            "shares": {name: Share(**share) for name, share in plain["shares"].items()},
            "samples": [Sample(**sample) for sample in plain["samples"]],
            "counters": Counters(**plain["counters"]),
        }
    )
