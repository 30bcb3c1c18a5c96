"""The error that a person can do something about."""

from __future__ import annotations


class LabError(Exception):
    """Something a learner can mend. The message says what is wrong and what to do.

    A notebook shows the message alone: the traceback would lead into the library.
    """

    def _render_traceback_(self) -> list[str]:  # IPython asks for this
        return [f"{type(self).__name__}: {self}"]
