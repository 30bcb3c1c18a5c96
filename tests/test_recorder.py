"""The recorder writes down every wait; when it fails, or is read at a bad moment, nothing comes of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from zerohttpd_lib.trace import layout
from zerohttpd_lib.trace.file import TraceFile
from zerohttpd_lib.trace.reader import Trace
from zerohttpd_lib.trace.recorder import Recorder

IN, OUT = 1, 4
Ready = list[tuple[int, int]]


class FakeServer:
    """It is ready with whatever it is told to be ready with."""

    def __init__(self) -> None:
        self.ready: Ready = []
        self.watched: dict[int, int] = {}

    def wait(self) -> Ready:
        return self.ready

    def watch(self, fd: int, events: int) -> None:
        self.watched[fd] = events

    def modify(self, fd: int, events: int) -> None:
        self.watched[fd] = events

    def forget(self, fd: int) -> None:
        del self.watched[fd]

    def describe(self, fd: int) -> tuple[str, str]:
        return ("even" if fd % 2 == 0 else "odd"), f"step {fd % 10}"


def recorded(path: Path, server: FakeServer | None = None) -> tuple[FakeServer, TraceFile]:
    server = server or FakeServer()
    Recorder(str(path)).attach(server)
    return server, TraceFile(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def agrees_with_itself(trace: Trace, how_many: int = 5) -> bool:
    """In these tests every entry of wait number n has descriptor n. Looks at the oldest and newest."""
    waits = [*trace[:how_many], *trace[-how_many:]]
    return all(len(wait.ready) > 0 and {entry.fd for entry in wait.ready} == {wait.number} for wait in waits)


def test_a_new_trace_has_no_wait_in_it(path: Path) -> None:
    _, file = recorded(path)
    trace = file.snapshot()
    assert (len(trace), trace.lost, list(trace)) == (0, 0, [])
    assert "no wait" in repr(trace)
    assert trace.total("ready") == 0
    assert not list(path.parent.glob("*.new"))


def test_what_was_ready_and_what_changed_is_written_down_in_order(path: Path) -> None:
    server, file = recorded(path)
    server.watch(3, IN)
    server.ready = [(3, IN)]
    assert server.wait() == [(3, IN)]
    server.watch(8, IN)
    server.modify(8, OUT)
    server.forget(3)
    server.ready = [(8, OUT | 0x10)]
    server.wait()
    first, second = file.snapshot()
    assert [(e.kind, e.fd, e.events, e.role, e.step) for e in first.ready] == [("ready", 3, "IN", "odd", "step 3")]
    assert [(e.kind, e.fd, e.events, e.role) for e in first.changes] == [
        ("watch", 8, "IN", "even"),
        ("modify", 8, "OUT", "even"),
        ("forget", 3, "none", "odd"),
    ]
    assert [(e.fd, e.events) for e in second.ready] == [(8, "OUT|HUP")]
    assert (first.number, second.number) == (0, 1)
    assert (first.watched, first.watched_after, second.watched) == (1, 1, 1)
    assert first.handling is not None
    assert second.handling is None


def test_the_arrays_say_the_same_as_the_waits(path: Path) -> None:
    server, file = recorded(path)
    for n in range(1, 50):
        server.watch(n, IN)
        server.ready = [(fd, IN) for fd in range(1, n + 1)]
        server.wait()
    trace = file.snapshot()
    assert trace.watched.tolist() == [wait.watched for wait in trace] == list(range(1, 50))
    assert trace.ready.tolist() == [len(wait.ready) for wait in trace]
    assert trace.ready_by_role("even").tolist() == [n // 2 for n in range(1, 50)]
    assert trace.ready_by_role("nobody").tolist() == [0] * 49
    assert trace.total("watch") == 48  # the first one was before the first wait
    assert [wait.number for wait in trace[10:20]] == list(range(10, 20))
    assert trace[-1].number == 48
    assert trace[40:].total("ready") == sum(range(41, 50))
    with pytest.raises(ValueError, match="step"):
        _ = trace[::2]


def test_put_aside_it_writes_nothing_and_is_right_again_afterwards(path: Path) -> None:
    server = FakeServer()
    recorder = Recorder(str(path))
    recorder.attach(server)
    for fd in (3, 4, 6):
        server.watch(fd, IN)
    server.ready = [(3, IN)]
    server.wait()
    recorder.aside = [1]
    server.wait()
    server.forget(3)
    server.forget(4)
    server.watch(4, OUT)
    server.watch(5, OUT)
    server.modify(6, OUT)
    server.watch(7, IN)
    server.forget(7)
    assert server.wait() == server.ready
    recorder.aside = [0]
    server.ready = [(5, OUT)]
    assert server.wait() == [(5, OUT)]  # it began while the recorder was aside, and ends when it is back
    server.forget(5)
    server.wait()
    before, after, _ = TraceFile(path).snapshot()
    assert before.handling is not None
    assert sorted((e.kind, e.fd) for e in before.changes) == [("forget", 3), ("forget", 4), ("watch", 4), ("watch", 5)]
    assert (after.watched, [(e.fd, e.role) for e in after.ready]) == (3, [(5, "odd")])
    assert [(e.kind, e.fd) for e in after.changes] == [("forget", 5)]
    assert server.watched == {4: OUT, 6: OUT}


def test_a_class_with_nothing_but_wait_can_be_recorded(path: Path) -> None:
    class Bare:
        def wait(self) -> Ready:
            return [(5, IN)]

    bare = Bare()
    Recorder(str(path)).attach(bare)
    bare.wait()
    assert TraceFile(path).snapshot()[0].ready[0].role == "unknown"


def test_a_trace_is_never_written_over(path: Path) -> None:
    recorded(path)
    with pytest.raises(FileExistsError):
        Recorder(str(path))
    assert [file.name for file in path.parent.iterdir()] == ["trace"]


def test_a_file_that_is_no_trace_is_refused(path: Path) -> None:
    path.write_bytes(b"\1" * layout.FILE_SIZE)
    with pytest.raises(ValueError, match="not a trace"):
        TraceFile(path).snapshot()


def test_a_recorder_that_fails_says_so_once_and_the_server_goes_on(
    path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server, file = recorded(path)
    server.ready = [(1, IN)]
    server.wait()
    server.ready = [("not a descriptor", IN)]  # type: ignore[list-item]
    assert server.wait() == server.ready
    server.watch(9, IN)
    server.ready = [(1, IN)]
    assert server.wait() == [(1, IN)]
    assert server.watched == {9: IN}
    assert capfd.readouterr().err.count("the recorder failed and is off") == 1
    assert len(file.snapshot()) == 1


def test_an_error_of_the_server_is_not_swallowed(path: Path) -> None:
    class Broken(FakeServer):
        def wait(self) -> Ready:
            raise KeyError("its own")

    server, _ = recorded(path, Broken())
    with pytest.raises(KeyError, match="its own"):
        server.wait()
    with pytest.raises(KeyError):
        server.forget(1)


def test_when_the_ring_of_waits_is_full_the_oldest_are_lost_and_counted(path: Path) -> None:
    server, file = recorded(path)
    for n in range(layout.WAITS + 1000):
        server.ready = [(n, IN)]
        server.wait()
    trace = file.snapshot()
    assert trace.lost >= 1000
    assert trace.lost + len(trace) == layout.WAITS + 1000
    assert len(trace) > layout.WAITS * 0.9
    assert trace[0].number == trace.lost
    assert agrees_with_itself(trace)
    assert trace[-1].number == layout.WAITS + 999


def test_when_the_ring_of_entries_is_full_waits_without_theirs_are_lost(path: Path) -> None:
    server, file = recorded(path)
    fit = layout.ENTRIES // 5000  # waits
    for n in range(fit + 16):
        server.ready = [(n, IN)] * 5000
        server.wait()
    trace = file.snapshot()
    assert 16 <= trace.lost < 30
    assert trace.lost + len(trace) == fit + 16
    assert agrees_with_itself(trace)
    assert trace.ready_by_role("even").sum() + trace.ready_by_role("odd").sum() == 5000 * len(trace)


def test_a_trace_read_in_the_middle_of_a_large_batch_is_whole(path: Path) -> None:
    snapshots: list[Trace] = []

    class Peeking(FakeServer):
        peek: Callable[[], Trace]
        asked = 0

        def describe(self, fd: int) -> tuple[str, str]:
            self.asked += 1
            if self.asked % 9999 == 0 and fd >= 60:
                snapshots.append(self.peek())
            return super().describe(fd)

    server, file = recorded(path, Peeking())
    server.peek = file.snapshot  # type: ignore[attr-defined]
    for n in range(64):
        server.ready = [(n, IN)] * 10_000
        server.wait()
    assert len(snapshots) >= 4
    assert all(len(trace) > 40 and agrees_with_itself(trace, 1) for trace in snapshots)


def test_a_look_at_the_newest_waits_takes_those_and_no_others(path: Path) -> None:
    server, file = recorded(path)
    server.watch(7, IN)
    for n in range(1000):
        server.ready = [(n % 10, IN)] * 3
        server.wait()
        server.modify(n % 10, OUT)
    server.wait()
    newest = file.snapshot(20)
    assert [wait.number for wait in newest] == list(range(981, 1001))
    assert newest[-1] == file.snapshot()[-1]
    assert (len(newest.records.waits), len(newest.records.entries), len(newest.records.lives)) == (20, 20 * 4 - 1, 8)
    assert len(file.snapshot(5000)) == 1001
    assert len(file.snapshot(1)) == 1


FORKS = """
import os, sys
from zerohttpd_lib.trace.attach import record
class Server:
    def wait(self):
        return [(self.number, 1)]
server = Server()
server.number = 1
record(server, sys.argv[1], details=True)
server.wait()
if not os.fork():
    server.number = 2
    for _ in range(10):
        assert server.wait() == [(2, 1)]
    os._exit(0)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
"""


def test_of_a_server_that_forks_the_first_process_is_recorded(path: Path) -> None:
    subprocess.run([sys.executable, "-c", FORKS, str(path)], check=True)
    trace = TraceFile(path).snapshot()
    assert [[entry.fd for entry in wait.ready] for wait in trace] == [[1]]


WRITER = """
import sys, threading
from zerohttpd_lib.trace.recorder import Recorder
class Server:
    n = -1
    def wait(self):
        self.n += 1
        return [(self.n, 1)] * (1 + self.n % 7)
    def watch(self, fd, events): pass
server = Server()
Recorder(sys.argv[1]).attach(server)
reading = threading.Thread(target=sys.stdin.read)
reading.start()
print("up", flush=True)
while reading.is_alive():
    fd, _ = server.wait()[0]
    server.watch(fd, 1)
"""


def test_a_trace_can_be_read_while_another_process_writes_it(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "up\n"
        file = TraceFile(path)
        seen, newest = 0, -1
        while seen < 50 or not file.snapshot().lost:  # until the rings have wrapped
            trace = file.snapshot()
            if not len(trace):
                continue
            assert agrees_with_itself(trace)
            assert trace.ready_by_role("unknown").tolist() == trace.ready.tolist()
            assert trace[-1].number >= newest
            newest, seen = trace[-1].number, seen + 1
        writer.communicate("")
