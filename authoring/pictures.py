"""Make the pictures of the README from the runs that ship with the package: python authoring/pictures.py

A browser draws them, as it does in a notebook: docs/one-wait.png is the end, docs/one-wait.gif how it came to that.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import sync_playwright

from zerohttpd_lib.lab.saved_run import load_run, shipped_run
from zerohttpd_lib.views import one_wait
from zerohttpd_lib.views.web import page_with

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
SIZE: Final = {"width": 900, "height": 420}
FRAMES: Final = 60
FRAME_TIME: Final = 90  # milliseconds
LAST_FRAME_TIME: Final = 4000


def main() -> int:
    poll, epoll = (load_run(shipped_run(f"{rung}-1000-idle")) for rung in ("poll", "epoll"))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        file = Path(folder, "page.html")
        file.write_text(page_with(one_wait(poll, epoll), "One wait"))
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.goto(file.as_uri())
        page.wait_for_function("here.player?.frames > 0")
        frames = [frame_at(page, n / FRAMES) for n in range(FRAMES + 1)]
        browser.close()
    frames[-1].save(DOCS / "one-wait.png", optimize=True)
    times = [FRAME_TIME] * FRAMES + [LAST_FRAME_TIME]
    few = [frame.convert("P", palette=Image.Palette.ADAPTIVE, colors=32) for frame in frames]
    few[0].save(DOCS / "one-wait.gif", save_all=True, append_images=few[1:], duration=times, loop=0, optimize=True)
    for name in ("one-wait.png", "one-wait.gif"):
        print(f"docs/{name}: {(DOCS / name).stat().st_size:,} bytes")
    return 0


def frame_at(page: Any, part: float) -> Image.Image:
    before = page.evaluate("here.player.frames")
    page.evaluate("part => here.player.go(here.player.last * part)", part)
    page.wait_for_function("before => here.player.frames > before", arg=before)
    figure = page.locator(".zh-one-wait")
    return Image.open(io.BytesIO(figure.screenshot())).convert("RGB")


if __name__ == "__main__":
    sys.exit(main())
