"""JupyterLab on the chapters, with a Redis that runs as long as it does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Final

from ..kernel.sockets import Address, listen
from .course import FIRST_CHAPTER, chapters_of
from .errors import LabError
from .processes import GUARD
from .redis_server import Redis

GRACE: Final = 5.0  # seconds for JupyterLab to end its kernels


def check_address(address: Address) -> None:
    """Raises LabError where JupyterLab cannot listen, which it says in a traceback, or not at all."""
    host, port = address
    if not 0 <= port <= 65535:
        raise LabError(f"--port {port}: a port is a number from 0 to 65535.")
    try:
        listen("" if host == "*" else host, 0).close()
    except OSError as problem:
        raise LabError(
            f"JupyterLab cannot listen on {host}: {problem.strerror}. Without --host it is on this machine only."
        ) from None


def run_jupyterlab(course: Path, address: Address, *, open_browser: bool, redis_url: str | None) -> int:
    """Run JupyterLab in the foreground, on the folder `course`, until Ctrl-C or SIGTERM. Returns its exit status.

    `address`: where it listens, host and port. Whoever opens it there needs the token that it prints.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    with Redis(redis_url) as redis:
        print(redis)
        print("The notebooks use it through REDIS_URL. Ctrl-C ends JupyterLab and all that runs in it.")
        print("JupyterLab starts, which takes a few seconds; then its address is here ...", flush=True)
        # JupyterLab asks "are you sure?" on Ctrl-C. It is in a session of its own, so that the
        # Ctrl-C comes to us; the guard then ends it, and its kernels with it.
        guard = [sys.executable, "-I", "-S", str(GUARD), "--grace", str(GRACE), "--"]
        jupyter = subprocess.Popen(
            [*guard, *_command(course, address, open_browser)],
            cwd=course,
            env=_environment(course, redis.url),
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            return jupyter.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            assert jupyter.stdin is not None
            jupyter.stdin.close()
            jupyter.wait()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _command(course: Path, address: Address, open_browser: bool) -> list[str]:
    host, port = address
    first = chapters_of(course) / Path(FIRST_CHAPTER).name
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={course}",
        f"--ServerApp.ip={host}",
        f"--ServerApp.port={port}",
        f"--ServerApp.open_browser={open_browser}",
        "--Application.log_level=ERROR",  # what is left is the address, with its token
        "--KernelManager.transport_encryption=auto",  # else each kernel warns that its messages are readable
        f"--LabApp.default_url=/lab/tree/{first.relative_to(course)}",
    ]
    if os.geteuid() == 0:  # in a container, most likely; Jupyter wants to be told
        command.append("--allow-root")
    return command


def _environment(course: Path, redis_url: str) -> dict[str, str]:
    """Everything that Jupyter writes goes into `.lab` beside the chapters, not into your home."""
    home = course / ".lab"
    folders = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
        "MPLCONFIGDIR": home / "matplotlib",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)  # a folder that is there is enough for mkdir(), in a read-only file system, too
    _silence_the_news(folders["JUPYTERLAB_SETTINGS_DIR"])
    programs = Path(sys.executable).parent  # where a terminal in JupyterLab finds zerohttpd
    ours = {name: str(folder) for name, folder in folders.items()}
    ours["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    # Jupyter makes a URL of its folder's name, and fails in a locale that lacks one of its letters.
    return {**os.environ, **ours, "PYTHONUTF8": "1", "REDIS_URL": redis_url}


def _silence_the_news(settings: Path) -> None:
    """JupyterLab's first start asks whether to fetch news from the network. The answer here is no."""
    file = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
