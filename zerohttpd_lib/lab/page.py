"""What a server has answered, shown as a browser would show it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from ..app.guestbook import PUBLIC


@dataclass(frozen=True)
class Page:
    """An answer of the server. In a notebook it shows itself as a browser would, in a frame."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body, as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"{self.status} {self.reason}, {len(self.body):,} bytes of {self.headers.get('Content-Type')}"

    def _repr_html_(self) -> str:
        first_line = f"<p>{html.escape(repr(self))}</p>"
        if "html" not in self.headers.get("Content-Type", ""):
            return first_line
        document = html.escape(_self_contained(self.text), quote=True)
        style = "width:100%; height:26em; border:1px solid #8a97a0"
        return f'{first_line}<iframe sandbox srcdoc="{document}" style="{style}" title="The page"></iframe>'


def _self_contained(text: str) -> str:
    """The page with our stylesheet and logo inside it: in a frame it cannot ask the server."""
    style = "<style>" + (PUBLIC / "style.css").read_text(encoding="utf-8") + "</style>"
    logo = "data:image/svg+xml;utf8," + quote((PUBLIC / "logo.svg").read_text(encoding="utf-8"))
    return text.replace('<link rel="stylesheet" href="/style.css">', style).replace("/logo.svg", logo)
