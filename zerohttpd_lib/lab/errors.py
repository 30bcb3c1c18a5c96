"""The errors that a person can do something about."""

from __future__ import annotations


class LabError(Exception):
    """Something a learner can mend. The message says what is wrong and what to do.

    A notebook shows the message alone: the traceback would lead into the library.
    """

    def _render_traceback_(self) -> list[str]:  # IPython asks for this
        return [f"{type(self).__name__}: {self}"]


class NoInterestList(LabError):
    """The kernel keeps none for this server: it has no epoll descriptor."""


class ServerTrouble(LabError):
    """The server did not start, died or hangs. The message ends with the last it had to say."""


class ServerDidNotStart(ServerTrouble):
    """It ended, or said nothing, before it listened."""


class ServerHangs(ServerTrouble):
    """It gave no answer in time, or did not stop, and was ended. The message ends with its stack."""
