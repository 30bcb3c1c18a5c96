"""A learner's server class on its way to a server's process, as text: the judge never runs it."""

from __future__ import annotations

from typing import Any

from .answer_process import ANSWER, limit_resources, new_namespace, run
from .package_view import withhold


class FromSource:
    """Stands in for the learner's class. Made in the server's process, it runs the cells and
    gives an instance of the class that they define. `setup`, `source` and `name` are set by
    `server_class`.
    """

    setup: str
    source: str
    name: str

    def __new__(cls, *arguments: Any, **settings: Any) -> Any:
        limit_resources()
        withhold(cls.setup)
        namespace = new_namespace()
        run(cls.setup, "<setup>", namespace)
        run(cls.source, ANSWER, namespace)
        return namespace[cls.name](*arguments, **settings)

    def run(self) -> None:
        raise NotImplementedError  # only so that the lab takes this for a server class


def server_class(setup: str, source: str, name: str) -> type:
    """A class that the lab can serve, named like the learner's."""
    return type(name, (FromSource,), {"setup": setup, "source": source, "name": name})
