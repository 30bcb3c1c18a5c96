"""The load panel without a browser: its buttons pressed from Python, with real servers under real load."""

import os
import signal
import socket
import threading
from collections.abc import Iterator

import pytest
from waiting import wait_until

from zerohttpd_lib.lab import Lab
from zerohttpd_lib.lab.errors import LabError
from zerohttpd_lib.servers.epoll import EpollServer
from zerohttpd_lib.views import load_panel
from zerohttpd_lib.views.load_panel import LoadPanel

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def panel(lab: Lab) -> Iterator[LoadPanel]:
    class MyServer(EpollServer):
        """A learner's own: sent to its process by value, as one from a notebook is."""

    panel = load_panel(lab, ("epoll", "poll", MyServer), clients=4, seconds=0.6)
    yield panel
    panel.close()


def is_idle(panel: LoadPanel) -> bool:
    return panel.stop.disabled and not panel.start.disabled


def rows_of(panel: LoadPanel) -> list[list[str]]:
    return panel.view.load["rows"]


def start_and_wait(panel: LoadPanel) -> None:
    panel.start.click()
    wait_until(lambda: panel._job is not None and not panel._job.is_alive())


def threads_of_panels() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "panels" or "panel" in thread.name]


def test_start_measures_and_the_numbers_move_meanwhile(panel: LoadPanel) -> None:
    seen = set()
    panel.view.observe(lambda change: seen.update(row[3] for row in change["new"]["rows"]), "load")
    start_and_wait(panel)
    result = panel.runs[0].result
    assert result is not None
    assert result.requests > 0
    assert len(seen) >= 3
    assert rows_of(panel)[-1][3] == f"{result.requests_per_second:,.0f}"
    assert is_idle(panel)


def test_runs_are_kept_and_drawn_over_each_other(panel: LoadPanel) -> None:
    start_and_wait(panel)
    panel.controls.rung.value, panel.controls.idle.value = "poll", 50
    start_and_wait(panel)
    assert [run.name for run in panel.runs] == ["1 epoll, 4 clients", "2 poll, 4 + 50 silent"]
    shown = panel.view.load["runs"]
    assert [run["colour"] for run in shown] == ["epoll", "poll"]
    assert [len(run["rates"]) for run in shown] == [len(run.samples) for run in panel.runs]
    assert panel.picture().png.startswith(PNG)
    panel.clear.click()
    assert panel.runs == []


def test_the_panel_has_all_three_kinds_of_load(panel: LoadPanel) -> None:
    assert panel.controls.pace.layout.display == "none"  # clients that ask without pause have no number beside them
    panel.controls.kind.value, panel.controls.pace.value = "think before they ask", 0.1
    assert panel.controls.pace.layout.display != "none"
    start_and_wait(panel)
    assert panel.runs[0].plan.think == 0.1
    assert panel.run(rate=100).plan.rate == 100
    assert panel.controls.kind.value == "come at a fixed rate"
    assert "100 requests due a second" in rows_of(panel)[1][2]
    assert "4 clients who think for 0.1 s" in rows_of(panel)[0][2]


def test_a_pace_that_makes_no_sense_is_refused_in_words(panel: LoadPanel) -> None:
    panel.controls.kind.value, panel.controls.pace.value = "think before they ask", -1.0
    start_and_wait(panel)
    assert "think=-1.0: choose more than 0" in panel._message.value
    assert is_idle(panel)


def test_a_class_of_ones_own_is_raced_like_a_rung(panel: LoadPanel) -> None:
    assert panel.run(rung="MyServer", keep_alive=True).requests > 0
    assert panel.runs[0].rung == "MyServer"


def test_a_run_that_was_recorded_can_be_saved_one_that_was_not_cannot(panel: LoadPanel, tmp_path) -> None:
    panel.run()
    with pytest.raises(LabError, match="Record the waits"):
        panel.save(tmp_path / "run.npz")
    panel.run(record=True)
    panel.save(tmp_path / "run.npz")
    assert (tmp_path / "run.npz").stat().st_size > 1000


def test_a_running_server_of_the_lab_can_be_the_target(lab: Lab) -> None:
    server = lab.serve("threaded")
    panel = load_panel(lab, target=server, clients=2, seconds=0.3)
    assert panel.run().requests > 0
    assert panel.runs[0].rung == "threaded"
    panel.close()
    assert server.get("/").status == 200


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"clients": 0}, "at least one client"),
        ({"idle": -1}, "cannot be negative"),
        ({"seconds": 0.0}, "more than 0"),
        ({"clients": 70_000}, "Choose fewer"),
        ({"port": 70_000}, "choose from 1 to 65535"),
    ],
)
def test_a_wrong_setting_is_a_sentence_in_the_panel(panel: LoadPanel, settings: dict, said: str) -> None:
    for name, value in settings.items():
        getattr(panel.controls, name).value = value
    panel.start.click()
    wait_until(lambda: said in panel._message.value)
    wait_until(lambda: panel._job is None or not panel._job.is_alive())
    assert isinstance(panel.problem, LabError)
    assert 'role="alert"' in panel._message.value
    assert panel.lab.servers == []
    assert is_idle(panel)


def test_a_port_that_is_taken_is_a_sentence_in_the_panel(panel: LoadPanel) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        panel.controls.port.value = taken.getsockname()[1]
        start_and_wait(panel)
    assert "Address already in use" in panel._message.value
    assert "Traceback" not in panel._message.value


def test_a_target_that_is_another_machine_is_refused(lab: Lab) -> None:
    panel = load_panel(lab, target="http://192.0.2.1/", seconds=0.3)
    start_and_wait(panel)
    assert "is not this machine" in panel._message.value
    assert lab.loads == []
    panel.close()


def pids_of(lab: Lab) -> list[int]:
    return [server.pid for server in lab.servers]


def is_gone(pid: int) -> bool:
    return not os.path.exists(f"/proc/{pid}")


def test_stop_ends_the_run_and_leaves_no_process(panel: LoadPanel) -> None:
    panel.controls.seconds.value = 60.0
    panel.start.click()
    wait_until(lambda: panel.runs and panel.runs[0].samples)
    pids = pids_of(panel.lab)
    panel.stop.click()
    wait_until(lambda: is_idle(panel))
    wait_until(lambda: all(is_gone(pid) for pid in pids))
    assert panel.runs[0].problem == "stopped"
    assert panel.lab.servers == panel.lab.loads == []


def test_close_in_the_middle_of_a_run_leaves_no_process_and_no_thread(panel: LoadPanel) -> None:
    panel.controls.seconds.value = 60.0
    panel.start.click()
    wait_until(lambda: panel.runs and panel.runs[0].samples)
    pids = pids_of(panel.lab)
    assert pids
    assert threads_of_panels()
    panel.close()
    assert threads_of_panels() == []
    assert all(is_gone(pid) for pid in pids)


def test_the_first_choice_is_a_server_that_silent_clients_do_not_stop(lab: Lab) -> None:
    panel = load_panel(lab, clients=4, idle=50, seconds=0.5)
    start_and_wait(panel)
    assert panel.problem is None
    assert panel.runs[0].result is not None and panel.runs[0].result.requests > 0
    panel.close()


def test_a_server_that_silent_clients_have_stopped_is_explained_in_words(lab: Lab) -> None:
    panel = load_panel(lab, rung="iterative", clients=2, idle=5, seconds=0.5)
    start_and_wait(panel)
    assert "the 5 silent ones, who came first, say nothing" in panel._message.value
    assert "File" not in panel._message.value
    assert rows_of(panel)[-1][-1] == "answered nobody"
    with pytest.raises(LabError, match="Choose 0 silent connections"):
        panel.run()
    panel.close()


def test_a_second_run_is_refused_while_there_is_one(panel: LoadPanel) -> None:
    panel.controls.seconds.value = 60.0
    panel.start.click()
    wait_until(lambda: panel.runs and panel.runs[0].samples)
    with pytest.raises(LabError, match="still busy"):
        panel.run(rung="poll")
    assert len(panel.lab.servers) == 1
    assert not panel.stop.disabled


def test_an_interrupt_ends_the_run_and_is_one_sentence(panel: LoadPanel) -> None:
    interrupt = threading.Timer(0.8, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT))
    interrupt.start()
    with pytest.raises(LabError, match="Interrupted"):
        panel.run(seconds=60.0)
    interrupt.join()
    assert panel.lab.servers == panel.lab.loads == []
    assert is_idle(panel)


def test_nothing_is_printed(panel: LoadPanel, capfd: pytest.CaptureFixture[str]) -> None:
    start_and_wait(panel)
    panel.controls.clients.value = 0
    panel.start.click()
    assert capfd.readouterr() == ("", "")


def test_two_panels_share_one_thread(lab: Lab) -> None:
    panels = [load_panel(lab, ("epoll",), clients=2, seconds=60.0) for _ in range(2)]
    for panel in panels:
        panel.start.click()
    wait_until(lambda: all(panel.updates for panel in panels))
    assert threads_of_panels().count("panels") == 1
    for panel in panels:
        panel.close()
    assert threads_of_panels() == []
