"""One wait in words and tables: what was passed in, what came back, what was done with it."""

from __future__ import annotations

import html
from typing import Final

import numpy as np

from ..kernel.events import event_names
from ..trace import layout
from ..trace.reader import Call, Entry, Trace, Wait
from .panel import table
from .picture import COLOURS, INK

SHOWN: Final = 12  # rows; a ready list can have a thousand
# What a change of the list is called by a program that has its list in the kernel, and by one that has not.
CTL: Final = {"watch": "epoll_ctl ADD", "modify": "epoll_ctl MOD", "forget": "epoll_ctl DEL"}
ARRAY: Final = {"watch": "into the array:", "modify": "changed in the array:", "forget": "out of the array:"}


def role_of(role: str) -> str:
    return f"<b style='color:{COLOURS.get(role, INK)}'>{html.escape(role)}</b>"


def change_words(change: Entry, how: str) -> str:
    """ "epoll_ctl MOD fd 9: IN", or the same for an array."""
    verb = (ARRAY if how == "poll" else CTL)[change.kind]
    events = "" if change.kind == "forget" else f" for {change.events}"
    return f"{verb} fd {change.fd}{events}"


def done_words(done: Entry | Call, how: str) -> str:
    if isinstance(done, Entry):
        return change_words(done, how)
    took = f", {done.took * 1e3:,.0f} ms" if done.took else ""
    return f"{done.name} fd {done.fd}: {done.outcome}{took}"


def passed_in(trace: Trace, number: int) -> tuple[str, np.ndarray]:
    """What wait `number` was given: a sentence, and the list it was about as far as it was recorded.

    The list is the recorded change that put each descriptor there as it is: a row of `records.entries`.
    """
    watched = int(trace.watched[number - trace.first])
    entries = trace.records.entries[: int(trace.rows[number - trace.first]["first"])]
    changes = np.flatnonzero((entries["kind"] >= layout.WATCH) & (entries["kind"] <= layout.FORGET))
    found = entries[:0]
    if len(changes):
        fds = entries["fd"][changes]
        newest = np.full(int(fds.max()) + 1, -1)
        newest[fds] = changes  # of several for one descriptor, the last one stays
        places = newest[newest >= 0]
        found = entries[places[entries["kind"][places] != layout.FORGET]]
    if trace.how == "poll":
        words = f"poll() was handed an array of {watched:,} descriptors, and the kernel looked at every one."
    elif trace.how in ("epoll", "edge"):
        words = f"epoll_wait() was handed no list: the kernel holds it, with {watched:,} descriptors on it."
    else:
        words = f"{watched:,} descriptors were watched."
    return words, found


def list_html(trace: Trace, found: np.ndarray, watched: int) -> str:
    """The descriptors that were watched, and for what, as `passed_in` gives them: thousands, of which few are shown."""
    names = trace.records.names
    count = {names[role]: number for role, number in enumerate(np.bincount(found["role"]).tolist()) if number}
    roles = ", ".join(f"{number:,} {role}" for role, number in sorted(count.items()))
    older = f"; {watched - len(found):,} more since before the oldest wait recorded" if watched > len(found) else ""
    rows = [
        [str(row["fd"]), html.escape(event_names(int(row["events"]))), role_of(names[row["role"]])]
        for row in found[:SHOWN]
    ]
    if len(found) > SHOWN:
        rows.append(["…", f"and {len(found) - SHOWN:,} more", ""])
    head = ["fd", "asked for", "whose"]
    return f"<p style='margin:2px 0'>Watched: {roles or 'not recorded'}{older}.</p>" + table(head, rows, left=3)


def came_back(wait: Wait, how: str, handled: int | None = None) -> str:
    """The ready list of a wait as a table; where it is known, with what was done for each entry.

    `handled`: how many of them have been handled so far, if the server is held among them.
    """
    known = bool(wait.turns)
    head = [
        *([] if handled is None else [""]),
        "fd",
        "events",
        "whose",
        "other end",
        "its state: what comes next",
        *(["what was done"] if known else []),
    ]
    rows = []
    for number, entry in enumerate(wait.ready[:SHOWN]):
        sign = [] if handled is None else ["✓" if number < handled else "▶" if number == handled else ""]
        row = [*sign, str(entry.fd), f"<b>{html.escape(entry.events)}</b>", role_of(entry.role)]
        row += [html.escape(entry.peer or "–"), html.escape(entry.step.replace("_", " ") or "–")]
        if known:
            done = wait.turns[number].done if number < len(wait.turns) else []
            words = "; ".join(html.escape(done_words(each, how)) for each in done) or "nothing"
            row.append(words)
        rows.append(row)
    if len(wait.ready) > SHOWN:
        rows.append([f"… and {len(wait.ready) - SHOWN:,} more"])
    if len(wait.turns) > len(wait.ready) and wait.turns[-1].done:
        last = "; ".join(html.escape(done_words(each, how)) for each in wait.turns[-1].done[:SHOWN])
        rows.append([f"after the whole list: {last}"])
    if not rows:
        return "<p style='margin:2px 0'>Nothing was ready.</p>"
    return table(head, rows, left=len(head))


def what_was_done(wait: Wait, how: str) -> str:
    """Changes of the list and calls on sockets, in order, where they cannot be told apart by entry."""
    if wait.turns:
        return ""
    done: list[Entry | Call] = [*wait.calls, *wait.changes]
    lines = [html.escape(done_words(each, how)) for each in done[:SHOWN]]
    if len(done) > SHOWN:
        lines.append(f"and {len(done) - SHOWN:,} more")
    return "<br>".join(lines) or "No change of the list."


def headline(wait: Wait) -> str:
    took = "has not come back yet" if wait.handling is None else f"handled in {wait.handling * 1e3:,.3f} ms"
    return (
        f"Wait {wait.number:,}: {len(wait.ready):,} ready of {wait.watched:,} watched; "
        f"waited {wait.waited * 1e3:,.3f} ms; {took}"
    )
