"""The box, tried from inside: what an answer could do to others, and what comes of each attempt."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from zerohttpd_lib.grading.answer import Answer
from zerohttpd_lib.grading.box import KINDS, LANDLOCKED, Box, best, can_be_made
from zerohttpd_lib.grading.box_contents import _system
from zerohttpd_lib.grading.package_view import PACKAGE, what_an_answer_may_see, withheld
from zerohttpd_lib.grading.system_calls import AF_VSOCK, MACHINES, X32
from zerohttpd_lib.grading.verdict import Raised, Wrong

ROOT = Path(__file__).resolve().parents[1]
SAFE = [box for box in KINDS.values() if box.holds and can_be_made(box)]
pytestmark = pytest.mark.skipif(not SAFE, reason="no box can be made here: see zerohttpd doctor")

HIDDEN = [
    Path.home() / ".bashrc",
    ROOT / "solutions" / "03-inside-poll.ipynb",
    ROOT / "tests" / "cheats.py",
    PACKAGE / "grading" / "checks" / "ch03.py",
    PACKAGE / "grading" / "judge.py",
    PACKAGE / "grading" / "pristine" / "03-inside-poll.ipynb",
    PACKAGE / "servers" / "threaded.py",
    PACKAGE / "kernel" / "interest.py",
    PACKAGE / "kernel" / "wait_price.py",
    Path("/etc/shadow"),
]
READ_ONLY = [
    PACKAGE / "app" / "messages.py",
    PACKAGE / "mine.py",
    Path(os.__file__),
    Path("/usr/bin/env"),
    Path("/mine"),
    Path("/dev/mine"),
]
MACHINE = MACHINES.get(platform.machine(), MACHINES["x86_64"])

SETUP = """
import ctypes, glob, os, socket, subprocess, sys
from pathlib import Path

def read(path):
    return Path(path).read_bytes()

def exists(path):
    return Path(path).exists()

def write(path):
    with open(path, "ab") as file:
        file.write(b"# mine")

def fill(folder):
    with open(f"{folder}/much", "wb") as file:
        for _ in range(900):
            file.write(bytes(1_000_000))

def many(folder):
    for number in range(20):
        with open(f"{folder}/much{number}", "wb") as file:
            file.write(bytes(10_000_000))

def connect(kind, address):
    with socket.socket(kind) as sock:
        sock.connect(tuple(address) if isinstance(address, list) else address)

def kill(pid, number):
    os.kill(pid, number)

def unshare():  # CLONE_NEWUSER, CLONE_NEWNS
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000 | 0x00020000):
        raise OSError(ctypes.get_errno(), "unshare")

def become_root():
    os.setuid(0)

def system_call(number, *arguments):
    sent = [ctypes.c_char_p(one.encode()) if isinstance(one, str) else ctypes.c_long(one) for one in arguments]
    if ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *sent) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def new_socket(family):
    socket.socket(family)

def allow_all(path):
    os.chmod(path, 0o777)
"""


@pytest.fixture(scope="module", params=SAFE, ids=lambda box: box.kind)
def box(request: pytest.FixtureRequest) -> Box:
    return request.param


@pytest.fixture(scope="module")
def answer(box: Box) -> Iterator[Answer]:
    with Answer(SETUP, "", time.monotonic() + 100, box=box) as answer:
        yield answer


def error(answer: Answer, function: str, *arguments: object) -> str:
    with pytest.raises(Raised) as raised:
        answer.call(function, *arguments)
    return raised.value.kind


@pytest.mark.parametrize("path", HIDDEN, ids=lambda path: path.name)
def test_what_is_not_the_answers_to_read_is_not_there(answer: Answer, path: Path) -> None:
    assert error(answer, "read", str(path)) == "FileNotFoundError"


def test_nor_is_what_python_has_made_of_it(box: Box) -> None:
    with Answer(
        "import glob\n",
        f"found = [name for name in glob.glob({str(PACKAGE)!r} + '/**/*.pyc', recursive=True)]",
        time.monotonic() + 20,
        box=box,
    ) as other:
        names = {Path(name).name.partition(".")[0] for name in other.value("found")}
    assert not names & {"threaded", "epoll", "wait_price", "ch03", "judge"}


def test_another_submission_is_not_there(answer: Answer, tmp_path: Path) -> None:
    (tmp_path / "03-inside-poll.ipynb").write_text("{}")
    assert error(answer, "read", str(tmp_path / "03-inside-poll.ipynb")) == "FileNotFoundError"


@pytest.mark.parametrize("path", READ_ONLY, ids=str)
def test_nothing_can_be_written_to(answer: Answer, path: Path) -> None:
    assert error(answer, "write", str(path)) in ("OSError", "PermissionError")  # EROFS, and for whom it is not anyway


@pytest.mark.parametrize(
    "path", ["kernel/core_pattern", "kernel/hostname", "vm/overcommit_memory", "net/core/somaxconn"]
)
def test_not_even_roots_answers_change_the_kernels_settings(answer: Answer, path: str) -> None:
    before = Path("/proc/sys", path).read_text()
    assert error(answer, "write", f"/proc/sys/{path}") in ("OSError", "PermissionError", "FileNotFoundError")
    assert Path("/proc/sys", path).read_text() == before


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])
def test_what_it_may_write_to_is_small(answer: Answer, folder: str) -> None:
    assert error(answer, "fill", folder) == "OSError"
    assert error(answer, "many", folder) == "OSError"


def test_others_cannot_be_seen_or_signalled(answer: Answer, box: Box) -> None:
    with pytest.raises(Raised, match="ProcessLookupError"):
        answer.call("kill", os.getpid(), 0)
    with Answer("import os", "seen = [name for name in os.listdir('/proc') if name.isdigit()]", time.monotonic() + 20,
                box=box) as other:  # fmt: skip
        assert len(other.value("seen")) <= 2  # itself, and the first process of its namespace


def test_sockets_of_ours_cannot_be_reached(answer: Answer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert error(answer, "connect", int(socket.AF_INET), list(listener.getsockname())) == "ConnectionRefusedError"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0zerohttpd-test")
        listener.listen()
        assert error(answer, "connect", int(socket.AF_UNIX), "\0zerohttpd-test") == "ConnectionRefusedError"


def test_there_is_no_way_to_more_privileges(answer: Answer, box: Box) -> None:
    assert error(answer, "become_root") in ("PermissionError", "OSError")
    assert error(answer, "unshare") == "OSError"  # a namespace of its own, in which it could mount what it likes
    with Answer("", "status = open('/proc/self/status').read()", time.monotonic() + 20, box=box) as other:
        status = dict(line.split(":\t", 1) for line in other.value("status").splitlines())
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_it_has_no_descriptor_but_its_own(box: Box) -> None:
    code = "import os\nfound = sorted(int(name) for name in os.listdir('/proc/self/fd'))"
    with Answer("", code, time.monotonic() + 20, box=box) as other:
        assert len(other.value("found")) == 5  # three, its end of the channel, and the folder that is being listed


def test_a_setup_cell_has_what_it_imports() -> None:
    setup = "from zerohttpd_lib.servers.poll import PollServer\n"
    assert "zerohttpd_lib.servers.poll" not in withheld(setup)
    assert "zerohttpd_lib.servers.poll" in withheld("")
    assert str(PACKAGE / "servers" / "poll.py") in what_an_answer_may_see(setup)
    assert str(PACKAGE / "servers" / "poll.py") not in what_an_answer_may_see("")


def test_solutions_are_hidden_though_the_checkout_lies_in_pythons_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `python -m venv .` in it."""
    monkeypatch.setattr(sys, "prefix", str(ROOT))
    _system.cache_clear()
    try:
        with Answer(SETUP, "", time.monotonic() + 20, box=best()) as inside:
            assert inside.call("exists", str(ROOT / "README.md"))
            for name in ("solutions/03-inside-poll.ipynb", "tests/cheats.py", "authoring/exercises/03-inside-poll.md"):
                assert not inside.call("exists", str(ROOT / name))
            assert error(inside, "write", str(ROOT / "solutions" / "mine")) == "OSError"
    finally:
        _system.cache_clear()


@pytest.mark.parametrize("call", MACHINE.refused)
def test_what_no_namespace_holds_back_is_refused_by_the_kernel(answer: Answer, call: str) -> None:
    """Memory that nobody counts, keys of the session, and what gets around a filter. Arguments do not matter then."""
    assert error(answer, "system_call", MACHINE.refused[call], 0, 0, 0) == "PermissionError"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only there the same calls have other numbers, too")
def test_nor_by_another_number(answer: Answer) -> None:
    assert error(answer, "system_call", X32 | MACHINE.refused["memfd_create"], "kept", 0) == "PermissionError"


def test_the_host_of_a_virtual_machine_cannot_be_reached(answer: Answer) -> None:
    """An AF_VSOCK socket is in no network namespace (man 7 vsock)."""
    assert error(answer, "new_socket", AF_VSOCK) in ("PermissionError", "OSError")
    answer.call("new_socket", int(socket.AF_UNIX))


def test_keys_of_the_session_are_not_the_answers(box: Box) -> None:
    """A session's keys go to all that is started in it, into any namespace (man 7 session-keyring)."""
    libc = ctypes.CDLL(None, use_errno=True)
    call = MACHINE.refused
    found: list[str] = []

    def attempt() -> None:
        assert libc.syscall(call["keyctl"], 1, None) > 0  # KEYCTL_JOIN_SESSION_KEYRING
        number = libc.syscall(call["add_key"], b"user", b"zerohttpd-test", b"secret", 6, ctypes.c_int(-3))
        assert number > 0
        with Answer(SETUP, "", time.monotonic() + 30, box=box) as other:
            found.append(error(other, "system_call", call["keyctl"], 11, number, 0, 0))  # KEYCTL_READ

    thread = threading.Thread(target=attempt)  # a session of its own, for it and for what it starts
    thread.start()
    thread.join()
    assert found == ["PermissionError"]


def test_it_cannot_take_back_that_it_is_the_first_to_go(answer: Answer) -> None:
    """When the machine is out of memory (man 5 proc, oom_score_adj)."""
    assert error(answer, "write", "/proc/self/oom_score_adj") in ("OSError", "PermissionError")


FORGED = """
class Mine:
    def __init__(self, listener, redis_address):
        for fd in range(3, 30):
            try:
                os.write(fd, {what!r})
            except OSError:
                pass
    def run(self):
        time.sleep(60)
"""


@pytest.mark.parametrize(
    "what",
    [b"[]\n", b"{}\n", b"x" * 5000, b'{"url": "http://127.0.0.1:1", "pid": 99999}\n', b'{"url": "", "pid": 2}\n'],
    ids=["a list", "nothing", "much", "a number of nobody's", "no address"],
)
def test_a_server_that_says_where_it_is_in_place_of_the_lab_has_not_started(box: Box, what: bytes) -> None:
    setup = f"{SETUP}\nimport time\n"
    with (
        Answer(setup, FORGED.format(what=what), time.monotonic() + 30, box=box) as other,
        pytest.raises(Wrong, match="did not start"),
    ):
        other.serve("Mine")


@pytest.fixture(scope="module")
def landlocked() -> Iterator[Answer]:
    with Answer(SETUP, "", time.monotonic() + 100, box=LANDLOCKED) as answer:
        yield answer


@pytest.mark.skipif(not can_be_made(LANDLOCKED), reason="no Landlock here")
class TestLandlockAlone:
    """It holds back a part of this; what it does not is why nobody else's work is run in it."""

    @pytest.mark.parametrize("path", HIDDEN, ids=lambda path: path.name)
    def test_what_is_not_the_answers_to_read_cannot_be_read(self, landlocked: Answer, path: Path) -> None:
        assert error(landlocked, "read", str(path)) in ("PermissionError", "FileNotFoundError")

    @pytest.mark.parametrize("path", READ_ONLY, ids=str)
    def test_nothing_can_be_written_to_but_its_folder(self, landlocked: Answer, path: Path) -> None:
        assert error(landlocked, "write", str(path)) == "PermissionError"
        landlocked.call("write", "mine")

    def test_nobody_else_is_ended_or_looked_into(self, landlocked: Answer) -> None:
        assert error(landlocked, "kill", os.getpid(), 0) == "PermissionError"
        assert error(landlocked, "read", f"/proc/{os.getpid()}/environ") == "PermissionError"

    def test_sockets_of_ours_cannot_be_reached(self, landlocked: Answer) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            assert error(landlocked, "connect", int(socket.AF_INET), list(listener.getsockname())) == "PermissionError"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("\0zerohttpd-test")
            listener.listen()
            assert error(landlocked, "connect", int(socket.AF_UNIX), "\0zerohttpd-test") == "PermissionError"

    def test_the_rights_of_a_file_of_ours_can_be_changed(self, landlocked: Answer, tmp_path: Path) -> None:
        """So it does not hold (man 7 landlock, "Limitations"). Should this fail one day, `covers` says too little."""
        assert not LANDLOCKED.holds
        (tmp_path / "mine").touch(0o600)
        landlocked.call("allow_all", str(tmp_path / "mine"))
        assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o777
