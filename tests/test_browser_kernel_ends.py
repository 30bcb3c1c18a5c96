"""Panels in a real JupyterLab whose kernel goes away: they say so, and what needs it can be pressed no more."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from chromium import chromium, needs_chromium, notebook_in
from panel_notebook import SOON, Book, jupyterlab_on, write_notebook

SOURCES = {
    "kernel": """
        import os
        from zerohttpd_lib import Lab
        from zerohttpd_lib.lab.saved_run import shipped_run
        from zerohttpd_lib.views import interest_panel, load_panel, replay, stepper_panel
        lab = Lab()
        print("kernel:", os.getpid())
    """,
    "bar": """
        lab.load(lab.serve("epoll"), clients=2, seconds=0.5)
    """,
    "load": """
        load_panel(lab, rung="epoll", seconds=60.0)
    """,
    "stepper": """
        held = lab.serve("epoll", record="details")
        stepper_panel(held)
    """,
    "interest": """
        interest_panel(held)
    """,
    "replay": """
        replay(shipped_run("epoll-1000-idle"))
    """,
}
SAID = "This panel's kernel has ended: run the cell again."
PANELS = ("load", "stepper", "interest")

pytestmark = [
    needs_chromium,
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def lab_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    course = tmp_path_factory.mktemp("course")
    write_notebook(course / "chapters/00-start-here.ipynb", SOURCES)
    with jupyterlab_on(course) as address, chromium() as browser:
        yield notebook_in(browser, address)


def run_all(book: Book) -> int:
    """Run every cell, use the stepper a little; return the process id of the kernel."""
    from_menu(
        book.page, "Edit", "Clear Outputs of All Cells"
    )  # a new kernel counts its cells from 1, as the one before it
    outputs = {name: book.run(name) for name in SOURCES}
    stepper = outputs["stepper"]
    for name in ("Add a client", "Send a request", "Pause"):
        stepper.get_by_role("button", name=name, exact=True).click()
    stepper.locator(".zh-sentence").filter(has_text=re.compile(".")).wait_for(timeout=SOON)
    for name in PANELS:
        assert book.cell(name).get_by_text(SAID).count() == 0
        assert controls(book, name).and_(book.page.locator(":enabled")).count() > 0
    found = re.search(r"kernel: (\d+)", outputs["kernel"].inner_text())
    assert found
    return int(found[1])


def controls(book: Book, name: str) -> Any:
    """Those that need the kernel."""
    inside = (
        ".zh-interest > .zh-bar :is(button, input)" if name == "interest" else ".widget-hbox :is(button, input, select)"
    )
    return book.cell(name).locator(".jp-Cell-outputArea").locator(inside)


def from_menu(page: Any, menu: str, item: str) -> None:
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=item).first.click()


def restart(page: Any) -> None:
    from_menu(page, "Kernel", "Restart Kernel…")
    page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()


def expect_ended(book: Book) -> None:
    """One line in each panel, nothing to press that does nothing; a record is still to be played."""
    for name in PANELS:
        book.cell(name).get_by_text(SAID, exact=True).wait_for(timeout=SOON)
        assert controls(book, name).count() > 0
        assert controls(book, name).and_(book.page.locator(":enabled")).count() == 0
    assert book.cell("replay").get_by_text(SAID).count() == 0
    stepper = book.cell("stepper").locator(".jp-Cell-outputArea")
    assert not stepper.get_by_text("The server", exact=False).first.is_visible()  # of now, nothing is known
    for name in ("stepper", "replay"):
        player = book.cell(name).locator(".zh-bar", has=book.page.get_by_role("button", name="A step on (right arrow)"))
        slider = player.get_by_role("slider")
        player.get_by_role("button", name="To the start (Home)").click()
        book.page.wait_for_function("slider => Number(slider.value) === 0", arg=slider.element_handle())
        player.get_by_role("button", name="A step on (right arrow)").click()
        book.page.wait_for_function("slider => Number(slider.value) > 0", arg=slider.element_handle(), timeout=SOON)


def test_a_restart_from_the_menu(lab_page: Any) -> None:
    book = Book(lab_page, SOURCES)
    run_all(book)
    restart(lab_page)
    expect_ended(book)


def test_a_cell_that_is_run_again_has_a_panel_that_works(lab_page: Any) -> None:
    lab_page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=SOON)
    run_all(Book(lab_page, SOURCES))


def test_a_progress_bar_leaves_nothing_that_is_missed_when_the_page_is_opened_anew(lab_page: Any) -> None:
    book = Book(lab_page, SOURCES)
    with lab_page.expect_response(lambda r: r.request.method == "PUT" and "/api/contents/chapters/" in r.url):
        lab_page.keyboard.press("Control+s")
    lab_page.reload()
    book.cell("replay").locator(".zh-replay").wait_for(timeout=2 * SOON)  # widgets have come back
    bar = book.cell("bar").locator(".jp-Cell-outputArea")
    assert "requests" in bar.inner_text()  # the result
    assert "widget" not in bar.inner_text()


def test_a_kernel_that_has_died_in_the_middle_of_a_load_test(lab_page: Any) -> None:
    book = Book(lab_page, SOURCES)
    kernel = run_all(book)
    load = book.cell("load").locator(".jp-Cell-outputArea")
    load.get_by_role("button", name="Start", exact=True).click()
    load.get_by_text(re.compile("so far")).first.wait_for(timeout=SOON)
    os.kill(kernel, signal.SIGKILL)
    lab_page.locator(".jp-Dialog").get_by_role("button", name="Ok").click(
        timeout=SOON
    )  # JupyterLab says that it has died
    expect_ended(book)


def test_a_kernel_that_is_shut_down(lab_page: Any) -> None:
    lab_page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=SOON)
    book = Book(lab_page, SOURCES)
    run_all(book)
    from_menu(lab_page, "Kernel", "Shut Down Kernel")
    expect_ended(book)


def test_notebook_7_says_it_too(lab_page: Any) -> None:
    page = lab_page.context.new_page()
    page.goto(re.sub(r"/lab.*", "/notebooks/chapters/00-start-here.ipynb", lab_page.url))
    page.locator(".jp-CodeCell").last.wait_for(timeout=2 * SOON)
    page.get_by_title("Python 3 (ipykernel)", exact=True).first.wait_for(timeout=2 * SOON)
    book = Book(page, SOURCES)
    run_all(book)
    restart(page)
    expect_ended(book)
    page.close()
