"""A chart that is described once and drawn twice: as SVG while things move, by matplotlib for keeps.

To draw a figure with matplotlib takes tens of milliseconds of CPU, which a server under load on the
same machine would have to go without. The same chart as SVG is a string, made in one or two; the
browser does the rest.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.ticker import MaxNLocator, NullLocator

from .picture import INK, Picture, new_figure

WIDTH: Final = 860  # pixels, of the drawing; a browser scales it to the room there is
LEFT, RIGHT, TOP, BOTTOM = 72, 150, 30, 44  # margins; on the right there is room for the names of the lines
GRID: Final = "#e3e6e8"
DASHES: Final = {"-": "", "--": "7 4", ":": "2 3", "-.": "8 3 2 3"}


@dataclass(frozen=True)
class Series:
    """One line (style "-", "--", ":", "-.") or one set of marks ("o", "s", "^", "|")."""

    xs: Any
    ys: Any
    colour: str
    name: str = ""
    style: str = "-"
    width: float = 2.0


class Chart:
    """One pair of axes, with a question as its title and units on both. `log`: of the y axis."""

    def __init__(
        self,
        title: str,
        x_label: str,
        y_label: str,
        *,
        log: bool = False,
        height: int = 220,
        x_range: tuple[float, float] | None = None,
        y_range: tuple[float, float] | None = None,
        y_names: dict[float, str] | None = None,
        whole: str = "",
    ) -> None:
        self.title, self.x_label, self.y_label = title, x_label, y_label
        self.log, self.height = log, height
        self.series: list[Series] = []
        self.cursors: list[tuple[float, str]] = []
        self._x_range, self._y_range = x_range, y_range
        self.y_names = y_names  # names in place of numbers on the y axis
        self.whole = whole  # "x", "y" or "xy": the axes that have whole numbers alone

    def add(self, xs: Any, ys: Any, colour: str, name: str = "", style: str = "-", width: float = 2.0) -> Chart:
        """Add a line or marks. A line's name is written at its right end, that of marks above the chart."""
        xs, ys = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
        good = np.isfinite(xs) & np.isfinite(ys)
        if self.log:
            good &= ys > 0
        self.series.append(Series(xs[good], ys[good], colour, name, style, width))
        return self

    def cursor(self, x: float, name: str) -> Chart:
        """An upright line at `x`."""
        self.cursors.append((x, name))
        return self

    # The axes.

    def x_range(self) -> tuple[float, float]:
        return self._x_range or self._span([s.xs for s in self.series])

    def y_range(self) -> tuple[float, float]:
        if self._y_range:
            return self._y_range
        low, high = self._span([s.ys for s in self.series])
        return (low / 1.5, high * 2.5) if self.log else (0.0, high * 1.12 or 1.0)

    def _span(self, parts: Sequence[Any]) -> tuple[float, float]:
        parts = [part for part in parts if len(part)]
        if not parts:
            return (1.0, 10.0) if self.log else (0.0, 1.0)
        low, high = min(float(p.min()) for p in parts), max(float(p.max()) for p in parts)
        return (low, high) if high > low else (low, low + 1)

    def y_ticks(self) -> list[float]:
        low, high = self.y_range()
        if self.y_names is not None:
            return list(self.y_names)
        if self.log:
            first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
            steps = (1, 2, 5) if last - first <= 3 else (1,)
            return [m * 10.0**n for n in range(first, last + 1) for m in steps if low <= m * 10.0**n <= high]
        return [float(t) for t in MaxNLocator(4, integer="y" in self.whole).tick_values(low, high) if low <= t <= high]

    def x_ticks(self) -> list[float]:
        low, high = self.x_range()
        ticks = MaxNLocator(8, integer="x" in self.whole).tick_values(low, high)
        return [float(t) for t in ticks if low <= t <= high]

    # As SVG.

    def svg(self) -> str:
        """The chart as an <svg> element; its title is what a screen reader says."""
        parts = [
            f'<svg viewBox="0 0 {WIDTH} {self.height}" role="img" aria-label="{html.escape(self.words())}" '
            f'style="width:100%;max-width:{WIDTH + 90}px;background:#fff;font:12px sans-serif" fill="{INK}">',
            f'<text x="{LEFT}" y="16" font-size="14">{html.escape(self.title)}</text>',
        ]
        parts += self._svg_axes()
        parts += [self._svg_series(series) for series in self.series if len(series.xs)]
        parts += self._svg_names()
        for x, name in self.cursors:
            at = self._x(np.array([x]))[0]
            parts.append(
                f'<path d="M{at:.1f},{TOP - 4}V{self.height - BOTTOM}" stroke="{INK}" stroke-width="1.5" fill="none"/>'
                f'<text x="{at + 4:.1f}" y="{TOP + 6}" font-weight="bold">{html.escape(name)}</text>'
            )
        return "".join([*parts, "</svg>"])

    def _x(self, xs: Any) -> Any:
        low, high = self.x_range()
        return LEFT + (xs - low) / ((high - low) or 1) * (WIDTH - LEFT - RIGHT)

    def _y(self, ys: Any) -> Any:
        low, high = self.y_range()
        if self.log:
            low, high, ys = np.log10(low), np.log10(high), np.log10(ys)
        return self.height - BOTTOM - (ys - low) / ((high - low) or 1) * (self.height - BOTTOM - TOP)

    def _svg_axes(self) -> list[str]:
        floor, end = self.height - BOTTOM, WIDTH - RIGHT
        parts = []
        for tick in self.y_ticks():
            y = float(self._y(np.array([tick]))[0])
            name = self.y_names[tick] if self.y_names is not None else f"{tick:,g}"
            parts.append(
                f'<path d="M{LEFT},{y:.1f}H{end}" stroke="{GRID}"/>'
                f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{html.escape(name)}</text>'
            )
        parts.append(f'<path d="M{LEFT},{TOP}V{floor}H{end}" stroke="{INK}" fill="none"/>')
        for tick in self.x_ticks():
            x = float(self._x(np.array([tick]))[0])
            parts.append(f'<text x="{x:.1f}" y="{floor + 16}" text-anchor="middle">{tick:,g}</text>')
        for name, place in (
            (self.x_label, f'x="{(LEFT + end) / 2}" y="{self.height - 8}"'),
            (self.y_label, f'transform="translate(14 {(TOP + floor) / 2}) rotate(-90)"'),
        ):
            parts.append(f'<text {place} text-anchor="middle">{html.escape(name)}</text>')
        return parts

    def _svg_series(self, series: Series) -> str:
        xs, ys = self._x(series.xs), self._y(series.ys)
        points = zip(xs.tolist(), ys.tolist(), strict=True)
        if series.style in DASHES:
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            dash = f' stroke-dasharray="{DASHES[series.style]}"' if DASHES[series.style] else ""
            return (
                f'<polyline points="{line}" fill="none" stroke="{series.colour}" stroke-width="{series.width}"{dash}/>'
            )
        size = 3 + series.width
        if series.style == "|":
            bars = "".join(f"M{x:.1f},{self.height - BOTTOM}V{y:.1f}" for x, y in points)
            return f'<path d="{bars}" stroke="{series.colour}" stroke-width="{series.width}" fill="none"/>'
        if series.style == "^":
            marks = "".join(f"M{x:.1f},{y - size / 2:.1f}l{size / 2},{size}h-{size}z" for x, y in points)
            return f'<path d="{marks}" fill="{series.colour}" fill-opacity="0.75"/>'
        # A line of no length has the shape of its ends: one path for all the marks.
        marks = "".join(f"M{x:.1f},{y:.1f}h0" for x, y in points)
        cap = "round" if series.style == "o" else "square"
        return (
            f'<path d="{marks}" stroke="{series.colour}" stroke-width="{size}" stroke-linecap="{cap}" '
            'stroke-opacity="0.75" fill="none"/>'
        )

    def _svg_names(self) -> list[str]:
        """Names of lines at their right ends, moved apart where they would hide each other."""
        lines = [s for s in self.series if s.name and s.style in DASHES and len(s.xs)]
        ends = sorted((float(self._y(s.ys[-1:])[0]), number) for number, s in enumerate(lines))
        parts, last, right = [], -99.0, WIDTH - RIGHT
        for y, number in ends:
            last = max(y + 4, last + 13)
            s = lines[number]
            parts.append(f'<text x="{right + 6}" y="{last:.1f}" fill="{s.colour}">{html.escape(s.name)}</text>')
        x = WIDTH - 8
        for s in reversed([s for s in self.series if s.name and s.style not in DASHES]):
            sign = {"o": "●", "s": "■", "^": "▲", "|": "┃"}[s.style]
            parts.append(
                f'<text x="{x}" y="16" text-anchor="end" fill="{s.colour}">{sign} {html.escape(s.name)}</text>'
            )
            x -= 7 * len(s.name) + 26
        return parts

    def words(self) -> str:
        named = [f"{s.name}: {s.ys[-1]:,.4g}" for s in self.series if s.name and len(s.ys)]
        return f"{self.title} {self.y_label} by {self.x_label}. {'; '.join(named)}"

    # By matplotlib.

    def draw(self, ax: Any) -> None:
        """Draw the same into matplotlib axes."""
        for s in self.series:
            if s.style == "|":
                ax.vlines(s.xs, self.y_range()[0], s.ys, color=s.colour, linewidth=s.width, label=s.name)
            elif s.style in DASHES:
                ax.plot(s.xs, s.ys, s.style, color=s.colour, linewidth=s.width)
                if s.name and len(s.xs):
                    ax.annotate(s.name, (s.xs[-1], s.ys[-1]), (6, -3), textcoords="offset points", color=s.colour)
            else:
                ax.plot(s.xs, s.ys, s.style, color=s.colour, markersize=3, alpha=0.75, label=s.name or None)
        for x, name in self.cursors:
            ax.axvline(x, color=INK, linewidth=1.2)
            ax.annotate(name, (x, 1), (4, -10), xycoords=("data", "axes fraction"), textcoords="offset points")
        if self.log:
            ax.set_yscale("log")
        ax.set_xlim(*self.x_range())
        ax.set_ylim(*self.y_range())
        names = [self.y_names[t] for t in self.y_ticks()] if self.y_names is not None else None
        ax.set_yticks(self.y_ticks(), names)
        ax.set_xticks(self.x_ticks())
        ax.xaxis.set_major_formatter("{x:,g}")
        if names is None:
            ax.yaxis.set_major_formatter("{x:,g}")
            ax.yaxis.set_minor_locator(NullLocator())
        ax.set_xlabel(self.x_label)
        ax.set_ylabel(self.y_label)
        ax.set_title(self.title, loc="left", color=INK, fontsize=11)
        if any(s.name and s.style not in DASHES for s in self.series):
            ax.legend(loc="upper right", ncols=4, frameon=False, fontsize=8, markerscale=2)


def picture_of(charts: Sequence[Chart], words: str) -> Picture:
    """The charts one below the other, as a picture to keep."""
    heights = [chart.height / 85 for chart in charts]
    settings = {"height_ratios": heights} if len(charts) > 1 else {}
    figure, axes = new_figure(width=9.0, height=sum(heights), rows=len(charts), **settings)
    for chart, ax in zip(charts, axes if len(charts) > 1 else [axes], strict=True):
        chart.draw(ax)
    return Picture(figure, words)
