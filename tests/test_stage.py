"""The interest list in a record, and what the stage and the grid make of it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from waiting import wait_until

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.lab.saved_run import Run, load_run, shipped_run
from zerohttpd_lib.trace import layout
from zerohttpd_lib.trace.reader import Trace
from zerohttpd_lib.trace.records import ENTRY, WAIT, list_after
from zerohttpd_lib.views import one_wait, stage
from zerohttpd_lib.views.panel import WIDGET
from zerohttpd_lib.views.recording import quick_waits, recording_of
from zerohttpd_lib.views.web import page_with


def fds(listed: np.ndarray | None) -> list[int]:
    assert listed is not None
    return [int(fd) for fd in listed["fd"]]


def poll_run() -> Run:
    return load_run(shipped_run("poll-1000-idle"))


def epoll_run() -> Run:
    return load_run(shipped_run("epoll-1000-idle"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trace, list[int], Path]:
    """A trace from its start, the kernel's own list at its end, and a file with its second half."""
    with Lab() as lab:
        server = lab.serve("epoll", record="details")
        idle = lab.hold_idle(server, 30)
        lab.load(server, clients=4, requests=40, progress=False)
        wait_until(lambda: len(server.interest_list()) == 31)
        path = tmp_path_factory.mktemp("run") / "half.npz"
        trace = server.trace
        Run.of("epoll", trace[len(trace) // 2 :], None).save(path)
        kernel = sorted(interest.fd for interest in server.interest_list())
        idle.stop()
        server.stop()
    return trace, kernel, path


def test_the_list_of_a_record_ends_as_the_kernel_has_it(run: tuple[Trace, list[int], Path]) -> None:
    trace, kernel, _ = run
    assert fds(trace.listed) == fds(trace[:1].listed)
    assert len(fds(trace.listed)) == 1  # the listener
    assert sorted(at_the_end(trace)) == kernel


def at_the_end(trace: Trace) -> list[int]:
    """After what the last wait has led to."""
    return fds(trace.records.listed_at(len(trace.records.entries)))


def test_a_part_of_a_run_keeps_the_list_that_it_began_with(run: tuple[Trace, list[int], Path]) -> None:
    trace, kernel, path = run
    half = trace[len(trace) // 2 :]
    again = load_run(path).trace
    assert fds(again.listed) == fds(half.listed)
    assert sorted(at_the_end(again)) == kernel
    assert [wait.watched for wait in again] == [len(fds(again[n:].listed)) for n in range(len(again))]


def test_where_older_entries_are_lost_the_list_is_not_known(run: tuple[Trace, list[int], Path]) -> None:
    trace, _, _ = run
    trace.records.listed, kept = None, trace.records.listed
    assert trace.listed is None
    assert not recording_of(trace, "epoll")["meta"]["has_list"]
    with pytest.raises(LabError, match="has lost its oldest waits"):
        one_wait(trace, trace)
    trace.records.listed = kept


@pytest.mark.parametrize("what", ["epoll", "nonblocking", "pipelined", "keepalive", "edge", "multiprocess"])
def test_what_is_watched_before_anybody_records_is_on_the_list(lab: Lab, what: str) -> None:
    """The loop's own socket, and the link to Redis: the kernel has them, and so has the record."""
    server = lab.serve(what, record="details")
    server.get("/style.css")
    wait_until(lambda: sorted(at_the_end(server.trace)) == [each.fd for each in server.interest_list()])
    wait_until(lambda: server.trace[-1].watched_after == len(server.interest_list()))


def test_the_newest_waits_have_their_list_if_it_is_wanted(lab: Lab) -> None:
    server = lab.serve("edge", record="details")
    newest = functools.partial(server.newest, 2, with_list=True)
    idle = lab.hold_idle(server, 20)
    for _ in range(3):
        lab.load(server, clients=2, requests=60, progress=False)
        server.get("/style.css")
        wait_until(lambda: sorted(at_the_end(newest())) == [each.fd for each in server.interest_list()])
        trace = newest()
        assert len(fds(trace.listed)) == trace[0].watched
        assert server.newest(2).listed is None
    idle.stop()
    assert fds(server.trace.listed) == fds(server.trace[:1].listed)


def test_changes_of_a_list_come_to_the_same_one_by_one() -> None:
    """Thousands of changes at once, against a dictionary that takes them in turn."""
    rng = np.random.default_rng(7)
    for length in (0, 1, 5, 40, 3000):
        rows = np.zeros(length, ENTRY)
        rows["fd"] = rng.integers(3, 20, length)
        rows["kind"] = rng.integers(0, 7, length)
        rows["events"] = np.arange(length)
        cut = length // 3
        began = list_after(np.zeros(0, ENTRY), rows[:cut])
        assert [tuple(row) for row in list_after(began, rows[cut:])] == [tuple(row) for row in one_by_one(rows)]


def one_by_one(rows: np.ndarray) -> list[Any]:
    listed: dict[int, Any] = {}
    for row in rows:
        fd = int(row["fd"])
        if row["kind"] == layout.WATCH or (row["kind"] == layout.MODIFY and fd in listed):
            listed[fd] = row
        elif row["kind"] == layout.FORGET:
            listed.pop(fd, None)
    return [*listed.values()]


def test_a_recording_is_the_record_itself() -> None:
    trace = epoll_run().trace[100:200]
    recording = recording_of(trace, "epoll")
    waits = np.frombuffer(recording["waits"], WAIT)
    assert np.array_equal(waits["ready"], trace.ready)
    assert np.allclose(waits["returned"] - waits["called"], trace.waited)
    assert waits["called"][0] == 0
    assert len(np.frombuffer(recording["entries"], ENTRY)) == waits["entries"].sum()


def test_the_quick_waits_are_the_quickest_ones() -> None:
    trace = poll_run().trace
    ready = int(np.bincount(trace.ready[trace.ready > 0]).argmax())
    quick = quick_waits(trace, ready)
    assert set(trace.ready[quick]) == {ready}
    others = np.setdiff1d(np.flatnonzero(trace.ready == ready), quick)
    assert trace.waited[quick].max() <= trace.waited[others].min()
    assert not len(quick_waits(trace, 1_000_000))


def test_one_wait_shows_two_waits_that_found_equally_many() -> None:
    runs = poll_run(), epoll_run()
    glance = one_wait(*runs)
    for side, run in zip(glance.sides, runs, strict=True):
        assert len(side["ready"]) == len(glance.sides[0]["ready"]) > 0
        assert set(side["ready"]) <= set(side["cells"])
        assert side["us"] in run.trace.waited[run.trace.ready == len(side["ready"])] * 1e6
        assert len(side["cells"]) in run.trace.watched
    assert [side["sweeps"] for side in glance.sides] == [True, False]
    assert glance.picture().words.count("looked at") == 2


def test_servers_that_never_found_equally_many_cannot_be_compared() -> None:
    trace = epoll_run().trace
    ones = next(n for n in range(len(trace)) if trace.ready[n] == 1)
    more = next(n for n in range(len(trace)) if trace.ready[n] > 1)
    with pytest.raises(LabError, match="Record longer runs"):
        one_wait(trace[ones : ones + 1], trace[more : more + 1])


def test_the_stage_has_room_for_two_and_says_so() -> None:
    run = epoll_run()
    for wrong in ((), (run, run, run)):
        with pytest.raises(LabError, match="room for one server, or for two"):
            stage(*wrong)
    with pytest.raises(LabError, match="no wait in this trace"):
        stage(run, start=10**6)


def test_the_stage_brings_the_source_of_the_methods_that_were_recorded() -> None:
    (recording,) = stage(epoll_run()).recordings
    sources, methods = recording["meta"]["sources"], recording["meta"]["methods"]
    assert {"wait", "accept_clients", "redis_replied"} <= set(methods)
    assert any("receive" in line for line in sources[methods["redis_replied"]]["lines"])


def test_what_is_shown_in_a_notebook_has_a_picture_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for shown in (stage(epoll_run()), one_wait(poll_run(), epoll_run())):
        outputs: list[dict[str, Any]] = []
        monkeypatch.setattr(
            "zerohttpd_lib.views.component.display", lambda data, kept=outputs, **more: kept.append(data)
        )
        shown._ipython_display_()
        assert [sorted(output) for output in outputs] == [[WIDGET], ["image/png", "text/plain"]]
        assert outputs[0][WIDGET]["model_id"] == shown.model_id


def test_a_page_holds_a_text_that_would_end_its_script() -> None:
    glance = one_wait(poll_run(), epoll_run())
    glance.note = "</script><b>"
    page = page_with(glance, "<&>")
    assert page.count("</script>") == page.count("<script")
    assert "<title>&lt;&amp;&gt;</title>" in page
