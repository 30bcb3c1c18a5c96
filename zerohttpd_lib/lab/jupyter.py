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

from .errors import LabError
from .processes import GUARD
from .redis_server import Redis

FIRST_CHAPTER: Final = "chapters/00-start-here.ipynb"
GRACE: Final = 5.0  # seconds for JupyterLab to end its kernels


def find_course() -> Path:
    """The folder with the chapters: this one, or the checkout that the package was installed from."""
    for folder in (Path.cwd(), *Path.cwd().parents, Path(__file__).parents[2]):
        if (folder / FIRST_CHAPTER).exists():
            return folder
    raise LabError("There are no chapters here. Go to the folder you cloned, and run it there.")


def run_jupyterlab(*, port: int, open_browser: bool, redis_url: str | None) -> int:
    """Run JupyterLab in the foreground until Ctrl-C or SIGTERM. Returns its exit status."""
    course = find_course()
    signal.signal(signal.SIGTERM, _interrupt)
    with Redis(redis_url) as redis:
        print(redis)
        print("The notebooks use it through REDIS_URL. Ctrl-C ends JupyterLab and all that runs in it.", flush=True)
        # JupyterLab asks "are you sure?" on Ctrl-C. It is in a session of its own, so that the
        # Ctrl-C comes to us; the guard then ends it, and its kernels with it.
        guard = [sys.executable, "-I", "-S", str(GUARD), "--grace", str(GRACE), "--"]
        jupyter = subprocess.Popen(
            [*guard, *_command(course, port, open_browser)],
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


def _command(course: Path, port: int, open_browser: bool) -> list[str]:
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={course}",
        f"--ServerApp.port={port}",
        f"--ServerApp.open_browser={open_browser}",
        "--Application.log_level=ERROR",  # what is left is the address, with its token
        f"--LabApp.default_url=/lab/tree/{FIRST_CHAPTER}",
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
    _silence_the_news(folders["JUPYTERLAB_SETTINGS_DIR"])
    return {**os.environ, **{name: str(folder) for name, folder in folders.items()}, "REDIS_URL": redis_url}


def _silence_the_news(settings: Path) -> None:
    """JupyterLab's first start asks whether to fetch news from the network. The answer here is no."""
    file = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
