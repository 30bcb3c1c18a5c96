"""Take the pictures of docs/panels.md: python authoring/panel_pictures.py [--width PIXELS] [--into FOLDER]

A JupyterLab runs the notebook of the browser tests, once in each theme, with real servers under real load; each panel
is used a little, and taken as it then is: NAME.png and NAME-dark.png. With another width and folder one sees how they
do where there is less room.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PIL import Image

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from chromium import chromium, notebook_in  # noqa: E402
from panel_notebook import CELLS, EXPLORABLES, jupyterlab_on, write_notebook  # noqa: E402

PICTURES: Final = ROOT / "docs/panels"
THEMES: Final = {"": "JupyterLab Light", "-dark": "JupyterLab Dark"}
WIDTH: Final = 968  # pixels, of a panel
BESIDE: Final = 432  # pixels, that JupyterLab takes beside it
HIGHEST: Final = 1000  # pixels: what is below is more of the same
COLOURS: Final = 255
SOON: Final = 60_000  # milliseconds
SOURCES: Final = {
    **CELLS,
    **EXPLORABLES,
    "half": 'stage(*[load_run(shipped_run(f"half-a-request-{rung}")) for rung in ("epoll", "nonblocking")])',
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Pictures of all panels, in both themes.")
    parser.add_argument("--width", type=int, default=WIDTH, help="of a panel, in pixels")
    parser.add_argument("--into", type=Path, default=PICTURES, metavar="FOLDER")
    options = parser.parse_args()
    options.into.mkdir(exist_ok=True)
    for ending, theme in THEMES.items():
        with tempfile.TemporaryDirectory() as folder, chromium() as browser:
            course = Path(folder)
            write_notebook(course / "chapters/00-start-here.ipynb", SOURCES)
            with jupyterlab_on(course, theme) as address:
                take_all(notebook_in(browser, address, width=options.width + BESIDE), options.into, ending)
    return 0


def take_all(page: Any, folder: Path, ending: str) -> None:
    for name in SOURCES:
        output = run(page, name)
        if name in USED:
            USED[name](page, output)
            taken = take(page, output)
            path = folder / f"{NAMES.get(name, name)}{ending}.png"
            taken.save(path, optimize=True)
            print(f"{path}: {taken.width} x {taken.height}, {path.stat().st_size:,} bytes", flush=True)


def run(page: Any, name: str) -> Any:
    cell = page.locator(".jp-CodeCell").nth(list(SOURCES).index(name))
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "cell => /\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt').innerText)",
        arg=cell.element_handle(),
        timeout=SOON,
    )
    return cell.locator(".jp-Cell-outputArea")


def take(page: Any, output: Any) -> Image.Image:
    shown = output.locator(".zh").first
    shown.scroll_into_view_if_needed()
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    picture = Image.open(io.BytesIO(shown.screenshot())).convert("RGB")
    cut = picture.crop((0, 0, picture.width, min(picture.height, HIGHEST)))
    return cut.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


# What is done with each panel before it is taken.


def press(place: Any, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()


def race(page: Any, panel: Any) -> None:
    for rung in ("poll", "epoll"):
        panel.get_by_label("Server").select_option(rung)
        panel.locator("button:enabled", has_text="Start").click()
        panel.locator("button:enabled", has_text="Stop").wait_for(timeout=SOON)
        panel.locator("button:enabled", has_text="Start").wait_for(timeout=SOON)
    chart = panel.locator(".zh-close-up").first
    chart.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")


def hold(page: Any, panel: Any) -> None:
    for name in ("Pause", "Add a client", "Step one wait", "Send a request", "Step one event"):
        press(panel, name)
        page.wait_for_timeout(1000)


def next_wait(page: Any, panel: Any) -> None:
    panel.locator("canvas").nth(2).wait_for(timeout=SOON)
    press(panel, "Next ▶")


def later(page: Any, panel: Any) -> None:
    press(panel, "Later ▶")


def step(page: Any, panel: Any) -> None:
    press(panel, "A step on (right arrow)")


def look(page: Any, panel: Any) -> None:
    """With a few clients on the list: the stepper has the same server."""
    stepper = page.locator(".zerohttpd-panel", has=page.get_by_role("button", name="Step one wait"))
    for name in ("Resume", *["Add a client"] * 5):
        press(stepper, name)
        page.wait_for_timeout(1000)
    press(panel, "Look now")


def point(page: Any, panel: Any) -> None:
    panel.locator("canvas").first.focus()
    for _ in range(12):
        page.keyboard.press("ArrowLeft")


def move(*keys: str) -> Callable[[Any, Any], None]:
    def keyed(page: Any, panel: Any) -> None:
        panel.get_by_role("slider").first.focus()
        for key in keys:
            page.keyboard.press(key)

    return keyed


def until(pattern: str) -> Callable[[Any, Any], None]:
    """Step on until this is found in a sentence."""

    def stepped(page: Any, panel: Any) -> None:
        for _ in range(200):
            press(panel, "A step on (right arrow)")
            page.wait_for_timeout(30)
            if re.search(pattern, " ".join(panel.locator(".zh-sentence").all_inner_texts())):
                return
        raise RuntimeError(f"No step says {pattern!r}.")

    return stepped


USED: Final[dict[str, Callable[[Any, Any], None]]] = {
    "load": race, "watch": point, "inspector": next_wait, "two": next_wait, "stepper": hold, "interest": look,
    "twins": later, "replay": step,
    "stage": until(r"send\(\) on \w+'s socket"), "half": until(r"send\(\) on Bob's socket"),
    "silence": move("End"), "request": move(*["ArrowRight"] * 3), "idle": move("End", "ArrowLeft"),
    "port": move("ArrowRight", "ArrowRight"), "density": move("ArrowRight"),
}  # fmt: skip
NAMES: Final = {
    "two": "two-inspectors", "half": "two-stages", **{name: f"explore-{name}" for name in EXPLORABLES}
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
