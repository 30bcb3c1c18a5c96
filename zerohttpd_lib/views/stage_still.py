"""The stage as one picture: what is left of it where nothing moves, as on GitHub."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure

from ..trace.reader import Trace
from ..trace.wait import Call, Wait
from .palette import LIGHT
from .picture import COLOURS, INK, Picture
from .recording import Recording

BLOCKED: Final = 0.05  # seconds in one call
MOST: Final = 9  # lines of text
LINE: Final = 0.2  # inches
FEW: Final = MOST  # descriptors that can be named one by one
DULL: Final = ("set blocking", "get option", "set option")  # calls that move nothing
HEADS: Final = ("clients with news", "the kernel's interest list", "the process")


def picture_of(traces: Sequence[Trace], recordings: Sequence[Recording]) -> Picture:
    """Of each server one wait: the one after which a call blocked, else the one that found most clients ready."""
    shown = [
        (trace, recording["meta"], _worth_showing(trace))
        for trace, recording in zip(traces, recordings, strict=True)
        if len(trace)
    ]
    heights = [0.6 + LINE * _lines(trace, wait) for trace, _, wait in shown] or [1.0]
    figure = Figure(figsize=(9.0, sum(heights)), layout="constrained")
    rows = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights).flat
    words = []
    for parts, height, (trace, meta, wait) in zip(rows, heights, shown, strict=False):
        words.append(f"{meta['title']}: {wait}")
        parts.suptitle(words[-1].splitlines()[0], x=0.01, ha="left", fontsize=10, color=INK)
        clients, kernel, process = parts.subplots(1, 3, width_ratios=[1, 2, 2.2])
        room = round((height - 0.6) / LINE)
        _write(clients, HEADS[0], _clients_of(wait, meta["visitors"]), room)
        _show_list(kernel, trace, wait, meta["visitors"], room)
        _write(process, HEADS[2], _acts_of(wait), room)
    return Picture(figure, "\n\n".join(words))


def _lines(trace: Trace, wait: Wait) -> int:
    watched = len(_list_of(trace, wait))
    return MOST if watched > FEW else max(watched, min(len(wait.turns), MOST), 2)


def _worth_showing(trace: Trace) -> Wait:
    handling = np.nan_to_num(trace.handling)
    longest = trace[int(handling.argmax())]
    if any(call.took >= BLOCKED for call in longest.calls):
        return longest
    return trace[int(np.lexsort((trace.ready, trace.ready_by_role("client")))[-1])]


def _clients_of(wait: Wait, names: dict[str, str]) -> list[tuple[str, str]]:
    """Lines of text, each with its colour."""
    peers = [names.get(entry.peer, entry.peer) or f"fd {entry.fd}" for entry in wait.ready if entry.role == "client"]
    return [(peer, COLOURS["client"]) for peer in peers] or [("nobody", LIGHT["faint"])]


def _acts_of(wait: Wait) -> list[tuple[str, str]]:
    lines = []
    for turn in wait.turns:
        calls = [each for each in turn.done if isinstance(each, Call)]
        blocked = any(call.took >= BLOCKED for call in calls)
        what = ", ".join(_in_words(call) for call in calls if call.name not in DULL) or "no call on a socket"
        who = f"{turn.entry.role} {turn.entry.fd}" if turn.entry.fd >= 0 else turn.entry.step
        lines.append((f"{who}: {what}", LIGHT["blocked"] if blocked else INK))
    return lines or [(f"{entry.role} {entry.fd}: {entry.step}", INK) for entry in wait.ready]


def _in_words(call: Call) -> str:
    words = f"{call.name} {call.count:,} bytes" if call.name in ("receive", "send") and not call.problem else call.name
    return f"{words}: {call.took * 1e3:,.0f} ms" if call.took >= BLOCKED else words


def _write(ax: Any, head: str, lines: list[tuple[str, str]], room: int) -> None:
    """`lines`: texts, each with its colour. `room`: for so many."""
    ax.set_title(head, loc="left", fontsize=9, color=LIGHT["faint"])
    ax.axis("off")
    more = [(f"... and {len(lines) - room + 1:,} more", LIGHT["faint"])] if len(lines) > room else []
    for number, (text, colour) in enumerate(lines[: room - len(more)] + more):
        ax.text(
            0,
            1 - (number + 0.5) / room,
            shorten(text, 62, placeholder=" ..."),
            color=colour,
            fontsize=8,
            va="center",
            transform=ax.transAxes,
        )


def _list_of(trace: Trace, wait: Wait) -> list[tuple[int, str]]:
    """The descriptors that were watched, each with its role. Empty where that was not recorded."""
    listed = trace[wait.number - trace.first :].listed
    return [] if listed is None else [(int(row["fd"]), trace.records.names[row["role"]]) for row in listed]


def _show_list(ax: Any, trace: Trace, wait: Wait, names: dict[str, str], room: int) -> None:
    """Of a poll server the list is an array of its own."""
    ready = {entry.fd: entry for entry in wait.ready}
    watched = _list_of(trace, wait)
    head = "the process's array for poll()" if trace.how == "poll" else HEADS[1]
    head += f": {len(ready):,} of {len(watched):,} ready"
    if len(watched) > FEW:
        ax.set_title(head, loc="left", fontsize=9, color=LIGHT["faint"])
        _draw_cells(ax, [LIGHT["ready"] if fd in ready else LIGHT["cold"] for fd, _ in watched])
        return
    lines = []
    for fd, role in watched:
        entry = ready.get(fd)
        news = f" {names.get(entry.peer, '')}: {entry.events}" if entry else ""
        lines.append((f"fd {fd}  {role}{news}", LIGHT["ready"] if entry else LIGHT["faint"]))
    _write(ax, head, lines, room)


def _draw_cells(ax: Any, colours: list[str]) -> None:
    """One for each descriptor."""
    columns = round((len(colours) * 2.2) ** 0.5)
    at = np.arange(len(colours))
    ax.scatter(at % columns, at // columns, c=colours, marker="s", s=9)
    ax.set_aspect("equal")
    ax.set_anchor("NW")
    ax.invert_yaxis()
    ax.axis("off")
