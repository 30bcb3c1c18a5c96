"""What a first start may meet: each gets one sentence, with what mends it, or just works."""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from zerohttpd_lib.lab import course
from zerohttpd_lib.lab.jupyter import _environment

ROOT = Path(__file__).resolve().parents[1]
ZEROHTTPD = [sys.executable, "-m", "zerohttpd_lib"]


def run(command: list[str], cwd: Path, **variables: str | None) -> subprocess.CompletedProcess[str]:
    """With these environment variables; without those that are None, and without what a `make` tells those below it."""
    of_make = dict.fromkeys(("MAKEFLAGS", "MFLAGS", "MAKELEVEL"))
    environment = {name: value for name, value in {**os.environ, **of_make, **variables}.items() if value is not None}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def mounted(how: str, command: list[str]) -> list[str]:
    """The command, after `how` in a mount namespace of its own (man 7 mount_namespaces)."""
    return ["unshare", "-Urm", "sh", "-c", f'{how} && exec "$@"', "sh", *command]


can_mount = pytest.mark.skipif(
    subprocess.run(["unshare", "-Urmn", "true"], capture_output=True, check=False).returncode != 0,
    reason="an ordinary user may not mount here",
)
ONLY_PYPI = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": None, "PIP_INDEX_URL": None, "PIP_RETRIES": "1"}
READ_ONLY = "mount --bind . . && mount -o remount,bind,ro . && cd ."
NO_PROC = "mount -t tmpfs tmpfs /proc"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of one as `make lab` reads before packages have come. Its path has spaces and an umlaut in it."""
    checkout = tmp_path / "zu Hause, Übung 1"
    (checkout / "authoring").mkdir(parents=True)
    for name in ("authoring/make-environment", "pyproject.toml", "README.md", "Makefile"):
        shutil.copy(ROOT / name, checkout / name)
    return checkout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty one, which takes seconds to make."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


def make(checkout: Path, python: str = sys.executable) -> list[str]:
    return ["make", "--silent", "-C", str(checkout), "lab", f"PYTHON={python}"]


def said(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a start that failed; what make adds to it is make's."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    (sentence,) = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    return sentence


def test_without_the_venv_module(checkout: Path) -> None:
    """On Debian and Ubuntu it is a package of its own."""
    (checkout / "ensurepip.py").write_text("raise ImportError('not here')")
    sentence = said(run(make(checkout), checkout, PYTHONPATH=str(checkout)))
    assert re.search(r"cannot make virtual environments: sudo apt install python3\.\d+-venv$", sentence)


@pytest.fixture
def old_python() -> Path:
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    old = next(versions.glob("3.[6-9].*/bin/python3"), None)
    if old is None:
        pytest.skip("there is no old Python here")
    return old


def test_with_an_old_python(checkout: Path, old_python: Path) -> None:
    assert "is not a Python 3.10 or newer: run make with PYTHON=" in said(
        run(make(checkout, str(old_python)), checkout)
    )


def test_with_another_python_than_the_environment_has(checkout: Path, environment: Path, old_python: Path) -> None:
    """Also where `.venv` is up to date, and make has nothing to do for it."""
    (checkout / ".venv").symlink_to(environment)
    (environment / "lab").touch()
    sentence = said(run(make(checkout, str(old_python)), checkout))
    assert f".venv has Python {platform.python_version()}. To have another one, run make clean before" in sentence


def test_without_a_python(checkout: Path) -> None:
    programs = checkout / "bin"
    programs.mkdir()
    for name in ("make", "sh", "uname"):
        (programs / name).symlink_to(str(shutil.which(name)))
    assert said(run(make(checkout, ""), checkout, PATH=str(programs))).startswith("Python 3.10 or newer is needed: ")


@can_mount
def test_without_a_network(checkout: Path, environment: Path) -> None:
    (checkout / ".venv").symlink_to(environment)
    sentence = said(run(["unshare", "-Urn", *make(checkout)], checkout, **ONLY_PYPI))
    assert sentence == "No package can be fetched: is the network up? Run make again when it is."


def test_with_a_proxy_that_does_not_answer(checkout: Path, environment: Path) -> None:
    (checkout / ".venv").symlink_to(environment)
    sentence = said(run(make(checkout), checkout, **ONLY_PYPI, HTTPS_PROXY="http://127.0.0.1:9", https_proxy=None))
    assert sentence.startswith("The proxy http://127.0.0.1:9 does not let pip through: ")


@can_mount
def test_on_a_full_disk(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    full = f"mount -t tmpfs -o size=1m tmpfs {shlex.quote(str(checkout))}/.venv"
    assert said(run(mounted(full, make(checkout)), checkout)).startswith("The disk is full: free 1 GB")


@can_mount
def test_a_checkout_that_cannot_be_written_to(checkout: Path) -> None:
    sentence = said(run(mounted(READ_ONLY, make(checkout)), checkout))
    assert sentence.startswith("This folder cannot be written to: make a copy that can")


@pytest.fixture(scope="module")
def lab_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mit Leerzeichen und Ümlaut")
    list(course.lay_out(folder))
    return folder


@can_mount
def test_a_course_that_cannot_be_written_to(lab_folder: Path) -> None:
    sentence = said(run(mounted(READ_ONLY, [*ZEROHTTPD, "lab", "--no-browser"]), lab_folder))
    assert "Read-only file system. Lay the course out in a folder of yours: zerohttpd init" in sentence


@can_mount
def test_a_course_that_was_opened_before_and_cannot_be_written_to_any_more(lab_folder: Path) -> None:
    _environment(lab_folder, "redis://127.0.0.1")
    test_a_course_that_cannot_be_written_to(lab_folder)


@can_mount
def test_without_proc(lab_folder: Path) -> None:
    sentence = said(run(mounted(NO_PROC, [*ZEROHTTPD, "lab", "--no-browser"]), lab_folder))
    assert sentence.endswith("sudo mount -t proc proc /proc")


@can_mount
def test_a_disk_that_is_full_for_the_course(tmp_path: Path) -> None:
    full = f"mount -t tmpfs -o size=100k tmpfs {tmp_path} && cd {tmp_path}"
    assert "No space left on device. Free some space" in said(run(mounted(full, [*ZEROHTTPD, "init"]), tmp_path))


PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # ASCII


def opened(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """What `zerohttpd lab` says until it has said where it is, and when it is then told to end. It ends well."""
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if re.search(r"http://127\.0\.0\.1:\d+/lab", line):
                break
        process.send_signal(signal.SIGTERM)
        lines.append(process.stdout.read())
    text = "".join(lines)
    assert process.returncode == 0 and "Traceback" not in text, text
    assert not re.search("warning", text, re.I)
    return text


def test_without_a_home_in_a_plain_locale_with_few_descriptors_at_a_taken_port_it_starts(lab_folder: Path) -> None:
    """All at once, for each start takes seconds. The one thing that can be mended is said."""
    away = {name: value for name, value in os.environ.items() if name != "HOME"} | PLAIN
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [*ZEROHTTPD, "lab", "--no-browser", "--port", str(port)]
        text = opened(["sh", "-c", 'ulimit -n 1000; exec "$@"', "sh", *command], lab_folder, away)
    assert f":{port}/" not in text
    assert "put '* hard nofile 20000' into /etc/security/limits.conf" in text


@can_mount
def test_as_root_it_starts(lab_folder: Path) -> None:
    """JupyterLab by itself would refuse, and ask for an option."""
    opened(["unshare", "-Ur", *ZEROHTTPD, "lab", "--no-browser", "--port", "0"], lab_folder, os.environ)


def test_everything_else_works_in_a_plain_locale(tmp_path: Path) -> None:
    for arguments in (["init", "here"], ["doctor"], ["diff", "poll", "epoll"], ["update", "here"]):
        done = run([*ZEROHTTPD, *arguments], tmp_path, HOME=None, **PLAIN)
        assert (done.returncode, done.stderr) == (0, "")
