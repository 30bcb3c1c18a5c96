"""Waits in a file, compressed: what a trace and a whole run are saved to, and opened from."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from .records import Records, parse_address
from .waits import Waits

VERSION: Final = 2


def save(
    path: str | Path,
    trace: Waits,
    about: dict[str, Any] | None = None,
    interest: Sequence[Any] = (),
    result: Any = None,
) -> None:
    """Save it to one file, with more of what is known, as JSON. It replaces one of that name only when it is whole."""
    records = trace.records
    known = {
        "version": VERSION,
        "about": about or {},
        "trace": {
            **records.about(),
            "first": trace.first,
            "lost": trace.lost,
            "now": trace.now,
            "peers": _peers(trace),
        },
        "interest": interest,
        "result": result,
    }
    waits = trace.rows.copy()
    waits["first"] -= trace.span.start
    entries = records.entries[trace.span]
    text = np.frombuffer(json.dumps(known).encode(), np.uint8)
    listed = {} if trace.listed is None else {"listed": trace.listed}
    unfinished = Path(f"{path}.new")
    try:
        with open(unfinished, "wb") as file:
            np.savez_compressed(file, known=text, waits=waits, entries=entries, lives=_lives(trace), **listed)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)  # the disk is full, perhaps


def load(path: str | Path) -> tuple[Records, dict[str, Any]]:
    """The records, and what else is known. Raises ValueError, in words, for any other file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            known = json.loads(file["known"].tobytes())
            waits, entries, lives = file["waits"], file["entries"], file["lives"]
            listed = file.get("listed")
    except FileNotFoundError:
        raise ValueError(f"There is no file {path}. A run is saved by run.save(...).") from None
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        raise ValueError(f"{path} is not a saved run. Runs are saved by run.save(...), and end in .npz.") from None
    if known["version"] != VERSION:
        raise ValueError(f"{path} was saved by another version of this package. Record the run again.")
    about = known["trace"]
    return Records(waits, entries, lives, about["first"], about, listed), known


def _peers(trace: Waits) -> dict[int, str]:
    """Who was at the other end of those that these waits tell of and that were watched when they began.

    The table of descriptors has who came last, and that may be another.
    """
    listed = [] if trace.listed is None else np.intersect1d(trace.listed["fd"], trace.descriptors()).tolist()
    peers = {fd: trace.records.peer_at(fd, trace.span.start - 1) for fd in listed}
    return {fd: peer for fd, peer in peers.items() if peer}


def _lives(trace: Waits) -> np.ndarray:
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
