"""Build the notebooks: text sources in, notebooks with real outputs out.

    python authoring/build.py             build and run all of them, save what they printed
    python authoring/build.py 04          only those whose name begins with 04
    python authoring/build.py exercises/04    only the exercises of it; or chapters/04
    python authoring/build.py --check     run nothing; say what is not as the sources would have it

A source is MyST Markdown, which Jupytext turns into a notebook. It is then run from top to
bottom on this machine, and what is saved is freed of whatever would tell on the machine. Of an
exercise, the solutions are run.
"""

from __future__ import annotations

import argparse
import getpass
import json
import re
import socket
import sys
from pathlib import Path

import exercise_books
import jupytext
import nbformat
from nbclient import NotebookClient

from zerohttpd_lib.grading.exercise import PRISTINE

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "authoring" / "chapters"
EXERCISE_SOURCES = ROOT / "authoring" / "exercises"
CHAPTERS = ROOT / "chapters"
EXERCISES = ROOT / "exercises"
SOLUTIONS = ROOT / "solutions"
WIDGET = "application/vnd.jupyter.widget-view+json"
CELL_TIME = 300  # seconds; a sweep takes minutes on a busy machine
NOT_SAVED = "output-not-saved"  # the tag of a cell whose output speaks of the machine, and of nothing else


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="the beginnings of the names to build (default: all)")
    parser.add_argument("--check", action="store_true", help="only compare, and look over what is saved")
    options = parser.parse_args()
    complaints = []
    for source in sorted([*SOURCES.glob("*.md"), *EXERCISE_SOURCES.glob("*.md")]):
        names = (source.name, f"{source.parent.name}/{source.name}")
        if options.names and not any(name.startswith(tuple(options.names)) for name in names):
            continue
        if not options.check:
            print(f"running {source.relative_to(ROOT)} ...", flush=True)
        work = check_all if options.check else build_all
        complaints += work(source)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


def build_all(source: Path) -> list[str]:
    """Build what a source describes. Returns what is wrong with the source."""
    book = read_source(source)
    target = f"{source.stem}.ipynb"
    if source.parent != EXERCISE_SOURCES:
        build(book, CHAPTERS / target)
        return []
    if complaints := mistakes_of(source, book):
        return complaints
    for folder in (EXERCISES, PRISTINE):
        save(exercise_books.to_be_done(book, source.stem), folder / target)
    build(exercise_books.solved(book, source.stem), SOLUTIONS / target)
    return []


def mistakes_of(source: Path, book: nbformat.NotebookNode) -> list[str]:
    """What is wrong with the source of an exercise; other exercises may have tasks of the same name."""
    found = exercise_books.mistakes(book)
    for other in sorted(set(EXERCISE_SOURCES.glob("*.md")) - {source}):
        for task in exercise_books.tasks_of(book) & exercise_books.tasks_of(read_source(other)):
            found.append(f"{other.name} has a task {task!r}, too: choose another name.")
    return [f"{source.relative_to(ROOT)}: {mistake}" for mistake in found]


def check_all(source: Path) -> list[str]:
    book = read_source(source)
    target = f"{source.stem}.ipynb"
    if source.parent != EXERCISE_SOURCES:
        return check(book, CHAPTERS / target)
    complaints = mistakes_of(source, book)
    to_be_done = exercise_books.to_be_done(book, source.stem)
    for folder in (EXERCISES, PRISTINE):
        complaints += check(to_be_done, folder / target, has_outputs=False)
    return complaints + check(exercise_books.solved(book, source.stem), SOLUTIONS / target)


def read_source(source: Path) -> nbformat.NotebookNode:
    """The notebook that a source describes, not run yet."""
    book = jupytext.read(source)
    book.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for number, cell in enumerate(book.cells):
        cell.id = f"{source.stem[:2]}-{number:02}"
        cell.metadata = nbformat.from_dict({"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {})
    if any(exercise_books.is_a(cell, "answer") for cell in book.cells):
        exercise_books.name_cells(book, source)
    book.nbformat, book.nbformat_minor = 4, 5
    return book


def build(book: nbformat.NotebookNode, target: Path) -> None:
    """Run the notebook and save it as `target`."""
    target.parent.mkdir(exist_ok=True)
    metadata = dict(book.metadata)
    resources = {"metadata": {"path": str(target.parent)}}
    NotebookClient(book, timeout=CELL_TIME, resources=resources, coalesce_streams=True).execute()
    book.metadata = nbformat.from_dict(metadata)
    for cell in book.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code" and NOT_SAVED in cell.metadata.get("tags", []):
            cell.outputs = []
        elif cell.cell_type == "code":
            cell.outputs = [still for output in cell.outputs if (still := without_widget(output))]
    save(book, target)


def save(book: nbformat.NotebookNode, target: Path) -> None:
    nbformat.validate(book)
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(book, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def without_widget(output: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """The output as it is to be saved: a panel leaves its still picture, any other widget leaves nothing."""
    data = output.get("data", {"no data": "a stream, or an error"})
    if WIDGET in data:
        del data[WIDGET]
        return output if "image/png" in data else None
    return output if data else None  # a progress bar has been there


def check(book: nbformat.NotebookNode, target: Path, *, has_outputs: bool = True) -> list[str]:
    """What is wrong with the saved notebook, a sentence for each thing; nothing if all is well."""
    name = target.relative_to(ROOT)
    if not target.exists():
        return [f"{name} is missing: run make book."]
    saved = nbformat.read(target, as_version=4)
    complaints = []
    if without_outputs(saved) != without_outputs(book):
        complaints.append(f"{name} is not what its source builds: run make book.")
    for cell in saved.cells:
        if cell.cell_type == "code" and has_outputs:
            complaints += [f"{name}, cell {cell.id}: {problem}" for problem in problems_of(cell)]
        elif cell.cell_type == "code" and (cell.outputs or cell.execution_count):
            complaints.append(f"{name}, cell {cell.id}: it has been run, and is to be done.")
    return complaints


def without_outputs(book: nbformat.NotebookNode) -> object:
    """All of a notebook but its outputs, as plain values that can be compared."""
    plain = json.loads(json.dumps(book))
    for cell in plain["cells"]:
        cell.pop("outputs", None)
        cell.pop("execution_count", None)
    return plain


def problems_of(cell: nbformat.NotebookNode) -> list[str]:
    problems = []
    if cell.execution_count is None:
        problems.append("it has not been run.")
    text = json.dumps([strip_images(output) for output in cell.outputs])
    if any(output.output_type == "error" or output.get("name") == "stderr" for output in cell.outputs):
        problems.append("an error or a warning is saved in it.")
    if WIDGET in text:
        problems.append("a widget is saved in it, which is an empty box where no kernel runs.")
    if leak := machine_words().search(text):
        problems.append(f"it tells on the machine that built it: {leak[0]!r}.")
    return problems


def strip_images(output: dict[str, object]) -> dict[str, object]:
    data = output.get("data")
    if not isinstance(data, dict):
        return dict(output)
    return {**output, "data": {kind: value for kind, value in data.items() if not kind.startswith("image/")}}


def machine_words() -> re.Pattern[str]:
    """What must not be in an output: paths of a machine, the user's name and the host's."""
    words = [r"/(?:home|root|tmp|work|Users|builds?)/[\w.-]+", re.escape(str(ROOT)), re.escape(f"{Path.home()}/")]
    words += [rf"\b{re.escape(name)}\b" for name in (getpass.getuser(), socket.gethostname()) if len(name) > 3]
    return re.compile("|".join(words))


if __name__ == "__main__":
    sys.exit(main())
