"""A Redis of the lab's own, from PATH or from the wheel, or the one that you name."""

from __future__ import annotations

import os
import platform
import socket
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from sysconfig import get_path

import pytest
from tiny_server import TinyServer, answers, free_port

from zerohttpd_lib import Lab
from zerohttpd_lib.lab.errors import LabError
from zerohttpd_lib.lab.redis_program import WHEELS, find_redis_server, how_to_get_one, where_it_is_from
from zerohttpd_lib.lab.redis_server import Redis, parse_url


@pytest.fixture(autouse=True)
def no_redis_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH that leads to one empty folder."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_two_labs_have_a_redis_each() -> None:
    with Lab() as one, Lab() as other:
        assert one.redis.url != other.redis.url
        one.redis.client.set("key", "one")
        assert other.redis.client.get("key") is None
        assert one.redis.is_throw_away
        assert one.redis.pid != other.redis.pid


def test_a_throw_away_redis_ends_and_leaves_nothing_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Redis() as redis:
        redis.client.set("key", "value")
        assert redis.client.config_get("save") == {"save": ""}
        assert redis.client.config_get("appendonly") == {"appendonly": "no"}
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(redis.address)


def test_a_throw_away_redis_starts_though_the_temporary_folder_is_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "link"))
    with Redis() as redis:
        assert redis.client.ping()


def test_redis_url_is_used_and_left_alone(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", redis.url)
    lab = Lab()
    assert lab.redis.address == redis.address
    assert not lab.redis.is_throw_away
    lab.redis.client.set("visitor_count", 41)
    assert "42" in lab.serve("epoll").get("/guestbook").text
    lab.close()
    assert redis.client.get("visitor_count") == b"42"


def test_the_redis_that_lab_is_given_comes_before_redis_url(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    with Lab(redis=redis.url) as lab:
        assert lab.redis.url == redis.url


def test_an_empty_redis_url_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "")
    with Lab() as lab:
        assert lab.redis.is_throw_away


def test_a_redis_that_does_not_answer_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"redis://127.0.0.1:{free_port()}"
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(LabError, match=url):
        Lab()


def test_something_else_at_that_address_is_an_error_too() -> None:
    with TinyServer(answers(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as tiny, pytest.raises(LabError, match="No Redis"):
        Redis(f"redis://127.0.0.1:{tiny.address[1]}")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://localhost", ("localhost", 6379)),
        ("redis://10.0.0.1:7000/", ("10.0.0.1", 7000)),
        ("redis://host:1/0", ("host", 1)),
        ("redis://[::1]:6380", ("::1", 6380)),
    ],
)
def test_a_url_is_host_and_port(url: str, address: tuple[str, int]) -> None:
    assert parse_url(url) == address


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "not a Redis address"),
        ("localhost:6379", "not a Redis address"),
        ("http://localhost:6379", "not a Redis address"),
        ("rediss://localhost:6379", "not a Redis address"),
        ("redis://", "not a Redis address"),
        ("redis://h:port", "from 1 to 65535"),
        ("redis://h:65536", "from 1 to 65535"),
        ("redis://h:0", "from 1 to 65535"),
        ("redis://:secret@h:6379", "redis://h:6379"),
        ("redis://me:secret@h:6379", "without a password"),
        ("redis://h:6379/1", "database 0"),
        ("redis://h:6379?db=1", "database 0"),
    ],
)
def test_a_url_that_cannot_be_served_says_what_can(url: str, message: str) -> None:
    with pytest.raises(LabError, match=message):
        parse_url(url)


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_the_one_on_path_comes_first(empty_path: Path, name: str) -> None:
    program = empty_path / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_redis_server() == program
    assert where_it_is_from(program) == f"from PATH, {program}"


def test_without_one_on_path_the_one_in_a_wheel_is_run(empty_path: Path) -> None:
    if not any(find_spec(wheel) for wheel in WHEELS):
        pytest.skip("no wheel has a Redis for this Python on this machine")
    with Redis() as redis:
        program = Path(os.readlink(f"/proc/{redis.pid}/exe"))
        package = program.relative_to(get_path("platlib")).parts[0]
        assert package in WHEELS and where_it_is_from(program) == f"from the Python package {package}"
        assert redis.client.ping()


def test_without_either_the_error_says_how_to_get_one(empty_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wheel in WHEELS:
        monkeypatch.setitem(sys.modules, wheel, None)
    with pytest.raises(LabError, match=r"There is no Redis here\. Install one: .*REDIS_URL"):
        Redis()


@pytest.mark.parametrize(
    ("system", "command"),
    [
        ({"ID": "debian"}, "sudo apt install redis-server"),
        ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian"}, "sudo apt install redis-server"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "sudo dnf install valkey"),
        ({"ID": "manjaro", "ID_LIKE": "arch"}, "sudo pacman -S valkey"),
        ({"ID": "alpine"}, "sudo apk add valkey"),
        ({"ID": "opensuse-tumbleweed", "ID_LIKE": "opensuse suse"}, "sudo zypper install valkey"),
        ({"ID": "unheard-of"}, "your package manager has it"),
    ],
    ids=lambda value: value["ID"] if isinstance(value, dict) else "",
)
def test_how_to_get_one_depends_on_the_system(
    system: dict[str, str], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: system)
    assert command in how_to_get_one()


def test_a_redis_that_does_not_start_is_quoted(empty_path: Path) -> None:
    program = empty_path / "redis-server"
    program.write_text("#!/bin/sh\necho 'wrong architecture' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(LabError, match="wrong architecture"):
        Redis()
