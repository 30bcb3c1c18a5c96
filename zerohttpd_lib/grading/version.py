"""Which library it is that judges: everything that a verdict may depend on, in one digest.

A version number does not tell two checkouts apart; the text of every module, of the shipped notebooks and of
recorded data does. So does Python's own version, in which the answers run.
"""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from .exercise import PRISTINE, Exercise
from .package_view import PACKAGE

KINDS: Final = ("*.py", "*.ipynb", "*.json", "*.csv", "*.html")


@lru_cache
def library_version() -> str:
    """Such as "0.1.0 (3f2a9c51d7e0), Python 3.11": the same words are the same judge."""
    try:
        number = version("zerohttpd-lab")
    except PackageNotFoundError:  # run from its source
        number = "unreleased"
    digest = hashlib.sha256()
    for folder in dict.fromkeys((PACKAGE, PRISTINE)):
        for file in sorted(path for kind in KINDS for path in folder.rglob(kind)):
            digest.update(f"{file.relative_to(folder)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{number} ({digest.hexdigest()[:12]}), Python {python}"


def checks_of(exercise: Exercise) -> str:
    """The text of checks that lie outside of the library; "" for those within."""
    return Path(exercise.checks).read_text() if exercise.checks.endswith(".py") else ""
