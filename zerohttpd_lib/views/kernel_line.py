"""A line in a panel that says, once the kernel has gone, that it has; from then on the controls cannot be used."""

from __future__ import annotations

import anywidget

from .web import STYLE, component


class KernelLine(anywidget.AnyWidget):  # type: ignore[misc]
    """It asks nothing of the kernel: there is none when it is needed. See web/kernel.js."""

    _esm = component("kernel_line")
    _css = STYLE
