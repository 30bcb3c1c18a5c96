"""The output of a guarded process, and its end, where several threads have to do with it."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest
from proc import parent, wait_for_end
from waiting import wait_until

from zerohttpd_lib.lab.processes import GuardedProcess, new_folder

MANY_LINES = "import sys\nfor n in range(100_000): print(n)"


@pytest.mark.parametrize("code", [MANY_LINES, MANY_LINES + "\nimport time; time.sleep(1000)"])
def test_a_thread_that_reads_comes_to_the_end_when_the_command_is_stopped(code: str) -> None:
    process = GuardedProcess([sys.executable, "-c", code], new_folder("test"), grace=0.2)
    lines: list[str] = []
    problems: list[BaseException] = []

    def read() -> None:
        try:
            lines.extend(process.output)
        except BaseException as problem:
            problems.append(problem)

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: len(lines) > 100 or not reader.is_alive())
    process.stop()
    reader.join(20)
    assert not reader.is_alive()
    assert problems == []
    printed = "".join(f"{n}\n" for n in range(100_000))
    assert printed.startswith("".join(lines))  # the last line may be a part of one: it was killed as it wrote
    assert process.output.readline() == process.output.read() == ""


def test_several_threads_may_stop_it_at_once() -> None:
    process = GuardedProcess([sys.executable, "-c", "import time; time.sleep(1000)"], new_folder("test"))
    problems: list[BaseException] = []

    def stop() -> None:
        try:
            process.stop()
            process.errors()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=stop) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert process.has_ended()


def test_a_guard_that_does_not_go_on_is_killed_and_its_command_ends() -> None:
    process = GuardedProcess(
        [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(1000)"],
        new_folder("test"), grace=-9.5,
    )  # fmt: skip
    pid = int(process.output.readline())
    os.kill(parent(pid), signal.SIGSTOP)
    process.stop()
    wait_for_end(pid)
    assert not process.folder.exists()
