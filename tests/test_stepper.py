"""A server that is held and stepped: nothing is lost, and it goes on when nobody holds it any more."""

from __future__ import annotations

import _thread
import gc
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import cloudpickle
import pytest
from proc import is_gone, state
from waiting import wait_until

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.visitors import Visitor
from zerohttpd_lib.servers.epoll import EpollServer

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the server's process has no tests
RUNGS = ("poll", "epoll", "nonblocking", "pipelined", "keepalive", "edge", "multiprocess")


class Mine(EpollServer):
    """A class of a learner's: it takes the whole list before it looks at any of it."""

    def run(self) -> None:
        self.watch(self.listener.fileno(), 1)
        while True:
            ready = sorted(self.wait(), reverse=True)
            for fd, _ in ready:
                if fd == self.listener.fileno():
                    self.accept_clients()
                elif fd in self.by_client:
                    self.client_is_ready(self.by_client[fd])
                elif fd in self.by_redis:
                    self.redis_is_ready(self.by_redis[fd])
            self.close_finished()


def held(server: Server, clients: int) -> tuple[Any, list[Visitor]]:
    """Held before a wait, with so many clients accepted."""
    stepper = server.stepper()
    stepper.pause()
    visitors = [server.add_client() for _ in range(clients)]
    wait_until(lambda: stepper.is_paused)
    while server.trace.total("watch") < clients or stepper.state.where != "before wait":
        stepper.step()
        if server.newest().ready_by_role("listener").sum() and watches(server) >= clients:
            break
    assert stepper.state.where == "before wait"
    return stepper, visitors


def watches(server: Server) -> int:
    return sum(change.kind == "watch" and change.role == "client" for wait in server.trace for change in wait.changes)


@pytest.mark.parametrize("what", [*RUNGS, Mine], ids=str)
def test_a_server_is_held_and_stepped_and_its_clients_lose_nothing(lab: Lab, what: str | type) -> None:
    server = lab.serve(what)
    stepper, visitors = held(server, 3)
    for visitor in visitors:
        visitor.send_request()
    for _ in range(50):
        stepper.step(0.5)
        if all(visitor.answer for visitor in visitors):
            break
    assert [visitor.answer for visitor in visitors] == ["HTTP/1.1 200 OK"] * 3
    stepper.resume()
    assert server.get().status == 200


@pytest.mark.parametrize("what", RUNGS)
def test_one_event_at_a_time_is_still_one_batch(lab: Lab, what: str) -> None:
    server = lab.serve(what)
    stepper, visitors = held(server, 3)
    for visitor in visitors:
        visitor.send_request("/style.css")
    wait = stepper.step_event()
    assert wait is not None
    assert [entry.role for entry in wait.ready] == ["client"] * 3
    assert (stepper.state.where, stepper.state.handled, stepper.state.in_hand) == ("list in hand", 0, 3)
    answered = []
    for handled in (1, 2):
        stepper.step_event()
        assert (stepper.state.handled, stepper.state.wait) == (handled, wait.number)
        answered.append(sum(bool(visitor.answer) for visitor in visitors))
        assert wait_until(lambda: stepper.last).handling is None
    assert answered == [1, 2]
    stepper.step_event()
    wait_until(lambda: all(visitor.answer for visitor in visitors))
    assert stepper.state.where == "before wait"
    assert stepper.last.number == wait.number
    assert stepper.last.watched_after == wait.watched - 3


def test_with_a_list_in_hand_a_step_is_the_rest_of_it(lab: Lab) -> None:
    server = lab.serve("epoll")
    stepper, visitors = held(server, 3)
    for visitor in visitors:
        visitor.send_request("/style.css")
    stepper.step_event()
    stepper.step_event()
    stepper.step()
    assert stepper.state.where == "before wait"
    wait_until(lambda: all(visitor.answer for visitor in visitors))


def test_a_server_that_sleeps_is_held_as_soon_as_something_is_ready(lab: Lab) -> None:
    server = lab.serve("epoll")
    server.get("/style.css")
    stepper = server.stepper()
    wait_until(lambda: server.trace[-1].handling is not None)
    assert stepper.pause(0.2).where == "in wait"
    assert stepper.step(0.05) is None
    stepper.resume()
    stepper.pause(0.2)
    server.add_client()
    wait_until(lambda: stepper.state.where == "list in hand")
    assert stepper.last.ready[0].role == "listener"
    assert stepper.last.changes == []


def test_half_a_request_blocks_epoll_and_the_stepper_says_so(lab: Lab) -> None:
    server = lab.serve("epoll")
    stepper, (visitor,) = held(server, 1)
    visitor.send_half()
    assert stepper.step(0.2) is None
    assert stepper.state.where == "handling"
    visitor.send_rest()
    wait_until(lambda: stepper.state.where == "before wait")
    assert stepper.step() is not None


@pytest.mark.parametrize("how", ["hang_up", "reset", "shut_down"])
def test_a_client_that_leaves_is_in_the_next_ready_list(lab: Lab, how: str) -> None:
    server = lab.serve("nonblocking")
    stepper, (visitor,) = held(server, 1)
    getattr(visitor, how)()
    wait = stepper.step()
    assert [entry.peer for entry in wait.ready] == [visitor.address]
    assert ("HUP" in wait.ready[0].events) == (how == "reset")
    assert [(change.kind, change.peer) for change in wait.changes] == [("forget", visitor.address)]


def test_time_in_which_it_was_held_is_not_the_servers(lab: Lab) -> None:
    server = lab.serve("epoll")
    stepper, (visitor,) = held(server, 1)
    visitor.send_request("/style.css")
    stepper.step_event()
    since = time.perf_counter()
    wait_until(lambda: time.perf_counter() - since > 0.5)
    stepper.step_event()
    assert stepper.last.handling < 0.4
    assert not [finding for finding in server.trace.warnings() if finding.kind == "blocked"]


@pytest.mark.parametrize("end", ["close", "garbage"])
def test_without_its_stepper_the_server_goes_on(lab: Lab, end: str) -> None:
    server = lab.serve("epoll")
    stepper, (visitor,) = held(server, 1)
    visitor.send_request()
    if end == "close":
        stepper.close()
    del stepper
    gc.collect()
    wait_until(lambda: visitor.answer)
    assert server.get().status == 200
    assert server.stepper().state.where == "running"


def test_a_held_server_under_load_keeps_its_clients_waiting_and_then_serves_them(lab: Lab) -> None:
    server = lab.serve("epoll")
    run = lab.start_load(server, clients=8, requests=4000)  # not over before it is held
    with server.stepper() as stepper:
        wait_until(lambda: stepper.pause().where in ("before wait", "list in hand"))
        waits = len(server.trace)
        numbers = []
        for _ in range(5):
            stepper.step()
            numbers.append(len(server.trace))
        assert numbers in ([waits + n for n in range(1, 6)], [waits + n for n in range(5)])
    assert run.wait(progress=False).requests == 4000


def test_an_interrupt_in_a_step_leaves_the_stepper_usable(lab: Lab) -> None:
    server = lab.serve("epoll")
    stepper, (visitor,) = held(server, 1)
    threading.Timer(0.2, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        stepper.step(30)
    assert stepper.state.where == "in wait"
    visitor.send_request("/style.css")
    wait_until(lambda: stepper.state.where == "before wait")
    stepper.resume()
    assert server.get().status == 200


def test_a_held_server_is_asked_nothing_and_stops_when_told(lab: Lab) -> None:
    server = lab.serve("edge")
    held(server, 1)
    stepper = server.stepper()
    stepper.pause()
    with pytest.raises(LabError, match="held by its stepper"):
        server.get()
    server.stop()
    assert is_gone(server.pid)
    assert "did not stop" not in server.errors()
    assert stepper.state.where == "ended"
    assert stepper.step(0.1) is None


def test_an_unrecorded_server_cannot_be_stepped_and_says_why(lab: Lab) -> None:
    with pytest.raises(LabError, match="not recorded"):
        lab.serve("epoll", record=False).stepper()


def test_timers_go_on_by_the_clock(lab: Lab) -> None:
    """A rung with timers wakes by itself: stepped without any client, it has empty ready lists."""
    server = lab.serve("keepalive")
    stepper = server.stepper()
    stepper.pause()
    waits = [wait_until(lambda: stepper.step(2)) for _ in range(3)]
    assert any(len(wait.ready) == 0 for wait in waits)


NOTEBOOK = """
import sys, time
from zerohttpd_lib import Lab
lab = Lab()
server = lab.serve("epoll")
stepper = server.stepper()
stepper.pause()
server.add_client()
while not stepper.is_paused:
    time.sleep(0.01)
lab.freeze_redis()
print(server.pid, lab.redis.pid, flush=True)
time.sleep(60)
"""


def test_a_notebook_that_dies_leaves_neither_a_held_server_nor_a_frozen_redis() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    with subprocess.Popen(
        [sys.executable, "-c", NOTEBOOK], stdout=subprocess.PIPE, text=True, env=environment
    ) as notebook:
        assert notebook.stdout is not None
        pids = [int(pid) for pid in notebook.stdout.readline().split()]
        notebook.send_signal(signal.SIGKILL)
    wait_until(lambda: all(is_gone(pid) for pid in pids))


def test_a_frozen_redis_answers_nobody_until_it_is_thawed(lab: Lab) -> None:
    server = lab.serve("epoll")
    server.get()
    lab.freeze_redis()
    try:
        assert lab.redis_is_frozen
        wait_until(lambda: state(lab.redis.pid) == "T")
        visitor = server.add_client()
        visitor.send_request()
        wait_until(lambda: any(entry.role == "redis" for wait in server.trace[-3:] for entry in wait.changes))
        assert visitor.answer == ""
    finally:
        lab.thaw_redis()
    assert wait_until(lambda: visitor.answer) == "HTTP/1.1 200 OK"
    assert not lab.redis_is_frozen


def test_what_a_client_cannot_do_is_said_in_words(lab: Lab) -> None:
    visitor = lab.serve("epoll").add_client()
    with pytest.raises(LabError, match="send half of one first"):
        visitor.send_rest()
    visitor.send_half()
    with pytest.raises(LabError, match="send the rest of it first"):
        visitor.send_request()
    visitor.hang_up()
    with pytest.raises(LabError, match="has left"):
        visitor.send_rest()


@pytest.mark.parametrize("what", RUNGS)
def test_a_system_call_at_a_time(lab: Lab, what: str) -> None:
    """No step does two things, and none of them is lost."""
    server = lab.serve(what, record="details")
    stepper, (visitor,) = held(server, 1)
    mark = server.trace.end
    visitor.send_request()
    done = []
    for _ in range(200):
        stepper.step_call(0.5)
        waits = server.trace.since(mark)
        done.append(sum(len(wait.calls) + len(wait.changes) for wait in waits))
        if visitor.answer and stepper.state.where == "before wait":
            break
    assert visitor.answer == "HTTP/1.1 200 OK"
    assert {later - earlier for earlier, later in itertools.pairwise(done)} == {0, 1}
    calls = [call.name for wait in server.trace.since(mark) for call in wait.calls if call.role == "client"]
    assert {"receive", "send"} <= set(calls)
    stepper.resume()
    assert server.get("/style.css").status == 200


def test_a_step_of_another_kind_may_follow_a_system_call(lab: Lab) -> None:
    server = lab.serve("epoll", record="details")
    stepper, visitors = held(server, 2)
    for visitor in visitors:
        visitor.send_request()
    stepper.step_event()
    stepper.step_call()
    assert (stepper.state.where, stepper.state.handled, stepper.state.in_hand) == ("after a call", 0, 2)
    stepper.step_event()
    assert (stepper.state.where, stepper.state.handled) == ("list in hand", 1)
    stepper.step_call()
    stepper.step()
    assert stepper.state.where == "before wait"
    stepper.step_call()
    stepper.resume()
    wait_until(lambda: all(visitor.answer for visitor in visitors))


def test_where_calls_are_not_recorded_there_is_no_step_of_a_call(lab: Lab) -> None:
    with lab.serve("epoll").stepper() as stepper, pytest.raises(ValueError, match="record='details'"):
        stepper.step_call()


@pytest.mark.parametrize("how", ["step", "resume"])
def test_the_stepper_names_the_call_that_a_server_is_stuck_in(lab: Lab, how: str) -> None:
    server = lab.serve("epoll", record="details")
    stepper, (visitor,) = held(server, 1)
    visitor.send_half()
    getattr(stepper, how)()
    wait_until(lambda: stepper.state.call)
    state = stepper.state
    fd = server.newest()[-1].ready[0].fd
    assert (state.call, state.fd) == ("recv", fd)
    assert f"stuck in recv() on fd {fd}" in str(state)
    assert 0 < time.perf_counter() - state.since < 30
    visitor.send_rest()
    wait_until(lambda: not stepper.state.call)
