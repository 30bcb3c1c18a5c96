"""Who has how much of it? A row for each way of sharing, a bar for each process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .picture import COLOURS, INK, Picture, new_figure


def show_shares(counts: Mapping[str, Sequence[float]], title: str, unit: str) -> Picture:
    """`counts`: for each way, a number for each process; drawn from the largest to the smallest, on one scale."""
    figure, axes = new_figure(height=0.7 + 1.1 * len(counts), rows=len(counts), sharex=True)
    axes = [axes] if len(counts) == 1 else list(axes)
    most = max(max(row) for row in counts.values()) or 1
    for ax, (way, row) in zip(axes, counts.items(), strict=True):
        ordered = sorted(row, reverse=True)
        bars = ax.barh(range(len(row)), ordered, color=COLOURS["server"], height=0.7)
        ax.bar_label(bars, [f"{each:,.3g}" for each in ordered], padding=3, color=INK, fontsize=8)
        ax.invert_yaxis()
        ax.set_yticks([])
        ax.set_ylabel(way, rotation=0, ha="right", va="center", color=INK)
        ax.grid(visible=False)
        ax.set_xlim(0, most * 1.1)
    axes[0].set_title(title, loc="left", color=INK)
    axes[-1].set_xlabel(f"{unit}; a bar for each process")
    words = "; ".join(f"{way}: {', '.join(f'{each:,.3g}' for each in row)}" for way, row in counts.items())
    return Picture(figure, f"{title} {unit.capitalize()}, a number for each process. {words}.")
