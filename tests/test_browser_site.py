"""The site in a real browser: opened from the disk, with the network cut."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from barriers import serious_barriers
from chromium import needs_chromium
from contrasts import CONTRASTS

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "authoring"))

import build_site  # noqa: E402

pytestmark = needs_chromium

PAGES = [page.name for page in build_site.all_pages()]
PLAYERS = {"index": 1, "00-start-here": 1, "04-meet-epoll": 2, "recorded-runs": 4}  # how many play in these
EXPLORABLES = [
    "01-seven-ways-to-wait",
    "02-one-thread-many-clients",
    "03-inside-poll",
    "05-from-poll-to-epoll",
    "06-the-race",
]
# What components draw in: those of them that play, or have a cause to drag.
SHOWN = "[...document.querySelectorAll('main div')].filter((box) => box.player || box.cause)"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build_site.build_site(folder)
    return folder


@pytest.fixture
def page(browser: Any, site: Path) -> Iterator[Any]:
    """With the network cut. A message in the console is a failure, and so is a request for what is not the site's."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, offline=True)
    complaints: list[str] = []
    ours = (site.as_uri() + "/", "data:")
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(ours) else complaints.append(request.url))
    yield page
    page.close()
    assert complaints == []


def show(page: Any, site: Path, name: str) -> None:
    page.goto((site / f"{name}.html").as_uri())
    page.wait_for_load_state("load")


def test_a_request_to_another_host_would_be_noticed(browser: Any, site: Path) -> None:
    """So that the tests below can fail."""
    page = browser.new_page(offline=True)
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    show(page, site, "get-it")
    page.evaluate("new Promise((done) => { const i = new Image(); i.onerror = done; i.src = 'http://127.0.0.2:9/'; })")
    page.close()
    assert "http://127.0.0.2:9/" in seen


@pytest.mark.parametrize("name", PAGES)
def test_each_page_opens_from_the_disk_fits_and_can_be_read(page: Any, site: Path, name: str) -> None:
    """From 700 px on, and in both themes: text has a contrast of 4.5 to 1 or more (WCAG 2.2, 1.4.3)."""
    show(page, site, name)
    assert page.evaluate(f"{SHOWN}.filter((box) => box.player).length") == PLAYERS.get(name, 0)
    assert page.evaluate(f"{SHOWN}.filter((box) => box.cause).length") == (name in EXPLORABLES)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function("dark => document.body.classList.contains('zh-dark') === dark", arg=theme == "dark")
        found = page.evaluate(CONTRASTS, "body")
        assert len(found) > 20
        assert [each for each in found if each[0] < 4.5] == []
    for width in (1100, 700):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_serious_barrier(page: Any, site: Path, name: str) -> None:
    page.set_viewport_size({"width": 700, "height": 900})
    show(page, site, name)
    assert serious_barriers(page) == []


@pytest.mark.parametrize("name", PLAYERS)
def test_what_plays_plays_and_can_be_scrubbed(page: Any, site: Path, name: str) -> None:
    show(page, site, name)
    for n in range(PLAYERS[name]):
        player = f"{SHOWN}.filter((box) => box.player)[{n}].player"
        button = page.get_by_role("button", name="Play or pause (space)").nth(n)
        page.evaluate(f"{player}.go(0)")
        button.click()
        page.wait_for_function(f"{player}.position > 0")
        button.click()
        assert not page.evaluate(f"{player}.playing")
        slider = page.evaluate_handle(f"{player}.slider").as_element()
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
        page.wait_for_function(f"Math.abs({player}.position / {player}.last - 0.5) < 0.05")


@pytest.mark.parametrize("name", [*PLAYERS, *EXPLORABLES])
def test_where_no_script_runs_there_are_stills(browser: Any, site: Path, name: str) -> None:
    stills = "main div[id] > img[src^='data:image/png']"
    for scripts in (False, True):
        context = browser.new_context(java_script_enabled=scripts, offline=True)
        page = context.new_page()
        show(page, site, name)
        found = page.locator(stills)
        assert (found.count() >= PLAYERS.get(name, 1)) is not scripts
        for still in found.all():
            box = still.bounding_box()
            assert box["width"] > 400 and box["height"] > 80
            assert still.get_attribute("alt")
        assert page.get_by_text("Without JavaScript nothing plays").count() == (not scripts)
        context.close()


def test_a_stage_tells_what_its_record_holds(page: Any, site: Path) -> None:
    show(page, site, "recorded-runs")
    told = [page.locator(".zh-sentence").first.inner_text()]
    page.locator(".zh-stage").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.wait_for_function("told => document.querySelector('.zh-sentence').innerText !== told", arg=told[-1])
        told.append(page.locator(".zh-sentence").first.inner_text())
    assert "calls epoll_wait()" in told[0] and "epoll_wait() returns after" in told[1]


@pytest.mark.parametrize("panel", [".zh-inspector", ".zh-twins"])
def test_a_panel_of_recorded_runs_is_brushed_and_pressed(page: Any, site: Path, panel: str) -> None:
    show(page, site, "recorded-runs")
    box = page.locator(panel)
    box.scroll_into_view_if_needed()
    seen = [box.inner_text()]
    for n in (1, 0):
        box.get_by_role("button").nth(n).click()
        page.wait_for_function("([box, before]) => box.innerText !== before", arg=[box.element_handle(), seen[-1]])
        seen.append(box.inner_text())
    assert "Came back" in seen[-1]


@pytest.mark.parametrize("name", EXPLORABLES)
def test_an_explorable_answers_to_keys_and_to_the_hand(page: Any, site: Path, name: str) -> None:
    show(page, site, name)
    figure = page.locator(".zh-explorable")
    slider = figure.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    seen = [figure.inner_text()]
    for key in ("ArrowRight", "End"):
        page.keyboard.press(key)
        seen.append(figure.inner_text())
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    seen.append(figure.inner_text())
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("name", ["03-inside-poll", "06-the-race"])
def test_a_chart_can_be_dragged(page: Any, site: Path, name: str) -> None:
    show(page, site, name)
    chart = page.locator(".zh-price-chart")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    at = []
    page.mouse.move(box["x"] + 80, box["y"] + 60)
    page.mouse.down()
    for part in (0.2, 0.5, 0.75):
        page.mouse.move(box["x"] + box["width"] * part, box["y"] + 60)
        at.append(float(page.get_by_role("slider").last.input_value()))
    page.mouse.up()
    assert at == sorted(set(at)) and len(at) == 3
    page.mouse.move(box["x"] + 80, box["y"] + 60)
    assert float(page.get_by_role("slider").last.input_value()) == at[-1]


def test_a_link_leads_on(page: Any, site: Path) -> None:
    show(page, site, "index")
    page.locator("main").get_by_role("link", name="00-start-here").click()
    page.wait_for_url("**/00-start-here.html")
    for name in PAGES[2:]:
        page.locator("a[rel=next]").click()
        page.wait_for_url(f"**/{name}.html")
