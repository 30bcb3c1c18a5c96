"""Workers that die while the machine has no process left; signals that come at a bad moment."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from proc import children, wait_for_end
from waiting import wait_until

THREE_WORKERS = """
import errno, os, signal, sys, time
from zerohttpd_lib.servers import workers

really_fork, forked, refused = os.fork, 0, int(sys.argv[1])
def fork():
    global forked
    forked += 1
    if 3 < forked <= 5:  # those that are to take the place of the first one that dies
        raise OSError(refused, os.strerror(refused))
    return really_fork()

os.fork = fork
signal.signal(signal.SIGTERM, workers.stop)
try:
    workers.run_workers(lambda number: time.sleep(1000), 3)
except workers.Stopped:
    workers.has_stopped()
"""


@pytest.mark.parametrize("refused", [errno.EAGAIN, errno.ENOMEM])
def test_a_worker_is_replaced_as_soon_as_the_machine_has_a_process_left(refused: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", THREE_WORKERS, str(refused)], stderr=subprocess.PIPE, text=True
    ) as parent:
        try:
            before = wait_until(lambda: len(pids := children(parent.pid)) == 3 and pids)
            os.kill(before[0], signal.SIGKILL)
            wait_until(lambda: len(pids := children(parent.pid)) == 3 and before[0] not in pids)
            parent.terminate()
            _, errors = parent.communicate(timeout=20)
        finally:
            parent.kill()
    assert errors.count("no new worker yet") == 2
    assert parent.returncode == 0


ONE_IS_STOPPED = """
import os, signal, sys, time
from zerohttpd_lib.servers import workers

workers.END_WITHIN = 0.1
signal.signal(signal.SIGTERM, workers.stop)
try:
    workers.run_workers(lambda number: time.sleep(1000), 2)
except workers.Stopped:
    workers.has_stopped()
"""


def test_a_worker_that_hears_nothing_does_not_keep_the_server_from_its_end() -> None:
    with subprocess.Popen([sys.executable, "-c", ONE_IS_STOPPED]) as parent:
        pids = wait_until(lambda: len(pids := children(parent.pid)) == 2 and pids)
        try:
            os.kill(pids[0], signal.SIGSTOP)
            parent.terminate()
            assert parent.wait(timeout=20) == 0
            wait_for_end(*pids)
        finally:
            parent.kill()
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


SIGNALS_WITHIN = """
import signal
from zerohttpd_lib.servers import workers
signal.signal(signal.SIGTERM, workers.stop)
signal.signal(signal.SIGINT, workers.stop)
{}
"""
BAD_MOMENTS = {
    "before it is said that it has arrived": """
try:
    signal.raise_signal(signal.SIGTERM)
except workers.Stopped:
    signal.raise_signal(signal.SIGALRM)
    workers.has_stopped()
    print("stopped")
""",
    "while something is ended": """
try:
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.raise_signal(signal.SIGALRM)
        print("ended,", end=" ")
except workers.Stopped:
    workers.has_stopped()
    print("stopped")
""",
    "while another mistake is looked at": """
try:
    try:
        signal.raise_signal(signal.SIGTERM)
    except workers.Stopped:
        pass  # somebody has swallowed it
    try:
        raise OSError
    except OSError:
        signal.raise_signal(signal.SIGALRM)
except workers.Stopped:
    workers.has_stopped()
    print("stopped")
""",
}


@pytest.mark.parametrize("moment", BAD_MOMENTS)
def test_told_again_to_stop_it_stops_once(moment: str) -> None:
    code = SIGNALS_WITHIN.format(BAD_MOMENTS[moment])
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("stopped\n")
    assert done.stdout.count("stopped") == 1
