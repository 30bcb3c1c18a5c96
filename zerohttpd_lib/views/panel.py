"""What all panels have in common: a message line, a still picture, one job at a time, and an end.

A panel is shown as two outputs. One is the widget. The other is an ordinary picture of the same thing. While the
widget is on the page, web.css hides it; it is what stays where there is no widget: in a saved notebook on GitHub, and
in JupyterLab once the kernel that had the widget is gone. (One output in both formats would not do: JupyterLab draws
the widget's alone, and writes "model not found" in its place.)
"""

from __future__ import annotations

import functools
import html
import threading
import weakref
from collections.abc import Callable
from typing import Any, Final, TypeVar

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import display

from ..lab.errors import LabError
from .kernel_line import KernelLine
from .picture import LOCK, Picture
from .sampler import SAMPLER

WIDGET: Final = "application/vnd.jupyter.widget-view+json"
# Light paper below a still. By the class that JupyterLab then gives its image, web.css knows a still.
PAPER: Final = {"needs_background": "light"}
THEMED: Final = "var(--jp-content-font-color1, currentcolor)"  # JupyterLab's own, in either theme

Callback = TypeVar("Callback", bound=Callable[..., None])


def told_in_words(callback: Callback) -> Callback:
    """What goes wrong in a button's callback is a sentence in the panel, not a traceback in a log."""

    @functools.wraps(callback)
    def guarded(panel: Panel, *arguments: Any) -> None:
        try:
            callback(panel, *arguments)
        except Exception as problem:
            panel.tell(problem)

    return guarded  # type: ignore[return-value]


class Panel:
    """`show()` it, or leave it as the last line of a cell; `close()` ends all that it has started."""

    name = "panel"

    def __init__(self) -> None:
        self.problem: Exception | None = None  # the last one that was told
        self.is_closed = False
        self._message = widgets.HTML()
        self._message.layout.min_height = "1.6em"
        self._is_busy = False
        self._job: threading.Thread | None = None
        self._still: Any = None
        self._kernel_line = KernelLine()
        self.box = widgets.VBox([])
        self.box.add_class("zh").add_class("zerohttpd-panel")
        _open.add(self)
        close_the_one_before(self)

    # Showing.

    def fill(self, *children: Any) -> None:
        """What the panel consists of, from top to bottom."""
        self.box.children = [self._kernel_line, *children]

    def show(self) -> None:
        """Display the panel here, and behind it its still picture."""
        display(view_of(self.box), raw=True)
        self._still = display(self._bundle(), metadata=PAPER, raw=True, display_id=True)

    def _ipython_display_(self) -> None:
        self.show()

    def _bundle(self) -> dict[str, Any]:
        picture = self.picture()
        if picture is not None:
            return picture._repr_mimebundle_()
        words = f"{self.name}: run this cell in JupyterLab to use it."
        return {"text/html": f'<p class="zh-still">{html.escape(words)}</p>', "text/plain": words}

    def picture(self) -> Picture | None:
        """What a saved notebook shows; None when there is nothing to see yet."""
        raise NotImplementedError

    def keep_still(self) -> None:
        """Bring the still picture up to date."""
        if self._still is not None:
            self._still.update(self._bundle(), metadata=PAPER, raw=True)

    def __repr__(self) -> str:
        picture = self.picture()
        return f"{self.name}: {picture.words}" if picture else self.name

    # Talking.

    def say(self, text: str) -> None:
        """One sentence, which stays until there is another."""
        self._message.value = f'<span role="status" style="color:{THEMED}">{html.escape(text)}</span>'

    def tell(self, problem: Exception) -> None:
        """Something went wrong. A LabError says what to do; anything else is a mistake of ours."""
        self.problem = problem
        text = str(problem) if isinstance(problem, LabError | ValueError) else f"The panel failed: {problem!r}"
        text = text.partition(" It was here:\n")[0]  # of one that hung, a traceback follows
        text = html.escape(text.rpartition("It said:\n")[2].strip()[-600:])  # a server that died said why itself
        self._message.value = f'<b role="alert" style="color:{THEMED}">⚠ {text}</b>'

    # Working.

    def begin(self, job: Callable[[], None]) -> None:
        """Do something that takes time in a thread of its own, so that the buttons still work."""

        def work() -> None:
            try:
                job()
            except Exception as problem:
                self.tell(problem)
            finally:
                self.release()

        self.claim()
        self._job = threading.Thread(target=work, name=self.name, daemon=True)
        self._job.start()

    def claim(self) -> None:
        """One job at a time, be it a button's or a cell's. Raises LabError while there is another."""
        with LOCK:
            if self._is_busy:
                raise LabError("This panel is still busy. Wait for it, or press Stop.")
            self._is_busy = True

    def release(self) -> None:
        """The job is done to its last step: the next one may come."""
        self._is_busy = False

    def refresh(self) -> bool:
        """Called by the sampler, which holds the lock. Returns whether there is more to come."""
        try:
            return not self.is_closed and self.draw()
        except Exception as problem:
            self.tell(problem)
            return False

    def draw(self) -> bool:
        return False

    def begin_updates(self) -> None:
        SAMPLER.add(self)

    # Ending.

    def interrupt(self) -> None:
        """End what is going on, as if Stop had been pressed."""

    def close(self) -> None:
        """End all that the panel has started, and take it off the page. May be repeated."""
        if self.is_closed:
            return
        self.is_closed = True
        self.interrupt()
        job = self._job
        if job is not None and job is not threading.current_thread():
            job.join()
        SAMPLER.remove(self)
        for widget in _all_of(self.box):
            widget.close()


def view_of(widget: Any) -> dict[str, Any]:
    """What a notebook displays as this widget."""
    return {WIDGET: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}}


def _all_of(widget: Any) -> list[Any]:
    return [*(found for child in getattr(widget, "children", ()) for found in _all_of(child)), widget]


# A cell that is run again makes a new panel; the one it made before goes first. An interrupted cell
# ends what its panels do.

_open: weakref.WeakSet[Panel] = weakref.WeakSet()
_by_cell: dict[str, weakref.WeakSet[Any]] = {}
_executions: dict[str, str] = {}  # the last one of each cell that made a panel


def close_the_one_before(panel: Any) -> None:
    """`panel`, which has a close(), takes the place of those that an earlier run of this cell has made."""
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return
    if _after_cell not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _after_cell)
    parent = shell.kernel.get_parent()
    cell, execution = parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id", "")
    if cell is None:
        return
    if _executions.get(cell) != execution:
        _executions[cell] = execution
        for old in list(_by_cell.pop(cell, ())):
            old.close()
    _by_cell.setdefault(cell, weakref.WeakSet()).add(panel)


def _after_cell(result: Any) -> None:
    error = result.error_in_exec
    if isinstance(error, KeyboardInterrupt) or isinstance(getattr(error, "__context__", None), KeyboardInterrupt):
        for panel in list(_open):
            panel.interrupt()


# Pieces of panels.


def button(text: str, what: str, pressed: Callable[[], None], *, disabled: bool = False) -> widgets.Button:
    """A real button: Tab reaches it, Enter and the space bar press it; `what` is said on hover."""
    made = widgets.Button(description=text, tooltip=what, disabled=disabled, layout={"width": "auto"})
    made.on_click(lambda _: pressed())
    return made
