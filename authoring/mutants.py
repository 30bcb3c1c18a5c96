"""Mutants of the solutions: which of them pass the checks, although one place of theirs was changed?

    python authoring/mutants.py 02               every task of the exercise; rewrites its part of docs/mutants.md
    python authoring/mutants.py 02 take half     only these, and writes nothing
    python authoring/mutants.py 02 --list        shows the mutants, and judges none
    options: --jobs 2, --most 100 (of a task)

Verdicts are kept in .lab/mutants.jsonl as they come. A run that was interrupted goes on where it was, and a second one
judges what could not be judged, and the tasks whose file of checks has changed. Remove that file, and all are judged.

Needs the extra [mutants]. The operators are mutmut's (its table for syntax trees of libcst); mutmut itself runs a
project's tests, while here a judge is asked. Two are ours, because the likeliest mistakes of a learner are a
line that is missing and a condition that is turned round, and mutmut makes neither.

A mutant that passes is one of three: a hole in a check, to be mended; right, as the text of the task does not say
otherwise; or it does the same as the solution. The last two have their reasons in equivalent_mutants.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from difflib import ndiff
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

import build
import libcst as cst
import mutants_page
from equivalent_mutants import EQUIVALENT
from mutmut.mutation.mutators import mutation_operators
from tqdm import tqdm
from try_exercise import read_exercise_source, solutions_of

from zerohttpd_lib.grading import checks
from zerohttpd_lib.grading.exercise import Exercise
from zerohttpd_lib.grading.judge import judge
from zerohttpd_lib.grading.verdict import COULD_NOT, RIGHT

PAGE: Final = build.ROOT / "docs" / "mutants.md"
KEPT: Final = build.ROOT / ".lab" / "mutants.jsonl"
CHECKS: Final = Path(checks.__file__).parent


class Mutant(NamedTuple):
    """`change`: in which function which line was changed, as it is now; or "without " and what was taken out. Where
    that is the same for several, (2), (3)... tell them apart.
    """

    task: str
    cell: str
    change: str


class Judged(NamedTuple):
    mutant: Mutant
    status: str
    code: str

    @property
    def survives(self) -> bool:
        return self.status in (RIGHT, COULD_NOT)

    @property
    def reason(self) -> str:
        """Why it may survive; "" when nobody has said so, and of one that could not be judged: nobody knows of that."""
        return "" if self.status == COULD_NOT else EQUIVALENT.get(self.mutant.task, {}).get(self.mutant.change, "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help="the beginning of an exercise's name, such as 03")
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--jobs", type=int, default=2, help="judges side by side")
    parser.add_argument("--most", type=int, default=100, help="mutants of a task; of more, some are drawn")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    source = next(iter(build.EXERCISE_SOURCES.glob(f"{options.name}*.md")), None)
    if source is None:
        print(f"There is no {build.EXERCISE_SOURCES / options.name}*.md.", file=sys.stderr)
        return 2
    exercise, mutants = mutants_of(source, options.tasks, options.most)
    if options.list:
        for mutant in mutants:
            print(f"{mutant.task}: {mutant.change}")
        return 0
    judged = judge_all(exercise, mutants, options.jobs)
    for one in judged:
        if one.survives and not one.reason:
            print(f"SURVIVES: {one.mutant.task}: {one.mutant.change}" + (f" ({one.code})" if one.code else ""))
    print(mutants_page.summary(judged))
    if not options.tasks:
        mutants_page.rewrite(PAGE, exercise.name, judged)
    return 1 if any(one.survives and not one.reason for one in judged) else 0


def mutants_of(source: Path, tasks: list[str], most: int) -> tuple[Exercise, list[Mutant]]:
    """The exercise of a source, and what its solutions are changed into."""
    book = build.read_source(source)
    exercise = read_exercise_source(book, source)
    solutions = solutions_of(book)
    found: list[Mutant] = []
    for task in tasks or exercise.tasks:
        changed = list(mutate(task, solutions[task]))
        found += changed if len(changed) <= most else random.Random(task).sample(changed, most)
    return exercise, found


def mutate(task: str, solution: str) -> Iterator[Mutant]:
    """Each text once, and none that Python cannot read."""
    first, _, code = solution.partition("\n")
    module = cst.parse_module(code)
    seen, changes = {module.code}, Counter[str]()
    for node in nodes_of(module):
        for changed in [*by_mutmut(node), *by_us(node)]:
            text = module.deep_replace(node, changed).code
            if text not in seen and can_be_compiled(text):
                seen.add(text)
                change = what_changed(module.code, text)
                changes[change] += 1
                again = f" ({changes[change]})" if changes[change] > 1 else ""
                yield Mutant(task, f"{first}\n{text}", change + again)


def nodes_of(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from nodes_of(child)


def by_mutmut(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from operator(node)


def by_us(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A statement left out, and a condition turned round."""
    if isinstance(node, cst.SimpleStatementLine) and not is_text(node):
        yield cst.parse_statement("pass\n")
    if isinstance(node, (cst.If, cst.IfExp, cst.While)):
        turned = cst.UnaryOperation(cst.Not(), in_brackets(node.test))
        yield node.with_changes(test=turned)
    if isinstance(node, cst.CompIf):
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), in_brackets(node.test)))


def is_text(line: cst.SimpleStatementLine) -> bool:
    """A docstring, or `pass`."""
    only = line.body[0]
    return isinstance(only, cst.Pass) or (isinstance(only, cst.Expr) and isinstance(only.value, cst.SimpleString))


def in_brackets(test: cst.BaseExpression) -> cst.BaseExpression:
    return test.with_changes(lpar=[cst.LeftParen(), *test.lpar], rpar=[*test.rpar, cst.RightParen()])


def can_be_compiled(text: str) -> bool:
    try:
        compile(text, "<mutant>", "exec")
    except SyntaxError:
        return False
    return True


def what_changed(before: str, after: str) -> str:
    """The name of the function, and the changed lines, without their comments."""
    lines = list(ndiff(before.splitlines(), after.splitlines()))
    gone, now = (
        [line[2:].partition("  #")[0].strip() for line in lines if line.startswith(sign)] for sign in ("- ", "+ ")
    )
    unchanged = list(takewhile(lambda line: line.startswith("  "), lines))
    inside = re.findall(r"^ +def (\w+)|^  class (\w+)", "\n".join(unchanged), re.M)
    where = "".join(inside[-1]) + ": " if inside else ""
    return where + ("without " + " / ".join(gone) if now == ["pass"] else " / ".join(now))


def judge_all(exercise: Exercise, mutants: list[Mutant], jobs: int) -> list[Judged]:
    kept = read_kept()
    digests = {mutant: digest_of(mutant, exercise) for mutant in mutants}
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a") as file:

        def judged(mutant: Mutant) -> Judged:
            digest = digests[mutant]
            if digest not in kept:
                verdict = judge(mutant.task, mutant.cell, exercise)
                kept[digest] = [verdict.status, verdict.code]
                line = [digest, verdict.status, verdict.code, mutant.task, mutant.change]
                file.write(json.dumps(line) + "\n")
                file.flush()
            return Judged(mutant, *kept[digest])

        with ThreadPoolExecutor(jobs) as pool:
            return list(tqdm(pool.map(judged, mutants), total=len(mutants), unit="mutant", disable=None))


def read_kept() -> dict[str, list[str]]:
    """Status and code by digest. Whoever could not be judged is to be judged again."""
    lines = KEPT.read_text().splitlines() if KEPT.exists() else []
    found = {digest: verdict for digest, *verdict, _, _ in map(json.loads, lines)}
    return {digest: verdict for digest, verdict in found.items() if verdict[0] != COULD_NOT}


def digest_of(mutant: Mutant, exercise: Exercise) -> str:
    """Of what it is and what it is judged by: its text, the setup cell's, and that of its task's file of checks."""
    texts = (file.read_text() for file in sorted(CHECKS.glob(f"{exercise.checks}*.py")))
    check = next(text for text in texts if f'@task("{mutant.task}"' in text)
    return hashlib.sha256("\0".join((exercise.setup, mutant.cell, check)).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
