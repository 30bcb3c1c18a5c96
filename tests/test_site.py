"""The site as files: every page is there, every link leads to one, and nothing is fetched from elsewhere."""

from __future__ import annotations

import itertools
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "authoring"))

import build_site  # noqa: E402

CHAPTERS = [path.stem for path in sorted((ROOT / "chapters").glob("*.ipynb"))]
MOST = 15_000_000  # bytes


class Links(HTMLParser):
    """What a page links to, and what it has fetched."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.alts: list[str | None] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "a":
            self.links.append(found.get("href") or "")
        elif tag == "img":
            self.alts.append(found.get("alt"))
        self.fetched += [found.get("src") or ""] if "src" in found else []
        self.fetched += [found.get("href") or ""] if tag == "link" else []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build_site.build_site(folder)
    return folder


def pages(site: Path) -> list[Path]:
    return sorted(site.glob("*.html"))


def test_each_chapter_has_a_page_and_each_page_leads_to_all_others(site: Path) -> None:
    assert {page.stem for page in pages(site)} == {"index", *CHAPTERS, "recorded-runs", "get-it"}
    for page in pages(site):
        assert {other.name for other in pages(site)} <= set(Links(page).links)


def test_every_link_leads_somewhere(site: Path) -> None:
    for page in pages(site):
        for link in Links(page).links:
            if link.startswith("https://"):  # to be followed by whoever wants to; what is *fetched* is another matter
                continue
            name, _, place = link.partition("#")
            target = site / name if name else page
            assert target.is_file(), f"{page.name}: {link}"
            assert not place or f'id="{place}"' in target.read_text(encoding="utf-8"), f"{page.name}: {link}"


def test_nothing_comes_from_elsewhere(site: Path) -> None:
    for page in pages(site):
        assert {source for source in Links(page).fetched if not source.startswith("data:")} == {"site.css"}
    assert "url(" not in (site / "site.css").read_text() and "@import" not in (site / "site.css").read_text()


def test_it_is_small(site: Path) -> None:
    assert sum(file.stat().st_size for file in site.iterdir()) <= MOST


def test_every_picture_is_described(site: Path) -> None:
    alts = [alt for page in pages(site) for alt in Links(page).alts]
    assert alts and all(alts)
    assert not any("No description" in alt for alt in alts if alt)


def test_chapter_after_chapter(site: Path) -> None:
    for name, after in itertools.pairwise(CHAPTERS):
        text = (site / f"{name}.html").read_text(encoding="utf-8")
        assert f'<a href="{after}.html"><code>{after}</code></a>' in text  # where it is named at the end
        assert re.search(rf'rel="next" href="{after}\.html"', text)


def test_a_formula_is_drawn_and_can_be_read_aloud(site: Path) -> None:
    text = (site / "06-the-race.html").read_text(encoding="utf-8")
    assert "$$" not in text
    assert 'aria-label="X = \\frac{N}{R + Z}"' in text
    drawing = text[text.index("<svg") : text.index("</svg>")]
    assert "<path" in drawing and "#ffffff" not in drawing  # no white behind it: there is a dark theme


def test_the_text_of_a_chapter_is_whole(site: Path) -> None:
    for page in build_site.all_pages():
        text = (site / f"{page.name}.html").read_text(encoding="utf-8")
        for cell in page.book.cells:
            for heading in (
                re.findall(r"^## ([\w ,]+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else ()
            ):
                assert heading in text


def test_a_cell_that_shows_no_component_is_no_shipped_run() -> None:
    cell = build_site.nbformat.v4.new_code_cell("1 + 1", metadata={"tags": [build_site.SHIPPED_RUN]})
    with pytest.raises(AssertionError, match="does not end with a component"):
        build_site.played(cell, {}, "here")
