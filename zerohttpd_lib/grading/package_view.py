"""What an answer may see of this package: what the setup cells use, and what runs the answer.

No check, nobody's solution, and none of the servers and functions that a task asks for: a learner
is to write those. Without a box the same modules cannot be imported; in a box they are not there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.util import cache_from_source
from pathlib import Path
from typing import Final

from ..servers import RUNGS

PACKAGE: Final = Path(__file__).resolve().parents[1]
NAME: Final = "zerohttpd_lib"
NOT_SEEN: Final = ("lab", "views", "grading", "trace/runs", "__pycache__")  # but of grading:
OF_GRADING: Final = ("__init__", "answer_process", "channel", "package_view", "serving", "values", "recorded")
ASKED_FOR: Final = ("cost", "trace.kernel")  # a task is to write what is in there, as it is of most rungs


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
            words += ["--ro-bind", str(file), str(file)]
            if file.suffix == ".py" and (compiled := Path(cache_from_source(str(file)))).exists():
                words += ["--ro-bind", str(compiled), str(compiled)]
    return words


def _files_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        part = path.relative_to(PACKAGE).as_posix()
        if part == "grading":
            yield from (file for name in OF_GRADING for file in _files_of(path / name))
        elif path.is_file():
            yield path
        elif path.name not in NOT_SEEN and part not in NOT_SEEN:
            yield from _files_in(path)


def _files_of(name: Path) -> Iterator[Path]:
    """Of a module, or of a package."""
    yield from [file] if (file := name.with_suffix(".py")).exists() else _files_in(name)
