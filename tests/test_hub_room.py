"""A learner's room on the hub: what is in it, what is not, and its end. hub/try_class.py has a hub around five."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import wait_until

from zerohttpd_lib.lab.guard import descendants

HUB = Path(__file__).resolve().parents[1] / "hub"
ADDRESS, ROOM = "10.203.0.1", "10.203.1.2"
pytestmark = [
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("bwrap") or not shutil.which("ip"),
        reason="rooms are made by root, with bwrap and ip",
    ),
    pytest.mark.skipif(sys.prefix.startswith("/tmp/"), reason="a room has a /tmp of its own, without this Python"),
]
LEARNER, NOT_FOR_ALL = 20_001, 77
HOME = shlex.quote(pwd.getpwuid(0).pw_dir)  # root's
# A network apart, so that no address of this machine is taken, and a table of users apart. Where this Python lies in
# root's home, that home is one that everybody may look into, with nothing else in it.
APART = f"""
mount --bind "$1" /etc/passwd && ip link set lo up && ip address add {ADDRESS}/32 dev lo || exit
case $2 in {HOME}/*)
    mount --bind "$2" /mnt && mount -t tmpfs -o mode=755 tmpfs {HOME} && mkdir -p "$2" && mount --bind /mnt "$2" || exit
esac
shift 2
setpriv --reuid={LEARNER} --clear-groups "$1" -c "" || exit {NOT_FOR_ALL}
exec "$@"
"""
LOOK = """
import json, os, pathlib, resource, socket, sys
from zerohttpd_lib.grading.box import best

def answers(host):
    try:
        socket.create_connection((host, int(sys.argv[1])), 2).close()
        return True
    except OSError:
        return False

status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "folder": os.getcwd(), "chapters": len(os.listdir("chapters")), "homes": os.listdir(pathlib.Path.home().parent),
    "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
    "capabilities": int(status["CapBnd"], 16),
    "hub": answers("10.203.0.1"), "loopback": answers("127.0.0.1"), "elsewhere": answers("10.203.9.9"),
    "box": best().kind, "descriptors": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
    "writes": [os.access(path, os.W_OK) for path in ("/etc", "/tmp", ".")],
}), flush=True)
sys.stdin.read()
"""
WITH_A_DAEMON = """
import signal, subprocess
subprocess.Popen(["setsid", "sleep", "1000"])
print("here", flush=True)
signal.pause()
"""
LISTENER = """
import socket, subprocess, sys
with socket.create_server(("", 0)) as listener:
    sys.exit(subprocess.call([*sys.argv[1:], str(listener.getsockname()[1])]))
"""


@pytest.fixture
def users() -> Iterator[Path]:
    """A table with a learner more, whose home is not below pytest's folder: that is root's alone."""
    with tempfile.TemporaryDirectory() as temporary:
        os.chmod(temporary, 0o755)
        homes = Path(temporary, "homes")
        for name in ("tester", "another"):
            (homes / name).mkdir(parents=True)
            os.chown(homes / name, LEARNER, LEARNER)
        table = Path(temporary, "passwd")
        line = f"tester:x:{LEARNER}:{LEARNER}::{homes / 'tester'}:/bin/sh\n"
        table.write_text(Path("/etc/passwd").read_text() + line)
        if subprocess.run([*apart(table), sys.executable, "-c", ""], check=False).returncode == NOT_FOR_ALL:
            pytest.skip("this Python is not for everybody to run")
        yield table


def apart(users: Path) -> list[str]:
    return ["unshare", "--mount", "--net", "sh", "-c", APART, "sh", str(users), sys.base_prefix]


@contextmanager
def room(users: Path, code: str, memory: int = 2**30, processes: int = 50) -> Iterator[subprocess.Popen[str]]:
    """`code` runs in it. Beside it, in the network that the hub would be in, something listens on all addresses."""
    limits = ["--processes", str(processes), "--memory", str(memory), "--descriptors", "2000"]
    place = ["--hub", ADDRESS, "--address", ROOM, "--interface", "room1"]
    command = [str(HUB / "room.py"), *place, *limits, "tester", "--", sys.executable, "-c", code]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment["HOME"] = str(users.parent / "homes" / "tester")
    with subprocess.Popen(
        [*apart(users), sys.executable, "-c", LISTENER, sys.executable, *command],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def below(process: subprocess.Popen[str]) -> list[int]:
    return descendants(process.pid)


def test_what_is_in_it_and_what_is_not(users: Path) -> None:
    with room(users, LOOK) as process:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        found = json.loads(line or process.stderr.read())
    assert found.pop("folder").endswith("/homes/tester/my-lab") and found.pop("chapters") > 0
    assert found.pop("homes") == ["tester"]
    assert found.pop("processes") <= 3  # bubblewrap's first one, and this one
    assert (found.pop("hub"), found.pop("loopback"), found.pop("elsewhere")) == (True, False, False)
    assert found == {"capabilities": 0, "box": "bubblewrap", "descriptors": 2000, "writes": [False, True, True]}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_that_is_in_it(number: signal.Signals, users: Path) -> None:
    with room(users, WITH_A_DAEMON) as process:
        assert process.stdout is not None and process.stdout.readline() == "here\n"
        inside = below(process)
        assert len(inside) >= 5
        os.kill(inside[0], number)
        assert process.wait(20) == 0
    wait_until(lambda: not [pid for pid in inside if Path(f"/proc/{pid}").exists()])


@pytest.mark.parametrize(
    "greedy",
    ["held = b'x' * 2**28", "import subprocess\nheld = [subprocess.Popen(['sleep', '99']) for _ in range(40)]"],
)
def test_more_than_is_allowed_is_its_end(greedy: str, users: Path) -> None:
    with room(users, f"{greedy}\nimport time\ntime.sleep(99)", memory=2**27, processes=20) as process:
        assert process.wait(30) in (96, 97)  # lab/guard.py: too many, too much
