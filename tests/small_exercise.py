"""A small exercise, for tests of the grading itself: two tasks that take no time to check."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "authoring"))

import build  # noqa: E402
import exercise_books  # noqa: E402

from zerohttpd_lib.grading.exercise import Exercise, read_exercise  # noqa: E402

NAME = "90-small"
SOURCE = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
---

# A small exercise

```{code-cell} ipython3
:tags: [setup]

import math

from zerohttpd_lib.grading import check, progress, reset, solution
```

## Add

```{code-cell} ipython3
:tags: [answer]

%%answer add

def add(a, b):
    ...
```

```{code-cell} ipython3
:tags: [solution]

%%answer add

def add(a, b):
    return math.fsum([a, b])  # written with the setup cell's import
```

```{code-cell} ipython3
:tags: [check]

check("add")
```

## Send

```{code-cell} ipython3
:tags: [answer]

%%answer greet

def greet(sock):
    ...
```

```{code-cell} ipython3
:tags: [solution]

%%answer greet

def greet(sock):
    sock.sendall(b"hello")  # all of it
```

```{code-cell} ipython3
:tags: [check]

check("greet")
```

```{code-cell} ipython3
progress()
```
"""
CHECKS = """
import random
import socket

from zerohttpd_lib.grading.checks import Answer, Wrong, task


@task("add", seconds=15)
def check_add(answer: Answer) -> None:
    a, b = random.randrange(100, 200), random.randrange(200, 300)
    yours = answer.call("add", a, b, seconds=2)
    if yours != a + b:
        raise Wrong(
            "no-sum", yours=yours, expected=a + b, say="That is not the sum.",
            hints=["There is a sign for it.", "The sign is +.", "return a + b"],
        )


@task("greet", seconds=15)
def check_greet(answer: Answer) -> None:
    ours, theirs = socket.socketpair()
    answer.call("greet", answer.give(theirs, as_socket=True))
    ours.settimeout(0.5)
    try:
        yours = ours.recv(100)
    except TimeoutError:
        raise Wrong("says-nothing", say="Nothing was sent.", expected=b"hello") from None
    if yours != b"hello":
        raise Wrong("rude", yours=yours, expected=b"hello", say="That is no greeting.")
"""


def small_course(folder: Path) -> tuple[Path, Path, Path]:
    """Make `folder`/exercises, /solutions and /pristine, with this exercise in each. Nothing has been run."""
    (folder / f"{NAME}.md").write_text(SOURCE)
    (folder / "checks.py").write_text(CHECKS)
    book = build.read_source(folder / f"{NAME}.md")
    assert exercise_books.mistakes(book) == []
    folders = (folder / "exercises", folder / "solutions", folder / "pristine")
    made = [
        exercise_books.to_be_done(book, NAME),
        exercise_books.solved(book, NAME),
        exercise_books.to_be_done(book, NAME),
    ]
    made[2].metadata["zerohttpd"]["checks"] = str(folder / "checks.py")
    for where, notebook in zip(folders, made, strict=True):
        build.save(notebook, where / f"{NAME}.ipynb")
    return folders


def small_exercise(folder: Path) -> Exercise:
    *_, pristine = small_course(folder)
    return read_exercise(pristine / f"{NAME}.ipynb")


def with_answers(notebook: Path, target: Path, **answers: str) -> Path:
    """A copy of a notebook in which each task's answer cell has this code."""
    book = json.loads(notebook.read_text())
    for cell in book["cells"]:
        for task, code in answers.items():
            if cell["id"].endswith(f"-{task}"):
                cell["source"] = f"%%answer {task}\n\n{code}"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(book))
    return target


def with_pristine(pristine: Path) -> dict[str, str]:
    """An environment in which Python finds a module `small_pristine`: import it, and these are the exercises."""
    module = f"""
from pathlib import Path
import zerohttpd_lib.lab.course
zerohttpd_lib.lab.course.SOLUTIONS = Path({str(pristine.with_name("solutions"))!r})
import zerohttpd_lib.grading.exercise
zerohttpd_lib.grading.exercise.PRISTINE = Path({str(pristine)!r})
"""
    if not (file := pristine / "small_pristine.py").exists():  # once: another process may be reading it
        file.write_text(module)
    return {**os.environ, "PYTHONPATH": str(pristine), "PYTEST_ADDOPTS": ""}


def run_pytest(pristine: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`pytest --nbval ...`, in a process of its own; without the plugin of Hypothesis, which no learner has."""
    plugins = ("no:cacheprovider", "no:hypothesispytest", "small_pristine")
    command = [sys.executable, "-m", "pytest", "--nbval", *(word for plugin in plugins for word in ("-p", plugin))]
    return subprocess.run(
        [*command, *arguments], cwd=cwd, env=with_pristine(pristine), capture_output=True, text=True, check=False
    )
