"""zerohttpd grade | update: answers are judged, and exercises brought up to date."""

from __future__ import annotations

import argparse
from pathlib import Path

REPORTS = {
    "junitxml": "write the results as JUnit has them",
    "html": "write them as a page for the teacher",
    "csv": "write them for a spreadsheet",
    "pages": "write a page for each student",
    "gradescope": "write one student's as Gradescope has them",
}


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The commands, with what they take."""
    grade = commands.add_parser("grade", help="grade exercise notebooks, or folders of them")
    grade.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="a notebook, or a folder (default: your exercises)"
    )
    grade.add_argument("--exercise", action="append", default=[], metavar="NN", help="only this one; may be repeated")
    for report, what in REPORTS.items():
        place = "FOLDER" if report == "pages" else "FILE"
        grade.add_argument(f"--{report}", type=Path, metavar=place, help=what)
    grade.add_argument("--jobs", type=int, default=2, metavar="N", help="answers at a time (default: 2)")
    grade.add_argument("--seed", metavar="TEXT", help="draw the same numbers as a run that has printed this seed")
    grade.add_argument("--anew", action="store_true", help="judge all of it again; else, what has changed")
    grade.add_argument("--keep-in", type=Path, metavar="FOLDER", help="where verdicts are kept (default: your state)")
    grade.add_argument("--scheduler", metavar="ADDRESS", help="have the workers of this Dask cluster judge")
    grade.add_argument(
        "--without-a-box", action="store_true", help="run the answers of others even where no box can be made"
    )
    grade.set_defaults(run=_grade)

    update = commands.add_parser("update", help="bring chapters and exercises up to date; your answers stay")
    update.add_argument("paths", nargs="*", metavar="PATH", help="an exercise, or a folder (default: all)")
    update.set_defaults(run=_update)


def _grade(options: argparse.Namespace) -> int:
    from ..grading.report import Reports
    from ..grading.run import How, grade

    how = How(
        exercises=options.exercise, jobs=options.jobs, seed=options.seed, keep_in=options.keep_in, anew=options.anew,
        without_a_box=options.without_a_box, scheduler=options.scheduler,
    )  # fmt: skip
    return grade(options.paths, how, Reports(**{option: getattr(options, option) for option in REPORTS}))


def _update(options: argparse.Namespace) -> int:
    from ..grading.update import update_all

    for line in update_all(options.paths):
        print(line)
    return 0
