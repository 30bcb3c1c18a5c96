"""The panels that look into a server, without a browser: real servers, the widgets' Python side."""

import html
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from waiting import wait_until

from zerohttpd_lib.lab import Lab, Server
from zerohttpd_lib.lab.errors import LabError
from zerohttpd_lib.lab.saved_run import Run, load_run, shipped_run
from zerohttpd_lib.servers.epoll import EpollServer
from zerohttpd_lib.views import inspector, interest_panel, replay, stepper_panel, twin_timelines
from zerohttpd_lib.views.interest_panel import InterestPanel
from zerohttpd_lib.views.picture import LOCK
from zerohttpd_lib.views.recording import look_times
from zerohttpd_lib.views.sampler import Sampler
from zerohttpd_lib.views.stepper_panel import AT_FULL_SPEED, StepperPanel
from zerohttpd_lib.views.twins import in_one_order

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "authoring"))

import build

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    """A recorded run of each of some rungs."""
    found = {}
    with Lab() as lab:
        for rung in ("poll", "epoll", "keepalive", "edge"):
            server = lab.serve(rung, record="details")
            found[rung] = server.to_run(lab.load(server, clients=4, seconds=0.4, progress=False))
    return found


# The inspector.


def test_a_wait_is_picked(runs: dict[str, Run]) -> None:
    panel = inspector(runs["epoll"])
    panel.select(20)
    wait = runs["epoll"].trace.at(20)
    assert panel.wait == wait
    assert str(wait) in panel.picture().words
    assert panel.picture().png.startswith(PNG)
    panel.close()


def test_a_wait_that_is_not_there_is_refused_in_words(runs: dict[str, Run]) -> None:
    with pytest.raises(LabError, match="there is no wait 1000000"):
        inspector(runs["epoll"]).select(1_000_000)


def test_what_has_no_waits_is_refused_in_words(runs: dict[str, Run]) -> None:
    with pytest.raises(LabError, match="no wait in this trace"):
        inspector(runs["epoll"].trace[:0])
    with pytest.raises(LabError, match="no waits to inspect"):
        inspector("epoll")


def test_of_two_servers_the_waits_of_one_time_are_picked(runs: dict[str, Run]) -> None:
    panel = inspector(runs["poll"], runs["epoll"])
    panel.select(60)
    one, other = panel.traces
    moment = one.times[60 - one.first]
    at = panel.chosen[1] - other.first
    assert other.times[at] <= moment
    assert at + 1 == len(other) or other.times[at + 1] > moment


def test_poll_and_epoll_stand_side_by_side_with_what_they_looked_at(runs: dict[str, Run]) -> None:
    panel = inspector(runs["poll"], runs["epoll"])
    for cost, run in zip(panel.costs, (runs["poll"], runs["epoll"]), strict=True):
        assert [tuple(row) for row in cost["rows"][1:]] == run.trace.cost().rows()
        assert cost["looked"] == run.trace.cost().looked_at_per_event
    assert panel.costs[0]["looked"] > panel.costs[1]["looked"] == 1
    assert panel.picture().png.startswith(PNG)


def test_to_look_and_to_sleep_are_told_apart() -> None:
    """Of a thousand idle ones: poll looks for long, epoll does not, and neither looks for longer than it waited."""
    looks = {}
    for rung in ("poll", "epoll"):
        trace = load_run(shipped_run(f"{rung}-1000-idle")).trace
        look = look_times(trace)
        told = ~np.isnan(look)
        assert told.sum() > len(trace) / 2
        assert (look[told] <= trace.waited[told] * 1.0001).all()
        looks[rung] = float(np.median(look[told]))
    assert looks["poll"] > 5 * looks["epoll"]


def test_a_wait_that_has_slept_has_not_looked_for_all_of_it(lab: Lab) -> None:
    server = lab.serve("epoll")
    lab.load(server, clients=2, rate=200, seconds=1, progress=False)
    trace = server.trace
    look = look_times(trace)
    longest = int(np.argmax(np.where(np.isnan(look), 0, trace.waited)))
    assert trace.waited[longest] > 1e-3
    assert look[longest] < trace.waited[longest] / 2


def test_of_few_waits_that_are_alike_nothing_is_told_apart(runs: dict[str, Run]) -> None:
    assert np.isnan(look_times(runs["epoll"].trace[:5])).all()
    assert len(look_times(runs["epoll"].trace[:0])) == 0


def test_a_warning_has_its_wait_and_its_descriptor(lab: Lab) -> None:
    class Busy(EpollServer):
        """Asks whether clients are writable, which they always are."""

        def accept_clients(self) -> None:
            super().accept_clients()
            for fd in self.by_client:
                self.modify(fd, 5)

        def read_request(self, client) -> None:
            pass

    server = lab.serve(Busy)
    client = server.add_client()
    wait_until(lambda: len(server.trace) > 2000)
    panel = inspector(server)
    client.hang_up()
    finding = panel.traces[0].warnings()[0]
    [shown] = [each for each in panel.findings if each["text"] == str(finding)]
    assert (shown["wait"], shown["fd"]) == (finding.waits[0], finding.fds[0])


def test_what_was_passed_in_is_what_the_kernel_has(lab: Lab) -> None:
    server = lab.serve("epoll")
    with server.stepper() as stepper:
        stepper.pause()
        for _ in range(3):
            server.add_client()
            stepper.step()
        server.visitors[0].hang_up()
        stepper.step()
        server.visitors[1].send_request()
        stepper.step_event()
        trace = server.newest(1, with_list=True)
        assert set(trace.listed["fd"].tolist()) == {interest.fd for interest in server.interest_list()}
        assert trace[0].watched == 3


# The stepper.


@pytest.fixture(params=["poll", "epoll", "edge"])
def held(lab: Lab, request: pytest.FixtureRequest) -> Iterator[tuple[Server, StepperPanel]]:
    server = lab.serve(request.param, record="details")
    panel = stepper_panel(server, lab)
    yield server, panel
    panel.close()


def visitors_of(panel: StepperPanel) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = panel.stage.recordings[0]["meta"]["live"]["visitors"]
    return shown


def test_it_says_what_the_server_is_stuck_in_and_whom_that_holds_up(lab: Lab) -> None:
    server = lab.serve("epoll", record="details")
    panel = stepper_panel(server, lab)
    panel.pause.click()
    for press in (panel.add, panel.add, panel.step, panel.whole):
        press.click()
    panel.who.value = server.visitors[0]
    panel.half.click()
    panel.step.click()
    wait_until(lambda: "Ada's socket" in html.unescape(panel._state.value))
    words = html.unescape(panel._state.value)
    assert "recv() on Ada's socket" in words
    assert "Until it does, Bob waits for it." in words
    live = panel.stage.recordings[0]["meta"]["live"]
    assert live["stuck"]["system"] == "recv"
    method, _, line = live["stuck"]["at"].partition("+")  # which nothing has recorded yet: the call has not returned
    source = panel.stage.recordings[0]["meta"]["sources"][method]["lines"][int(line)]
    assert "receive(client.sock)" in source
    assert [each["waits"] for each in live["visitors"]] == [False, True]
    panel.rest.click()
    panel.resume.click()
    wait_until(lambda: all(each["answer"] for each in visitors_of(panel)))
    panel.close()


def hold_in_its_wait(panel: StepperPanel) -> None:
    """Where its next client finds it. A server says where it is before it waits for the first time: one that was held
    as early as that goes on until it waits."""
    panel.pause.click()
    if panel.stepper.state.where == "before wait":
        panel.step_event.click()
    wait_until(lambda: panel.stepper.state.where == "in wait")


def test_a_step_that_the_stage_asks_for_is_one_of_the_server(held: tuple[Server, StepperPanel]) -> None:
    _, panel = held
    hold_in_its_wait(panel)
    panel.add.click()
    wait_until(lambda: panel.stepper.state.where == "list in hand")
    for unit, where in (("call", "after a call"), ("wait", "before wait")):
        before = panel.stage.recordings[0]["meta"]["live"]["serial"]
        panel._asked({"step": unit})
        wait_until(lambda where=where: panel.stepper.state.where == where)  # on a busy machine a button does not
        assert panel.stage.recordings[0]["meta"]["live"]["serial"] > before
    for nonsense in ({"step": "everything"}, {}, None, "step"):
        panel._asked(nonsense)
    assert panel.problem is None


def test_buttons_hold_and_step_a_server_while_its_client_waits(held: tuple[Server, StepperPanel]) -> None:
    server, panel = held
    panel.add.click()
    panel.pause.click()
    panel.whole.click()
    panel.step.click()
    assert panel.stepper.is_paused
    assert server.visitors[0].answer == ""
    assert "held before its next wait" in panel._state.value
    panel.step_event.click()
    assert panel.problem is None
    panel.resume.click()
    wait_until(lambda: "200" in server.visitors[0].answer)
    wait_until(lambda: visitors_of(panel)[0]["answer"] == "HTTP/1.1 200 OK")


def drawings(panel: StepperPanel) -> int:
    return int(panel.stage.recordings[0]["meta"]["live"]["serial"])


def test_a_server_at_full_speed_is_seldom_drawn(held: tuple[Server, StepperPanel]) -> None:
    """Nobody can follow its waits, and each drawing takes processor time that the server may want."""
    server, panel = held
    wait_until(lambda: panel.stepper.state.wait == panel._newest)
    drawn, started = drawings(panel), time.monotonic()
    while time.monotonic() < started + 2.5:
        server.get()
    seconds = time.monotonic() - started
    assert 1 <= drawings(panel) - drawn <= 2 * (seconds / AT_FULL_SPEED + 1)  # a call that takes long is shown at once
    wait_until(lambda: panel.stage.traces[0].end == server.trace.end)  # and yet its last wait is shown


def test_redis_is_frozen_and_thawed(held: tuple[Server, StepperPanel]) -> None:
    server, panel = held
    panel.freeze.click()
    assert panel.freeze.description == "Thaw Redis"
    panel.add.click()
    panel.whole.click()
    assert visitors_of(panel)[0]["state"] == "request sent"
    wait_until(lambda: "Redis is frozen: no reply comes. Ada waits for one." in panel._state.value)
    panel.freeze.click()
    wait_until(lambda: "200" in server.visitors[0].answer)


def test_to_act_without_a_client_is_a_sentence(held: tuple[Server, StepperPanel]) -> None:
    held[1].half.click()
    assert "add one first" in held[1]._message.value


def test_clients_that_a_cell_has_added_can_be_chosen(lab: Lab) -> None:
    server = lab.serve("epoll", record="details")
    server.add_client()
    panel = stepper_panel(server, lab)
    assert panel.who.label.startswith("Ada (")
    bob = server.add_client()
    wait_until(lambda: [name.split()[0] for name, _ in panel.who.options] == ["Ada", "Bob"])
    assert panel.who.value is server.visitors[0]
    panel.who.value = bob
    panel.whole.click()
    wait_until(lambda: "200" in bob.answer)
    panel.close()


def test_a_closed_stepper_lets_its_server_go_and_leaves_no_thread(held: tuple[Server, StepperPanel]) -> None:
    server, panel = held
    panel.pause.click()
    panel.close()
    assert server.get().status == 200
    assert [thread for thread in threading.enumerate() if thread.name == "panels"] == []


def test_a_server_that_ends_is_said_to_have_ended(held: tuple[Server, StepperPanel]) -> None:
    server, panel = held
    server.stop()
    wait_until(lambda: "has ended" in panel._state.value)
    assert all(each.disabled for each in (*panel._steps, *panel._acts, panel.freeze))


# The interest lists.


def test_the_kernel_and_the_program_agree(lab: Lab) -> None:
    server = lab.serve("epoll")
    idle = lab.hold_idle(server, 30)
    panel = interest_panel(server)
    assert panel.both.kernel is not None
    assert set(panel.both.kernel) == set(panel.both.own)
    assert len(panel.both.own) == 31
    assert "They agree" in panel.both.words()
    changes, title = panel.both.changes()
    assert any("epoll_ctl ADD" in call for _, call, _, _ in changes)
    assert "31 that were recorded" in title
    idle.stop()
    wait_until(lambda: len(server.interest_list()) == 1)
    panel.look()
    assert len(panel.both.kernel) == 1
    assert len(panel.lists["rows"]) == len({*panel.both.kernel, *panel.both.own})
    assert panel.picture().png.startswith(PNG)


def test_what_only_the_kernel_knows_of_is_marked(lab: Lab) -> None:
    class Secret(EpollServer):
        """Has a descriptor watched that it tells nobody of."""

        def run(self) -> None:
            self.pipe = os.pipe()
            self.epoll.register(self.pipe[0], 1)
            super().run()

    server = lab.serve(Secret)
    server.get()
    wait_until(lambda: len(server.interest_list()) == 2)
    panel = interest_panel(server)
    assert "They differ in 1" in panel.both.words()
    assert "⚠ the kernel alone" in [row[-1] for row in panel.lists["rows"]]


def test_it_looks_by_itself_and_says_when_the_server_has_ended(lab: Lab) -> None:
    server = lab.serve("epoll")
    panel = interest_panel(server)
    panel.always = True
    server.add_client()
    wait_until(lambda: len(panel.lists["rows"]) == 2)
    server.stop()
    wait_until(lambda: panel.trouble)
    assert not panel.always
    panel.close()
    assert [thread for thread in threading.enumerate() if thread.name == "panels"] == []


def test_a_poll_server_has_its_list_to_itself(lab: Lab) -> None:
    server = lab.serve("poll")
    server.get()
    panel = interest_panel(server)
    assert "keeps no list for this server" in panel.both.words()
    assert [row[-1] for row in panel.lists["rows"]] == ["the program's"]
    assert panel.picture().png.startswith(PNG)


def test_a_shipped_run_holds_the_list_that_it_began_with() -> None:
    shown = replay(shipped_run("epoll-1000-idle")).lists
    assert len(shown["rows"]) > 1000
    assert "They agree" in shown["words"]
    assert {row[-1] for row in shown["rows"]} == {"yes"}


def test_a_saved_run_of_poll_has_the_programs_list_and_no_warning() -> None:
    shown = replay(shipped_run("poll-1000-idle")).lists
    assert len(shown["rows"]) > 1000
    assert "keeps no list for this server" in shown["words"]
    assert {(row[1], row[-1]) for row in shown["rows"]} == {("nothing", "the program's")}


def test_a_list_of_the_kernels_that_was_not_recorded_is_said_so(runs: dict[str, Run], tmp_path: Path) -> None:
    Run.of("epoll", runs["epoll"].trace, None).save(tmp_path / "run.npz")
    shown = replay(tmp_path / "run.npz").lists
    assert "What the kernel had on its list was not recorded." in shown["words"]
    assert {(row[1], row[-1]) for row in shown["rows"]} == {("–", "not recorded")}


def test_what_was_not_recorded_is_no_warning() -> None:
    run = load_run(shipped_run("epoll-1000-idle"))
    run.trace.records.listed = None
    panel = InterestPanel(None, {interest.fd: interest for interest in run.interest}, run.trace)
    assert "it was not recorded" in panel.both.words()
    assert "differ" not in panel.both.words()
    assert {row[-1] for row in panel.both.rows()} >= {"not recorded"}


# Twins, and saved runs.


def test_level_and_edge_move_together(runs: dict[str, Run]) -> None:
    panel = twin_timelines(runs["keepalive"], runs["edge"])
    level, edge = panel.traces
    before = panel.picture().png
    panel.select(level.first + 25)
    assert panel.chosen[0] == level.first + 25
    at = panel.chosen[1] - edge.first  # the one that was going on, on the clock of both
    assert edge.times[at] <= level.times[25] < edge.times[at + 1]
    assert panel.picture().png != before
    with pytest.raises(LabError, match="there is no wait"):
        panel.select(10**9)


def test_the_waits_of_both_are_in_one_order_of_time(runs: dict[str, Run]) -> None:
    traces = [runs["keepalive"].trace, runs["edge"].trace]
    places, times = in_one_order(traces)
    assert sorted(np.concatenate(places)) == list(range(sum(map(len, traces))))
    assert (np.diff(times) >= 0).all()
    for trace, own in zip(traces, places, strict=True):
        assert (times[own] == trace.times).all()


def test_twins_are_drawn_where_one_of_them_has_long_ended(runs: dict[str, Run]) -> None:
    panel = twin_timelines(runs["keepalive"], runs["edge"].trace[:3])
    panel.select(panel.trace.end - 1)
    assert panel.chosen[1] == panel.traces[1].end - 1
    assert panel.picture().png.startswith(PNG)


def test_a_saved_run_opens_in_every_view(runs: dict[str, Run], tmp_path: Path) -> None:
    runs["epoll"].save(tmp_path / "run.npz")
    panel = replay(tmp_path / "run.npz")
    result = runs["epoll"].result
    assert result is not None
    assert panel.load["rows"][0][3] == f"{result.requests_per_second:,.0f}"
    assert panel.load["runs"][0]["at"] == [sample.at for sample in result.samples]
    assert len(panel.trace) == len(runs["epoll"].trace)
    assert panel.lists["rows"]
    assert panel.picture().png.startswith(PNG)


def test_a_saved_run_without_a_load_test_opens_too(runs: dict[str, Run], tmp_path: Path) -> None:
    Run.of("epoll", runs["epoll"].trace, None).save(tmp_path / "run.npz")
    panel = replay(tmp_path / "run.npz")
    assert panel.load is None
    assert "load test" not in panel.about


def test_what_is_no_saved_run_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_text("hello")
    with pytest.raises(ValueError, match="not a saved run"):
        replay(tmp_path / "x.npz")


# What they are made of.


def test_a_watcher_that_is_done_is_let_go_and_the_thread_ends() -> None:
    class Twice:
        left = 2

        def refresh(self) -> bool:
            self.left -= 1
            return self.left > 0

    sampler, watcher = Sampler(), Twice()
    with LOCK:
        sampler.add(watcher)
        thread = sampler._thread
    assert thread is not None
    thread.join(10)
    assert not thread.is_alive()
    assert watcher.left == 0


def test_a_notebook_that_is_built_keeps_the_picture_and_no_widget(tmp_path: Path) -> None:
    source = (
        "from zerohttpd_lib import Lab\nfrom zerohttpd_lib.views import load_panel\nlab = Lab()\n"
        "panel = load_panel(lab, clients=2, seconds=0.5)\npanel.run(rung='epoll');"
    )
    with_a_bar = "result = lab.load(lab.serve('epoll'), clients=2, seconds=0.3)"
    cells = [nbformat.v4.new_code_cell(text) for text in (source, with_a_bar, "lab.close()")]
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    build.build(book, tmp_path / "book" / "book.ipynb")
    saved = nbformat.read(tmp_path / "book" / "book.ipynb", as_version=4)
    nbformat.validate(saved)
    assert "widgets" not in saved.metadata
    [output] = saved.cells[0].outputs
    assert set(output.data) == {"image/png", "text/plain"}
    assert "requests" in output.data["text/plain"]
    assert saved.cells[1].outputs == []
