"""Components on pages without a kernel and without a network, in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zerohttpd_lib.views.web import page_with

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Without the last ones the browser looks up its maker's hosts at every start.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


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
