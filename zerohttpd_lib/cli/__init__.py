"""The command line: zerohttpd serve | diff | doctor | load | sweep | grade | update | init | lab."""

from __future__ import annotations

import argparse
import errno
import io
import os
import select
import signal
import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Final

from . import course, grading, measuring, serving

# What is no fault of ours, and what mends it.
CANNOT_WRITE: Final = {
    errno.ENOSPC: "Free some space (df -h shows where there is none), and try again.",
    errno.EROFS: "Lay the course out in a folder of yours: zerohttpd init ~/my-lab; zerohttpd lab ~/my-lab",
    errno.EACCES: "Lay the course out in a folder of yours: zerohttpd init ~/my-lab; zerohttpd lab ~/my-lab",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status. A person's mistake is one sentence and status 2."""
    from ..lab.errors import LabError
    from ..servers.serve import CannotServe

    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal has an arrow
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except (LabError, CannotServe) as problem:
        print(f"zerohttpd: {problem}", file=sys.stderr)
        return 2
    except OSError as problem:
        if isinstance(problem, BrokenPipeError) and _nobody_reads():
            _give_up_output()
            return 128 + signal.SIGPIPE
        if problem.errno not in CANNOT_WRITE:
            raise
        if problem.filename is None:
            _give_up_output()
        what = problem.filename or "the output"
        print(f"zerohttpd: {what}: {problem.strerror}. {CANNOT_WRITE[problem.errno]}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        print(f"zerohttpd: {str(interrupt) or 'interrupted'}", file=sys.stderr)
        return 130
    return status


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as ended:  # --help, --version, or a mistake: argparse has said it
        return int(ended.code or 0)
    status: int = options.run(options)
    return status


def _open_what_is_closed() -> None:
    """Where we were started with `>&-`: else the next file to be opened would be our output, and our children's."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(opened, True)
    os.close(opened)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _give_up_output() -> None:
    """What is left of it is flushed at the end, and has to go somewhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _nobody_reads() -> bool:
    """Whether whoever read what we print has gone, as in `zerohttpd diff poll epoll | head` (man 2 poll, POLLERR)."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    return any(events & select.POLLERR for _, events in output.poll(0))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zerohttpd", description="One guestbook, many ways to wait.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {metadata.version('zerohttpd-lab')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for part in (serving, measuring, grading, course):
        part.add(commands)
    return parser
