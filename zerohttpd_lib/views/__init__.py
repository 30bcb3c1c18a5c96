"""Figures and live views, for notebooks. The only place that imports matplotlib, ipywidgets and anywidget."""

from .explore_density import explore_density
from .explore_idle import explore_idle
from .explore_port import explore_port
from .explore_request import explore_request
from .explore_silence import explore_silence
from .figures import show_load, show_waits, show_work
from .inspector import inspector
from .interest_panel import interest_panel
from .latencies import show_due, show_tails
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
    "explore_density",
    "explore_idle",
    "explore_port",
    "explore_request",
    "explore_silence",
    "inspector",
    "interest_panel",
    "live_chart",
    "load_panel",
    "one_wait",
    "replay",
    "show_both",
    "show_cost",
    "show_due",
    "show_load",
    "show_published",
    "show_scan",
    "show_shares",
    "show_sweep",
    "show_tails",
    "show_waits",
    "show_work",
    "stage",
    "stepper_panel",
    "twin_timelines",
    "watch",
]
