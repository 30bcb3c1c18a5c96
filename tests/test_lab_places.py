"""Where the lab keeps its files, and which Redis it is told to use: what cannot be is a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from waiting import wait_until

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.lab.redis_server import Redis


@pytest.mark.parametrize("name", ["with spaces", "Ümläut ß 日本", "quote'and\"both", "back\\slash", "$HOME *;#x"])
def test_the_temporary_folder_may_have_any_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with Lab() as lab:
        server = lab.serve("epoll")
        assert server.get().status == 200
        wait_until(lambda: len(server.trace) > 4)
    assert not list(folder.iterdir())


def test_a_temporary_folder_that_is_not_there_is_a_sentence(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    for start in (Redis, lambda: lab.serve("epoll")):
        with pytest.raises(LabError, match="TMPDIR"):
            start()


FULL = """
from zerohttpd_lib import Lab, LabError
lab = Lab()
server = lab.serve("epoll")
print(lab.load(server, requests=2000, progress=False).requests)
try:
    server.trace
except LabError as problem:
    print("not recorded" in str(problem) and "No space left" in str(problem))
lab.close()
"""


def can_mount() -> bool:
    return subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="an ordinary user may not mount here")
def test_on_a_full_disk_a_server_runs_unrecorded_and_says_so(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=1m tmpfs "$TMPDIR" && exec "$@"'
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    environment.pop("REDIS_URL", None)
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", mount, "sh", sys.executable, "-c", FULL],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["2000", "True"], done.stderr


NONSENSE = [
    "redis://[::1", "redis://[::g]:1", "redis://a..b:1", f"redis://{'a' * 70}.x:1", "redis://\0:1",
    "redis://ex ample:1",
    "redis://h:１２", "redis://127.0.0.1:-1", "redis://999.1.1.1:1", "redis://*:1", "\n", "redis:///x", "6379",
]  # fmt: skip


@pytest.mark.parametrize("url", NONSENSE)
def test_a_url_that_is_nonsense_is_a_sentence(url: str) -> None:
    with pytest.raises(LabError, match=r"No Redis answers|not a Redis address|is not a number"):
        Lab(url)
