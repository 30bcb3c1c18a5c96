"""From Lab() to close(): what fails, is interrupted, forked or forgotten leaves nothing behind that hurts."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest
from proc import children, command, descendants, is_gone, parent, wait_for_end
from waiting import wait_until

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.lab.errors import ServerTrouble


def run_apart(code: str, *arguments: str, folder: Path) -> str:
    """Run it in a Python of its own, which is to end well; returns what it printed. Its files go to `folder`."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    environment.pop("REDIS_URL", None)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", code, *arguments],
        env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


IN_A_NOTEBOOK = """
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance()
from zerohttpd_lib import Lab, LabError
first = Lab()
try:
    Lab("redis://127.0.0.1:1")
except LabError as problem:
    print("No Redis answers" in str(problem), first._is_closed)
second = Lab()
third = Lab()
print(second._is_closed, third._is_closed, third.serve("epoll").get().status)
"""


def test_a_lab_that_fails_does_not_hinder_the_next_one_in_a_notebook(tmp_path: Path) -> None:
    assert run_apart(IN_A_NOTEBOOK, folder=tmp_path).split() == ["True", "True", "True", "False", "200"]


def mapped_traces() -> int:
    return Path("/proc/self/maps").read_text().count("/trace")


def test_a_server_that_is_stopped_is_freed_with_its_trace_when_nobody_has_it(lab: Lab) -> None:
    gc.collect()  # what other tests have left
    before = mapped_traces()
    server = lab.serve("epoll")
    server.get()
    shown = repr(lab)
    server.stop()
    assert len(server.trace) > 0
    assert mapped_traces() == before + 1
    assert server not in lab.servers
    seen = weakref.ref(server)
    del server
    gc.collect()
    assert seen() is None
    assert mapped_traces() == before
    assert len(repr(lab).splitlines()) == len(shown.splitlines()) - 1


def test_a_server_that_died_or_hung_is_not_kept_either(lab: Lab) -> None:
    died, hung = lab.serve("epoll"), lab.serve("iterative")
    os.kill(died.pid, signal.SIGKILL)
    wait_until(lambda: died.has_ended)
    os.kill(hung.pid, signal.SIGSTOP)
    with pytest.raises(ServerTrouble, match="gave no answer"):
        hung.get(timeout=0.1)
    lab.serve("epoll")
    assert len(lab.servers) == 1
    with pytest.raises(ServerTrouble, match="ended by signal 9"):
        died.get()


def test_what_still_runs_is_ended_by_close_whoever_has_forgotten_it() -> None:
    before = descendants(os.getpid())  # of other tests
    lab = Lab()
    for _ in range(2):
        lab.serve("epoll")
    lab.start_load(lab.serve("poll"), clients=1, idle=2, seconds=100)
    lab.hold_idle(lab.servers[0], 3)
    gc.collect()
    mine = set(descendants(os.getpid())) - set(before)
    assert len(mine) > 6
    lab.close()
    wait_for_end(*mine)
    assert lab.servers == lab.loads == []
    lab.close()


def test_a_run_that_is_over_is_not_kept(lab: Lab) -> None:
    server = lab.serve("epoll")
    for _ in range(3):
        lab.load(server, requests=5, progress=False)
    assert len(lab.loads) <= 1


def test_when_one_of_them_cannot_be_ended_the_others_are() -> None:
    lab = Lab()
    one, other = lab.serve("epoll"), lab.serve("poll")

    def fails() -> None:
        raise RuntimeError("cannot")

    stop, other.stop = other.stop, fails  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="cannot"):
        lab.close()
    assert one.has_ended
    assert not other.has_ended
    other.stop = stop  # type: ignore[method-assign]
    lab.close()
    assert other.has_ended


FORK = """
import os, sys, time
from zerohttpd_lib import Lab
lab = Lab()
server = lab.serve("epoll")
held = lab.serve("epoll")
stepper = held.stepper()
stepper.pause()
child = os.fork()
if not child:
    assert server.get().status == 200
    server.stop()
    lab.redis.stop()
    lab.close()
    sys.exit(7)  # and with it whatever was to be done at the end of the process
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert server.get().status == 200
assert held.is_held, stepper
lab.serve("poll").get()
child = os.fork()
if not child:
    time.sleep(1000)  # it has every descriptor of ours, and stays
server.stop()
assert server.has_ended
lab.close()
os.kill(child, 9)
print("well")
"""


def test_a_fork_ends_nothing_and_keeps_nothing_from_ending(tmp_path: Path) -> None:
    assert run_apart(FORK, folder=tmp_path) == "well\n"
    assert not list(tmp_path.iterdir())


KILLED_WITH_A_FORK = """
import os, time
from zerohttpd_lib import Lab
lab = Lab()
server = lab.serve("epoll")
if not os.fork():
    os.closerange(0, 3)
    time.sleep(1000)
print(server.pid, lab.redis.pid, flush=True)
time.sleep(1000)
"""


def test_when_the_lab_is_killed_and_a_fork_of_it_lives_nothing_else_does(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED_WITH_A_FORK], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        (fork,) = [pid for pid in children(process.pid) if "guard.py" not in command(pid)]
        process.kill()
        process.wait()
        try:
            wait_for_end(*pids)
            assert not is_gone(fork)
        finally:
            os.kill(fork, signal.SIGKILL)


INTERRUPTED = """
import faulthandler, gc, os, random, signal, sys
from zerohttpd_lib import Lab, LabError

def interrupt(number, frame):
    os.kill(os.getpid(), signal.SIGINT)  # what Ctrl-C sends, to the process and not to a thread of it

def in_a_cell():
    global lab
    lab = Lab()
    server = lab.serve("epoll")
    server.get()
    lab.load(server, clients=1, requests=5, progress=False)
    server.stop()
    lab.close()

faulthandler.dump_traceback_later(80, exit=True)
signal.signal(signal.SIGALRM, interrupt)
dice = random.Random(int(sys.argv[1]))
interrupts = 0
while interrupts < 4:
    lab = None
    try:
        signal.setitimer(signal.ITIMER_REAL, dice.uniform(0.01, 0.9))
        in_a_cell()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except (KeyboardInterrupt, LabError):
        interrupts += 1
    if lab is not None:
        lab.close()
gc.collect()
print(interrupts, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_interrupts_at_any_moment_leave_no_process(seed: int, tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    environment.pop("REDIS_URL", None)
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(seed)],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        said = process.stdout.readline()
        assert said, process.stderr.read()
        wait_until(lambda: all(is_gone(pid) for pid in descendants(process.pid)))
        wait_until(lambda: not list(tmp_path.iterdir()))
        process.communicate("")


def test_a_lab_may_live_in_a_thread() -> None:
    found: list[int] = []

    def live() -> None:
        with Lab() as lab:
            server = lab.serve("epoll")
            found.extend((server.get().status, lab.load(server, requests=5, progress=False).requests))

    thread = threading.Thread(target=live)
    thread.start()
    thread.join(60)
    assert found == [200, 5]


@pytest.mark.parametrize("who", ["redis", "guard of redis", "server", "guard of the server"])
def test_whoever_is_killed_the_lab_says_so_and_can_be_closed(who: str) -> None:
    lab = Lab()
    server = lab.serve("epoll")
    run = lab.start_load(server, clients=2, seconds=100)
    victim = {
        "redis": lambda: lab.redis.pid or 0,
        "guard of redis": lambda: parent(lab.redis.pid or 0),
        "server": lambda: server.pid,
        "guard of the server": lambda: parent(server.pid),
    }[who]()
    pids = [pid for pid in descendants(os.getpid()) if pid in (server.pid, lab.redis.pid)]
    os.kill(victim, signal.SIGKILL)
    wait_for_end(victim)
    if "server" in who:
        wait_until(lambda: server.has_ended)
        with pytest.raises(ServerTrouble, match="ended by signal 9"):
            server.get()
    else:
        wait_until(lambda: _is_gone(lab))
        assert server.get().status == 503
        with pytest.raises(LabError, match="is gone"):
            lab.start_load(server, seconds=1)
    run.stop()
    lab.close()
    wait_for_end(*pids)


def _is_gone(lab: Lab) -> bool:
    try:
        return not lab.redis.pid
    except LabError:
        return True
