"""What keeps people out, by the rules of axe-core: on a page, or in a part of it."""

from __future__ import annotations

from typing import Any

import pytest


def serious_barriers(page: Any, place: str | None = None) -> list[tuple[str, list[str]]]:
    """The rules that are broken in earnest, each with some of the elements that break it. `place`: a selector.

    But for contrast, which takes axe-core most of its time, and which tests measure by contrasts.CONTRASTS.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    options = {
        "preload": False,  # it would fetch the style sheets of a page from the disk
        "resultTypes": ["violations"],
        "rules": {"color-contrast": {"enabled": False}},
    }
    found = axe.Axe().run(page, context=place, options=options).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    return [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in serious]
