"""A component in a notebook: the widget, and behind it a picture for whoever opens the notebook without a kernel."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import anywidget
from IPython.display import display

from .panel import PAPER, close_the_one_before, view_of
from .picture import Picture
from .web import STYLE, component, data_of

KEPT: Final = "application/vnd.zerohttpd.component+json"  # in a saved notebook: the component's name, and its data


class Component(anywidget.AnyWidget):  # type: ignore[misc]
    """A subclass has `_esm = component(NAME)`, traits that are `shown`, and a `picture()`. Displayed as panels are.

    With `kept_as = NAME` a saved notebook keeps what is shown, and `make site` makes it play: for what is small, and
    was measured in that notebook, so that it cannot be had again.
    """

    _css = STYLE
    shown: ClassVar[tuple[str, ...]] = ()
    kept_as: ClassVar[str] = ""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        close_the_one_before(self)

    def picture(self) -> Picture:
        """A still of it."""
        raise NotImplementedError

    def _ipython_display_(self) -> None:
        display(view_of(self), raw=True)
        display({**self.picture()._repr_mimebundle_(), **self._kept()}, metadata=PAPER, raw=True)

    def _kept(self) -> dict[str, Any]:
        return {KEPT: {"component": self.kept_as, "data": data_of(self)}} if self.kept_as else {}


__all__ = ["Component", "component"]
