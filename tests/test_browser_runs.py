"""Twins, replay, interest list and load tests in a real browser: pressed, hovered, played, moved by keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import needs_chromium
from page_of import EDGE, LEVEL, PANELS, POLL, at, heads, number_of, page_of, settled

from zerohttpd_lib import Lab
from zerohttpd_lib.servers.epoll import EpollServer
from zerohttpd_lib.views import twin_timelines

pytestmark = needs_chromium


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Any, tmp_path: Path) -> Iterator[Any]:
    with page_of(browser, tmp_path, PANELS[request.param]) as page:
        yield page


# Twins.


@pytest.mark.parametrize("page", ["twins"], indirect=True)
def test_both_twins_are_on_one_clock_and_move_together(page: Any) -> None:
    seen = [waits_at(page)]
    page.get_by_role("button", name="Later ▶").click()
    seen.append(waits_at(page))
    assert sum(seen[1]) == sum(seen[0]) + 30  # columns: waits of either
    page.get_by_role("slider", name=re.compile("Waits of edge")).focus()
    page.keyboard.press("ArrowLeft")
    seen.append(waits_at(page))
    assert seen[2][1] == seen[1][1] - 1
    for level, edge in seen:
        called = [trace.times[at : at + 2] for trace, at in ((LEVEL.trace, level), (EDGE.trace, edge))]
        assert max(start for start, _ in called) < min(end for _, end in called)  # both were going on
    lanes = page.locator(".zh-lanes").first
    lanes.hover(position={"x": 300, "y": 20})
    assert re.match(r"[\d.]+ (m|µ)?s, wait [\d,]+, fd \d+: ", page.locator(".zh-tip").inner_text())


def waits_at(page: Any) -> list[int]:
    """Of each server, how many waits came before the one that is shown."""
    traces = (LEVEL.trace, EDGE.trace)
    return [number_of(head) - trace.first for head, trace in zip(heads(page), traces, strict=True)]


@pytest.mark.parametrize("page", ["twins"], indirect=True)
def test_a_press_picks_the_wait_that_was_going_on_then_in_both(page: Any) -> None:
    lanes = page.locator(".zh-lanes").nth(1)
    box = lanes.bounding_box()
    before = heads(page)
    lanes.click(position={"x": box["width"] * 0.9, "y": 20})
    after = heads(page)
    assert all(one != other for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("page", ["twins"], indirect=True)
def test_servers_that_take_all_are_told_nothing_again(page: Any) -> None:
    for counts in page.evaluate("here.twins.twins.map((each) => each.counts())"):
        assert counts["new"] > 1000
        assert counts["again"] == counts["perhaps"] == 0


def test_old_data_told_again_is_told_from_new_data(browser: Any, tmp_path: Path) -> None:
    class Procrastinator(EpollServer):
        """Reads a request only when it is told of it for the third time."""

        def read_request(self, client) -> None:
            self.told = getattr(self, "told", {})
            self.told[client] = self.told.get(client, 0) + 1
            if self.told[client] % 3 == 0:
                super().read_request(client)

    with Lab() as lab:
        server = lab.serve(Procrastinator, record="details")
        for _ in range(4):
            assert server.get("/").status == 200
        trace, plain = server.trace, lab.serve("epoll")
        plain.get("/")
        without_calls = plain.trace
    with page_of(browser, tmp_path, twin_timelines(trace, without_calls)) as page:
        slow, unknown = page.evaluate("here.twins.twins.map((each) => each.counts())")
        assert slow["again"] == 8
        assert slow["new"] >= 4
        assert unknown["new"] == unknown["again"] == 0
        assert unknown["unknown"] > 0
        assert "old data, told again: nothing was taken since" in page.locator(".zh-table").first.inner_text()


# Replay.


@pytest.mark.parametrize("page", ["replay"], indirect=True)
def test_a_run_is_played_paused_and_stepped(page: Any) -> None:
    first = number_of(heads(page)[0])
    page.get_by_label("Speed").select_option("10")
    page.get_by_role("button", name="Play or pause (space)").click()
    page.wait_for_function("here.player.position > here.inspector.timeline.last * 0.55")
    page.get_by_role("button", name="Play or pause (space)").click()
    settled(page)
    paused = number_of(heads(page)[0])
    assert paused > first
    assert page.get_by_label("Wait", exact=True).input_value() == str(paused)  # all of it has caught up
    page.get_by_role("button", name="A step on (right arrow)").click()
    settled(page)
    assert number_of(heads(page)[0]) == paused + 1
    page.get_by_role("button", name="To the start (Home)").click()
    settled(page)
    assert number_of(heads(page)[0]) == POLL.trace.first


@pytest.mark.parametrize("page", ["replay"], indirect=True)
def test_what_is_pressed_while_it_plays_is_where_it_stays(page: Any) -> None:
    page.get_by_label("Speed").select_option("100")
    page.get_by_role("button", name="Play or pause (space)").click()
    page.wait_for_timeout(200)
    overview = page.locator(".zh-overview")
    overview.click(position=at(overview, 0.8))
    settled(page)
    head = heads(page)[0]
    page.wait_for_timeout(200)
    assert heads(page)[0] == head
    part = page.evaluate("here.player.position / here.inspector.timeline.last")
    assert part == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("page", ["replay"], indirect=True)
def test_the_list_of_that_moment_and_of_the_end_are_shown(page: Any) -> None:
    page.get_by_role("tab", name="Its array then").click()
    said = page.locator(".zh-tab-panel:visible [role=status]")
    number = page.evaluate("here.inspector.servers[0].recording.number(here.inspector.timeline.chosen[0])")
    wait = POLL.trace.at(number)
    assert f"{wait.watched:,} descriptors were watched, and {len(wait.ready)} of them were ready" in said.inner_text()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="Load test").get_attribute("aria-selected") == "true"
    assert f"{POLL.result.requests_per_second:,.0f}" in page.locator(".zh-tab-panel:visible").inner_text()


# The interest list.


@pytest.mark.parametrize("page", ["interest"], indirect=True)
def test_a_descriptor_is_picked_by_hand_and_by_keys(page: Any) -> None:
    one, cells = page.locator(".zh-one"), page.get_by_role("slider")
    first = one.inner_text()
    cells.click(position={"x": 60, "y": 12})
    assert one.inner_text() != first
    page.keyboard.press("End")
    last = PANELS["interest"].lists["rows"][-1]
    assert one.inner_text().startswith(f"fd {last[0]}, {last[3]}")
    assert cells.get_attribute("aria-valuetext") == one.inner_text()


@pytest.mark.parametrize("page", ["interest"], indirect=True)
def test_rows_are_chosen_and_more_of_them_shown(page: Any) -> None:
    rows = page.locator(".zh-table").first.locator("tbody tr")
    before = rows.count()
    page.get_by_role("button", name=re.compile(r"Show \d+ more")).click()
    assert rows.count() > before
    page.get_by_label("Show").select_option("differ")
    assert rows.count() == 0
    page.get_by_label("Show").select_option("redis")
    assert set(rows.locator("td:nth-child(4)").all_inner_texts()) <= {"redis"}


# Load tests.


@pytest.mark.parametrize("page", ["load"], indirect=True)
def test_over_a_chart_it_says_what_each_run_had_there_on_both(page: Any) -> None:
    chart = page.locator(".zh-close-up").first
    chart.hover(position=at(chart, 0.5))
    said = page.locator(".zh-said").all_inner_texts()
    assert all(re.match(r"At \d+\.\d s: ", text) for text in said)
    assert all("1 poll" in text and "2 epoll" in text for text in said)
    page.mouse.move(0, 0)
    chart.focus()
    page.keyboard.press("Home")
    assert page.locator(".zh-said").first.inner_text().startswith("At 0.0 s")
