"""The committed notebooks are what their sources build, and tell nothing of who built them."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
sys.path.insert(0, str(ROOT / "authoring"))

import build  # noqa: E402


def test_the_committed_notebooks_are_what_the_sources_build() -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "authoring/build.py", "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_each_chapter_has_a_source_and_each_source_a_chapter() -> None:
    assert [path.stem for path in CHAPTERS] == sorted(path.stem for path in build.SOURCES.glob("*.md"))
    assert CHAPTERS


def test_the_check_notices_an_edited_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = nbformat.read(CHAPTERS[0], as_version=4)
    book.cells[0].source += " edited"
    monkeypatch.setattr(build, "ROOT", tmp_path)
    edited = tmp_path / CHAPTERS[0].name
    nbformat.write(book, edited)
    source = tmp_path / f"{CHAPTERS[0].stem}.md"
    source.write_text((build.SOURCES / source.name).read_text())
    assert any("is not what" in complaint for complaint in build.check(build.read_source(source), edited))


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        ({"output_type": "stream", "name": "stdout", "text": f"in {Path.home()}/lab/x.py"}, "tells on the machine"),
        ({"output_type": "stream", "name": "stderr", "text": "careful"}, "warning"),
        ({"output_type": "display_data", "data": {build.WIDGET: {}}, "metadata": {}}, "widget"),
    ],
)
def test_the_check_notices_what_must_not_be_saved(output: dict, complaint: str) -> None:
    cell = nbformat.v4.new_code_cell("x", execution_count=1)
    assert not build.problems_of(cell)
    cell.outputs = [nbformat.from_dict(output)]
    assert any(complaint in problem for problem in build.problems_of(cell))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_cells_of_a_chapter_are_short(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells
    assert not [cell.id for cell in cells if cell.cell_type == "code" and len(cell.source.splitlines()) > 12]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_shows_pictures_and_names_what_to_read(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    pictures = [o for cell in book.cells for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
    text = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    assert pictures
    assert "To read more:" in text
    assert "Three questions" in text
