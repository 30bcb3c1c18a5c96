"""Exercises: the answer cells, their checks, and what a learner sees of both.

The first cell of an exercise notebook has

    from zerohttpd_lib.grading import check, progress, reset

which also makes the notebook know cells that begin with `%%answer TASK`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .notebook import check, progress, reset, solution

__all__ = ["check", "progress", "reset", "solution"]


def __getattr__(name: str) -> Any:
    # Only when it is asked for: the judge needs no notebook.
    if name in __all__:
        from . import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
