"""Components that a browser draws: ES modules beside this file, shown by anywidget in a notebook.

A notebook is handed one text for each component, with the modules that it imports in front: it has no address
from which a relative import could be loaded. `embedded` is one in a page that has no kernel and no network.
"""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
STYLE: Final = FOLDER / "web.css"
PAGE: Final = FOLDER / "page.html"
EMBEDDED: Final = FOLDER / "embedded.html"


def component(name: str) -> str:
    """The text of the component in NAME.js, whole."""
    return "\n".join(_with_imports(f"{name}.js", []))


def _with_imports(file: str, seen: list[str]) -> list[str]:
    if file in seen:
        return []
    seen.append(file)
    text = (FOLDER / file).read_text(encoding="utf-8")
    imported = re.findall(r'^import \{[^}]*\} from "\./([\w.]+)";\n', text, re.MULTILINE)
    text = re.sub(r'^import \{[^}]*\} from "\./[\w.]+";\n', "", text, flags=re.MULTILINE)
    if len(seen) > 1:  # only what is asked for is handed on
        text = re.sub(r"^export default .*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"^export ", "", text, flags=re.MULTILINE)
    return [*(part for name in imported for part in _with_imports(name, seen)), text]


def page_with(widget: Any, title: str) -> str:
    """A page with this component in it, and with all that it shows: text of an HTML file that works from a disk."""
    values = {"title": html.escape(title), "style": STYLE.read_text(encoding="utf-8")}
    return _filled(PAGE, {**values, "embedded": embedded(widget._esm, data_of(widget), "here")})


def embedded(code: str, data: dict[str, Any], place: str, still: str = "") -> str:
    """The component of this `code` with this `data`, as HTML to be put into a page.

    `place`: an id of its own there. `still`: HTML that stands there until the component starts, and for good where
    no script runs.
    """
    # A text in a script ends at the first "</", whatever it stands in.
    packed = json.dumps(data).replace("</", "<\\/")
    return _filled(EMBEDDED, {"code": code, "data": packed, "place": place, "still": still})


def data_of(widget: Any) -> dict[str, Any]:
    """All that a component shows, as JSON has it."""
    return {name: _as_json(getattr(widget, name)) for name in widget.shown}


def _filled(template: Path, values: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template.read_text(encoding="utf-8"))


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, dict):
        return {name: _as_json(each) for name, each in value.items()}
    return [_as_json(each) for each in value] if isinstance(value, list) else value
