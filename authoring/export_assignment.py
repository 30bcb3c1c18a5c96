"""Make an exercise an assignment of nbgrader, an autograder of Gradescope, or one of Otter's.

    python authoring/export_assignment.py nbgrader COURSE --exercise 03       COURSE/source/NAME/NAME.ipynb
    python authoring/export_assignment.py gradescope FOLDER --exercise 03     FOLDER/autograder.zip
    python authoring/export_assignment.py otter FOLDER --exercise 03          FOLDER/tests/*.py

docs/nbgrader.md and docs/otter-gradescope.md say what to do with them. Nothing that is there is overwritten.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from zerohttpd_lib.grading.exercise import Exercise, shipped, tags_of

ROOT: Final = Path(__file__).resolve().parents[1]
NBGRADER_SCHEMA: Final = 3  # of the metadata of its cells (nbgrader's documentation, Notebook metadata)

SETUP: Final = """#!/usr/bin/env bash
# Once, when the image is made.
set -euo pipefail
root=${AUTOGRADER_ROOT:-/autograder}
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3 python3-venv bubblewrap >/dev/null
fi
python3 -m venv "$root/venv"
"$root/venv/bin/pip" install --quiet "$root"/source/*.whl
"""
RUN: Final = """#!/usr/bin/env bash
# For each submission. Whatever folders are in it, it is one student's.
set -euo pipefail
root=${AUTOGRADER_ROOT:-/autograder}
class=$(mktemp -d)
trap 'rm -rf "$class"' EXIT
cp -a "$root/submission" "$class/student"
# A container for each student may make no box, and then it is the box: see docs/otter-gradescope.md.
"$root/venv/bin/zerohttpd" grade "$class" --exercise EXERCISE --without-a-box \\
    --gradescope "$root/results/results.json" || [ $? = 1 ]
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--exercise", required=True, metavar="NN", help="the beginning of its name")
    options = parser.parse_args()
    exercise = next((each for name, each in shipped().items() if name.startswith(options.exercise)), None)
    if exercise is None:
        print(f"There is no exercise {options.exercise}; there are {', '.join(shipped())}.", file=sys.stderr)
        return 2
    try:
        print(KINDS[options.kind](exercise, options.folder))
    except FileExistsError as problem:
        print(f"{problem.filename} is there already: name another folder.", file=sys.stderr)
        return 2
    return 0


def nbgrader(exercise: Exercise, folder: Path) -> str:
    """The notebook as learners get it, in which each check cell is one of nbgrader's, for a point, and locked."""
    book = json.loads((ROOT / "exercises" / f"{exercise.name}.ipynb").read_text())
    for cell in book["cells"]:
        if "check" in tags_of(cell):
            cell["metadata"]["nbgrader"] = _graded(cell)
    target = folder / "source" / exercise.name / f"{exercise.name}.ipynb"
    _write(target, json.dumps(book, indent=1))
    return f"{target}: now nbgrader generate_assignment {exercise.name}"


def _graded(cell: dict[str, Any]) -> dict[str, Any]:
    about = {"grade": True, "solution": False, "locked": True, "task": False, "points": 1, "cell_type": "code"}
    return {**about, "grade_id": cell["id"], "schema_version": NBGRADER_SCHEMA}


def gradescope(exercise: Exercise, folder: Path) -> str:
    """A zip with the two scripts that Gradescope runs, and this library as a wheel."""
    target = folder / "autograder.zip"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive, tempfile.TemporaryDirectory() as made:
        try:
            wheel = _wheel(Path(made))
        except BaseException:
            target.unlink()  # half of one would be in the way of the next try
            raise
        archive.write(wheel, wheel.name)
        for name, text in {"setup.sh": SETUP, "run_autograder": RUN.replace("EXERCISE", exercise.name)}.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16  # it may be run
            archive.writestr(entry, text)
    return f"{target}: upload it as the assignment's autograder"


def _wheel(made: Path) -> Path:
    """This library, built in the folder `made`."""
    source = made / "source"  # a copy, in which nothing is left of what was built before
    for part in ("zerohttpd_lib", "chapters", "solutions"):
        shutil.copytree(ROOT / part, source / part)
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(made), str(source)]
    subprocess.run(command, check=True)
    return next(made.glob("*.whl"))


def otter(exercise: Exercise, folder: Path) -> str:
    """A test of Otter's for each task: what its check cell does."""
    for task in exercise.tasks:
        code = f">>> check({task!r})\n{task}: right."
        case = {"code": code, "hidden": False, "locked": False}
        suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        test = {"name": task, "points": 1, "suites": [suite]}
        _write(folder / "tests" / f"{task}.py", f"OK_FORMAT = True\n\ntest = {test!r}\n")
    return f"{folder / 'tests'}: now otter generate -t {folder / 'tests'}"


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "x", encoding="utf-8") as file:
        file.write(text)


KINDS: Final[dict[str, Callable[[Exercise, Path], str]]] = {
    "nbgrader": nbgrader, "gradescope": gradescope, "otter": otter,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
