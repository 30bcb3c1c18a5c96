"""Runs a command in the room of one learner, until it ends or a signal ends it. For rooms.py, as root.

A room has processes, a network, a /tmp and a home of its own (man 7 namespaces); of the machine it sees programs and
libraries, which it cannot write to. Its loopback is nobody else's, so another learner's Redis is not forbidden: there
is no way to it. One pair of interfaces (man 4 veth) leads to the hub's address, and to no other one. The guard counts
memory and processes, and whatever happens, what is in a room ends with it.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import resource
import signal
import subprocess
import sys
from types import FrameType
from typing import Final

from zerohttpd_lib.lab.guard import children_of
from zerohttpd_lib.lab.processes import GUARD

GRACE: Final = 10.0  # seconds for JupyterLab to end its kernels
TMP: Final = 512 * 2**20  # bytes in a room's /tmp, which is memory
THREADS: Final = 5  # for each process, as the guard counts
# In the learner's home: the course is laid out over nothing that is there.
START: Final = 'zerohttpd init my-lab >/dev/null && cd my-lab && exec "$@"'


def main() -> int:
    options = _options()
    learner = pwd.getpwnam(options.user)
    about, told = os.pipe()
    held, let_go = os.pipe()
    _limit(options)
    guard = [sys.executable, "-I", "-S", str(GUARD), "--grace", "1", "--most", str(options.processes)]
    guard += ["--memory", str(options.memory), "--keep", f"{told},{held}", "--"]
    box = [*_box(learner, told, held), "sh", "-c", START, "sh", *options.command]
    room = subprocess.Popen([*guard, *box], stdin=subprocess.PIPE, pass_fds=(told, held), start_new_session=True)
    os.close(told)
    os.close(held)
    with os.fdopen(about) as file:
        first = int(json.load(file)["child-pid"])
    ends = _End(room, first)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ends.on_signal)
    _connect(options, first)
    os.write(let_go, b".")
    status = room.wait()
    return 0 if ends.wanted else status


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--hub", "--address", "--interface"):
        parser.add_argument(name, required=True)
    for name in ("--processes", "--memory", "--descriptors"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("user")
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def _limit(options: argparse.Namespace) -> None:
    """What the kernel itself counts (man 2 setrlimit); that of processes holds once we are no longer root."""
    threads = options.processes * THREADS
    resource.setrlimit(resource.RLIMIT_NOFILE, (options.descriptors, options.descriptors))
    resource.setrlimit(resource.RLIMIT_NPROC, (threads, threads))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _box(learner: pwd.struct_passwd, told: int, held: int) -> list[str]:
    """bubblewrap's command (man 1 bwrap). It says who is first in there, and waits until the network is there."""
    home = learner.pw_dir
    return [
        *("setpriv", f"--reuid={learner.pw_uid}", f"--regid={learner.pw_gid}", "--clear-groups"),
        *("--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"),
        # As the learner: what root's bwrap hides of /proc would keep the boxes for answers from having one.
        *("bwrap", "--unshare-user", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run"),
        *("--size", str(TMP), "--perms", "1777", "--tmpfs", "/tmp"),
        *("--tmpfs", os.path.dirname(home), "--bind", home, home, "--chdir", home),
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--die-with-parent"),
        *("--info-fd", str(told), "--block-fd", str(held)),
    ]


def _connect(options: argparse.Namespace, first: int) -> None:
    """Two interfaces, one here and one in the room, of which each leads to the other one's address alone."""
    inside = ["nsenter", f"--net=/proc/{first}/ns/net"]
    here, there = options.interface, "eth0"
    subprocess.run(
        ["ip", "link", "delete", here], stderr=subprocess.DEVNULL, check=False
    )  # of a room that has just ended
    for command in (
        ["ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", str(first)],
        ["ip", "address", "add", options.hub, "peer", options.address, "dev", here],
        ["ip", "link", "set", here, "up"],
        [*inside, "ip", "address", "add", options.address, "peer", options.hub, "dev", there],
        [*inside, "ip", "link", "set", there, "up"],
    ):
        subprocess.run(command, check=True)


class _End:
    """Of a room: its command is told, and what has not ended after the grace is ended."""

    def __init__(self, room: subprocess.Popen[bytes], first: int) -> None:
        self._room, self._first = room, first
        self.wanted = False

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.wanted:  # once is enough: the hub repeats itself
            return
        self.wanted = True
        for pid in children_of(self._first):
            os.kill(pid, signal.SIGTERM)
        signal.signal(signal.SIGALRM, self._close)
        signal.setitimer(signal.ITIMER_REAL, GRACE)

    def _close(self, number: int, frame: FrameType | None) -> None:
        assert self._room.stdin is not None
        self._room.stdin.close()


if __name__ == "__main__":
    sys.exit(main())
