"""Nothing that the lab starts outlives it, however the lab, the guard or the command ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from proc import command, descendants, is_gone, parent, wait_for_end
from waiting import wait_until

from zerohttpd_lib.lab import guard, processes
from zerohttpd_lib.lab.errors import LabError
from zerohttpd_lib.lab.processes import GuardedProcess, new_folder

SLEEP = "import time; print('up', flush=True); time.sleep(1000)"

A_BUSY_LAB = """
import faulthandler, gc, signal
from zerohttpd_lib import Lab
gc.disable()  # Python drops an interrupt that comes within a destructor: here, none is to run
faulthandler.dump_traceback_later(20)  # should it hang, this says where
signal.signal(signal.SIGINT, signal.default_int_handler)
lab = Lab()
server = lab.serve("epoll")
run = lab.start_load(server, clients=2, idle=5, seconds=100)
print("up", flush=True)
run.wait(progress=False)
"""

A_DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(1000)
    os._exit(0)
os.wait()
time.sleep(float(sys.argv[1]))
"""


def guarded(code: str, *arguments: str, grace: float = 3.0) -> GuardedProcess:
    return GuardedProcess([sys.executable, "-c", code, *arguments], new_folder("test"), grace=grace)


@pytest.fixture
def busy_lab(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A Python that has a lab with a Redis, a server and a load test; and all of its descendants."""
    (tmp_path / "folders").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "folders")}
    environment.pop("REDIS_URL", None)
    with open(tmp_path / "stderr", "w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", A_BUSY_LAB],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    pids = descendants(process.pid)
    for part in ("guard.py", "redis-server", ".child", "load.generator", "load.idle"):
        assert any(part in command(pid) for pid in pids), part
    assert len(pids) == 8  # four commands, and a guard for each
    yield process, pids
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_when_the_lab_is_killed_nothing_is_left(
    busy_lab: tuple[subprocess.Popen[str], list[int]], number: signal.Signals, tmp_path: Path
) -> None:
    process, pids = busy_lab
    folders = tmp_path / "folders"
    assert list(folders.iterdir())
    process.send_signal(number)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        pytest.fail((tmp_path / "stderr").read_text())
    wait_for_end(*pids)
    wait_until(lambda: not list(folders.iterdir()))


def test_stop_ends_the_command_and_removes_its_folder() -> None:
    process = guarded(SLEEP)
    assert process.output.readline() == "up\n"
    (process.folder / "file").write_text("more than an empty folder")
    assert not process.has_ended()
    assert process.stop() == 128 + signal.SIGTERM
    assert process.has_ended()
    assert not process.folder.exists()
    assert process.stop() == 128 + signal.SIGTERM  # again


def test_a_command_that_ignores_sigterm_is_killed_after_the_grace() -> None:
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    process = guarded(ignore + SLEEP, grace=0.2)
    assert process.output.readline() == "up\n"
    assert process.stop() == 128 + signal.SIGKILL


CLOSES_SLOWLY = """
import os, signal, sys, time
def stop(number, frame):
    for fd in connections:
        os.close(fd)
        time.sleep(0.01)
    sys.exit(5)
connections = [os.dup(0) for _ in range(100)]
signal.signal(signal.SIGTERM, stop)
print("up", flush=True)
time.sleep(1000)
"""


def test_a_command_that_is_busy_closing_its_connections_has_the_time_for_it() -> None:
    process = guarded(CLOSES_SLOWLY, grace=0.3)
    assert process.output.readline() == "up\n"
    assert process.ask_to_stop()
    assert process.stop() == 5


def test_the_exit_status_of_the_command_is_told() -> None:
    process = guarded("raise SystemExit(7)")
    wait_until(process.has_ended)
    assert process.stop() == 7
    assert not process.folder.exists()


def test_a_daemon_with_a_session_of_its_own_ends_with_the_command() -> None:
    process = guarded(A_DAEMON, "1000")
    daemon = int(process.output.readline())
    assert not is_gone(daemon)
    process.stop()
    assert is_gone(daemon)


def test_a_daemon_ends_when_the_command_ends_by_itself() -> None:
    process = guarded(A_DAEMON, "0")
    daemon = int(process.output.readline())
    wait_until(process.has_ended)
    assert is_gone(daemon)
    process.stop()


def test_when_the_guard_is_killed_the_command_ends() -> None:
    process = guarded("import os; print(os.getpid(), flush=True);" + SLEEP)
    pid = int(process.output.readline())
    guard = parent(pid)
    assert "guard.py" in command(guard)
    os.kill(guard, signal.SIGKILL)
    wait_for_end(pid)
    process.stop()
    assert not process.folder.exists()


def test_what_the_command_said_can_be_read_while_it_runs_and_after_it_has_ended() -> None:
    process = guarded("import sys; sys.stderr.write('oh no\\n'); sys.stderr.flush();" + SLEEP)
    wait_until(lambda: process.errors() == "oh no")
    process.stop()
    assert process.errors() == "oh no"


def test_what_the_command_said_can_be_read_when_it_died_by_itself() -> None:
    process = guarded("raise SystemExit('oh no')")
    wait_until(process.has_ended)
    assert process.errors() == "oh no"
    process.stop()
    assert process.errors() == "oh no"


ORPHAN = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(60)
    os._exit(0)
os.wait()
print("waited", flush=True)
time.sleep(60)
"""


def test_who_runs_beside_a_process_is_seen_although_it_is_nobodys_child_and_the_dead_are_not() -> None:
    process = guarded(ORPHAN)
    try:
        said = {process.output.readline(), process.output.readline()}
        orphan = next(int(line) for line in said if not line.startswith("waited"))
        (first,) = set(descendants(process._guard.pid)) - {orphan}
        assert process.beside(first) == [orphan]
        assert process.beside(orphan) == [first]
        os.kill(orphan, signal.SIGKILL)
        wait_until(lambda: not process.beside(first))
    finally:
        process.stop()


def test_a_command_that_is_not_there_leaves_no_folder() -> None:
    process = GuardedProcess(["/nowhere/nothing"], new_folder("test"))
    assert process.output.readline() == ""
    wait_until(process.has_ended)
    assert process.stop() != 0
    assert not process.folder.exists()
    assert "/nowhere/nothing" in process.errors()


def test_the_stack_of_a_python_that_hangs_names_the_function_it_hangs_in() -> None:
    code = """
import faulthandler, signal, time
faulthandler.register(signal.SIGUSR1)
def wait_for_godot():
    print("up", flush=True)
    time.sleep(1000)
wait_for_godot()
"""
    process = guarded(code)
    assert process.output.readline() == "up\n"
    pid = next(pid for pid in descendants(os.getpid()) if "wait_for_godot" in command(pid) and not is_guard(pid))
    assert "wait_for_godot" in process.last_stack(pid)
    process.stop()


def is_guard(pid: int) -> bool:
    return "guard.py" in command(pid)


def test_a_lab_error_shows_a_notebook_its_message_alone() -> None:
    assert LabError("Do this.")._render_traceback_() == ["LabError: Do this."]


def test_when_the_machine_has_hardly_any_memory_left_what_is_guarded_has_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a reserve of twice what there is, nothing can be spared; without a loss meanwhile, nobody is to blame."""
    total = guard.meminfo("MemTotal")
    monkeypatch.setattr(guard, "LEFT", 2.0)
    assert guard.over_the_limits(1000, 1 << 60, left=4 * total) == processes.TOO_LITTLE_LEFT
    assert guard.over_the_limits(1000, 1 << 60, left=total) == 0


def test_the_guard_and_the_lab_mean_the_same_by_a_status() -> None:
    for name in ("TOO_MANY", "TOO_MUCH", "TOO_LITTLE_LEFT"):
        assert getattr(guard, name) == getattr(processes, name)
