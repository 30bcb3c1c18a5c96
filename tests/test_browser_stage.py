"""The stage and the grid in a real browser, on pages without a kernel and without a network."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contrasts import CONTRASTS

from zerohttpd_lib.lab.saved_run import load_run, shipped_run
from zerohttpd_lib.views import one_wait, stage
from zerohttpd_lib.views.web import page_with

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: sudo apt install chromium")

POLL, EPOLL = (load_run(shipped_run(name)) for name in ("poll-1000-idle", "epoll-1000-idle"))
PAGES = {"one": stage(EPOLL), "two": stage(POLL, EPOLL, start=300), "glance": one_wait(POLL, EPOLL)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=PAGES)
def opened(request: pytest.FixtureRequest, browser: Any, tmp_path: Path) -> Iterator[Any]:
    yield from opened_page(browser, tmp_path, request.param)


@pytest.fixture
def one(browser: Any, tmp_path: Path) -> Iterator[Any]:
    yield from opened_page(browser, tmp_path, "one")


@pytest.fixture
def two(browser: Any, tmp_path: Path) -> Iterator[Any]:
    yield from opened_page(browser, tmp_path, "two")


@pytest.fixture
def glance(browser: Any, tmp_path: Path) -> Iterator[Any]:
    yield from opened_page(browser, tmp_path, "glance")


def opened_page(browser: Any, folder: Path, name: str) -> Iterator[Any]:
    """A page from the disk, with the network cut. Whatever it complains of is a failure."""
    file = folder / f"{name}.html"
    file.write_text(page_with(PAGES[name], name))
    page = browser.new_page(viewport={"width": 1100, "height": 900}, offline=True)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    page.wait_for_function("document.getElementById('here').player?.frames > 0")
    yield page
    page.close()
    assert complaints == []


def press(page: Any, *keys: str) -> None:
    page.locator("[tabindex='0']").focus()
    for key in keys:
        before = page.evaluate("here.player.frames")
        page.keyboard.press(key)
        page.wait_for_function("before => here.player.frames > before", arg=before)


def sentence(page: Any, scene: int = 0) -> str:
    return str(page.locator(".zh-sentence").nth(scene).inner_text())


def test_the_browser_reads_from_the_record_what_python_reads(one: Any) -> None:
    trace = EPOLL.trace
    for n in (0, 1, len(trace) // 2, len(trace) - 2):
        here = one.evaluate("n => here.scenes[0].recording.wait(n)", n)
        wait = trace[n]
        assert here["number"] == wait.number and here["watched"] == wait.watched
        assert here["returned"] - here["called"] == pytest.approx(wait.waited)
        assert [(each["fd"], each["role"], each["step"]) for each in here["ready"]] == [
            (each.fd, each.role, each.step) for each in wait.ready
        ]
        calls = [act for act in here["acts"] if act["kind"] == "call"]
        assert [(act["name"], act["fd"], act["count"], act["problem"], act["took"]) for act in calls] == [
            (call.name, call.fd, call.count, call.problem, round(call.took * 1e6)) for call in wait.calls
        ]
        changes = [act for act in here["acts"] if act["kind"] in ("watch", "modify", "forget")]
        assert [(act["kind"], act["fd"]) for act in changes] == [(each.kind, each.fd) for each in wait.changes]
        listed = one.evaluate("n => [...here.scenes[0].recording.listAt(n).keys()]", n)
        assert listed == [int(fd) for fd in trace[n:].listed["fd"]]


def test_steps_lead_from_a_wait_through_what_was_done_to_the_next_and_back(one: Any) -> None:
    first = EPOLL.trace[0]
    assert "calls epoll_wait()" in sentence(one)
    told = [sentence(one)]
    acts = one.evaluate("here.scenes[0].wait(0).acts.length")
    for _ in range(acts + 2):
        press(one, "ArrowRight")
        told.append(sentence(one))
    assert f"{len(first.ready)} is ready" in told[1] or f"{len(first.ready)} are ready" in told[1]
    assert f"wait {first.number + 1:,}" in one.locator(".zh-at").inner_text()
    press(one, *["ArrowLeft"] * (acts + 2))
    assert sentence(one) == told[0]


def test_a_step_may_be_a_wait(one: Any) -> None:
    one.get_by_label("A step is").select_option("wait")
    press(one, "ArrowRight", "ArrowRight", "ArrowRight")
    assert f"wait {EPOLL.trace.first + 2:,}" in one.locator(".zh-at").inner_text()
    assert "returns after" in sentence(one)


def test_the_line_that_did_it_is_lit(one: Any) -> None:
    """Whenever a call on a socket is shown, and a line is lit, it names that call."""
    lit = 0
    one.evaluate("here.player.go(400)")
    for _ in range(20):
        press(one, "ArrowRight")
        found = re.match(r"(recv|send|accept)\(\)", sentence(one))
        lines = one.locator(".zh-lit")
        if found and lines.count():
            lit += 1
            assert {"recv": "receive", "send": "send", "accept": "accept"}[found[1]] in lines.inner_text()
    assert lit


def test_the_ready_list_empties_turn_by_turn(one: Any) -> None:
    longest = int(EPOLL.trace.ready.argmax())
    one.evaluate("n => here.player.go(n)", longest)
    one.get_by_label("A step is").select_option("event")
    left = []
    for _ in range(4):
        press(one, "ArrowRight")
        found = re.search(r"(\d+), (\d+) left", one.locator(".zh-part").nth(1).inner_text())
        assert found and int(found[1]) == EPOLL.trace.ready.max()
        left.append(int(found[2]))
    assert left == [left[0], left[0], left[0] - 1, left[0] - 2]


def test_it_plays_pauses_and_can_be_scrubbed(opened: Any) -> None:
    opened.evaluate("here.player.go(0)")
    opened.get_by_role("button", name="Play or pause (space)").click()
    opened.wait_for_function("here.player.position > 0")
    opened.get_by_role("button", name="Play or pause (space)").click()
    at = opened.evaluate("here.player.position")
    press(opened, "End")
    assert opened.evaluate("here.player.position") == opened.evaluate("here.player.last") > at
    press(opened, "Home")
    assert opened.evaluate("here.player.position") == 0
    slider = opened.get_by_role("slider")
    slider.evaluate("s => { s.value = s.max / 2; s.dispatchEvent(new Event('input')); }")
    opened.wait_for_function("Math.abs(here.player.position - here.player.last / 2) < here.player.last / 1000")


def test_two_stages_share_one_clock(two: Any) -> None:
    for _ in range(6):
        press(two, "ArrowRight")
        clocks = [re.search(r"([\d.]+) ms", text) for text in two.locator(".zh-at").all_inner_texts()]
        assert clocks[0] and clocks[1] and clocks[0][1] == clocks[1][1]
    for scene in (0, 1):
        called = two.evaluate("n => here.scenes[n].recording.times(here.scenes[n].shown.i).called", scene)
        assert called <= two.evaluate("here.player.position") + 1e-9


def test_the_grid_sweeps_for_poll_and_not_for_epoll(glance: Any) -> None:
    poll, epoll = PAGES["glance"].sides
    words = glance.locator(".zh-words")
    assert words.nth(0).inner_text().startswith(f"{len(poll['cells']):,} of {len(poll['cells']):,} looked at")
    assert words.nth(1).inner_text().startswith(f"{len(epoll['ready'])} of {len(epoll['cells']):,} looked at")
    glance.evaluate("us => here.player.go(us)", poll["us"] / 2)
    glance.wait_for_function("here.player.position < here.player.last / 2")
    glance.wait_for_function("document.querySelector('.zh-clock').innerText.includes('…')")
    swept = int(words.nth(0).inner_text().split()[0].replace(",", ""))
    assert swept == pytest.approx(len(poll["cells"]) / 2, abs=1)


@pytest.mark.parametrize("width", [700, 1100, 1400])
def test_it_fits_where_there_is_little_room(opened: Any, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 900})
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_it_can_be_read_in_the_dark(browser: Any, opened: Any) -> None:
    """Text has a contrast of 4.5 to 1 or more in both themes (WCAG 2.2, 1.4.3)."""
    for theme in ("light", "dark"):
        opened.emulate_media(color_scheme=theme)
        opened.reload()
        opened.wait_for_function("document.getElementById('here').player?.frames > 0")
        press(opened, *["ArrowRight"] * 4)
        assert [each for each in opened.evaluate(CONTRASTS, "#here") if each[0] < 4.5] == []
