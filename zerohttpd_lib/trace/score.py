"""The cost score: what it took to find out what is ready, and to serve it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import layout
from .waits import Waits


@dataclass(frozen=True)
class Cost:
    """Counts of some waits; divided, they are the score.

    `looked_at`: descriptors that the kernel looked at to find those that are ready: poll() looks at
    all that are watched at each call, epoll_wait() at those on its ready list alone. `ctl_calls`:
    calls of epoll_ctl; with poll there are none, because its list is in the program's own memory.

    `system_calls`, with details only: wait, epoll_ctl, and the calls on sockets (socket, connect,
    accept, recv, send, close, shutdown, getsockopt, setsockopt, and making one blocking or not). Not
    counted is what Python adds (it asks each new socket for its name), and what is no socket: files,
    clocks, memory.
    """

    how: str
    waits: int
    events: int  # entries of ready lists
    looked_at: int
    ctl_calls: int
    requests: int
    eagains: int | None = None  # None: recorded without details
    system_calls: int | None = None

    @property
    def looked_at_per_event(self) -> float | None:
        """Descriptors that the kernel had to look at, for each that was ready; None where none was."""
        return self.looked_at / self.events if self.events else None

    @property
    def waits_per_request(self) -> float | None:
        """None where no request was counted; so with those below."""
        return self._per_request(self.waits)

    @property
    def ctl_per_request(self) -> float | None:
        """Changes of the interest list."""
        return self._per_request(self.ctl_calls)

    @property
    def eagains_per_request(self) -> float | None:
        """Calls that found nothing to do. None, too, where the calls were not recorded."""
        return self._per_request(self.eagains)

    @property
    def calls_per_request(self) -> float | None:
        """System calls. None, too, where they were not recorded."""
        return self._per_request(self.system_calls)

    def _per_request(self, count: int | None) -> float | None:
        return count / self.requests if self.requests and count is not None else None

    def rows(self) -> list[tuple[str, str]]:
        """The score, as (name, value)."""
        values = [
            ("descriptors looked at per event", self.looked_at_per_event),
            ("waits per request", self.waits_per_request),
            ("epoll_ctl calls per request", self.ctl_per_request),
            ("EAGAINs per request", self.eagains_per_request),
            ("system calls per request", self.calls_per_request),
        ]
        return [(name, "not recorded" if value is None else f"{value:,.2f}") for name, value in values]

    def __repr__(self) -> str:
        rows = [("requests", f"{self.requests:,}"), *self.rows()]
        return "\n".join(f"{name + ':':<33}{value:>12}" for name, value in rows)


def cost_of(trace: Waits, requests: int | None = None) -> Cost:
    """The cost of these waits.

    `requests`: how many were answered in them. Without it they are counted: with details by the
    client whose input is followed by output, else by the clients that were forgotten.
    """
    entries = trace.records.entries[trace.span]
    kind = entries["kind"]
    is_poll = trace.how == "poll"
    events = int(trace.ready.sum())
    ctl = int(np.isin(kind, (layout.WATCH, layout.MODIFY, layout.FORGET)).sum())
    is_call = kind >= layout.FIRST_CALL
    connects = int((kind == layout.FIRST_CALL + layout.CALLS.index("connect")).sum())  # each with a socket()
    calls = len(trace) + (0 if is_poll else ctl) + int(is_call.sum()) + connects
    failed = is_call & (entries["events"] & layout.FAILED > 0)
    again = failed & (entries["events"] & 0xFFFF == _EAGAIN)
    return Cost(
        how=trace.how,
        waits=len(trace),
        events=events,
        looked_at=int(trace.watched.sum()) if is_poll else events,
        ctl_calls=0 if is_poll else ctl,
        requests=_requests(trace, entries) if requests is None else requests,
        eagains=int(again.sum()) if trace.details else None,
        system_calls=calls if trace.details else None,
    )


_EAGAIN = 11  # on Linux, where the trace was recorded; elsewhere errno.EAGAIN may be another number


def _requests(trace: Waits, entries: np.ndarray) -> int:
    is_client = trace.records.role_is("client")[trace.span]
    if not trace.details:
        return int(((entries["kind"] == layout.FORGET) & is_client).sum())
    receive, send = (layout.FIRST_CALL + layout.CALLS.index(name) for name in ("receive", "send"))
    has_bytes = (entries["events"] & layout.FAILED == 0) & (entries["events"] & ~np.uint32(layout.FULL) > 0)
    chosen = np.flatnonzero(is_client & has_bytes & np.isin(entries["kind"], (receive, send)))
    chosen = chosen[np.argsort(entries["fd"][chosen], kind="stable")]
    sent = entries["kind"][chosen] == send
    same = np.diff(entries["fd"][chosen], prepend=-1) == 0
    return int((sent & same & ~np.concatenate([[False], sent[:-1]])).sum()) if len(chosen) else 0
