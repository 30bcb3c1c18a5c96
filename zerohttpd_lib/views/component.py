"""A component in a notebook: the widget, and behind it a picture for whoever opens the notebook without a kernel."""

from __future__ import annotations

from typing import Any, ClassVar

import anywidget

from .picture import Picture
from .web import STYLE, component


class Component(anywidget.AnyWidget):  # type: ignore[misc]
    """A subclass has `_esm = component(NAME)`, traits that are `shown`, and a `picture()`."""

    _css = STYLE
    shown: ClassVar[tuple[str, ...]] = ()

    def picture(self) -> Picture:
        """A still of it."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **settings: Any) -> Any:
        bundle: Any = super()._repr_mimebundle_(**settings)
        return {**bundle[0], **self.picture()._repr_mimebundle_()}, bundle[1]


__all__ = ["Component", "component"]
