"""Figures and live views, for notebooks. The only place that imports matplotlib, ipywidgets and anywidget."""

from .figures import show_load, show_waits, show_work
from .inspector import inspector
from .interest_panel import interest_panel
from .live import watch
from .load_panel import load_panel
from .one_wait import one_wait
from .picture import Picture
from .prices import show_cost, show_scan
from .race import live_chart, show_both, show_published, show_sweep
from .replay import replay
from .shares import show_shares
from .stage import stage
from .stepper_panel import stepper_panel
from .twins import twin_timelines

__all__ = [
    "Picture",
    "inspector",
    "interest_panel",
    "live_chart",
    "load_panel",
    "one_wait",
    "replay",
    "show_both",
    "show_cost",
    "show_load",
    "show_published",
    "show_scan",
    "show_shares",
    "show_sweep",
    "show_waits",
    "show_work",
    "stage",
    "stepper_panel",
    "twin_timelines",
    "watch",
]
