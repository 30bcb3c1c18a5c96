"""The stage and the grid in a real browser, on pages without a kernel and without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from barriers import serious_barriers
from chromium import needs_chromium
from contrasts import CONTRASTS

from zerohttpd_lib.lab.saved_run import load_run, shipped_run
from zerohttpd_lib.trace.records import ENTRY, WAIT
from zerohttpd_lib.views import one_wait, stage
from zerohttpd_lib.views.one_wait import OneWait
from zerohttpd_lib.views.recording import recording_of
from zerohttpd_lib.views.stage import Stage
from zerohttpd_lib.views.web import page_with

pytestmark = needs_chromium

POLL, EPOLL = (load_run(shipped_run(name)) for name in ("poll-1000-idle", "epoll-1000-idle"))
HALF = [load_run(shipped_run(f"half-a-request-{rung}")) for rung in ("epoll", "nonblocking")]
PAGES = {
    "one": stage(EPOLL), "two": stage(POLL, EPOLL, start=300), "glance": one_wait(POLL, EPOLL), "half": stage(*HALF),
    "blocking": stage(HALF[0]),
}  # fmt: skip


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
    page.locator("[tabindex='0']").first.focus()
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
        listed = one.evaluate(
            "n => { const r = here.scenes[0].recording; return [...r.still.keys(), ...r.listAt(n).keys()]; }", n
        )
        assert sorted(listed) == sorted(int(fd) for fd in trace[n:].listed["fd"])


def test_steps_lead_from_a_wait_through_what_was_done_to_the_next_and_back(one: Any) -> None:
    first = EPOLL.trace[0]
    assert "calls epoll_wait()" in sentence(one)
    told = [sentence(one)]
    acts = one.evaluate("here.scenes[0].recording.wait(0).acts.length")
    for _ in range(acts + 2):
        press(one, "ArrowRight")
        told.append(sentence(one))
    assert f"{len(first.ready)} is ready" in told[1] or f"{len(first.ready)} are ready" in told[1]
    assert f"wait no. {first.number + 1:,}" in one.locator(".zh-at").inner_text()
    press(one, *["ArrowLeft"] * (acts + 2))
    assert sentence(one) == told[0]


def test_a_step_may_be_a_wait(one: Any) -> None:
    one.get_by_label("A step is").select_option("wait")
    press(one, "ArrowRight", "ArrowRight", "ArrowRight")
    assert f"wait no. {EPOLL.trace.first + 2:,}" in one.locator(".zh-at").inner_text()
    assert "returns after" in sentence(one)


CALLED_BY = {"recv": "receive", "send": "send", "accept": "accept", "connect": "connect", "close": "close"}


def test_the_line_that_made_a_call_is_lit(browser: Any, tmp_path: Path) -> None:
    """Each call on a socket names a line of the server's, and it is the one that is lit."""
    for half in opened_page(browser, tmp_path, "blocking"):
        scene = half.locator(".zh-scene").nth(0)
        seen = set()
        for _ in range(120):
            press(half, "ArrowRight")
            found = re.match(r"(\w+)\(\) on", sentence(half))
            if found and found[1] in CALLED_BY:
                seen.add(found[1])
                assert CALLED_BY[found[1]] in scene.locator(".zh-lit").inner_text()
        assert {"recv", "send", "accept", "connect"} <= seen


def test_a_call_that_blocks_is_red_with_all_who_wait_for_it(browser: Any, tmp_path: Path) -> None:
    """One server sits in recv() until Ada's request is whole; the other has answered Bob by then."""
    for half in opened_page(browser, tmp_path, "half"):
        blocked = half.locator(".zh-scene").nth(0)
        for _ in range(200):
            press(half, "ArrowRight")
            if "It took" in sentence(half):
                break
        assert re.search(r"recv\(\) on Ada's socket, fd \d+: \d+ bytes.* It took \d{3} ms", sentence(half))
        names = blocked.locator(".zh-client.zh-stuck b").all_inner_texts()
        assert set(names) == {"Ada", "Bob", "Cleo"}
        assert blocked.locator(".zh-status.zh-stuck").count() == 1
        assert half.locator(".zh-scene").nth(1).locator(".zh-stuck").count() == 0


def test_names_are_given_in_the_order_of_the_record_and_stay(one: Any) -> None:
    names = "() => [...document.querySelectorAll('.zh-client b')].map((b) => b.innerText)"
    first = one.evaluate(names)
    assert first[:3] == ["Ada", "Bob", "Cleo"]
    one.evaluate("here.player.go(here.player.last)")
    press(one, "ArrowLeft")
    assert one.evaluate(names)[:8] == first[:8]


def test_nothing_moves_from_step_to_step(one: Any) -> None:
    parts = ".zh-part, .zh-ready, .zh-source, .zh-client"
    tops = f"() => [...document.querySelectorAll('{parts}')].map((e) => e.getBoundingClientRect().top)"
    one.evaluate("here.player.go(300)")
    press(one, "ArrowRight")
    before = one.evaluate(tops)
    for _ in range(40):
        press(one, "ArrowRight")
        assert one.evaluate(tops) == before


def test_poll_has_an_array_in_its_process_and_epoll_a_list_in_the_kernel(two: Any) -> None:
    poll, epoll = (two.locator(".zh-scene").nth(n).locator(".zh-part") for n in (0, 1))
    assert "Its array" in poll.nth(2).inner_text() and "nterest list" not in poll.nth(1).inner_text()
    assert "Interest list" in epoll.nth(1).inner_text() and "array" not in epoll.nth(2).inner_text().lower()
    two.evaluate("here.player.go(here.player.last / 2)")
    press(two, "ArrowRight")
    looked = two.evaluate(
        "here.scenes.map(({ recording, shown }) => recording.lookedAt[shown.i + 1] / recording.found[shown.i + 1])"
    )
    assert looked[1] == 1 and looked[0] > 50
    assert two.locator(".zh-over-list").nth(0).inner_text().startswith("Marked as ready")


@pytest.fixture(scope="module")
def long_run() -> Any:
    """A real record, over and over: 100,000 waits, of 15,000 descriptors more, which nothing happens to."""
    trace = EPOLL.trace
    short = recording_of(trace, "epoll")
    waits, entries = np.frombuffer(short["waits"], WAIT), np.frombuffer(short["entries"], ENTRY)
    times = -(-100_000 // len(waits))
    many = np.tile(waits, times)
    turn = np.repeat(np.arange(times), len(waits))
    for moment in ("called", "returned", "done"):
        many[moment] += turn * waits["returned"][-1] * (many[moment] > 0)
    many["first"] += turn * len(entries)
    silent = np.zeros(15_000, ENTRY)
    silent["fd"], silent["role"] = np.arange(2000, 17_000), trace.records.names.index("client")
    listed = np.concatenate([np.frombuffer(short["listed"], ENTRY), silent])
    whole = {
        "meta": short["meta"], "waits": many.tobytes(), "entries": np.tile(entries, times).tobytes(),
        "listed": listed.tobytes(),
    }  # fmt: skip
    return Stage([trace], recordings=[whole], starts=[0])


def test_a_long_run_opens_at_once_and_is_scrubbed_and_played_smoothly(
    browser: Any, tmp_path: Path, long_run: Any
) -> None:
    """Asked for are 1 s, 50 ms a move, 30 frames a second: here as processor time, of which others take none."""
    PAGES["long"] = long_run
    for page in opened_page(browser, tmp_path, "long"):
        clock = page.context.new_cdp_session(page)
        clock.send("Performance.enable", {"timeDomain": "threadTicks"})

        def spent(script: str, clock: Any = clock, page: Any = page) -> float:
            """Milliseconds of the page's own thread."""
            before = task_time(clock)
            page.evaluate(script)
            return (task_time(clock) - before) * 1000

        opened = spent(
            "() => { const r = here.scenes[0].recording, meta = { ...r.meta, has_list: false };"
            " const [waits, entries] = [r.floats, r.entries].map((each) => new DataView(each.buffer));"
            " new r.constructor({ meta, waits, entries }); }"
        )
        a_move = spent(
            "() => { const p = here.player; for (let n = 0; n < 60; n++) {"
            " p.position = (p.last * ((n * 37) % 60)) / 60; p.show(); } }"
        )
        a_frame = spent(
            "async () => { const p = here.player; for (let n = 0; n < 60; n++) {"
            " p.position += 0.05; p.show(); await new Promise(requestAnimationFrame); } }"
        )
        print(f"open {opened:.0f} ms, a move {a_move / 60:.1f} ms, a frame {a_frame / 60:.1f} ms")
        assert 0 < opened < 2000
        assert 0 < a_move / 60 < 100
        assert 0 < a_frame / 60 < 33


def test_a_grid_of_fifteen_thousand_is_played_smoothly(browser: Any, tmp_path: Path) -> None:
    """Asked for are 30 frames a second: here as processor time of a frame, of which others take none."""
    poll, epoll = PAGES["glance"].sides
    fds = list(range(4, 15_004))
    sides = [{**side, "cells": fds, "ready": fds[::2000]} for side in (poll, epoll)]
    PAGES["large"] = OneWait(sides=sides)
    for page in opened_page(browser, tmp_path, "large"):
        clock = page.context.new_cdp_session(page)
        clock.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = task_time(clock)
        page.evaluate(
            "async () => { const p = here.player; for (let n = 1; n <= 60; n++) {"
            " p.position = (p.last * n) / 120; p.show(); await new Promise(requestAnimationFrame); } }"
        )
        a_frame = (task_time(clock) - before) * 1000 / 60
        print(f"a frame {a_frame:.1f} ms")
        assert 0 < a_frame < 33
        by_frames = page.evaluate(COUNT_SHADES, 0)
        for there in ("0", "here.player.last"):  # in one leap from either end, it is as frame by frame
            page.evaluate(f"() => {{ const p = here.player; p.position = {there}; p.show(); }}")
            assert page.evaluate(COUNT_SHADES, 0) != by_frames
            page.evaluate("() => { const p = here.player; p.position = p.last / 2; p.show(); }")
            assert page.evaluate(COUNT_SHADES, 0) == by_frames


# How many pixels have each colour, on the first or the second canvas.
COUNT_SHADES = """n => {
  const { width, height } = document.querySelectorAll("canvas")[n], counts = {};
  const copy = new OffscreenCanvas(width, height);
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(document.querySelectorAll("canvas")[n], 0, 0);
  const data = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  for (const pixel of data) counts[pixel] = (counts[pixel] ?? 0) + 1;
  return counts;
}"""


def task_time(clock: Any) -> float:
    metrics = {each["name"]: each["value"] for each in clock.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def test_the_ready_list_empties_turn_by_turn(one: Any) -> None:
    longest = int(EPOLL.trace.ready.argmax())
    one.evaluate("n => here.player.go(n)", longest)
    one.get_by_label("A step is").select_option("event")
    most, said = EPOLL.trace.ready.max(), []
    for _ in range(4):
        press(one, "ArrowRight")
        found = re.search(r"Ready list: (.*\n.*)", one.locator(".zh-part").nth(1).inner_text())
        said.append(found and found[1])
    assert said == [
        f"{most}\n{most} to go",
        f"{most}\n1 at work, {most - 1} to go",
        f"{most}\n1 done, 1 at work, {most - 2} to go",
        f"{most}\n2 done, 1 at work, {most - 3} to go",
    ]


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
        since = (
            "n => ((r, i) => r.times(i).called - r.times(300).called)(here.scenes[n].recording, here.scenes[n].shown.i)"
        )
        called = two.evaluate(since, scene)
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


def test_it_can_be_read_in_the_dark_and_has_no_serious_barrier(browser: Any, opened: Any) -> None:
    """Text has a contrast of 4.5 to 1 or more in both themes (WCAG 2.2, 1.4.3)."""
    for theme in ("light", "dark"):
        opened.emulate_media(color_scheme=theme)
        opened.reload()
        opened.wait_for_function("document.getElementById('here').player?.frames > 0")
        press(opened, *["ArrowRight"] * 4)
        assert [each for each in opened.evaluate(CONTRASTS, "#here") if each[0] < 4.5] == []
        assert serious_barriers(opened) == []
