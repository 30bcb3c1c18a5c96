"""Panels in a real browser, on pages without a kernel: pressed, hovered, brushed, played, by hand and by keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_of import CHROMIUM, FLAGS, page_of, settled

from zerohttpd_lib import Lab
from zerohttpd_lib.lab.saved_run import load_run, shipped_run
from zerohttpd_lib.servers.epoll import EpollServer
from zerohttpd_lib.views import inspector, replay, twin_timelines
from zerohttpd_lib.views.interest_panel import InterestPanel
from zerohttpd_lib.views.load_view import KeptRun, LoadRuns, load_of

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: sudo apt install chromium")

POLL, EPOLL, LEVEL, EDGE = (
    load_run(shipped_run(n)) for n in ("poll-1000-idle", "epoll-1000-idle", "keepalive", "edge")
)


def load_runs() -> LoadRuns:
    runs = [
        KeptRun(n, str(run.about["rung"]), run.result.plan, run.result.samples, run.result)
        for n, run in enumerate((POLL, EPOLL), 1)
        if run.result is not None
    ]
    return LoadRuns(load=load_of(runs))


PANELS = {
    "inspector": inspector(EPOLL),
    "two": inspector(POLL, EPOLL),
    "twins": twin_timelines(LEVEL, EDGE),
    "replay": replay(shipped_run("poll-1000-idle")),
    "interest": InterestPanel(None, {each.fd: each for each in EPOLL.interest}, EPOLL.trace),
    "load": load_runs(),
}
SIZES = [(1100, "light"), (1100, "dark"), (700, "light"), (700, "dark")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Any, tmp_path: Path) -> Iterator[Any]:
    with page_of(browser, tmp_path, PANELS[request.param]) as page:
        yield page


def heads(page: Any) -> list[str]:
    return [str(text) for text in page.locator(".zh-detail h4").all_inner_texts()]


def number_of(head: str) -> int:
    found = re.match(r"Wait ([\d,]+):", head)
    assert found, head
    return int(found[1].replace(",", ""))


def at(sheet: Any, part: float) -> dict[str, float]:
    """So far along the time that a sheet shows: it has 64 pixels on its left, 10 on its right."""
    box = sheet.bounding_box()
    return {"x": 64 + part * (box["width"] - 74), "y": box["height"] / 3}


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


# Twins.


@pytest.mark.parametrize("page", ["twins"], indirect=True)
def test_both_twins_move_together(page: Any) -> None:
    before = [number_of(head) for head in heads(page)]
    page.get_by_role("button", name="Later ▶").click()
    assert [number_of(head) for head in heads(page)] == [number + 30 for number in before]
    page.get_by_role("slider", name=re.compile("Waits of edge")).focus()
    page.keyboard.press("ArrowLeft")
    assert [number_of(head) for head in heads(page)] == [number + 29 for number in before]
    lanes = page.locator(".zh-lanes").first
    lanes.hover(position={"x": 300, "y": 20})
    assert re.match(r"Wait [\d,]+, fd \d+: ", page.locator(".zh-tip").inner_text())


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
    page.get_by_role("tab", name="Interest list then").click()
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


# All of them.


@pytest.mark.parametrize(("width", "scheme"), SIZES)
@pytest.mark.parametrize("name", PANELS)
def test_it_fits_is_accessible_and_can_be_read(
    browser: Any, tmp_path: Path, name: str, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    with page_of(browser, tmp_path, PANELS[name], width=width, scheme=scheme) as page:
        for tab in page.get_by_role("tab").all() or [None]:
            if tab is not None:
                tab.click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            found = axe.Axe().run(page).response["violations"]
            serious = [each for each in found if each["impact"] in ("serious", "critical")]
            assert [(each["id"], [node["html"][:120] for node in each["nodes"][:3]]) for each in serious] == []
