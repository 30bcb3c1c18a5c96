"""`zerohttpd grade`: pytest on exercise notebooks, free of whatever lies beside them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..lab.jupyter import find_course
from ..lab.processes import LabError
from .reading import which_exercise

NO_TESTS = 5  # pytest's exit status


def notebooks(paths: Sequence[str]) -> list[Path]:
    """The exercise notebooks among these files and in these folders; without any, those of the course."""
    found: list[Path] = []
    for path in [Path(path) for path in paths] or [find_course() / "exercises"]:
        if not path.exists():
            raise LabError(f"There is no {path}: name a notebook, or a folder with notebooks.")
        inside = sorted(path.rglob("*.ipynb")) if path.is_dir() else [path]
        found += [each for each in inside if ".ipynb_checkpoints" not in each.parts and which_exercise(each)]
    if not found:
        raise LabError("There is no exercise notebook here: name one, or a folder with some.")
    return found


def grade(paths: Sequence[str], *, junitxml: str | None = None) -> int:
    """Grade them, and print the score. Returns 0 when every task is right, and 1 otherwise.

    A conftest.py or a pytest.ini in a folder that was handed in would be run, or obeyed. Here they are not.
    """
    import pytest

    files = notebooks(paths)
    above = os.path.commonpath([file.resolve().parent for file in files])
    options = ["--nbval", "--grade-all", "--noconftest", f"--rootdir={above}", "-c", os.devnull]
    options += ["-p", "no:cacheprovider", "-q", "--no-header", "-r", "N"]
    if junitxml is not None:
        options.append(f"--junitxml={Path(junitxml).resolve()}")
    status = pytest.main([*options, *(str(file) for file in files)])
    return 1 if status == NO_TESTS else int(status)
