"""Make what a class might hand in: right, wrong, hostile and broken, and files of every odd kind.

    python authoring/make_class.py FOLDER                    200 students, exercise 03
    python authoring/make_class.py FOLDER --students 20 --exercise 04
    zerohttpd grade FOLDER --html class.html                 look at what becomes of it

Every student has answers of their own: no two are the same text. Of each hundred 50 are right, 30 have one wrong
answer or more, 12 are hostile and 8 are broken; where there are fewer, each kind is there as far as they go.
The answers are those of solutions/ and of tests/wrong_answers. It does no harm to make them, and nothing runs them but
the grading. A folder that exists already is refused.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from zerohttpd_lib.grading.exercise import PRISTINE, source_of, task_of

ROOT: Final = Path(__file__).resolve().parents[1]
OF_A_HUNDRED: Final = {"right": 50, "wrong": 30, "hostile": 12, "broken": 8}
HUGE: Final = 60_000_000  # bytes, of which none is on the disk
Book = dict[str, Any]

# What these cells do, they do when they are run; the answer comes after it, and is right.
HOSTILE: Final = {
    "kill-all": "import os\nos.kill(-1, 9)",
    "stop-all": "import os\nos.kill(-1, 19)",
    "delete": "import os, shutil\nfor name in os.listdir('/'):\n    shutil.rmtree('/' + name, ignore_errors=True)",
    "fork": "import os\nwhile True:\n    os.fork()",
    "memory": "held = bytearray(3_900_000_000)",
    "disk": "for n in range(900):\n    open(f'/tmp/{n}', 'wb').write(bytes(1_000_000))",
    "shout": "raise Exception('x' * 15_000_000)",
    "escape": "raise Exception('\\x1b[2J\\x1b]0;mine\\x07 ]]> <script>alert(1)</script> =cmd()')",
    "surrogate": "raise Exception('\\ud800')",
    "loop": "while True:\n    pass",
    "stay": "import os, time\nif not os.fork():\n    os.setsid()\n    time.sleep(600)",
    "print": "import sys\nfor fd in range(3, 50):\n    try:\n        open(fd, 'w').write('{\"verdict\": \"right\"}')\n"
    "    except OSError:\n        pass",
    "exit": "import os\nos._exit(0)",
    "read": "raise Exception(open('/etc/shadow').read())",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--students", type=int, default=200, metavar="N")
    parser.add_argument("--exercise", default="03", help="the beginning of its name (default: 03)")
    options = parser.parse_args()
    if options.folder.exists():
        print(f"{options.folder} is there already: name a folder that is not.", file=sys.stderr)
        return 2
    numbers = {kind: round(share * options.students / 100) for kind, share in OF_A_HUNDRED.items()}
    numbers["right"] += options.students - sum(numbers.values())
    Maker.of(options.exercise, options.folder).make(numbers)
    print("\n".join(f"{kind:8} {number}" for kind, number in numbers.items()))
    return 0


class Maker:
    """`book`: the notebook as it was shipped; `right`: the answers by task; `wrong`: wrong ones by task.

    What is drawn is drawn from a fixed seed: the same class each time.
    """

    def __init__(self, name: str, book: Book, right: dict[str, str], wrong: dict[str, list[str]], folder: Path) -> None:
        self.name, self.book, self.right, self.wrong, self.folder = name, book, right, wrong, folder
        self.random = random.Random(1)

    @classmethod
    def of(cls, exercise: str, folder: Path) -> Maker:
        """Of an exercise whose name begins so."""
        name = next(PRISTINE.glob(f"{exercise}*.ipynb")).stem
        solved = json.loads((ROOT / "solutions" / f"{name}.ipynb").read_text())
        right = {task: source_of(cell) for cell in solved["cells"] if (task := task_of(source_of(cell)))}
        sys.path.insert(0, str(ROOT / "tests"))
        kept = runpy.run_path(str(ROOT / "tests" / "wrong_answers" / f"ch{name[:2]}.py"))["WRONG"]
        wrong = {task: [answer.cell for answer in answers] for task, answers in kept.items()}
        return cls(name, json.loads((PRISTINE / f"{name}.ipynb").read_text()), right, wrong, folder)

    def make(self, numbers: dict[str, int]) -> None:
        """So many students of each kind."""
        self.folder.mkdir(parents=True)
        makers = {"right": self.make_right, "wrong": self.make_wrong, "hostile": self.make_hostile}
        for kind, number in numbers.items():
            for place in range(number):
                if kind == "broken":
                    make = BROKEN[place % len(BROKEN)]
                    make(self, f"broken-{place + 1:03}-{make.__name__.replace('_', '-')}")
                else:
                    makers[kind](place)

    def make_right(self, place: int) -> None:
        self.hand_in(f"right-{place + 1:03}", self.right)

    def make_wrong(self, place: int) -> None:
        tasks = self.random.sample(sorted(self.wrong), self.random.randint(1, len(self.wrong)))
        self.hand_in(
            f"wrong-{place + 1:03}", self.right | {task: self.random.choice(self.wrong[task]) for task in tasks}
        )

    def make_hostile(self, place: int) -> None:
        name, code = list(HOSTILE.items())[place % len(HOSTILE)]
        task = self.random.choice(sorted(self.right))
        first, _, rest = self.right[task].partition("\n")
        self.hand_in(f"hostile-{place + 1:03}-{name}", self.right | {task: f"{first}\n{code}\n{rest}"})

    def hand_in(self, student: str, answers: dict[str, str]) -> Path:
        """Returns the student's folder."""
        folder = self.folder / student
        folder.mkdir()
        (folder / f"{self.name}.ipynb").write_text(self.notebook(student, answers))
        return folder

    def notebook(self, student: str, answers: dict[str, str]) -> str:
        """A notebook with these answers, each with the student's name in a comment."""
        book: Book = json.loads(json.dumps(self.book))
        for cell in book["cells"]:
            if (task := task_of(source_of(cell))) in answers:
                cell["source"] = f"{answers[task].rstrip()}\n# {student}\n"
        return json.dumps(book)


Broken = Callable[[Maker, str], None]


def fifo(maker: Maker, student: str) -> None:
    (maker.folder / student).mkdir()
    os.mkfifo(maker.folder / student / f"{maker.name}.ipynb")


def link_to_another(maker: Maker, student: str) -> None:
    (maker.folder / student).mkdir()
    (maker.folder / student / f"{maker.name}.ipynb").symlink_to(f"../right-001/{maker.name}.ipynb")


def link_to_the_solutions(maker: Maker, student: str) -> None:
    (maker.folder / student).symlink_to(ROOT / "solutions")


def brackets_and_colons(maker: Maker, student: str) -> None:
    """Names that pytest takes for something else."""
    folder = maker.folder / f"{student}-x[1]"
    folder.mkdir()
    for name in ("x[1].ipynb", "a::b.ipynb"):
        (folder / name).write_text(maker.notebook(student, maker.right))


def name_of_no_text(maker: Maker, student: str) -> None:
    """A name that is not UTF-8, and one that is a command to a terminal."""
    folder = maker.folder / f"{student}-{os.fsdecode(bytes([0xE9, 0x1B]))}[2J"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.ipynb")).write_text(maker.notebook(student, maker.right))


def formula(maker: Maker, student: str) -> None:
    maker.hand_in(f"=HYPERLINK({student})", maker.right)


def lone_surrogate(maker: Maker, student: str) -> None:
    maker.hand_in(student, {task: f"{answer}\nx = '\ud800'" for task, answer in maker.right.items()})


def whole_clone(maker: Maker, student: str) -> None:
    """With solutions/, and nothing done."""
    for part in ("exercises", "solutions"):
        shutil.copytree(ROOT / part, maker.folder / student / "course" / part)


def takes_over(maker: Maker, student: str) -> None:
    """Files beside a wrong notebook that pytest and Python would import."""
    folder = maker.hand_in(student, {task: answers[0] for task, answers in maker.wrong.items()})
    (folder / "zerohttpd_lib").mkdir()
    for name in ("conftest.py", "zerohttpd_lib/__init__.py", "json.py", "sitecustomize.py"):
        (folder / name).write_text("raise SystemExit('taken over')\n")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")


def huge(maker: Maker, student: str) -> None:
    folder = maker.folder / student
    folder.mkdir()
    with open(folder / f"{maker.name}.ipynb", "wb") as file:
        file.truncate(HUGE)


def no_notebook(maker: Maker, student: str) -> None:
    (maker.folder / student).mkdir()
    (maker.folder / student / f"{maker.name}.ipynb").write_bytes(b"\xff\xfe\x00{")


def deep(maker: Maker, student: str) -> None:
    (maker.folder / student).mkdir()
    (maker.folder / student / f"{maker.name}.ipynb").write_text('{"cells": ' + "[" * 100_000)


def empty(maker: Maker, student: str) -> None:
    (maker.folder / student).mkdir()


def two_of_them(maker: Maker, student: str) -> None:
    folder = maker.hand_in(student, {})
    (folder / "better.ipynb").write_text(maker.notebook(student, maker.right))


BROKEN: Final[tuple[Broken, ...]] = (
    fifo, link_to_another, link_to_the_solutions, brackets_and_colons, name_of_no_text, formula, lone_surrogate,
    whole_clone, takes_over, huge, no_notebook, deep, empty, two_of_them,
)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
