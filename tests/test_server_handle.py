"""A learner's own class runs where a rung does; when it hangs, dies or will not stop, the lab says where."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import cloudpickle
import pytest
from proc import is_gone, wait_for_end
from waiting import wait_until

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.errors import ServerTrouble

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # as if it were a notebook

GREETING = b"hello from a cell"


class Learners:
    """The least that is a server."""

    def __init__(self, listener: socket.socket, redis_address: tuple[str, int]) -> None:
        self.listener = listener
        listener.setblocking(True)

    def run(self) -> None:
        while True:
            sock, _ = self.listener.accept()
            with sock:
                sock.recv(65_536)
                self.answer(sock)

    def answer(self, sock: socket.socket) -> None:
        print("a greeting goes out")
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(GREETING), GREETING))


class Hangs(Learners):
    def answer(self, sock: socket.socket) -> None:
        self.wait_for_godot()

    def wait_for_godot(self) -> None:
        threading.Event().wait()


class DiesInRequest(Learners):
    def answer(self, sock: socket.socket) -> None:
        raise ZeroDivisionError("an error of the learner")


class DiesAtStart(Learners):
    def __init__(self, listener: socket.socket, redis_address: tuple[str, int]) -> None:
        raise LookupError("nothing works today")


class HangsUp(Learners):
    def answer(self, sock: socket.socket) -> None:
        pass


class NeverStops(Learners):
    def run(self) -> None:
        while True:
            try:
                print("up")
                self.hold_on()
            except BaseException:
                print("no")

    def hold_on(self) -> None:
        time.sleep(1000)


def test_a_class_of_ones_own_is_served(lab: Lab) -> None:
    server = lab.serve(Learners)
    page = server.get("/anything")
    assert (page.status, page.body) == (200, GREETING)
    assert server.name == "Learners"
    assert "a greeting goes out" in wait_until(server.errors)


def test_a_notebook_with_a_thousand_descriptors_open_can_start_a_server(lab: Lab) -> None:
    with ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(open(os.devnull))
        assert lab.serve("epoll").get().status == 200


def test_a_class_that_refines_a_rung_is_served_and_recorded(lab: Lab) -> None:
    from zerohttpd_lib.servers.epoll import EpollServer

    class Mine(EpollServer):
        def describe(self, fd: int) -> tuple[str, str]:
            return "mine", "step"

    server = lab.serve(Mine)
    assert server.get().status == 200
    assert {entry.role for wait in server.trace for entry in wait.ready} == {"mine"}


def test_a_hang_in_a_request_is_told_with_the_function_it_hangs_in(lab: Lab) -> None:
    server = lab.serve(Hangs)
    with pytest.raises(ServerTrouble, match=r"gave no answer within 0\.5 seconds") as caught:
        server.get(timeout=0.5)
    assert "wait_for_godot" in str(caught.value)
    assert is_gone(server.pid)


def test_a_server_that_dies_in_a_request_is_quoted(lab: Lab) -> None:
    server = lab.serve(DiesInRequest)
    with pytest.raises(ServerTrouble, match="ZeroDivisionError: an error of the learner"):
        server.get()
    wait_for_end(server.pid)
    wait_until(lambda: "has ended" in repr(server))
    with pytest.raises(ServerTrouble, match=r"has ended with status 1\. It said(.|\n)*an error of the learner"):
        server.get()


def test_a_server_that_dies_at_start_is_quoted_at_the_latest_when_it_is_asked(lab: Lab) -> None:
    with pytest.raises(ServerTrouble, match="LookupError: nothing works today"):
        lab.serve(DiesAtStart).get()


def test_a_server_that_hangs_up_without_an_answer_lives_on(lab: Lab) -> None:
    server = lab.serve(HangsUp)
    with pytest.raises(ServerTrouble, match="without a whole answer"):
        server.get()
    assert not is_gone(server.pid)


def test_a_server_that_will_not_stop_is_ended_and_its_stack_shown(lab: Lab, capfd: pytest.CaptureFixture[str]) -> None:
    server = lab.serve(NeverStops)
    wait_until(lambda: "up" in server.errors())
    server.stop()
    assert is_gone(server.pid)
    said = capfd.readouterr().out
    assert "did not stop when asked" in said
    assert "hold_on" in said


def test_a_load_test_that_gets_no_answer_at_all_tells_where_the_server_hangs(lab: Lab) -> None:
    server = lab.serve(Hangs)
    with pytest.raises(ServerTrouble, match="answered none of 2 requests") as caught:
        lab.load(server, clients=2, requests=2, timeout=1, progress=False)
    assert "wait_for_godot" in str(caught.value)


def test_an_unknown_rung_is_told_the_known_ones(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"no rung named 'select'.*poll, epoll"):
        lab.serve("select")


def test_a_taken_port_is_told(lab: Lab) -> None:
    first = lab.serve("epoll")
    with pytest.raises(ServerTrouble, match="Choose another port"):
        lab.serve("epoll", port=first.address[1])
    assert first.get().status == 200


def test_a_class_that_cannot_travel_is_told_and_leaves_no_folder(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    class Stuck(Learners):
        sock = socket.socket()

    with Stuck.sock, pytest.raises(LabError, match="cannot be sent to a process of its own"):
        lab.serve(Stuck)
    assert not list(tmp_path.iterdir())


def test_stop_ends_the_process_removes_the_folder_and_may_be_repeated(lab: Lab) -> None:
    server = lab.serve("epoll")
    assert server.get().status == 200
    waits = len(server.trace)
    server.stop()
    server.stop()
    assert is_gone(server.pid)
    assert len(server.trace) >= waits  # it can still be read
    assert "has ended" in repr(server)
    with pytest.raises(ServerTrouble, match="was stopped"):
        server.get()
    with pytest.raises(ServerTrouble, match="was stopped"):
        server.interest_list()


def test_a_server_that_is_killed_from_outside_is_noticed(lab: Lab) -> None:
    server = lab.serve("poll")
    os.kill(server.pid, 9)
    wait_until(lambda: "has ended" in repr(server))
    with pytest.raises(ServerTrouble, match="was ended by signal 9"):
        server.get()


def test_a_server_without_a_wait_has_no_trace_and_says_so(lab: Lab) -> None:
    server = lab.serve(Learners)
    with pytest.raises(ServerTrouble, match="no trace"):
        _ = server.trace
    with pytest.raises(LabError, match="not recorded"):
        _ = lab.serve("epoll", record=False).trace


def test_a_page_shows_itself_in_a_frame_that_can_do_nothing(server: Server) -> None:
    shown = server.get()._repr_html_()
    assert "<iframe sandbox srcdoc=" in shown
    assert "200 OK" in shown
    assert "<h1>" not in shown  # the page is escaped into the attribute
    assert "&lt;h1&gt;Guestbook" in shown
    assert "<iframe" not in server.get("/style.css")._repr_html_()


class Returns(Learners):
    def run(self) -> None:
        pass


def test_a_server_whose_run_returns_is_told(lab: Lab) -> None:
    server = lab.serve(Returns)
    wait_until(lambda: "has ended" in repr(server))
    with pytest.raises(ServerTrouble, match=r"run\(\) has returned"):
        server.get()


@pytest.mark.parametrize("what", [object, 3, None, lambda: 1])
def test_what_cannot_be_served_is_refused_at_once(lab: Lab, what: object) -> None:
    with pytest.raises(LabError, match="cannot be served"):
        lab.serve(what)  # type: ignore[arg-type]


def test_a_lab_that_is_closed_says_so() -> None:
    lab = Lab()
    lab.close()
    with pytest.raises(LabError, match="This lab is closed"):
        lab.serve("epoll")
    with pytest.raises(LabError, match="This lab is closed"):
        lab.load("http://127.0.0.1:1/")


def test_a_redis_that_is_gone_is_told_in_a_sentence() -> None:
    with Lab() as lab:
        server = lab.serve("epoll")
        os.kill(lab.redis.pid, 9)
        with pytest.raises(LabError, match="is gone"):
            lab.load(server, requests=1)


@pytest.mark.parametrize("settings", [{"clients": "ten"}, {"clients": 2.5}, {"idle": None}, {"seconds": "1"}])
def test_a_setting_of_the_wrong_kind_is_told(lab: Lab, settings: dict) -> None:
    with pytest.raises(LabError, match="has to be a number"):
        lab.load(lab.serve("epoll"), **settings)


LOSES_ITS_SIGNAL = """
import os, signal
from zerohttpd_lib.servers.serve import serve

class Dying:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        sum(range(100_000))  # the handler runs in here, and what it raises is lost

class Server:
    def __init__(self, listener, redis_address): pass
    def run(self):
        Dying()
        while True:
            pass

serve(Server, redis_address=("127.0.0.1", 1))
"""


def test_a_signal_that_is_lost_in_a_destructor_stops_the_server_all_the_same() -> None:
    assert subprocess.run([sys.executable, "-c", LOSES_ITS_SIGNAL], capture_output=True, check=False).returncode == 0
