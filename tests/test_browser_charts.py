"""The inspector, and what all panels have in common, in a real browser: pressed, hovered, brushed, moved by keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from barriers import serious_barriers
from chromium import needs_chromium
from contrasts import CONTRASTS
from page_of import EPOLL, PANELS, POLL, at, heads, number_of, page_of, settled

from zerohttpd_lib.lab.saved_run import load_run, shipped_run
from zerohttpd_lib.views import inspector

pytestmark = needs_chromium

SIZES = [(1100, "light"), (1100, "dark"), (700, "light"), (700, "dark")]


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Any, tmp_path: Path) -> Iterator[Any]:
    with page_of(browser, tmp_path, PANELS[request.param]) as page:
        yield page


# The inspector.


@pytest.mark.parametrize("page", ["two"], indirect=True)
def test_a_press_on_the_timeline_picks_that_wait_and_the_other_servers_of_the_same_time(page: Any) -> None:
    before = heads(page)
    overview = page.locator(".zh-overview").first
    overview.click(position=at(overview, 0.25))
    settled(page)
    after = heads(page)
    assert after[0] != before[0] and after[1] != before[1]
    moments = page.evaluate(
        "here.inspector.timeline.chosen.map((i, k) => here.inspector.servers[k].recording.times(i).called)"
    )
    last = page.evaluate("here.inspector.timeline.last")
    assert moments == pytest.approx([last / 4] * 2, abs=last / 100)
    wait = POLL.trace.at(number_of(after[0]))
    assert f"{len(wait.ready)} ready of {wait.watched:,} watched" in after[0]
    for entry in wait.ready[:12]:
        assert page.locator(".zh-detail").first.get_by_role("button", name=str(entry.fd), exact=True).count() == 1


@pytest.mark.parametrize("page", ["two"], indirect=True)
def test_a_stretch_that_is_dragged_over_is_shown_for_both(page: Any) -> None:
    overview = page.locator(".zh-overview").nth(1)
    box, start, end = overview.bounding_box(), at(overview, 0.3), at(overview, 0.4)
    page.mouse.move(box["x"] + start["x"], box["y"] + start["y"])
    page.mouse.down()
    page.mouse.move(box["x"] + end["x"], box["y"] + end["y"], steps=4)
    page.mouse.up()
    low, high, last = page.evaluate("[...here.inspector.timeline.range, here.inspector.timeline.last]")
    assert (low / last, high / last) == pytest.approx((0.3, 0.4), abs=0.01)
    page.get_by_role("button", name="Whole run").click()
    assert page.evaluate("here.inspector.timeline.range") == [0, last]


@pytest.mark.parametrize("page", ["inspector"], indirect=True)
def test_over_the_timeline_it_says_what_is_there(page: Any) -> None:
    close_up, tip = page.locator(".zh-close-up"), page.locator(".zh-tip")
    assert not tip.is_visible()
    close_up.hover(position=at(close_up, 0.5))
    assert re.match(r"Wait [\d,]+: \d+ ready of [\d,]+ watched; ", tip.inner_text())
    page.mouse.move(0, 0)
    assert not tip.is_visible()


@pytest.mark.parametrize("page", ["inspector"], indirect=True)
def test_keys_go_from_wait_to_wait_and_say_it(page: Any) -> None:
    slider = page.get_by_role("slider", name="Waits of epoll")
    slider.focus()
    first = number_of(heads(page)[0])
    for key, number in (
        ("ArrowRight", first + 1),
        ("Shift+ArrowLeft", first - 9),
        ("Home", EPOLL.trace.first),
        ("End", EPOLL.trace.end - 1),
    ):
        page.keyboard.press(key)
        assert number_of(heads(page)[0]) == number
        assert slider.get_attribute("aria-valuenow") == str(number)
        assert slider.get_attribute("aria-valuetext") == heads(page)[0]
    page.keyboard.press("ArrowRight")
    assert number_of(heads(page)[0]) == EPOLL.trace.end - 1  # there is none after it


@pytest.mark.parametrize("page", ["inspector"], indirect=True)
def test_what_no_number_of_a_wait_is_goes_to_the_next_best(page: Any) -> None:
    field = page.get_by_label("Wait", exact=True)
    for typed, number in (("99999999", EPOLL.trace.end - 1), ("-5", EPOLL.trace.first), ("", EPOLL.trace.first)):
        field.fill(typed)
        field.press("Enter")
        field.blur()
        assert number_of(heads(page)[0]) == number


@pytest.mark.parametrize("page", ["two"], indirect=True)
def test_what_differs_a_hundredfold_looks_so(page: Any) -> None:
    looked = [each["looked"] for each in PANELS["two"].costs]
    assert looked[0] / looked[1] > 100
    painted = """canvas => {
      const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      let count = 0;
      for (let n = 3; n < data.length; n += 4) count += data[n] > 128;
      return count;
    }"""
    areas = [page.locator(".zh-squares canvas").nth(n).evaluate(painted) for n in (0, 1)]
    assert areas[0] / areas[1] == pytest.approx(round(looked[0]) / round(looked[1]), rel=0.05)


@pytest.mark.parametrize("page", ["inspector"], indirect=True)
def test_a_descriptor_that_is_pressed_shows_its_history(page: Any) -> None:
    trace = EPOLL.trace
    fd = next(fd for fd in trace.descriptors() if len(trace.history(fd)) > 5)
    for number in trace.history(fd)[3].waits_ready[:1]:
        page.get_by_label("Wait", exact=True).fill(str(number))
        page.get_by_label("Wait", exact=True).press("Enter")
    page.get_by_role("button", name=str(fd), exact=True).click()
    said = page.locator(".zh-history").inner_text()
    assert f"History of fd {fd}" in said
    assert f"{len(trace.history(fd)):,} lives in all" in said
    life = trace.history(fd)[3]
    assert f"accepted in wait {life.born:,}" in said or f"watched in wait {life.born:,}" in said


def test_a_run_that_lost_its_list_says_that_it_was_not_recorded(browser: Any, tmp_path: Path) -> None:
    run = load_run(shipped_run("epoll-1000-idle"))
    run.trace.records.listed = None
    with page_of(browser, tmp_path, inspector(run)) as page:
        assert "The list: not recorded" in page.locator("summary").inner_text()
        assert page.get_by_text("⚠").count() == 0


# All of them.


@pytest.mark.parametrize(("width", "scheme"), SIZES)
@pytest.mark.parametrize("name", PANELS)
def test_it_fits_is_accessible_and_can_be_read(
    browser: Any, tmp_path: Path, name: str, width: int, scheme: str
) -> None:
    with page_of(browser, tmp_path, PANELS[name], width=width, scheme=scheme) as page:
        for tab in page.get_by_role("tab").all() or [None]:
            if tab is not None:
                tab.click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert serious_barriers(page) == []
            assert [each for each in page.evaluate(CONTRASTS, "#here") if each[0] < 4.5] == []
