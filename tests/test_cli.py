"""The command line, as a person or a script uses it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

COMMAND = [sys.executable, "-m", "zerohttpd_lib"]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """`zerohttpd serve ...`, and the URL that it prints once it accepts."""
    process = subprocess.Popen(
        [*COMMAND, "serve", *arguments, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stdout.readline()
        found = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
        assert found, line + process.stderr.read()
        yield process, found[1]
    finally:
        process.kill()
        process.communicate()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def buffered() -> dict[str, str]:
    """As a shell has it. With PYTHONUNBUFFERED argparse itself meets a failing write, and says nothing of it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def descendants(pid: int) -> set[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = {int(child) for child in file.read().split()}
    return children.union(*(descendants(child) for child in children))


@pytest.mark.parametrize("rung", ["poll", "epoll"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_with_status_0_and_leaves_no_process(rung: str, how: signal.Signals) -> None:
    with serving(rung) as (process, url):
        assert urllib.request.urlopen(url + "/guestbook").status == 200
        ended = [os.pidfd_open(pid) for pid in descendants(process.pid)]
        assert ended  # its Redis, at least
        process.send_signal(how)
        assert process.wait(10) == 0
        for fd in ended:
            assert wait_readable(fd), "a process is left"


def wait_readable(fd: int) -> bool:
    import select

    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(5000))


def test_serve_without_a_rung_serves() -> None:
    with serving() as (_, url):
        assert b"Guestbook" in urllib.request.urlopen(url + "/guestbook").read()


def test_serve_with_workers_answers_and_stops_them_all() -> None:
    with serving("epoll", "--workers", "3") as (process, url):
        assert urllib.request.urlopen(url + "/guestbook").status == 200
        assert len(descendants(process.pid)) >= 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_load_prints_json_with_what_others_rely_on() -> None:
    with serving("epoll") as (_, url):
        loaded = run("load", url + "/guestbook", "--clients", "4", "--idle", "10", "--requests", "200", "--json")
    assert loaded.returncode == 0, loaded.stderr
    result = json.loads(loaded.stdout)
    assert result["requests"] == 200
    assert result["failed"] == 0
    assert result["requests_per_second"] > 0
    assert 0 < result["p50_ms"] <= result["p99_ms"]
    assert result["bottleneck"] in ("server", "generator", "redis", "machine", "none")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ([], "closed loop"),
        (["--rate", "50"], "open loop"),
        (["--think", "0.1"], "users who think"),
        (["--think", "0.1", "--think-times", "fixed", "--varied", "--keep-alive"], "users who think"),
    ],
)
def test_there_are_three_kinds_of_load(arguments: list[str], kind: str) -> None:
    with serving("edge") as (_, url):
        loaded = run("load", url + "/guestbook", "--clients", "4", "--seconds", "0.5", *arguments, "--json")
    assert loaded.returncode == 0, loaded.stderr
    result = json.loads(loaded.stdout)
    assert result["kind"] == kind
    assert result["requests"] > 0
    assert result["failed"] == 0
    assert result["seconds"] >= 0.5
    assert result["requests_per_second"] == pytest.approx(result["requests"] / result["seconds"], rel=0.05)


def test_load_finds_the_redis_behind_a_server() -> None:
    with serving("epoll") as (_, url):
        loaded = run("load", url + "/guestbook", "--requests", "200", "--json")
    assert set(json.loads(loaded.stdout)["cores"]) == {"server", "generator", "redis"}


def test_load_prints_a_table_for_people() -> None:
    with serving("epoll") as (_, url):
        loaded = run("load", url + "/guestbook", "--requests", "50")
    assert re.search(r"^Answered: +50 requests", loaded.stdout, re.M)
    assert re.search(r"^Limit: ", loaded.stdout, re.M)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["load", "http://192.0.2.1/"], "is not this machine"),
        (["load", "nonsense"], "is not a URL to load"),
        (["load", "http://127.0.0.1:1/", "--think", "0"], "think=0.0: choose more than 0"),
        (["load", "http://127.0.0.1:1/", "--rate", "-1"], "rate=-1.0: choose more than 0"),
        (["load", "http://127.0.0.1:1/", "--clients", "0"], "at least one client"),
        (["load", "http://127.0.0.1:1/", "--idle", "10000000"], "choose"),
        (["serve", "--redis", "redis://:secret@127.0.0.1:6379"], "without a password"),
        (["serve", "--redis", "redis://127.0.0.1:1"], "No Redis answers"),
        (["serve", "--workers", "0"], "at least one worker"),
        (["serve", "iterative", "--workers", "3"], "no pool"),
        (["serve", "--port", "123456"], "0 to 65535"),
        (["serve", "--host", "192.0.2.1"], "Choose an address of this machine"),
        (["serve", "--host", "nowhere.invalid"], "Choose an address of this machine"),
        (["lab", "--port", "99999", "--no-browser"], "0 to 65535"),
        (["lab", "--host", "192.0.2.1", "--no-browser"], "JupyterLab cannot listen on 192.0.2.1"),
        (["lab", "--host", "nowhere.invalid", "--no-browser"], "JupyterLab cannot listen on nowhere.invalid"),
        (["sweep", "--clients", "8;9"], "numbers with commas between them"),
        (["sweep", "--workers", "poll"], "RUNG=N with commas between them"),
        (["sweep", "--workers", "pol=1"], "there is no rung pol"),
        (["sweep", "--png", "/dev/null/race.png"], "/dev/null/race.png cannot be written"),
        (["sweep", "--csv", "/tmp"], "/tmp cannot be written"),
    ],
)
def test_a_mistake_gets_one_sentence_and_no_traceback(arguments: list[str], sentence: str) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["diff poll epoll", "doctor", "--help", "load --help", "--version"])
def test_whoever_reads_the_output_may_leave_before_its_end(command: str) -> None:
    """As head does. A shell has the same status of a program that SIGPIPE ends."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as output:
        done = subprocess.run(
            [*COMMAND, *command.split()], stdout=output, stderr=subprocess.PIPE, check=False, env=buffered()
        )
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


@pytest.mark.parametrize("command", ["diff poll epoll", "--help"])
def test_output_that_cannot_be_written_gets_one_sentence(command: str) -> None:
    with open("/dev/full", "wb") as output:
        done = subprocess.run(
            [*COMMAND, *command.split()], stdout=output, stderr=subprocess.PIPE, check=False, env=buffered()
        )
    assert done.returncode == 2
    assert re.fullmatch(rb"zerohttpd: the output: No space left on device\. .*\n", done.stderr)


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", ["diff poll epoll", "doctor", "--help"])
def test_nobody_need_want_any_output(command: str, closed: str) -> None:
    line = f'exec "$@" {command} {closed}'
    done = subprocess.run(["sh", "-c", line, "sh", *COMMAND], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert bool(done.stdout) == (closed == "2>&-")


def test_a_taken_port_gets_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "--port", str(taken.getsockname()[1]))
    assert result.returncode == 2
    assert "Cannot listen" in result.stderr and "Traceback" not in result.stderr


def test_doctor_finds_all_well_here() -> None:
    result = run("doctor")
    assert result.returncode == 0, result.stdout
    assert [line.split()[0] for line in result.stdout.splitlines()].count("WRONG") == 0


def test_doctor_names_a_redis_that_does_not_answer() -> None:
    result = run("doctor", REDIS_URL="redis://127.0.0.1:1")
    assert result.returncode == 1
    assert re.search(r"^WRONG +Redis .*->", result.stdout, re.M)
