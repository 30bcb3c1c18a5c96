"""A recorded run on its way to a browser: the records as they lie in their arrays, and what makes sense of them.

`web/recording.js` reads them there. The same bytes go to a widget and into a page without a kernel.
"""

from __future__ import annotations

from typing import Any, Final, TypedDict

import numpy as np

from ..trace import layout
from ..trace.reader import Trace
from ..trace.records import ENTRY, WAIT

# Of the waits, the quickest. One that has slept takes longer, and poll() then goes through its array once more.
NOT_ASLEEP: Final = 0.05
ENOUGH: Final = 20  # waits that are alike: of fewer, the quickest may have slept, too


# Of those who have something to say, in the order in which they first do so.
GIVEN_NAMES: Final = (
    "Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gia", "Hal", "Ida", "Jon", "Kim", "Leo", "Mia", "Ned", "Oda", "Pat",
)  # fmt: skip


class Recording(TypedDict):
    """What web/recording.js takes: see there."""

    meta: dict[str, Any]
    waits: bytes
    entries: bytes
    listed: bytes


def recording_of(trace: Trace, title: str, **more: Any) -> Recording:
    """These waits, their entries, and the interest list that they began with, if it was recorded."""
    waits = trace.rows.copy()
    waits["first"] -= trace.span.start
    start = waits["called"][0] if len(waits) else 0.0
    for moment in ("called", "returned", "done"):
        waits[moment] = np.where(waits[moment] > 0, waits[moment] - start, 0.0)
    listed = trace.listed
    fds = [] if listed is None else [int(fd) for fd in np.intersect1d(listed["fd"], trace.descriptors())]
    place = trace.span.start - 1
    meta = {
        "title": title, "how": trace.how, "details": trace.details, "first": trace.first, "names": trace.records.names,
        "calls": layout.CALLS, "system_calls": layout.SYSTEM_CALLS, "errors": layout.ERRORS,
        "has_list": listed is not None, "given_names": GIVEN_NAMES,
        "peers": {fd: trace.records.peer_at(fd, place) for fd in fds}, **more,
    }  # fmt: skip
    return Recording(
        meta=meta,
        waits=waits.astype(WAIT).tobytes(),
        entries=trace.records.entries[trace.span].tobytes(),
        listed=b"" if listed is None else listed.astype(ENTRY).tobytes(),
    )


def quick_waits(trace: Trace, ready: int) -> np.ndarray:
    """The positions of the waits with so many ready that were quickest, the quickest first: they have not slept."""
    chosen = np.flatnonzero(trace.ready == ready)
    ordered = chosen[np.argsort(trace.waited[chosen], kind="stable")]
    return ordered[: max(1, round(len(ordered) * NOT_ASLEEP))] if len(ordered) else ordered


def look_times(trace: Trace) -> np.ndarray:
    """Of each wait, the seconds that the kernel looked for what is ready; nan where that cannot be told from sleep.

    A look is as long as the quickest waits were with about as many watched and ready: they have not slept. poll()
    that has slept has looked twice, for it goes through its array once more when it is woken (fs/select.c).
    """
    looks = np.full(len(trace), np.nan, "<f4")
    kinds = np.stack([np.log2(np.maximum(trace.watched, 1)) * 4, np.log2(trace.ready + 1) * 3], axis=1).round()
    most = 2 if trace.how == "poll" else 1
    _, which = np.unique(kinds, axis=0, return_inverse=True)
    for kind in range(which.max() + 1 if len(which) else 0):
        alike = which.reshape(-1) == kind
        if alike.sum() >= ENOUGH:
            waited = trace.waited[alike]
            looks[alike] = np.minimum(waited, most * np.quantile(waited, NOT_ASLEEP / 2))
    return looks
