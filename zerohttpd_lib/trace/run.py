"""A run in one file: the trace, what came of the load, the kernel's list, and what ran.

It opens anywhere: no server, no Redis and no Linux are needed to look at it.
"""

from __future__ import annotations

import json
import os
import platform
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..load.cpu import Share
from ..load.latencies import Latencies
from ..load.network import Counters
from ..load.plan import Plan
from ..load.result import LoadResult
from ..load.sample import Sample
from .kernel import Interest, InterestList
from .reader import Trace
from .records import Records, parse_address

VERSION: Final = 2
SHIPPED: Final = Path(__file__).with_name("runs")  # made by authoring/record_runs.py


@dataclass
class Run:
    """`about` says what ran: "rung", "clients", "idle", "keep_alive", "python", "kernel", "cores"."""

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
        trace, records = self.trace, self.trace.records
        known = {
            "version": VERSION,
            "about": self.about,
            "trace": {**records.about(), "first": trace.first, "lost": trace.lost, "now": trace.now},
            "interest": [asdict(interest) for interest in self.interest],
            "result": _plain(self.result) if self.result else None,
        }
        waits = trace.rows.copy()
        waits["first"] -= trace.span.start
        entries = records.entries[trace.span]
        text = np.frombuffer(json.dumps(known).encode(), np.uint8)
        lives = _lives(trace)
        unfinished = Path(f"{path}.new")
        with open(unfinished, "wb") as file:
            np.savez_compressed(file, known=text, waits=waits, entries=entries, lives=lives)
        os.replace(unfinished, path)

    def __repr__(self) -> str:
        name = self.about.get("rung", "a")
        return f"A run of {name}: {self.trace!r}" + (f"\n{self.result!r}" if self.result else "")


def load_run(path: str | Path) -> Run:
    """Open what `Run.save` has saved. Raises ValueError, in words, for any other file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            known = json.loads(file["known"].tobytes())
            waits, entries, lives = file["waits"], file["entries"], file["lives"]
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}. A run is saved by run.save(...).") from None
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        raise ValueError(f"{path} is not a saved run. Runs are saved by run.save(...), and end in .npz.") from None
    if known["version"] != VERSION:
        raise ValueError(f"{path} was saved by another version of this package. Record the run again.")
    about = known["trace"]
    records = Records(waits, entries, lives, about["first"], about)
    trace = Trace(records, lost=about["lost"], now=about["now"])
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


def _lives(trace: Trace) -> np.ndarray:
    """The table of descriptors as it was when these waits began, for those of which they tell."""
    records = trace.records
    lives: np.ndarray = np.zeros_like(records.lives)
    for fd in trace.descriptors():
        if not 0 <= fd < len(lives):
            continue
        bounds = records.bounds_of(fd)
        if not len(bounds) or bounds[-1] < trace.span.stop:  # nobody came after them
            lives[fd] = records.lives[fd]
        else:
            lives[fd]["host"], lives[fd]["port"] = parse_address(records.peer_at(fd, trace.span.start - 1))
    return lives


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
