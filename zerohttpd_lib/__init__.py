"""ZeroHTTPd Lab: learn how event-driven servers work, by running them.

In a notebook:

    from zerohttpd_lib import Lab
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .lab import Lab, LabError

__all__ = ["Lab", "LabError"]


def __getattr__(name: str) -> Any:
    # Only when it is asked for: a server's process needs neither numpy nor redis-py.
    if name in __all__:
        from . import lab

        return getattr(lab, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
