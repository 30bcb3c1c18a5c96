"""Every panel in a real JupyterLab, in a real browser: opened, driven by clicks and keys, seen to change."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from barriers import serious_barriers
from chromium import chromium, needs_chromium, notebook_in
from contrasts import CONTRASTS
from panel_notebook import ARTEFACTS, CELLS, SOON, Book, jupyterlab_on, write_notebook

pytestmark = [
    needs_chromium,
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    course = tmp_path_factory.mktemp("course")
    write_notebook(course / "chapters/00-start-here.ipynb")
    with jupyterlab_on(course) as address, chromium() as browser:
        yield Book(notebook_in(browser, address))


def rate_of(output: Any) -> str:
    """The rate in the last row of the table of runs."""
    rows = output.locator("table").first.locator("tbody tr")
    return str(rows.last.locator("td").nth(3).inner_text())


def wait_for_text(place: Any, text: str | re.Pattern[str]) -> None:
    place.get_by_text(text).first.wait_for(timeout=SOON)


def press(place: Any, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()


def test_a_load_test_is_started_by_a_click_and_its_numbers_move(book: Book) -> None:
    panel = book.run("load")
    panel.get_by_role("button", name="Start", exact=True).wait_for(timeout=SOON)
    press(panel, "Start")
    wait_for_text(panel, re.compile(r"so far"))
    seen = set()
    while panel.get_by_role("button", name="Stop", exact=True).is_enabled():
        seen.add(rate_of(panel))
        book.page.wait_for_timeout(50)
    assert len(seen) >= 4
    wait_for_text(panel, re.compile("was the limit|Nobody was busy"))


def test_a_second_run_is_drawn_over_the_first_and_is_started_by_keys_alone(book: Book) -> None:
    panel = book.cell("load").locator(".jp-Cell-outputArea")
    panel.get_by_label("Server").select_option("epoll")
    panel.get_by_role("button", name="Start", exact=True).focus()
    book.page.keyboard.press("Enter")
    wait_for_text(panel, re.compile(r"so far"))
    book.keep("load-under-way", panel)
    panel.locator("button:enabled", has_text="Start").wait_for(timeout=SOON)
    assert panel.locator("table").first.locator("tbody tr").count() == 2
    assert panel.locator(".zh-said").first.locator("b").count() == 2
    book.keep("load", panel)


def test_wrong_settings_are_a_sentence_in_the_panel(book: Book) -> None:
    panel = book.cell("load").locator(".jp-Cell-outputArea")
    clients = panel.get_by_label("Clients", exact=True)
    clients.fill("70000")
    clients.press("Enter")
    press(panel, "Start")
    wait_for_text(panel.get_by_role("alert"), "Choose fewer")
    clients.fill("8")
    clients.press("Enter")


def test_a_run_is_stopped_by_a_click(book: Book) -> None:
    panel = book.cell("load").locator(".jp-Cell-outputArea")
    press(panel, "Start")
    wait_for_text(panel, re.compile(r"so far"))
    press(panel, "Stop")
    wait_for_text(panel, "Stopped. No process of it is left.")


def test_a_server_is_watched_while_it_is_under_load(book: Book) -> None:
    cell = book.cell("watch")
    cell.locator(".cm-content").click()
    book.page.keyboard.press("Control+Enter")
    said = cell.locator(".zh-watching .zh-said")
    said.last.wait_for(timeout=SOON)
    seen = set()
    while not re.search(r"\[\d+\]", cell.locator(".jp-InputPrompt").first.inner_text()):
        seen.add(said.last.inner_text())
        book.page.wait_for_timeout(50)
    assert len(seen) >= 4
    assert re.search("measured [\\d,]+ requests/s", said.last.inner_text())
    cell.locator("canvas").first.hover(position={"x": 400, "y": 60})
    assert all(re.match(r"At \d+\.\d s: ", text) for text in said.all_inner_texts())
    assert re.search(r"watched \d+ descriptors .*client ready", said.first.inner_text())
    output = cell.locator(".jp-Cell-outputArea")
    assert (output.locator("img").count(), output.locator("img:visible").count()) == (1, 0)
    book.keep("watch", output)


def test_a_wait_is_picked_in_the_inspector(book: Book) -> None:
    panel = book.run("inspector")
    wait_for_text(panel, re.compile(r"Wait [\d,]+: "))
    number = panel.get_by_label("Wait", exact=True)
    number.fill("40")
    number.press("Enter")
    wait_for_text(panel, re.compile(r"Wait 40: "))
    press(panel, "Next ▶")
    wait_for_text(panel, re.compile(r"Wait 41: "))
    wait_for_text(panel, re.compile(r"fd \d+: (client|redis|listener)"))
    wait_for_text(panel, "epoll_wait() was handed no list")
    book.keep("inspector", panel)


def test_a_cell_and_the_hand_pick_the_same_wait(book: Book) -> None:
    """What is picked in the browser is `panel.wait` in the kernel, and the other way round."""
    panel = book.cell("inspector").locator(".jp-Cell-outputArea")
    panel.get_by_role("slider", name="Waits of epoll").focus()
    book.page.keyboard.press("Home")
    head = panel.locator(".zh-detail h4")
    first = re.match(r"Wait ([\d,]+):", head.inner_text())
    assert first
    # A widget sends one change at a time, and the newest after those: a cell can be there before it.
    text = f"picked: {int(first[1].replace(',', ''))}"
    assert any(book.run("picked").get_by_text(text, exact=True).count() for _ in range(20))
    book.run("fifty")
    wait_for_text(panel, re.compile(r"Wait 50: "))


def test_two_servers_are_inspected_side_by_side(book: Book) -> None:
    panel = book.run("two")
    wait_for_text(panel, "Cost score")
    wait_for_text(panel, "poll() was handed an array")
    wait_for_text(panel, "epoll_wait() was handed no list")
    book.keep("two-inspectors", panel)


def test_components_play_a_run_that_was_recorded_here(book: Book) -> None:
    glance = book.run("glance")
    glance.locator(".zh-clock").nth(1).wait_for(timeout=SOON)
    stage = book.run("stage")
    sentence = stage.locator(".zh-sentence")
    sentence.wait_for(timeout=SOON)
    before = sentence.inner_text()
    stage.locator(".zh-stage").focus()
    book.page.keyboard.press("ArrowRight")
    book.page.wait_for_function(
        "([element, before]) => element.innerText !== before", arg=[sentence.element_handle(), before], timeout=SOON
    )
    for output, drawing, name in ((glance, ".zh-one-wait", "one-wait"), (stage, ".zh-stage", "stage")):
        assert output.locator("img:visible").count() == 0
        shades = "canvas => new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size"
        assert output.locator("canvas").first.evaluate(shades) > 4
        ARTEFACTS.mkdir(exist_ok=True)
        output.locator(drawing).screenshot(path=ARTEFACTS / f"panel-{name}.png")


def test_a_server_is_held_and_stepped_while_its_client_waits(book: Book) -> None:
    panel = book.run("stepper")
    press(panel, "Pause")
    wait_for_text(panel, re.compile("It will be held as soon as something is|is held"))
    press(panel, "Add a client")
    wait_for_text(panel, re.compile("has connected"))
    press(panel, "Step one wait")
    wait_for_text(panel, re.compile("held before its next wait"))
    press(panel, "Send a request")
    press(panel, "Step one event")
    wait_for_text(panel, re.compile("0 of 1 events handled"))
    wait_for_text(panel, re.compile("read_request"))
    book.keep("stepper", panel)
    panel.locator(".zh-stage").focus()
    book.page.keyboard.press("ArrowRight")  # at the end of the record: a step of the server's
    wait_for_text(panel, re.compile(r"recv\(\) on Ada's socket"))
    press(panel, "Resume")
    wait_for_text(panel, "HTTP/1.1 200 OK")


def test_both_interest_lists_are_shown_and_looked_at_again(book: Book) -> None:
    press(book.cell("stepper").locator(".jp-Cell-outputArea"), "Add a client")
    panel = book.run("interest")
    wait_for_text(panel, "They agree.")
    rows = panel.locator("table").first.locator("tbody tr").count()
    stepper = book.cell("stepper").locator(".jp-Cell-outputArea")
    press(stepper, "Add a client")
    wait_for_text(stepper, re.compile("has connected"))
    press(panel, "Look now")
    panel.locator("table").first.locator("tbody tr").nth(rows).wait_for(timeout=SOON)
    book.keep("interest", panel)


def choose_theme(page: Any, name: str) -> None:
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    for item in ("Theme", name):
        page.locator(".lm-Menu-item").filter(has_text=re.compile(rf"^{item}\s*$")).click()
    page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=str("Light" in name).lower())


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
@pytest.mark.parametrize("name", ["load", "watch", "stepper", "interest"])
def test_what_is_live_can_be_read_and_has_no_serious_barrier(book: Book, name: str, theme: str) -> None:
    """With its controls, which only a notebook has. All others have a page of their own in test_browser_charts.py."""
    choose_theme(book.page, theme)
    panel = book.cell(name).locator(".jp-Cell-outputArea .zh").first
    panel.evaluate("(panel, name) => { panel.id = `live-${name}`; }", name)
    found = book.page.evaluate(CONTRASTS, f"#live-{name}")
    assert len(found) > 3
    assert [each for each in found if each[0] < 4.5] == []
    assert serious_barriers(book.page, f"#live-{name}") == []


def test_level_and_edge_move_together(book: Book) -> None:
    panel = book.run("twins")
    heads = panel.locator(".zh-detail h4")
    heads.nth(1).wait_for(timeout=SOON)
    before = heads.all_inner_texts()
    for _ in range(20):  # a column is a wait of one of the two
        press(panel, "Later ▶")
    after = heads.all_inner_texts()
    assert all(one != other for one, other in zip(before, after, strict=True))
    book.keep("twins", panel)


def test_a_saved_run_opens_in_every_view(book: Book) -> None:
    panel = book.run("replay")
    wait_for_text(panel, re.compile("A saved run"))
    wait_for_text(panel, re.compile(r"Wait [\d,]+: "))
    book.keep("replay", panel)
    panel.get_by_role("tab", name="Load test").click()
    wait_for_text(panel, "How many answers a second? (mean of the last half second)")
    panel.get_by_role("tab", name="Interest list at the end").click()
    wait_for_text(panel, re.compile("On the kernel's list"))


def test_a_cell_that_is_run_again_closes_the_panel_it_made_before(book: Book) -> None:
    area = book.cell("twins").locator(".jp-Cell-outputArea")
    book.run("twins")
    area.locator(".zh-detail h4").nth(1).wait_for(timeout=SOON)
    assert area.locator(".zh-twins").count() == 1
    count = book.run("count")
    wait_for_text(count, "twins that are open: 1")


def test_notebook_7_shows_a_panel_that_works_and_no_picture_beside_it(book: Book) -> None:
    """The same server has both front ends, and the notebook keeps its kernel."""
    page = book.page.context.new_page()
    page.goto(re.sub(r"/lab/tree/([^?]*).*", r"/notebooks/\1", book.page.url))
    page.locator(".jp-CodeCell").last.wait_for(timeout=2 * SOON)
    page.get_by_title("Python 3 (ipykernel)", exact=True).first.wait_for(timeout=2 * SOON)
    panel = Book(page).run("stepper")
    press(panel, "Pause")
    press(panel, "Add a client")
    wait_for_text(panel, re.compile("has connected"))
    press(panel, "Step one wait")
    wait_for_text(panel, re.compile("held before its next wait"))
    assert panel.locator("img:visible").count() == 0
    Book(page).keep("stepper-notebook-7", panel)
    press(panel, "Resume")
    page.close()


def test_at_the_end_nothing_is_left_and_the_saved_notebook_has_pictures(book: Book, tmp_path: Path) -> None:
    output = book.run("end")
    wait_for_text(output, "threads of panels:")
    assert output.inner_text().strip() == "threads of panels: []"
    book.page.keyboard.press("Control+s")
    saved = None
    for _ in range(100):
        response = book.page.evaluate(
            "async () => (await fetch('/api/contents/chapters/00-start-here.ipynb?content=1')).json()"
        )
        saved = nbformat.from_dict(response["content"])
        if "threads of panels" in str(saved.cells[-1].outputs):
            break
        book.page.wait_for_timeout(100)
    assert saved is not None
    nbformat.validate(saved)
    assert "widgets" not in saved.metadata
    for cell, name in zip(saved.cells[:-1], CELLS, strict=False):
        if name not in ("picked", "fifty", "count"):
            assert any("image/png" in output.get("data", {}) for output in cell.outputs), (name, cell.outputs)


def reload(book: Book) -> None:
    """Save the notebook, and open the page anew."""
    page = book.page
    with page.expect_response(lambda r: r.request.method == "PUT" and "/api/contents/chapters/" in r.url):
        page.keyboard.press("Control+s")
    page.reload()
    page.locator(".jp-Notebook").wait_for(timeout=2 * SOON)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=2 * SOON)


def restart_kernel(page: Any) -> None:
    page.evaluate("""async () => {
      const headers = { "X-XSRFToken": document.cookie.match(/_xsrf=([^;]+)/)?.[1] ?? "" };
      const [kernel] = await (await fetch("/api/kernels")).json();
      await fetch(`/api/kernels/${kernel.id}/restart`, { method: "POST", headers });
    }""")
    page.wait_for_timeout(3000)


def test_a_panel_that_was_closed_leaves_its_still(book: Book) -> None:
    for name in ("load", "inspector", "stepper", "twins"):
        output = book.cell(name).locator(".jp-Cell-outputArea")
        output.locator("img").last.wait_for(state="visible", timeout=SOON)
        assert output.locator(".zh:visible").count() == 0


def test_after_a_reload_a_panel_works_again_and_no_still_is_beside_it(book: Book) -> None:
    wait_for_text(book.run("replay"), re.compile(r"Wait [\d,]+: "))
    reload(book)
    panel = book.cell("replay").locator(".jp-Cell-outputArea")
    panel.locator(".zh-replay").wait_for(timeout=SOON)
    go_from_wait_to_wait(book.page, panel)
    assert panel.locator("img").count() == 1
    assert panel.locator("img:visible").count() == 0


def go_from_wait_to_wait(page: Any, panel: Any) -> None:
    panel.get_by_role("slider", name="Waits of epoll").focus()
    for key in ("End", "Home"):
        before = panel.locator(".zh-detail h4").inner_text()
        page.keyboard.press(key)
        page.wait_for_function(
            "([head, before]) => head.innerText !== before",
            arg=[panel.locator(".zh-detail h4").element_handle(), before], timeout=SOON,
        )  # fmt: skip


def test_a_record_outlives_its_kernel(book: Book) -> None:
    """The browser has all of it: once the kernel has been restarted, it still goes from wait to wait."""
    book.run("load").get_by_role("button", name="Start", exact=True).wait_for(timeout=SOON)
    restart_kernel(book.page)
    go_from_wait_to_wait(book.page, book.cell("replay").locator(".jp-Cell-outputArea"))


def test_without_the_kernel_that_had_the_widgets_the_stills_are_there(book: Book) -> None:
    """The kernel has been restarted: what is opened anew finds no widget, in JupyterLab and in Notebook 7."""
    reload(book)
    notebook_7 = book.page.context.new_page()
    # After a reload JupyterLab may have the folder in its address, and no notebook.
    notebook_7.goto(re.sub(r"/lab.*", "/notebooks/chapters/00-start-here.ipynb", book.page.url))
    for page in (book.page, notebook_7):
        still = Book(page).cell("load").locator(".jp-OutputArea-output img, .zh-still").last  # what was saved last
        still.wait_for(state="visible", timeout=2 * SOON)
        for name in ("watch", "inspector", "two", "glance", "stage", "stepper", "interest", "twins", "replay"):
            output = Book(page).cell(name).locator(".jp-Cell-outputArea")
            output.locator("img").last.wait_for(state="visible", timeout=2 * SOON)
            assert output.locator("img").last.evaluate("img => img.naturalWidth") > 500
    Book(book.page).page.screenshot(path=ARTEFACTS / "panels-without-a-kernel.png")
    notebook_7.close()
