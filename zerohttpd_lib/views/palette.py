"""The colours of servers and roles, read from web/web.css: stills and live views have one palette.

They differ in lightness as well as in hue, so that whoever cannot tell red from green can tell them apart;
tests/test_palette.py computes it.
"""

from __future__ import annotations

import re
from typing import Final

from .web import STYLE

_DARK: Final = '[data-jp-theme-light="false"]'


def colours(dark: bool = False) -> dict[str, str]:
    """By name, without the `--zh-` in front: "#rrggbb" in the light theme, or in the dark one."""
    found: dict[str, str] = {}
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", STYLE.read_text(encoding="utf-8")):
        if (_DARK in selector) == dark:
            found |= dict(re.findall(r"--zh-([\w-]+):\s*(?:var\([\w-]+,\s*)?(#[0-9a-f]{6})\b", body))
    return found


LIGHT: Final = colours()
DARK: Final = colours(dark=True)
