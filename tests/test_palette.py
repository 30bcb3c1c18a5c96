"""One palette: readable as text in both themes, and told apart by whoever cannot tell red from green."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from zerohttpd_lib.servers import RUNGS
from zerohttpd_lib.views.palette import DARK, LIGHT
from zerohttpd_lib.views.picture import COLOURS

PAPER = {"light": ["#ffffff"], "dark": ["#111111", "#14181b"]}  # --jp-layout-color0 of JupyterLab; web/page.html
THEMES = {"light": LIGHT, "dark": DARK}
# As text, or as the border or the number of something. The cells of grids are no text.
TEXT = {"ink", "faint", "ready", "blocked", "client", "redis", "listener", "looked-text", *RUNGS}
# Machado, Oliveira and Fernandes 2009, table 1, severity 1.0; of linear RGB.
SEEN_BY = {
    "everybody": np.eye(3),
    "deuteranopes": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopes": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
}
APART = 14  # CIE 1976 Lab: some 2.3 are just noticed


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.1, relative luminance."""
    lights = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def lab(colour: str, who: str) -> np.ndarray:
    seen = np.clip(np.array(SEEN_BY[who]) @ linear(colour), 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ seen / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def too_close(names: set[str], colours: dict[str, str], who: str) -> list[tuple[str, str, int]]:
    pairs = combinations(sorted(names), 2)
    apart = ((a, b, float(np.linalg.norm(lab(colours[a], who) - lab(colours[b], who)))) for a, b in pairs)
    return [(a, b, round(distance)) for a, b, distance in apart if distance < APART]


def test_the_measure_finds_what_it_is_for() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    red_and_green = {"a": "#c04040", "b": "#6f7a1f"}
    assert too_close({"a", "b"}, red_and_green, "everybody") == []
    assert too_close({"a", "b"}, red_and_green, "deuteranopes") != []


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read(theme: str) -> None:
    colours = THEMES[theme]
    contrasts = [(name, paper, contrast(colours[name], paper)) for name in TEXT for paper in PAPER[theme]]
    assert [each for each in contrasts if each[2] < 4.5] == []


@pytest.mark.parametrize("who", SEEN_BY)
@pytest.mark.parametrize("theme", THEMES)
def test_servers_are_told_apart_and_so_are_roles(theme: str, who: str) -> None:
    colours = THEMES[theme]
    assert too_close(set(RUNGS), colours, who) == []
    assert too_close({"client", "redis", "listener"}, colours, who) == []
    assert too_close({"cold", "looked", "ready"}, colours, who) == []


def test_every_server_has_a_colour_and_stills_have_the_same() -> None:
    assert set(RUNGS) <= LIGHT.keys() & DARK.keys()
    assert {rung: COLOURS[rung] for rung in RUNGS} == {rung: LIGHT[rung] for rung in RUNGS}
