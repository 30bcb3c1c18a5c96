"""A call that works unrecorded works recorded, and comes to the same."""

from __future__ import annotations

import copy
import inspect
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from zerohttpd_lib.trace.control import Control
from zerohttpd_lib.trace.file import TraceFile
from zerohttpd_lib.trace.reader import Trace
from zerohttpd_lib.trace.recorder import Recorder

IN, OUT = 1, 4
Ready = list[tuple[int, int]]


class Plain:
    """Every method gives something back, and leaves a trace in `calls`."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def watch(self, fd: int, events: int = IN) -> str:
        self.calls.append(("watch", fd, events))
        return f"watched {fd}"

    def modify(self, fd: int, *, events: int) -> str:
        """Its second one by name only."""
        self.calls.append(("modify", fd, events))
        return f"modified {fd}"

    def forget(self, fd: int) -> str:
        self.calls.append(("forget", fd))
        return f"forgot {fd}"

    def wait(self, timeout: float = -1, most: int = 10) -> Ready:
        """Wait for it."""
        self.calls.append(("wait", timeout, most))
        return [(3, IN)]


class Slotted(Plain):
    __slots__ = ("calls",)


class WithoutADict:
    __slots__ = ("calls",)
    __init__, watch, modify, forget, wait = Plain.__init__, Plain.watch, Plain.modify, Plain.forget, Plain.wait


class Refined(Plain):
    def wait(self, *arguments: Any, **named: Any) -> Ready:
        return super().wait(*arguments, **named)


class Elsewhere:
    """Its methods are another's."""

    def __init__(self) -> None:
        other = Plain()
        self.calls, self.watch, self.modify, self.forget = other.calls, other.watch, other.modify, other.forget
        self.wait = other.wait


class Computed(Plain):
    @property
    def wait(self) -> Callable[..., Ready]:  # type: ignore[override]
        return super().wait


@dataclass(frozen=True)
class Frozen:
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    watch, modify, forget, wait = Plain.watch, Plain.modify, Plain.forget, Plain.wait  # type: ignore[assignment]


class Picky(Plain):
    """Nobody sets anything on it after it was made."""

    def __setattr__(self, name: str, value: object) -> None:
        if name != "calls":
            raise AttributeError(f"{name} cannot be set")
        super().__setattr__(name, value)


KINDS = [Plain, Slotted, WithoutADict, Refined, Elsewhere, Computed, Frozen, Picky]


def record(server: Any, path: Path, details: bool = False) -> TraceFile:
    recorder = Recorder(str(path), details=details)
    recorder.attach(server)
    Control(f"{path}.control", recorder).attach(server)
    return TraceFile(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trace"


CALLS: list[Callable[[Any], Any]] = [
    lambda s: s.watch(3, IN),
    lambda s: s.watch(fd=3, events=OUT),
    lambda s: s.watch(3, events=OUT),
    lambda s: s.watch(events=OUT, fd=3),
    lambda s: s.watch(3),
    lambda s: s.modify(3, events=OUT),
    lambda s: s.modify(events=IN, fd=3),
    lambda s: s.wait(),
    lambda s: s.wait(0),
    lambda s: s.wait(timeout=0),
    lambda s: s.wait(0, most=5),
    lambda s: s.forget(3),
    lambda s: s.forget(fd=3),
]
WRONG_CALLS: list[Callable[[Any], Any]] = [
    lambda s: s.watch(),
    lambda s: s.watch(3, IN, OUT),
    lambda s: s.modify(3, OUT),
    lambda s: s.wait(nonsense=1),
    lambda s: s.forget(fd=3, events=1),
]


@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_way_to_call_a_method_comes_to_the_same(kind: Any, details: bool, path: Path) -> None:
    with_it, without = kind(), kind()
    file = record(with_it, path, details)
    for call in CALLS:
        assert call(with_it) == call(without)
    assert with_it.calls == without.calls
    for call in WRONG_CALLS:
        with pytest.raises(TypeError) as one:
            call(with_it)
        with pytest.raises(TypeError) as other:
            call(without)
        assert str(one.value) == str(other.value)
    with_it.wait()  # and it is still recorded
    assert len(file.snapshot()) == 5


def told(trace: Trace) -> list[tuple[str, str]]:
    return [(change.kind, change.events) for wait in trace for change in wait.changes]


def test_by_name_or_by_default_it_is_recorded_as_it_was(path: Path) -> None:
    server = Plain()
    file = record(server, path)
    server.wait()
    for call in CALLS:
        call(server)
    changes = [("watch", events) for events in ("IN", "OUT", "OUT", "OUT", "IN")]
    changes += [("modify", "OUT"), ("modify", "IN"), ("forget", "none"), ("forget", "none")]
    server.wait()
    assert told(file.snapshot()) == changes


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_others_of_the_class_are_not_recorded(kind: Any, path: Path) -> None:
    server, other = kind(), kind()
    file = record(server, path)
    other.wait()
    server.wait()
    assert len(file.snapshot()) == 1
    assert [call[0] for call in other.calls] == ["wait"]


def test_a_method_looks_as_it_did(path: Path) -> None:
    server = Plain()
    before = {name: inspect.signature(getattr(server, name)) for name in ("watch", "modify", "forget", "wait")}
    record(server, path)
    assert {name: inspect.signature(getattr(server, name)) for name in before} == before
    assert (server.wait.__name__, server.wait.__doc__) == ("wait", "Wait for it.")
    assert server.modify.__qualname__ == "Plain.modify"
    assert type(server) is Plain


def test_a_static_method_can_be_called_on_the_class_and_on_the_object(path: Path) -> None:
    class Static:
        __slots__ = ()

        @staticmethod
        def wait(timeout: float = 0) -> Ready:
            return [(int(timeout), IN)]

    server = Static()
    file = record(server, path)
    assert server.wait(5) == Static.wait(5) == [(5, IN)]
    assert len(file.snapshot()) == 1


def test_a_poller_that_is_replaced_is_used_as_it_is(path: Path) -> None:
    class Loop:
        def __init__(self) -> None:
            self.poller = Plain()

    server = Loop()
    file = record(server, path)
    server.poller.wait()
    server.poller = Plain()
    assert server.poller.wait(timeout=0) == [(3, IN)]
    assert len(file.snapshot()) == 1


class Gives:
    """Its wait gives back what it was made with."""

    def __init__(self, ready: Any) -> None:
        self.ready = ready

    def wait(self) -> Any:
        return self.ready


@pytest.mark.parametrize("details", [False, True])
@pytest.mark.parametrize("ready", [((3, IN), (4, OUT)), {(3, IN)}, {3: IN}.items(), None, 7, [3, 4], [("a", "b", "c")]])
def test_what_wait_gives_back_is_given_on_whatever_it_is(ready: Any, details: bool, path: Path) -> None:
    server = Gives(ready)
    record(server, path, details)
    for _ in range(2):
        assert server.wait() is ready or (type(ready) is list and server.wait() == ready)


@pytest.mark.parametrize("details", [False, True])
def test_what_can_be_gone_through_once_is_not_used_up(details: bool, path: Path) -> None:
    def events() -> Iterator[tuple[int, int]]:
        yield 3, IN
        yield 4, OUT

    server = Gives(events())
    record(server, path, details)
    assert list(server.wait()) == [(3, IN), (4, OUT)]


def test_with_details_a_ready_list_is_still_a_list(path: Path) -> None:
    server = Gives([(3, IN), (4, OUT)])
    record(server, path, details=True)
    ready = server.wait()
    assert ready == [(3, IN), (4, OUT)]
    assert (len(ready), ready[-1], sorted(ready)) == (2, (4, OUT), [(3, IN), (4, OUT)])
    assert type(copy.deepcopy(server.wait())) is list
    assert server.wait().pop() == (4, OUT)


def test_what_is_watched_may_be_an_object_with_a_number(path: Path) -> None:
    class OfSockets(Plain):
        def forget(self, fd: Any) -> str:
            fd.close()
            return "forgot"

    server = OfSockets()
    file = record(server, path)
    one, other = socket.socketpair()
    with one, other:
        number = one.fileno()
        server.watch(one, IN)  # type: ignore[arg-type]
        server.wait()
        server.forget(one)
        server.wait()
    first, second = file.snapshot()
    assert (first.watched, second.watched) == (1, 0)
    assert [(change.kind, change.fd) for change in first.changes] == [("forget", number)]


def test_what_a_signal_handler_raises_reaches_the_server_even_from_within_the_recorder(path: Path) -> None:
    class Enough(Exception):
        pass

    def handler(number: int, frame: object) -> None:
        raise Enough

    class Interrupted(Plain):
        is_told = True

        def describe(self, fd: int) -> tuple[str, str]:
            if self.is_told:
                signal.raise_signal(signal.SIGUSR2)  # while the recorder asks, at the latest
            return "role", "step"

    server = Interrupted()
    file = record(server, path)
    before = signal.signal(signal.SIGUSR2, handler)
    try:
        with pytest.raises(Enough):
            server.wait()
        with pytest.raises(Enough):
            server.watch(3, IN)
        server.is_told = False
        server.wait()
        server.wait()
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert len(file.snapshot()) == 2  # it is still recorded


ON_SOCKETS = """
import array, socket, sys
from zerohttpd_lib.trace.calls import hook_sockets
from zerohttpd_lib.trace.recorder import Recorder
if len(sys.argv) > 1:
    hook_sockets(Recorder(sys.argv[1], details=True))

class Mine(socket.socket):
    def recv(self, size, /, *, twice=False):
        return super().recv(size) * (1 + twice)

def attempt(call):
    try:
        print(repr(call()))
    except Exception as problem:
        print(type(problem).__name__, problem)

a, b = socket.socketpair()
b.send(b"0123456789" * 10)
attempt(lambda: a.recv(4, socket.MSG_PEEK))
attempt(lambda: a.recv_into(buffer=bytearray(4)))
attempt(lambda: a.recv_into(bytearray(10), 2))
attempt(lambda: a.recv_into(bytearray(10), nbytes=3, flags=0))
attempt(lambda: a.recv_into(array.array("i", [0, 0])))
attempt(lambda: a.recv(size=4))
attempt(lambda: a.recv("four"))
attempt(lambda: a.recv(-1))
attempt(lambda: a.sendall(array.array("i", [1, 2, 3])))
attempt(lambda: a.sendall(memoryview(b"abc"), 0))
attempt(lambda: a.send(b"abc", socket.MSG_DONTWAIT))
attempt(lambda: a.send("text"))
attempt(lambda: a.setblocking(flag=False))
attempt(lambda: a.setblocking(False))
attempt(lambda: a.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE, 4))
attempt(lambda: a.connect_ex("/nowhere"))
attempt(lambda: a.accept())
attempt(lambda: socket.socket.recv(a, 1))
attempt(lambda: Mine(fileno=a.detach()).recv(1, twice=True))
attempt(lambda: a.recv(1))
attempt(lambda: a.close())
b.settimeout(0.01)
attempt(lambda: [b.recv(100) for _ in range(9)])
for name in ("recv", "recv_into", "send", "sendall", "accept", "close"):
    method = getattr(socket.socket, name)
    print(name, method.__name__, bool(method.__doc__))
with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as c:
    with listener.accept()[0] as sock, sock.makefile("rwb") as file:
        c.sendall(b"a line\\n")
        print(file.readline())
"""


def test_calls_on_sockets_come_to_the_same_with_details(path: Path) -> None:
    runs = [
        subprocess.run([sys.executable, "-c", ON_SOCKETS, *more], capture_output=True, text=True, check=True)
        for more in ([], [str(path)])
    ]
    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stdout.count("\n") > 25
    assert [run.stderr for run in runs] == ["", ""]
