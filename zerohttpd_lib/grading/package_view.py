"""What an answer may see of this package: what the setup cells use, and what runs the answer.

No check, nobody's solution, and none of the servers and functions that a task asks for: a learner
is to write those. Without a box the same modules cannot be imported; in a box they are not there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..servers import RUNGS

PACKAGE: Final = Path(__file__).resolve().parents[1]
NAME: Final = "zerohttpd_lib"
NOT_SEEN: Final = ("views", "notebooks", "__pycache__")
# Of these parts only what is named, with the data beside it.
ONLY: Final = {
    "grading": (
        "__init__",
        "answer_process",
        "channel",
        "package_view",
        "answer_server",
        "system_calls",
        "values",
        "recorded",
    ),
    "lab": ("__init__", "article"),
    "museum": ("__init__", "small_server"),
}
# A task is to write what is in there, as it is of most rungs.
ASKED_FOR: Final = (
    "kernel.wait_price",
    "kernel.interest",
    "museum.buffer_grows",
)


def withheld(setup: str) -> list[str]:
    """The modules that a task may be about, in full; not those that the setup cell itself imports."""
    rungs = {f"servers.{rung.source.stem}" for rung in RUNGS.values()}
    used = set(re.findall(rf"from {NAME}\.([\w.]+) import", setup))
    return [f"{NAME}.{module}" for module in (*ASKED_FOR, *sorted(rungs - used))]


def withhold(setup: str) -> None:
    """Let them be imported no more: `import` stops at a None (the Python reference, 5.3.1).

    What a setup cell imports in order to be checked is there, and does nothing.
    """
    sys.modules.update(dict.fromkeys(withheld(setup)))  # type: ignore[arg-type] # None is what stops it
    grading = sys.modules[__package__]
    for name in grading.__all__:
        setattr(grading, name, _nothing)


def _nothing(*arguments: object, **more: object) -> None:
    pass


def what_an_answer_may_see(setup: str) -> list[str]:
    """bubblewrap's words for this: an empty folder in place of the package, and file by file what belongs in it."""
    words = ["--tmpfs", str(PACKAGE)]
    hidden = {PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py") for module in withheld(setup)}
    for file in _files_in(PACKAGE):
        if file not in hidden:
            # The sources alone: to compile those few takes less time than to make as many mounts again.
            words += ["--ro-bind", str(file), str(file)]
    return words


def _files_in(folder: Path) -> Iterator[Path]:
    named = ONLY.get(folder.relative_to(PACKAGE).as_posix())
    for path in sorted(folder.iterdir()):
        if path.name in NOT_SEEN or (named is not None and path.stem not in named):
            continue
        yield from [path] if path.is_file() else _files_in(path)
