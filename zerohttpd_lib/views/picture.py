"""A finished figure: a PNG and the words that say what is on it.

pyplot keeps global state and is not safe to use from a widget's thread, so nothing here uses
it: a `Figure` of its own for each picture, drawn by Agg under one lock.
"""

from __future__ import annotations

import base64
import io
import threading
from typing import Any, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .palette import LIGHT

# One colour for each role and for each server, in every figure, and in every panel.
COLOURS: Final = {**LIGHT, "server": LIGHT["client"], "timer": LIGHT["faint"], "generator": LIGHT["faint"]}
INK: Final = LIGHT["ink"]

# One lock for all that is drawn, and for what panels know: a widget's callback may run beside a cell.
LOCK: Final = threading.RLock()


def new_figure(width: float = 8.0, height: float = 3.2, rows: int = 1, **settings: Any) -> tuple[Figure, Any]:
    """A figure of `width` by `height` inches and its axes (an array of them if `rows` > 1)."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, 1, **settings)
    for ax in axes if rows > 1 else [axes]:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="#e3e6e8", linewidth=0.8)
        ax.set_axisbelow(True)
    return figure, axes


class Picture:
    """Shows itself as an image; `words` is the text for those who cannot see it."""

    def __init__(self, figure: Figure, words: str) -> None:
        buffer = io.BytesIO()
        with LOCK:
            FigureCanvasAgg(figure).print_figure(buffer, dpi=100, metadata={"Software": None})
        self.png = buffer.getvalue()
        self.words = words

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"image/png": base64.b64encode(self.png).decode(), "text/plain": self.words}
