"""The explorables in a real JupyterLab, in its dark theme: moved by keys and by the hand, and read."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from barriers import serious_barriers
from chromium import chromium, needs_chromium, notebook_in
from contrasts import CONTRASTS
from panel_notebook import EXPLORABLES, jupyterlab_on, write_notebook

SOON = 60_000  # milliseconds

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def lab_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A notebook of them, all cells run."""
    course = tmp_path_factory.mktemp("course")
    write_notebook(course / "chapters/00-start-here.ipynb", EXPLORABLES)
    with jupyterlab_on(course, "JupyterLab Dark") as address, chromium() as browser:
        page = notebook_in(browser, address, width=1300, height=1400)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_function(
            "n => document.querySelectorAll('.zh-explorable').length === n", arg=len(EXPLORABLES), timeout=SOON
        )
        yield page


def figure_of(page: Any, name: str) -> Any:
    return page.locator(".zh-explorable").nth(list(EXPLORABLES).index(name))


@pytest.mark.parametrize("name", EXPLORABLES)
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


SAID = {
    "silence": "STUCK", "request": "Turn", "idle": "µs a wait", "port": "its array", "density": "poll, model",
}  # fmt: skip


@pytest.mark.parametrize("name", EXPLORABLES)
def test_it_can_be_read_in_jupyterlabs_dark_theme_and_has_no_serious_barrier(lab_page: Any, name: str) -> None:
    assert lab_page.evaluate("document.body.dataset.jpThemeLight") == "false"
    figure_of(lab_page, name).evaluate("(figure, name) => { figure.id = `explorable-${name}`; }", name)
    found = lab_page.evaluate(CONTRASTS, f"#explorable-{name}")
    assert SAID[name] in {each[1] for each in found}
    assert [each for each in found if each[0] < 4.5] == []
    assert serious_barriers(lab_page, f"#explorable-{name}") == []


def test_the_still_behind_it_is_hidden_while_it_lives(lab_page: Any) -> None:
    assert lab_page.locator(".jp-OutputArea-output img:visible").count() == 0
