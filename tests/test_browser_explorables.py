"""The explorables in a real JupyterLab, in its dark theme: moved by keys and by the hand, and read."""

from __future__ import annotations

import itertools
import shutil
import textwrap
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from contrasts import CONTRASTS
from panel_notebook import jupyterlab_on

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SOON = 60_000  # milliseconds
CELLS = {
    "idle": """
        from zerohttpd_lib.kernel.wait_price import fit, measure_grid
        from zerohttpd_lib.lab.saved_run import load_run, shipped_run
        from zerohttpd_lib.views import explore_density, explore_idle, explore_port, explore_silence
        explore_idle(measure_grid("poll", (10, 100, 300), (1,), repeats=20))
    """,
    "density": """
        times = {how: measure_grid(how, (30, 300), (1, 10), repeats=20) for how in ("poll", "epoll")}
        explore_density(times["poll"] + times["epoll"], [fit(times[how]) for how in times])
    """,
    "port": """
        explore_port(*(load_run(shipped_run(f"{name}-1000-idle")) for name in ("poll", "epoll")))
    """,
    "silence": """
        explore_silence({"iterative": {1: False}, "preforked": {9: True, 10: False}, "poll": {15: True}}, pool=10)
    """,
}

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: sudo apt install chromium")


@pytest.fixture(scope="module")
def lab_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A notebook of them, all cells run."""
    course = tmp_path_factory.mktemp("course")
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(textwrap.dedent(text).strip()) for text in CELLS.values()]
    )
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    theme = course / ".lab/settings/@jupyterlab/apputils-extension/themes.jupyterlab-settings"
    theme.parent.mkdir(parents=True)
    theme.write_text('{"theme": "JupyterLab Dark"}')
    (course / "chapters").mkdir()
    nbformat.write(book, course / "chapters/00-start-here.ipynb")
    with jupyterlab_on(course) as address, playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1300, "height": 1400})
        page.goto(address)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=SOON)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_function(
            "n => document.querySelectorAll('.zh-explorable').length === n", arg=len(CELLS), timeout=SOON
        )
        yield page
        browser.close()


def figure_of(page: Any, name: str) -> Any:
    return page.locator(".zh-explorable").nth(list(CELLS).index(name))


@pytest.mark.parametrize("name", CELLS)
def test_keys_and_the_hand_move_it_and_nothing_else(lab_page: Any, name: str) -> None:
    figure = figure_of(lab_page, name)
    slider = figure.get_by_role("slider")
    selected = (
        "[...document.querySelectorAll('.jp-Cell')].findIndex((cell) => cell.classList.contains('jp-mod-active'))"
    )
    slider.focus()
    lab_page.keyboard.press("Home")
    before = lab_page.evaluate(selected)
    seen = [figure.inner_text()]
    for key in ("ArrowRight", "ArrowUp", "End", "ArrowDown"):
        lab_page.keyboard.press(key)
        seen.append(figure.inner_text())
    box = slider.bounding_box()
    lab_page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    seen.append(figure.inner_text())
    assert all(one != other for one, other in itertools.pairwise(seen))
    assert lab_page.evaluate(selected) == before
    assert slider.get_attribute("aria-valuetext") in figure.locator("output").inner_text()


def test_it_can_be_read_in_jupyterlabs_dark_theme(lab_page: Any) -> None:
    assert lab_page.evaluate("document.body.dataset.jpThemeLight") == "false"
    for n, text in enumerate(("µs a wait", "poll, model", "its array", "STUCK")):
        lab_page.evaluate("n => { document.querySelectorAll('.zh-explorable')[n].id = `explorable-${n}`; }", n)
        found = lab_page.evaluate(CONTRASTS, f"#explorable-{n}")
        assert text in {each[1] for each in found}
        assert [each for each in found if each[0] < 4.5] == []


def test_the_still_behind_it_is_hidden_while_it_lives(lab_page: Any) -> None:
    assert lab_page.locator(".jp-OutputArea-output img:visible").count() == 0
