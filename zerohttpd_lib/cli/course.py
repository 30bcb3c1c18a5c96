"""zerohttpd init | lab: the course, laid out and opened."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from .serving import add_redis


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The commands, with what they take."""
    init = commands.add_parser("init", help="lay out chapters and exercises in a folder, over nothing that is there")
    init.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="FOLDER", help="(default: this one)")
    init.set_defaults(run=_init)

    lab = commands.add_parser("lab", help="open the chapters in JupyterLab, with a Redis running")
    lab.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="where they are (default: this folder)")
    lab.add_argument(
        "--host", default="127.0.0.1", help="address that JupyterLab listens on (default: this machine only)"
    )
    lab.add_argument(
        "--port", type=int, default=8888, help="JupyterLab's port (default: 8888); the next free one if it is taken"
    )
    lab.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    add_redis(lab)
    lab.set_defaults(run=_lab)


def _init(options: argparse.Namespace) -> int:
    from ..lab.course import lay_out

    for line in lay_out(options.folder):
        print(line)
    print(f"Now: zerohttpd lab {shlex.quote(str(options.folder))}")
    return 0


def _lab(options: argparse.Namespace) -> int:
    from ..doctor import what_the_lab_lacks
    from ..lab.course import copy_chapters, find_course
    from ..lab.jupyter import check_address, run_jupyterlab

    address = (options.host, options.port)
    check_address(address)
    course = find_course(options.folder)
    for sentence in (*what_the_lab_lacks(), *copy_chapters(course)):
        print(sentence)
    return run_jupyterlab(course, address, open_browser=not options.no_browser, redis_url=options.redis)
