"""A sweep measures what is missing, writes it down at once, and says what a number is worth."""

import csv
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import proc
import pytest
from proc import descendants, wait_for_end
from waiting import wait_until

from zerohttpd_lib.lab import Lab, LabError
from zerohttpd_lib.lab.article import WIDE
from zerohttpd_lib.lab.measurement import Cell, Measurement
from zerohttpd_lib.lab.sweep import CANNOT, Sweep
from zerohttpd_lib.servers.epoll import EpollServer

SMALL = {"rungs": ("poll", "epoll"), "clients": (2, 4), "seconds": 0.1, "workers": {"poll": 1, "epoll": 1}}


def measured(rung: str, round: int, rate: float, why: str = "", clients: int = 2, problem: str = "") -> Measurement:
    return Measurement(rung, clients, 0, round, 1, requests_per_second=rate, problem=problem, why=why)


def rows_of(file: Path) -> list[dict[str, str]]:
    with open(file, newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_cell_is_measured_in_every_round_and_written_down(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    sweep = lab.sweep(**SMALL, rounds=2, file=file, progress=False)
    rows = rows_of(file)
    assert [(r["rung"], r["clients"], r["round"]) for r in rows] == [
        (rung, clients, round) for round in "01" for clients in "24" for rung in ("poll", "epoll")
    ]
    assert all(float(row["requests_per_second"]) > 0 and not row["why"] for row in rows)
    assert not sweep.missing


def test_it_goes_on_where_it_was_left(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    lab.sweep(**SMALL, rounds=1, file=file, progress=False)
    before = rows_of(file)
    again = Sweep(lab.redis, **SMALL, rounds=2, file=file)
    assert {number for number, _ in again.missing} == {1}
    again.run(progress=False)
    assert rows_of(file)[: len(before)] == before
    assert len(rows_of(file)) == 2 * len(before)


def test_it_says_that_its_servers_were_not_recorded_and_goes_on_with_a_file_that_does_not_say(
    lab: Lab, tmp_path: Path
) -> None:
    file = tmp_path / "table.csv"
    lab.sweep(("epoll",), (2,), seconds=0.1, rounds=1, file=file, progress=False)
    rows = rows_of(file)
    assert [row.pop("recorded") for row in rows] == ["False"]
    with open(file, "w", newline="") as older:
        writer = csv.DictWriter(older, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    lab.sweep(("epoll",), (2,), seconds=0.1, rounds=2, file=file, progress=False)
    assert [row["round"] for row in rows_of(file)] == ["0", "1"]
    assert all(None not in row and row["bottleneck"] for row in rows_of(file))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"clients": (2, 0)}, "clients=0"),
        ({"seconds": 0}, "seconds=0"),
        ({"think": -1}, "think=-1"),
        ({"workers": {"poll": 0}}, "workers: poll=0"),
    ],
)
def test_what_cannot_be_measured_is_said_before_anything_is(
    lab: Lab, tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    file = tmp_path / "table.csv"
    with pytest.raises(LabError, match=said):
        lab.sweep(**SMALL | wrong, file=file, progress=False)
    assert not file.exists()


def test_other_settings_do_not_mix_with_what_is_in_the_file(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    lab.sweep(("epoll",), (2,), seconds=0.1, rounds=1, file=file, progress=False)
    with pytest.raises(LabError, match="other settings"):
        Sweep(lab.redis, ("epoll",), (2,), seconds=0.2, file=file)


@pytest.mark.parametrize(
    ("rates", "text"),
    [
        ([], ""),
        ([1000.0], "1,000"),
        ([1000.0, 1200.0], "1,100"),
        ([1000.0, 3000.0], WIDE),
    ],
)
def test_a_cell_says_what_its_rounds_are_worth(lab: Lab, rates: list[float], text: str) -> None:
    sweep = Sweep(lab.redis, ("epoll",), (2,), rounds=3)
    sweep.measurements = [measured("epoll", number, rate) for number, rate in enumerate(rates)]
    assert sweep.text(Cell("epoll", 2, 0)) == text
    assert any(WIDE in note for note in sweep.notes()) == (text == WIDE)


@pytest.mark.parametrize(
    ("poll", "epoll", "chance"),
    [
        ([100, 101, 102, 103, 104], [110, 111, 112, 113, 114], 2 / 252),
        ([100, 110], [105, 106], 1.0),
        ([100, 300], [105, 106], None),  # wide variations
        ([100, 110], [], None),
    ],
)
def test_two_cells_are_compared_only_when_neither_is_refused(
    lab: Lab, poll: list[float], epoll: list[float], chance: float | None
) -> None:
    sweep = Sweep(lab.redis, ("poll", "epoll"), (2,), rounds=5)
    for rung, rates in (("poll", poll), ("epoll", epoll)):
        sweep.measurements += [measured(rung, number, rate) for number, rate in enumerate(rates)]
    assert sweep.chance(Cell("poll", 2, 0), Cell("epoll", 2, 0)) == pytest.approx(chance)


def test_a_cell_is_refused_without_a_steady_state_and_with_wide_variations(lab: Lab) -> None:
    sweep = Sweep(lab.redis, ("poll", "epoll"), (2, 4), rounds=2)
    sweep.measurements = [measured("poll", 0, 1000.0), measured("poll", 1, 3000.0), measured("epoll", 0, 1000.0)]
    sweep.measurements += [measured("epoll", 0, 1000.0, clients=4, problem="the rate changed")]
    refused = [sweep.comparable(Cell(*cell, 0)) for cell in (("poll", 2), ("poll", 4), ("epoll", 4))]
    assert refused == [None, None, None]
    assert sweep.comparable(Cell("epoll", 2, 0)) == 1000.0


def test_a_rung_that_cannot_gets_a_dash_and_the_reason(lab: Lab) -> None:
    sweep = Sweep(lab.redis, ("epoll",), (2,), rounds=2)
    sweep.measurements = [measured("epoll", number, 0, why="no request was answered") for number in range(2)]
    assert sweep.text(Cell("epoll", 2, 0)) == CANNOT
    assert any("no request was answered" in note for note in sweep.notes())


def test_a_server_whose_redis_is_gone_is_not_given_a_rate() -> None:
    with Lab() as lab:
        sweep = Sweep(lab.redis, ("epoll",), (2,), seconds=0.2, rounds=1, workers={"epoll": 1})
        lab.redis.client.config_set("maxclients", 1)  # ours is the one
        sweep.run(progress=False)
    assert sweep.text(Cell("epoll", 2, 0)) == CANNOT
    assert sweep.measurements[0].why


def test_the_table_has_the_axis_that_varies(lab: Lab) -> None:
    by_idle = Sweep(lab.redis, ("poll",), (8,), (0, 100))
    assert [row[0] for row in by_idle.rows()] == ["idle", "0", "100"]
    by_clients = Sweep(lab.redis, ("poll",), (20, 50))
    assert [row[0] for row in by_clients.rows()] == ["clients", "20", "50"]


def test_a_class_of_ones_own_has_its_place_beside_the_rungs(lab: Lab) -> None:
    class Mine(EpollServer):
        pass

    sweep = lab.sweep(("epoll", Mine), (2,), seconds=0.1, rounds=1, workers={"epoll": 1}, progress=False)
    assert sweep.rows()[0] == ["clients", "epoll", "Mine"]
    assert all(sweep.rate(sweep.cell_at(name, 2)) for name in ("epoll", "Mine"))


def test_it_tells_after_each_measurement(lab: Lab) -> None:
    seen: list[int] = []
    lab.sweep(
        ("epoll",), (2, 3), seconds=0.1, rounds=1, progress=False,
        on_measurement=lambda sweep: seen.append(len(sweep.measurements)),
    )  # fmt: skip
    assert seen == [1, 2]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["-server 127.0.0.1:", "servers.child", "load.idle", "load.generator", "written"])
def test_a_sweep_that_is_ended_leaves_no_process_and_keeps_what_was_measured(
    moment: str, how: signal.Signals, tmp_path: Path
) -> None:
    file = tmp_path / "table.csv"
    command = [sys.executable, "-m", "zerohttpd_lib", "sweep", "--rungs", "epoll,preforked", "--clients", "5,10"]
    process = subprocess.Popen(
        [*command, "--idle", "50", "--seconds", "0.5", "--csv", str(file)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    has_come = {"written": lambda: file.exists() and rows_of(file)}.get(moment, lambda: runs_below(process.pid, moment))
    wait_until(has_come, 30)
    below = descendants(process.pid)
    process.send_signal(how)
    _, said = process.communicate(timeout=30)
    assert "Traceback" not in said
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert "missing" in said or "interrupted" in said
    if moment == "written":
        assert rows_of(file)
    wait_for_end(*below)


def runs_below(pid: int, what: str) -> bool:
    """Whether a descendant of `pid` has this in its command line."""
    with suppress(FileNotFoundError, ProcessLookupError):  # one that has ended meanwhile
        return any(what in proc.command(each) for each in descendants(pid))
    return False
