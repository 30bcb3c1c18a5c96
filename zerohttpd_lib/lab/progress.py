"""A progress bar that leaves nothing behind when it is done: a line of a terminal, a widget of a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm.auto import tqdm
from tqdm.notebook import tqdm_notebook


@contextmanager
def progress_bar(*, wanted: bool, **options: Any) -> Iterator[Any]:
    """tqdm's, with these `options`; not `wanted`: one that shows nothing.

    tqdm takes the widget away, but not the output in which it was: in a notebook that is opened anew there would
    stand "Error displaying widget" in its place. So that output is emptied.
    """
    if not wanted or not issubclass(tqdm, tqdm_notebook):
        with tqdm(disable=not wanted, leave=False, **options) as bar:
            yield bar
        return
    from IPython.display import display

    with tqdm(display=False, leave=False, **options) as bar:
        output = display(bar.container, display_id=True)
        try:
            yield bar
        finally:
            output.update({}, raw=True)
