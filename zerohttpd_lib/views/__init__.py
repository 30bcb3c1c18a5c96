"""Figures and live views, for notebooks. The only place that imports matplotlib and ipywidgets."""

from .cost import show_cost, show_scan
from .figures import show_load, show_waits, show_work
from .live import watch
from .picture import Picture
from .race import live_chart, show_both, show_published, show_sweep

__all__ = [
    "Picture",
    "live_chart",
    "show_both",
    "show_cost",
    "show_load",
    "show_published",
    "show_scan",
    "show_sweep",
    "show_waits",
    "show_work",
    "watch",
]
