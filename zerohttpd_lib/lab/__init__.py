"""Start a server, a Redis, a load test, each in a process of its own, and clean up after them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import LabError
    from .lab import Lab
    from .server import Server

__all__ = ["Lab", "LabError", "Server"]

_HOMES = {"Lab": "lab", "LabError": "errors", "Server": "server"}


def __getattr__(name: str) -> Any:
    # Only when it is asked for: `child`, the server's process, needs neither numpy nor redis-py.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
