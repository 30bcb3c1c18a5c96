"""The panels that look into a server, without a browser: real servers, the widgets' Python side."""

import html
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipywidgets import HTML
from waiting import wait_until

from zerohttpd_lib.lab import Lab, Server
from zerohttpd_lib.lab.errors import LabError
from zerohttpd_lib.lab.saved_run import Run, load_run, shipped_run
from zerohttpd_lib.servers.epoll import EpollServer
from zerohttpd_lib.views import inspector, interest_panel, replay, stepper_panel, twin_timelines
from zerohttpd_lib.views.chart import Chart
from zerohttpd_lib.views.interest_panel import InterestPanel
from zerohttpd_lib.views.picture import LOCK
from zerohttpd_lib.views.sampler import Sampler
from zerohttpd_lib.views.stepper_panel import StepperPanel
from zerohttpd_lib.views.wait_table import passed_in

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


def test_a_wait_is_picked_and_shown(runs: dict[str, Run]) -> None:
    panel = inspector(runs["epoll"])
    panel.select(20)
    wait = runs["epoll"].trace.at(20)
    assert panel.wait == wait
    assert f"Wait 20: {len(wait.ready)} ready of {wait.watched} watched" in panel._wait.value
    assert wait.ready[0].peer in panel._wait.value
    assert "wait 20" in panel._charts.value
    shown = panel._wait.value
    panel._step(1)
    assert panel._wait.value != shown
    assert panel.picture().png.startswith(PNG)
    panel.close()


def test_the_history_of_a_descriptor_is_shown(runs: dict[str, Run]) -> None:
    trace = runs["epoll"].trace
    fd = next(fd for fd in trace.descriptors() if len(trace.history(fd)) > 1)
    panel = inspector(trace)
    panel.select(trace.end - 1)
    panel.fd.value = fd
    assert f"fd {fd}: " in panel._history.value
    assert f"({len(trace.history(fd)):,} lives in all)" in panel._history.value or len(trace.history(fd)) <= 4
    panel.fd.value = 9999
    assert "no wait here tells of it" in panel._history.value


def test_a_wait_that_is_not_there_is_refused_in_words(runs: dict[str, Run]) -> None:
    with pytest.raises(LabError, match="there is no wait 1000000"):
        inspector(runs["epoll"]).select(1_000_000)


def test_what_has_no_waits_is_refused_in_words(runs: dict[str, Run]) -> None:
    with pytest.raises(LabError, match="no wait in this trace"):
        inspector(runs["epoll"].trace[:0])
    with pytest.raises(LabError, match="no waits to inspect"):
        inspector("epoll")


def test_poll_and_epoll_stand_side_by_side_with_their_costs(runs: dict[str, Run]) -> None:
    panel = inspector(runs["poll"], runs["epoll"])
    costs = panel.box.children[0].value
    for run in (runs["poll"], runs["epoll"]):
        for _, value in run.trace.cost().rows():
            assert value in costs
    assert "handed an array" in panel.left._wait.value
    assert "handed no list" in panel.right._wait.value
    assert panel.picture().png.startswith(PNG)


def test_a_warning_is_shown_with_a_button_to_its_wait(lab: Lab) -> None:
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
    assert panel.findings
    rows = [row.children for row in panel.box.children if hasattr(row, "children")]
    texts = "".join(child.value for row in rows for child in row if isinstance(child, HTML))
    assert str(panel.findings[0]) in html.unescape(texts)
    panel._show(panel.findings[0])
    assert panel.wait.number == panel.findings[0].waits[0]


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
        words, found = passed_in(server.trace, server.trace.end - 1)
        assert set(found["fd"].tolist()) == {interest.fd for interest in server.interest_list()}
    assert "3 descriptors" in words


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
    assert [each["waits"] for each in live["visitors"]] == [False, True]
    panel.rest.click()
    panel.resume.click()
    wait_until(lambda: all(each["answer"] for each in visitors_of(panel)))
    panel.close()


def test_a_step_that_the_stage_asks_for_is_one_of_the_server(held: tuple[Server, StepperPanel]) -> None:
    _, panel = held
    panel.pause.click()
    panel.add.click()
    wait_until(lambda: panel.stepper.state.where == "list in hand")
    for unit, where in (("call", "after a call"), ("wait", "before wait")):
        before = panel.stage.recordings[0]["meta"]["live"]["serial"]
        panel._asked({"step": unit})
        assert panel.stepper.state.where == where
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
    assert panel.kernel is not None
    assert set(panel.kernel) == set(panel.own)
    assert len(panel.own) == 31
    assert "They agree" in panel.words()
    assert "epoll_ctl ADD" in panel._log.value
    idle.stop()
    wait_until(lambda: len(server.interest_list()) == 1)
    panel.look.click()
    assert len(panel.kernel) == 1
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
    assert "They differ in 1" in panel.words()
    assert "the kernel alone" in panel._lists.value


def test_a_poll_server_has_its_list_to_itself(lab: Lab) -> None:
    panel = interest_panel(lab.serve("poll"))
    assert "keeps no list" in panel.words()
    assert panel.picture().png.startswith(PNG)


def test_a_shipped_run_holds_the_list_that_it_began_with() -> None:
    panel = replay(shipped_run("epoll-1000-idle")).interest
    assert panel.kernel is not None and len(panel.kernel) > 1000
    assert "They agree" in panel.words()
    assert {row[-1] for row in panel.rows()} == {"yes"}


def test_what_was_not_recorded_is_no_warning() -> None:
    run = load_run(shipped_run("epoll-1000-idle"))
    run.trace.records.listed = None
    panel = InterestPanel(None, {interest.fd: interest for interest in run.interest}, run.trace)
    assert "it was not recorded" in panel.words()
    assert "differ" not in panel.words()
    assert {row[-1] for row in panel.rows()} >= {"not recorded"}


# Twins, and saved runs.


def test_level_and_edge_move_together(runs: dict[str, Run]) -> None:
    panel = twin_timelines(runs["keepalive"], runs["edge"])
    assert panel._charts.value.count("<svg") == 2
    before = panel._charts.value.split("</svg>")
    panel.select(25)
    after = panel._charts.value.split("</svg>")
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert panel.picture().png.startswith(PNG)


def test_a_saved_run_opens_in_every_view(runs: dict[str, Run], tmp_path: Path) -> None:
    runs["epoll"].save(tmp_path / "run.npz")
    panel = replay(tmp_path / "run.npz")
    assert (
        f"<b>{runs['epoll'].result.requests_per_second:,.0f}</b>" in panel.box.children[2].children[0].children[1].value
    )
    assert len(panel.inspector.trace) == len(runs["epoll"].trace)
    assert panel.interest.kernel is not None
    assert panel.picture().png.startswith(PNG)


def test_what_is_no_saved_run_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_text("hello")
    with pytest.raises(ValueError, match="not a saved run"):
        replay(tmp_path / "x.npz")


# What they are made of.


def test_a_chart_has_its_units_and_its_numbers_as_svg_and_in_words() -> None:
    chart = Chart("<Why?>", "seconds", "requests/s").add([0, 1], [10, 20], "#000000", "poll")
    assert "&lt;Why?&gt;" in chart.svg()
    assert ">seconds<" in chart.svg()
    assert ">requests/s<" in chart.svg()
    assert "poll: 20" in chart.words()


def test_a_chart_draws_what_it_was_given() -> None:
    low = Chart("", "", "", y_range=(0, 10)).add([0, 1], [0, 0], "#000000")
    high = Chart("", "", "", y_range=(0, 10)).add([0, 1], [10, 10], "#000000")
    heights = [float(chart.svg().partition('points="')[2].split(",")[1].split(" ")[0]) for chart in (low, high)]
    assert heights[0] > heights[1]  # in SVG, down is more


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
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source), nbformat.v4.new_code_cell("lab.close()")])
    book.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    build.build(book, tmp_path / "book" / "book.ipynb")
    saved = nbformat.read(tmp_path / "book" / "book.ipynb", as_version=4)
    nbformat.validate(saved)
    assert "widgets" not in saved.metadata
    [output] = saved.cells[0].outputs
    assert set(output.data) == {"image/png", "text/plain"}
    assert "requests" in output.data["text/plain"]
