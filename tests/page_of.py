"""Panels on pages without a kernel and without a network, for tests in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zerohttpd_lib.lab.saved_run import load_run, shipped_run
from zerohttpd_lib.views import inspector, replay, twin_timelines
from zerohttpd_lib.views.interest_panel import InterestPanel
from zerohttpd_lib.views.live import WaitsSeen, Watching, shown_of
from zerohttpd_lib.views.load_view import KeptRun, LoadRuns, load_of
from zerohttpd_lib.views.web import page_with

POLL, EPOLL, LEVEL, EDGE = (
    load_run(shipped_run(n)) for n in ("poll-1000-idle", "epoll-1000-idle", "keepalive", "edge")
)


def load_runs() -> LoadRuns:
    runs = [
        KeptRun(n, str(run.about["rung"]), run.result.plan, run.result.samples, run.result)
        for n, run in enumerate((POLL, EPOLL), 1)
        if run.result is not None
    ]
    return LoadRuns(load=load_of(runs))


def watching() -> Watching:
    """As `watch` leaves it. When the load test of this run began was not recorded: here, with its first wait."""
    seen = WaitsSeen()
    seen.started = float(POLL.trace.rows["called"][0])
    seen.take(POLL.trace)
    assert POLL.result is not None
    return Watching(seen=shown_of("poll", POLL.result.samples, seen, 1.0))


PANELS = {
    "inspector": inspector(EPOLL),
    "two": inspector(POLL, EPOLL),
    "twins": twin_timelines(LEVEL, EDGE),
    "replay": replay(shipped_run("poll-1000-idle")),
    "interest": InterestPanel(None, {each.fd: each for each in EPOLL.interest}, EPOLL.trace),
    "load": load_runs(),
    "watching": watching(),
}


@contextmanager
def page_of(browser: Any, folder: Path, widget: Any, *, width: int = 1100, scheme: str = "light") -> Iterator[Any]:
    """Open it from the disk, with the network cut. Whatever it complains of is a failure."""
    file = folder / "page.html"
    file.write_text(page_with(widget, "A component"))
    page = browser.new_page(viewport={"width": width, "height": 900}, offline=True, color_scheme=scheme)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    page.locator("#here canvas").first.wait_for()
    settled(page)
    yield page
    page.close()
    assert complaints == []


def settled(page: Any) -> None:
    """Two frames later: what was set has been drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def heads(page: Any) -> list[str]:
    return [str(text) for text in page.locator(".zh-detail h4").all_inner_texts()]


def number_of(head: str) -> int:
    found = re.match(r"Wait ([\d,]+):", head)
    assert found, head
    return int(found[1].replace(",", ""))


def at(sheet: Any, part: float) -> dict[str, float]:
    """So far along the time that a sheet shows: it has 64 pixels on its left, 10 on its right."""
    box = sheet.bounding_box()
    return {"x": 64 + part * (box["width"] - 74), "y": box["height"] / 3}
