"""The box, tried from inside: what an answer could do to others, and what comes of each attempt."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from zerohttpd_lib.grading.answer import Answer
from zerohttpd_lib.grading.box import _system, best
from zerohttpd_lib.grading.package_view import PACKAGE, what_an_answer_may_see, withheld
from zerohttpd_lib.grading.verdict import Raised

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(not best().holds, reason="no box can be made here: see zerohttpd doctor")

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
"""


@pytest.fixture(scope="module")
def answer() -> Iterator[Answer]:
    with Answer(SETUP, "", time.monotonic() + 100, box=best()) as answer:
        yield answer


def error(answer: Answer, function: str, *arguments: object) -> str:
    with pytest.raises(Raised) as raised:
        answer.call(function, *arguments)
    return raised.value.kind


@pytest.mark.parametrize(
    "path",
    [
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
    ],
    ids=lambda path: path.name,
)
def test_what_is_not_the_answers_to_read_is_not_there(answer: Answer, path: Path) -> None:
    assert error(answer, "read", str(path)) == "FileNotFoundError"


def test_nor_is_what_python_has_made_of_it(answer: Answer) -> None:
    with Answer(
        "import glob\n",
        f"found = [name for name in glob.glob({str(PACKAGE)!r} + '/**/*.pyc', recursive=True)]",
        time.monotonic() + 20,
        box=best(),
    ) as other:
        names = {Path(name).name.partition(".")[0] for name in other.value("found")}
    assert not names & {"threaded", "epoll", "wait_price", "ch03", "judge"}


def test_another_submission_is_not_there(answer: Answer, tmp_path: Path) -> None:
    (tmp_path / "03-inside-poll.ipynb").write_text("{}")
    assert error(answer, "read", str(tmp_path / "03-inside-poll.ipynb")) == "FileNotFoundError"


@pytest.mark.parametrize(
    "path",
    [
        PACKAGE / "app" / "messages.py",
        PACKAGE / "mine.py",
        Path(os.__file__),
        Path("/usr/bin/env"),
        Path("/mine"),
        Path("/dev/mine"),
    ],
    ids=str,
)
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


def test_others_cannot_be_seen_or_signalled(answer: Answer) -> None:
    with pytest.raises(Raised, match="ProcessLookupError"):
        answer.call("kill", os.getpid(), 0)
    with Answer("import os", "seen = [name for name in os.listdir('/proc') if name.isdigit()]", time.monotonic() + 20,
                box=best()) as other:  # fmt: skip
        assert len(other.value("seen")) <= 2  # itself, and the first process of its namespace


def test_sockets_of_ours_cannot_be_reached(answer: Answer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert error(answer, "connect", int(socket.AF_INET), list(listener.getsockname())) == "ConnectionRefusedError"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0zerohttpd-test")
        listener.listen()
        assert error(answer, "connect", int(socket.AF_UNIX), "\0zerohttpd-test") == "ConnectionRefusedError"


def test_there_is_no_way_to_more_privileges(answer: Answer) -> None:
    assert error(answer, "become_root") in ("PermissionError", "OSError")
    assert error(answer, "unshare") == "OSError"  # a namespace of its own, in which it could mount what it likes
    with Answer("", "status = open('/proc/self/status').read()", time.monotonic() + 20, box=best()) as other:
        status = dict(line.split(":\t", 1) for line in other.value("status").splitlines())
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_it_has_no_descriptor_but_its_own(answer: Answer) -> None:
    code = "import os\nfound = sorted(int(name) for name in os.listdir('/proc/self/fd'))"
    with Answer("", code, time.monotonic() + 20, box=best()) as other:
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
