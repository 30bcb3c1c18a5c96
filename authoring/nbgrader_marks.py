"""Take the marks of a score into nbgrader's gradebook. To be run with the Python that nbgrader is installed for.

    zerohttpd grade COURSE/submitted --exercise 03 --csv score.csv
    python authoring/nbgrader_marks.py score.csv COURSE/gradebook.db

A task that is right gets its check cell's points, any other none. What could not be judged is left as it is in the
gradebook, and named. Nothing but nbgrader's own interface is used, and nothing of this library.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

QUOTED = ("'=", "'+", "'-", "'@")  # how the CSV file keeps such a name from being a formula


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("score", type=Path)
    parser.add_argument("gradebook", type=Path)
    options = parser.parse_args()
    with open(options.score, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with Gradebook(f"sqlite:///{options.gradebook.resolve()}") as gradebook:
        said = [take_in(row, gradebook) for row in rows]
        gradebook.db.commit()
    troubles = [each for each in said if each]
    print("\n".join([*troubles, f"{len(rows) - len(troubles)} of {len(rows)} marks are in {options.gradebook}."]))
    return 1 if troubles else 0


def take_in(row: dict[str, str], gradebook: Gradebook) -> str:
    """One row of the score. Returns what is in the way, if anything is."""
    student = row["student"][1:] if row["student"].startswith(QUOTED) else row["student"]
    name, task = row["exercise"], row["task"]
    if row["status"] == "could not be judged":
        return f"{student}, {task}: could not be judged, and is left as it is."
    try:
        gradebook.find_assignment(name)
    except MissingEntry:
        return f"{student}, {task}: the gradebook has no assignment {name}."
    gradebook.update_or_create_student(student)
    gradebook.update_or_create_submission(name, student)
    cells = [
        grade for grade in gradebook.find_submission_notebook(name, name, student).grades if task_of(grade.name) == task
    ]
    for grade in cells:
        grade.auto_score = grade.max_score_gradecell if row["status"] == "right" else 0.0
        grade.needs_manual_grade = False
    return "" if cells else f"{student}, {task}: the assignment has no check cell for it."


def task_of(cell: str) -> str:
    """The check cell 03-density-check is that of the task density."""
    return cell.removesuffix("-check").partition("-")[2]


if __name__ == "__main__":
    sys.exit(main())
