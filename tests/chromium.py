"""Chromium, driven by Playwright; and a notebook in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Without the last ones it looks up its maker's hosts at every start.
FLAGS: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
STARTED: Final = 60_000  # milliseconds until a notebook's kernel is there

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: sudo apt install chromium")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser. Skips the test where there is no Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def notebook_in(browser: Any, address: str, *, width: int = 1400, height: int = 1500) -> Any:
    """A page with the notebook that JupyterLab has at this address, once its kernel is there."""
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    page.goto(address)
    page.locator(".jp-Notebook").wait_for(timeout=STARTED)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=STARTED)
    return page
