"""Run the Dockerfile's steps in a Debian root made from packages, and then its command, without Docker.

    sudo .venv/bin/python containers/debian_root.py [FOLDER]

For Linux with mmdebstrap and bubblewrap, as root. FOLDER is where the root is made, and kept; without it one in /tmp,
which goes. As with `docker run --read-only --cap-drop=all` the root is then read-only, and the ordinary user has no
capability. It says what it tries, and what it sees; it takes some minutes, most of them for packages.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dockerfile import read_steps

ROOT: Final = Path(__file__).resolve().parents[1]
START_TIME, END_TIME, LOOK_AGAIN = 120, 20, 0.1  # seconds
CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"  # this machine's, which may know a proxy's
COPIED: Final = "/etc/ssl/of-this-machine.crt"  # there
FROM_HERE: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL")
AS_ORDINARY_USER: Final = ("--init-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


class Image:
    """A root file system, and what a Dockerfile has said about how things run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.user, self.folder = "root", "/"
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.start: list[str] = []

    def build(self) -> None:
        for step in read_steps():
            print(f"{step.instruction} {step.argument}", flush=True)
            getattr(self, f"_{step.instruction.lower()}")(step.argument)

    def _from(self, image: str) -> None:
        found = re.fullmatch(r"debian:(\w+)-slim", image)
        if found is None:
            sys.exit(f"FROM {image}: this makes roots of debian:SUITE-slim only.")
        # An archive that is a copy may be older than its release says it may be.
        options = ["--variant=minbase", "--quiet", '--aptopt=Acquire::Check-Valid-Until "false"']
        subprocess.run(["mmdebstrap", *options, found[1], self.root], check=True)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        if os.path.exists(CERTIFICATES):
            (self.root / "etc/ssl").mkdir(exist_ok=True)
            shutil.copy(CERTIFICATES, f"{self.root}{COPIED}")

    def _copy(self, argument: str) -> None:
        source, target = argument.split()
        files = [source]
        if source == ".":  # what a clone has
            listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
            files = [file for file in listed.stdout.split("\0") if file]
        for file in files:
            copy = self.root / target.lstrip("/") / (file if source == "." else "")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, copy)

    def _env(self, argument: str) -> None:
        name, value = argument.split("=", 1)
        self.environment[name] = value

    def _user(self, argument: str) -> None:
        self.user = argument

    def _workdir(self, argument: str) -> None:
        self.folder = argument

    def _run(self, argument: str) -> None:
        certificates = {"PIP_CERT": COPIED} if os.path.exists(CERTIFICATES) else {}
        passed = {name: os.environ[name] for name in FROM_HERE if name in os.environ}
        subprocess.run(
            ["chroot", f"--userspec={self.user}", self.root, "sh", "-c", argument],
            env=self.environment | {"HOME": self._home, "DEBIAN_FRONTEND": "noninteractive"} | passed | certificates,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def _expose(self, argument: str) -> None:
        pass  # it has this machine's ports

    def _entrypoint(self, argument: str) -> None:
        self.start = json.loads(argument)

    def _cmd(self, argument: str) -> None:
        self.start += json.loads(argument)

    @property
    def _home(self) -> str:
        return "/root" if self.user == "root" else f"/home/{self.user}"

    @contextlib.contextmanager
    def run(self, command: list[str]) -> Iterator[subprocess.Popen[str]]:
        """What `docker run --read-only --tmpfs /tmp --cap-drop=all --volume HOME:HOME` does; ended at the end."""
        variables = {**self.environment, "HOME": self._home, "USER": self.user}
        needed = [word for name in ("SETUID", "SETGID", "SETPCAP") for word in ("--cap-add", f"CAP_{name}")]
        box = [
            *(
                "bwrap",
                "--ro-bind",
                str(self.root),
                "/",
                "--proc",
                "/proc",
                "--dev",
                "/dev",
                "--perms",
                "1777",
                "--tmpfs",
                "/tmp",
            ),
            *("--bind", f"{self.root}{self._home}", self._home, "--chdir", self.folder, *needed),
            *("--unshare-pid", "--unshare-ipc", "--as-pid-1", "--die-with-parent", "--clearenv"),
            *(word for name, value in variables.items() for word in ("--setenv", name, value)),
            *("setpriv", f"--reuid={self.user}", f"--regid={self.user}", *AS_ORDINARY_USER),
        ]
        with subprocess.Popen([*box, *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            try:
                yield process
            finally:
                process.kill()

    def output(self, command: str) -> tuple[int, str]:
        with self.run(["sh", "-c", command]) as process:
            said = process.communicate()[0].strip()
        return process.returncode, said


def try_the_command(image: Image) -> None:
    """JupyterLab's address, from outside; then the end of it all."""
    began = time.monotonic()
    with image.run(image.start) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab\S*\?(token=\w+)", line):
                break
            if time.monotonic() - began > START_TIME:
                sys.exit(f"After {START_TIME} s there is no address.")
        else:
            sys.exit("It ended and gave no address.")
        print(f"JupyterLab: {answer_of(f'{found[1]}/api/status?{found[2]}', began + START_TIME)[:60]} ...")
        end(process)


def answer_of(address: str, deadline: float) -> str:
    """JupyterLab says where it is, and on a busy machine listens there some moments later."""
    while True:
        try:
            with urllib.request.urlopen(address) as reply:
                return f"{reply.status} {reply.read().decode()}"
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_AGAIN)


def end(process: subprocess.Popen[str]) -> None:
    """As `docker stop` does: a SIGTERM for the container's first process."""
    first = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
    space = os.readlink(f"/proc/{first}/ns/pid")
    os.kill(int(first), 15)
    status = process.wait(END_TIME)
    left = []
    for entry in Path("/proc").glob("[0-9]*/ns/pid"):
        with contextlib.suppress(OSError):  # ended since
            left += [entry.parts[2]] if os.readlink(entry) == space else []
    print(f"after SIGTERM: status {status}, {len(left)} processes left")
    if left:
        sys.exit(1)


TRIALS: Final = (
    ("id -u; grep CapBnd /proc/self/status", r"1\d\d\d\nCapBnd:\t0+"),
    ("touch /opt/lab/x 2>&1 || true", "Read-only file system"),
    ("zerohttpd doctor", r"ok +Redis "),
    ("pytest -q -p no:cacheprovider --nbval my-lab/chapters/00-start-here.ipynb", r"\d+ passed"),
    ("pytest -q -p no:cacheprovider --nbval my-lab/exercises/01*.ipynb || true", "attempted"),
)


def main(folder: Path) -> None:
    image = Image(folder)
    image.build()
    size = subprocess.run(["du", "-sm", folder], capture_output=True, text=True, check=True).stdout.split()[0]
    print(f"The root has {size} MB.")
    try_the_command(image)
    for command, wanted in TRIALS:
        status, said = image.output(command)
        print(f"$ {command}\n{said}", flush=True)
        if status or not re.search(wanted, said):
            sys.exit(f"Status {status}; wanted {wanted!r}.")


if __name__ == "__main__":
    if os.geteuid() != 0 or not (shutil.which("mmdebstrap") and shutil.which("bwrap")):
        sys.exit("This needs root, mmdebstrap and bubblewrap: sudo apt install mmdebstrap bubblewrap")
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary, "root"))
