"""Chapter 04 in a real JupyterLab, in a real browser: Run All, no error, pictures present."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from chromium import chromium, needs_chromium, notebook_in

ROOT = Path(__file__).resolve().parents[1]
ARTEFACTS = ROOT / "tests" / "artefacts"
CHAPTER = "04-meet-epoll.ipynb"

pytestmark = [
    needs_chromium,
    pytest.mark.timeout(240),
]


@pytest.fixture(scope="module")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `zerohttpd lab`, run on a copy of the chapters."""
    course = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "chapters", course / "chapters")
    # JupyterLab takes cells that are out of view out of the page. The test wants to see them all.
    settings = course / ".lab/settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}')
    command = [sys.executable, "-m", "zerohttpd_lib", "lab", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, cwd=course, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            address = next(found[0] for line in process.stderr if (found := re.search(r"http://127\S+", line)))
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.stderr.read()


def test_run_all_gives_pictures_and_no_error(jupyterlab: str) -> None:
    cells = nbformat.read(ROOT / "chapters" / CHAPTER, as_version=4).cells
    code_cells = sum(cell.cell_type == "code" for cell in cells)
    with chromium() as browser:
        address = re.sub(r"/lab/tree/[^?]*", f"/lab/tree/chapters/{CHAPTER}", jupyterlab)
        page = notebook_in(browser, address, width=1280, height=1600)
        page.get_by_role("menuitem", name="Edit", exact=True).click()
        page.get_by_text("Clear Outputs of All Cells", exact=True).click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        last = page.locator(".jp-CodeCell").last
        errors = page.locator("[data-mime-type='application/vnd.jupyter.error']")
        done = last.locator(".jp-InputPrompt").filter(has_text=re.compile(r"\[\d+\]"))
        try:
            errors.or_(done).first.wait_for(timeout=120_000)
        finally:
            ARTEFACTS.mkdir(exist_ok=True)
            page.screenshot(path=ARTEFACTS / "chapter-04-end.png")
        assert errors.all_inner_texts() == []
        shown = page.locator(".jp-OutputArea-output img:visible, .jp-OutputArea-output canvas:visible")
        shown.first.scroll_into_view_if_needed()
        page.screenshot(path=ARTEFACTS / "chapter-04-live.png")
        assert shown.count() >= 3
        assert page.locator(".jp-CodeCell").count() == code_cells
