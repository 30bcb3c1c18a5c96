"""Figures and live views, for notebooks. The only place that imports matplotlib and ipywidgets."""

from .figures import show_load, show_waits, show_work
from .live import watch
from .picture import Picture

__all__ = ["Picture", "show_load", "show_waits", "show_work", "watch"]
