"""Build the site: each chapter as a page that opens from a disk, with no kernel and nothing fetched from elsewhere.

    python authoring/build_site.py            into build/site
    python authoring/build_site.py FOLDER     into this one

A page is the committed notebook, as nbconvert has it. Two kinds of cells play in it, by the same ES modules as in
JupyterLab: those with the tag "shipped-run", which are run anew, for all that they need comes with the package; and
those whose output holds the data of a component, which was measured when the notebook was built. Until a component
starts, and where no script runs, its still stands in its place.
"""

from __future__ import annotations

import argparse
import ast
import html
import io
import re
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

import build
import jinja2
import matplotlib
import nbformat
from matplotlib import mathtext
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from zerohttpd_lib.views.component import KEPT, Component
from zerohttpd_lib.views.web import STYLE, component, data_of, embedded

SITE: Final = build.ROOT / "authoring" / "site"  # the pages that are no chapters, and what is around all of them
TARGET: Final = build.ROOT / "build" / "site"
SHIPPED_RUN: Final = "shipped-run"
FIRST: Final = ("index",)
LAST: Final = ("recorded-runs", "get-it")
LIGHT, DARK = "default", "github-dark"  # styles of Pygments


class Page(NamedTuple):
    name: str
    title: str
    book: nbformat.NotebookNode

    @property
    def is_chapter(self) -> bool:
        return self.name not in FIRST + LAST


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=TARGET, help="where to (default: build/site)")
    folder = parser.parse_args().folder
    print("Building the pages ...", flush=True)
    build_site(folder)
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder / 'index.html'}: open it in a browser. {size / 1e6:.1f} MB in all.")
    return 0


def build_site(folder: Path) -> None:
    """Write all pages into this folder. What is there under their names is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = all_pages()
    (folder / "site.css").write_text(style(), encoding="utf-8")
    template = jinja2.Template((SITE / "page.html").read_text(encoding="utf-8"), autoescape=True)
    for number, page in enumerate(pages):
        around = {"before": pages[number - 1] if number else None, "after": next(iter(pages[number + 1 :]), None)}
        values = {"page": page, "pages": pages, "body": linked(body_of(page), page, pages), **around}
        (folder / f"{page.name}.html").write_text(template.render(values), encoding="utf-8")


def all_pages() -> list[Page]:
    chapters = [
        page_of(path.stem, nbformat.read(path, as_version=4)) for path in sorted(build.CHAPTERS.glob("*.ipynb"))
    ]
    first, last = ([page_of(name, build.read_source(SITE / f"{name}.md")) for name in names] for names in (FIRST, LAST))
    return [*first, *chapters, *last]


def page_of(name: str, book: nbformat.NotebookNode) -> Page:
    """Its title is its first heading."""
    found = re.search(r"^# (.+)$", book.cells[0].source, re.MULTILINE)
    assert found, name
    return Page(name, found[1], book)


def body_of(page: Page) -> str:
    known: dict[str, Any] = {}
    for number, cell in enumerate(page.book.cells):
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\$\$(.+?)\$\$", lambda found: formula(found[1]), cell.source)
            continue
        if playing := played(cell, known, f"{page.name}-{number}"):
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": playing})]
        for output in cell.outputs:
            describe(output)
    exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
    exporter.exclude_anchor_links = True
    exporter.exclude_input = not page.is_chapter
    body: str = exporter.from_notebook_node(page.book)[0]
    return body


def played(cell: nbformat.NotebookNode, known: dict[str, Any], place: str) -> str:
    """The component that this cell shows, with its data, as HTML; "" where it shows none."""
    data = next((output.data for output in cell.outputs if "image/png" in output.get("data", {})), {})
    if SHIPPED_RUN in cell.metadata.get("tags", []):
        shown = last_value(cell.source, known)
        assert isinstance(shown, Component), f"{place} does not end with a component"
        return embedded(shown._esm, data_of(shown), place, still_of(data or shown.picture()._repr_mimebundle_()))
    if kept := data.get(KEPT):
        return embedded(component(kept["component"]), kept["data"], place, still_of(data))
    return ""


def still_of(data: dict[str, Any]) -> str:
    """The picture in these formats as HTML, described by the words that came with it."""
    words = html.escape(data["text/plain"], quote=True)
    return f'<img alt="{words}" src="data:image/png;base64,{data["image/png"].strip()}">'


def last_value(source: str, known: dict[str, Any]) -> Any:
    """Run a cell, and return the value of its last line, as a notebook does."""
    *before, last = ast.parse(source).body
    assert isinstance(last, ast.Expr), source
    exec(compile(ast.Module(before, []), "cell", "exec"), known)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), known)


def describe(output: nbformat.NotebookNode) -> None:
    """A picture is described by the words that came with it."""
    data = output.get("data", {})
    if "image/png" in data:
        output.metadata["alt"] = data.get("text/plain", "")


def formula(tex: str) -> str:
    """As a drawing, in the colour of the text."""
    drawing = io.StringIO()
    with matplotlib.rc_context({"savefig.transparent": True}):
        mathtext.math_to_image(f"${tex}$", drawing, format="svg")
    svg = re.sub(
        r"<(style|metadata)\b.*?</\1>", "", drawing.getvalue()[drawing.getvalue().index("<svg") :], flags=re.DOTALL
    )
    svg = svg.replace("<svg", f'<svg class="formula" role="img" aria-label="{tex}"', 1)
    return "\n" + re.sub(r"\n\s*", " ", svg) + "\n"


def linked(body: str, page: Page, pages: list[Page]) -> str:
    """Where the text names another chapter, a link."""
    names = "|".join(other.name for other in pages if other is not page)
    return re.sub(rf"<code>({names})</code>", r'<a href="\1.html"><code>\1</code></a>', body)


def style() -> str:
    dark = re.sub(r"^(\.highlight)", r".zh-dark \1", HtmlFormatter(style=DARK).get_style_defs(".highlight"), flags=re.M)
    code = [HtmlFormatter(style=LIGHT).get_style_defs(".highlight"), dark]
    return "\n".join([*code, STYLE.read_text(encoding="utf-8"), (SITE / "site.css").read_text(encoding="utf-8")])


if __name__ == "__main__":
    sys.exit(main())
