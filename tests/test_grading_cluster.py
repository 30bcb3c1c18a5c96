"""`zerohttpd grade --scheduler`: a Dask cluster on this machine, with workers that die, and some that are not fit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import dask_cluster
import pytest
from dask_cluster import wait_for_workers
from small_class import RIGHT_ADD, Class, needs_a_box, rows_of
from small_exercise import NAME, with_pristine
from waiting import wait_until

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'zerohttpd-lab[cluster]'")
pytestmark = [pytest.mark.timeout(400), needs_a_box]
REPORTS = ("--csv", "score.csv", "--junitxml", "score.xml", "--seed", "one")
PRELOAD = "import small_pristine"
OTHER_LIBRARY = f"{PRELOAD}, zerohttpd_lib.grading.cluster as here; here.library_version = lambda: '0.0.1'"

NO_BOX = f"{PRELOAD}; from zerohttpd_lib.grading import box; [box.KINDS.pop(kind) for kind in [*box.KINDS][:-1]]"


@pytest.fixture
def of(tmp_path: Path) -> Class:
    return Class.new(tmp_path)


def worker(of: Class, address: str, name: str, before: str = PRELOAD) -> contextlib.AbstractContextManager[BaseProcess]:
    return dask_cluster.worker(of.home, address, name, before=before, environment=with_pristine(of.pristine))


def scheduler(of: Class) -> contextlib.AbstractContextManager[tuple[BaseProcess, str]]:
    return dask_cluster.scheduler(of.home, with_pristine(of.pristine))


@pytest.fixture
def address(of: Class) -> Iterator[str]:
    with scheduler(of) as (_, address):
        yield address


def test_a_worker_that_dies_costs_nothing_and_the_table_is_the_same(of: Class, address: str) -> None:
    for number in range(8):
        answer = RIGHT_ADD if number % 2 else "import time\ntime.sleep(1)\ndef add(a, b):\n    return 7"
        of.hand_in(f"student-{number}/{NAME}.ipynb", add=f"{answer}  # {number}")
    with worker(of, address, "one") as one, worker(of, address, "two"):
        run = of.start(*REPORTS, "--scheduler", address)
        kept = of.home / "state"
        wait_until(lambda: sum(file.read_bytes().count(b"verdict") for file in kept.rglob("*.jsonl")) >= 2, 120)
        one.kill()
        out, errors = run.communicate(timeout=200)
    assert "Traceback" not in errors
    assert "9 of 9 different answers were judged now" in out, errors
    there = rows_of(of)
    lines = [line for file in kept.rglob("*.jsonl") for line in file.read_bytes().splitlines() if b"verdict" in line]
    assert len(lines) == 9
    of.grade(*REPORTS, "--anew")
    here = rows_of(of)
    for row in (*there.values(), *here.values()):
        row.pop("seconds")
    assert there == here


def test_a_scheduler_that_goes_ends_the_run_in_a_sentence_and_costs_no_verdict(of: Class) -> None:
    for number in range(4):
        of.hand_in(f"student-{number}/{NAME}.ipynb", add=f"import time\ntime.sleep(1)\n{RIGHT_ADD}  # {number}")
    kept = of.home / "state"
    with scheduler(of) as (process, address), worker(of, address, "one"):
        run = of.start("--scheduler", address)
        wait_until(lambda: any(b"verdict" in file.read_bytes() for file in kept.rglob("*.jsonl")), 120)
        process.kill()
        _, errors = run.communicate(timeout=200)
    assert run.returncode == 2, errors
    assert f"The scheduler at {address} does not answer any more" in errors
    assert "Traceback" not in errors
    assert "5 of 5" not in of.grade().stdout


def test_who_cannot_judge_is_refused_in_a_sentence_and_gets_nothing(of: Class, address: str) -> None:
    of.hand_in(f"ada/{NAME}.ipynb", add=RIGHT_ADD)
    with worker(of, address, "other", before=OTHER_LIBRARY), worker(of, address, "bare", before=NO_BOX):
        run = of.grade(*REPORTS, "--scheduler", address)
        assert run.returncode == 2, run.stderr
        assert "None of the workers" in run.stderr or "is not used" in run.stderr
        with worker(of, address, "good"):
            wait_for_workers(of.home, 3)
            run = of.grade(*REPORTS, "--scheduler", address)
    assert "2 of 2 different answers were judged now" in run.stdout, run.stderr
    assert "it has the library 0.0.1" in run.stderr
    assert "it can make no box" in run.stderr
    assert rows_of(of)["ada", "add"]["status"] == "right"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--scheduler", "tcp://127.0.0.1:1"), "No Dask scheduler answers at tcp://127.0.0.1:1"),
        (("--scheduler", "nonsense://x"), "No Dask scheduler answers at nonsense://x"),
        (("--scheduler", "tcp://127.0.0.1:1", "--without-a-box"), "do not go together"),
    ],
)
def test_a_mistake_gets_one_sentence(of: Class, options: tuple[str, ...], sentence: str) -> None:
    of.hand_in(f"ada/{NAME}.ipynb", add=RIGHT_ADD)
    run = of.grade(*options)
    assert run.returncode == 2, run.stderr
    assert sentence in run.stderr and "Traceback" not in run.stderr
