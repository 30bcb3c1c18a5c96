"""The command line: zerohttpd init | lab | serve | load | sweep | diff | doctor | grade | update."""

from __future__ import annotations

import argparse
import errno
import io
import os
import shlex
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from .load.plan import THINK_TIMES
from .servers import DEFAULT_RUNG, RUNGS

REPORTS = {
    "junitxml": "write the results as JUnit has them",
    "html": "write them as a page for the teacher",
    "csv": "write them for a spreadsheet",
    "pages": "write a page for each student",
    "gradescope": "write one student's as Gradescope has them",
}
# What is no fault of ours, and what mends it.
CANNOT_WRITE: Final = {
    errno.ENOSPC: "Free some space (df -h shows where there is none), and try again.",
    errno.EROFS: "Lay the course out in a folder of yours: zerohttpd init ~/my-lab; zerohttpd lab ~/my-lab",
    errno.EACCES: "Lay the course out in a folder of yours: zerohttpd init ~/my-lab; zerohttpd lab ~/my-lab",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status. A person's mistake is one sentence and status 2."""
    from .lab.errors import LabError
    from .servers.serve import CannotServe

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal has an arrow
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except (LabError, CannotServe) as problem:
        print(f"zerohttpd: {problem}", file=sys.stderr)
        return 2
    except OSError as problem:
        if problem.errno not in CANNOT_WRITE:
            raise
        print(f"zerohttpd: {problem.filename}: {problem.strerror}. {CANNOT_WRITE[problem.errno]}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:
        print(f"zerohttpd: {str(interrupt) or 'interrupted'}", file=sys.stderr)
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zerohttpd", description="One guestbook, many ways to wait.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {metadata.version('zerohttpd-lab')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run a server in the foreground", description=_rungs())
    serve.formatter_class = argparse.RawDescriptionHelpFormatter
    serve.add_argument("rung", nargs="?", default=DEFAULT_RUNG, choices=RUNGS, metavar="RUNG")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    serve.add_argument("--port", type=int, default=8000, help="port to listen on; 0 takes any free one")
    serve.add_argument("--workers", type=int, metavar="N", help="size of the pool, or number of processes")
    serve.add_argument("--share", help="how the processes share the port: listener, exclusive or reuseport")
    _add_redis(serve)
    serve.set_defaults(run=_serve)

    _add_load(commands)
    _add_sweep(commands)

    diff = commands.add_parser("diff", help="what changes from one rung to another")
    diff.add_argument("before", choices=RUNGS, metavar="RUNG")
    diff.add_argument("after", choices=RUNGS, metavar="RUNG")
    diff.add_argument("--color", default="auto", choices=("auto", "always", "never"), help="(default: auto)")
    diff.set_defaults(run=_diff)

    doctor = commands.add_parser("doctor", help="check that everything works here")
    doctor.set_defaults(run=_doctor)

    _add_grading(commands)

    init = commands.add_parser("init", help="lay out chapters and exercises in a folder, over nothing that is there")
    init.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="FOLDER", help="(default: this one)")
    init.set_defaults(run=_init)

    lab = commands.add_parser("lab", help="open the chapters in JupyterLab, with a Redis running")
    lab.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="where they are (default: this folder)")
    lab.add_argument("--port", type=int, default=8888, help="JupyterLab's port; the next free one if it is taken")
    lab.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    _add_redis(lab)
    lab.set_defaults(run=_lab)
    return parser


def _add_load(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    load = commands.add_parser("load", help="put a server under load, and measure")
    load.add_argument("url", metavar="URL")
    load.add_argument("--clients", type=int, default=8, metavar="C", help="clients that ask without pause")
    load.add_argument("--idle", type=int, default=0, metavar="N", help="connections beside them that stay silent")
    end = load.add_mutually_exclusive_group()
    end.add_argument("--seconds", type=float, metavar="S", help="how long (default: 5)")
    end.add_argument("--requests", type=int, metavar="R", help="or how many requests")
    kind = load.add_mutually_exclusive_group()
    kind.add_argument("--rate", type=float, metavar="R", help="an open loop: so many requests a second, come what may")
    kind.add_argument("--think", type=float, metavar="S", help="users who think: seconds of silence, on average")
    load.add_argument("--think-times", default="exponential", choices=THINK_TIMES, help="(default: exponential)")
    load.add_argument("--varied", action="store_true", help="no two requests are the same bytes")
    load.add_argument("--cap", type=float, default=30.0, metavar="S", help="seconds to settle, at most (default: 30)")
    load.add_argument("--keep-alive", action="store_true", help="many requests on one connection")
    load.add_argument("--json", action="store_true", help="print the result as JSON")
    load.add_argument("--i-own-the-target", action="store_true", help="load a server that is not on this machine")
    load.set_defaults(run=_load)


def _add_sweep(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sweep = commands.add_parser("sweep", help="measure a table like the article's")
    sweep.add_argument("--rungs", type=_names, default=None, metavar="A,B", help="servers (default: the article's)")
    sweep.add_argument("--clients", type=_numbers, default=None, metavar="C,D", help="numbers of clients")
    sweep.add_argument("--idle", type=_numbers, default=(0,), metavar="N,M", help="numbers of idle connections")
    sweep.add_argument(
        "--full", action="store_true", help="all the numbers of clients that the article has; half an hour"
    )
    sweep.add_argument("--think", type=float, metavar="S", help="users who think: seconds of silence, on average")
    sweep.add_argument("--seconds", type=float, default=1.0, metavar="S", help="measured for each cell, at least")
    sweep.add_argument("--rounds", type=int, default=2, metavar="R", help="times that each cell is measured")
    sweep.add_argument("--workers", type=_pairs, default={}, metavar="RUNG=N,...", help="processes or threads")
    sweep.add_argument("--csv", metavar="FILE", help="write each measurement here; go on with what is in it")
    sweep.add_argument("--png", metavar="FILE", help="draw the table")
    _add_redis(sweep)
    sweep.set_defaults(run=_sweep)


def _add_grading(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    grade = commands.add_parser("grade", help="grade exercise notebooks, or folders of them")
    grade.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="a notebook, or a folder (default: your exercises)"
    )
    grade.add_argument("--exercise", action="append", default=[], metavar="NN", help="only this one; may be repeated")
    for report, what in REPORTS.items():
        place = "FOLDER" if report == "pages" else "FILE"
        grade.add_argument(f"--{report}", type=Path, metavar=place, help=what)
    grade.add_argument("--jobs", type=int, default=2, metavar="N", help="answers at a time (default: 2)")
    grade.add_argument("--seed", metavar="TEXT", help="draw the same numbers as a run that has printed this seed")
    grade.add_argument("--anew", action="store_true", help="judge all of it again; else, what has changed")
    grade.add_argument("--keep-in", type=Path, metavar="FOLDER", help="where verdicts are kept (default: your state)")
    grade.add_argument("--scheduler", metavar="ADDRESS", help="have the workers of this Dask cluster judge")
    grade.add_argument(
        "--without-a-box", action="store_true", help="run the answers of others even where no box can be made"
    )
    grade.set_defaults(run=_grade)

    update = commands.add_parser("update", help="bring chapters and exercises up to date; your answers stay")
    update.add_argument("paths", nargs="*", metavar="PATH", help="an exercise, or a folder (default: all)")
    update.set_defaults(run=_update)


def _rungs() -> str:
    lines = [f"  {rung.name:<12} {rung.what_is_new}" for rung in RUNGS.values()]
    return "\n".join(["The rungs of the ladder:", *lines])


def _add_redis(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--redis",
        default=os.environ.get("REDIS_URL") or None,
        metavar="URL",
        help="a Redis of yours, redis://HOST:PORT (default: REDIS_URL, or else a throw-away one)",
    )


def _serve(options: argparse.Namespace) -> int:
    from .lab.errors import LabError
    from .lab.redis_server import Redis
    from .servers.serve import serve

    if not 0 <= options.port <= 65535:
        raise LabError(f"--port {options.port}: a port is a number from 0 to 65535.")
    with Redis(options.redis) as redis:
        print(redis, file=sys.stderr)
        serve(
            RUNGS[options.rung].load(),
            host=options.host,
            port=options.port,
            redis_address=redis.address,
            workers=options.workers,
            share=options.share,
            announce=lambda url: print(f"listening on {url}", flush=True),
        )
    return 0


def _load(options: argparse.Namespace) -> int:
    from .lab.load_run import LoadRun
    from .load.plan import Plan

    plan = Plan(
        url=options.url,
        clients=options.clients,
        idle=options.idle,
        seconds=options.seconds,
        requests=options.requests,
        keep_alive=options.keep_alive,
        rate=options.rate,
        think=options.think,
        think_times=options.think_times,
        varied=options.varied,
        cap=options.cap,
        own_target=options.i_own_the_target,
    )
    result = LoadRun(plan).wait(progress=sys.stderr.isatty())
    print(result.to_json() if options.json else result)
    return 0 if result.requests else 1


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(RUNGS):
        raise argparse.ArgumentTypeError(
            f"there is no rung {', '.join(sorted(unknown))}; choose from {', '.join(RUNGS)}"
        )
    return names


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part.replace("_", "")) for part in text.split(","))
    if min(numbers) < 0:
        raise argparse.ArgumentTypeError("numbers cannot be negative")
    return numbers


def _pairs(text: str) -> dict[str, int]:
    return {rung: int(number) for rung, _, number in (pair.partition("=") for pair in text.split(","))}


def _sweep(options: argparse.Namespace) -> int:
    from .lab.article import LEVELS as ALL_LEVELS
    from .lab.article import RUNGS as ARTICLE_RUNGS
    from .lab.redis_server import Redis
    from .lab.sweep import LEVELS, Sweep

    # With idle connections, a few clients are active; without, the article's numbers of them.
    levels = ALL_LEVELS if options.full else LEVELS
    clients = options.clients or (levels if options.idle == (0,) else (8,))
    with Redis(options.redis) as redis:
        sweep = Sweep(
            redis, options.rungs or ARTICLE_RUNGS, clients, options.idle,
            think=options.think, seconds=options.seconds, rounds=options.rounds, workers=options.workers,
            file=options.csv,
        )  # fmt: skip
        try:
            sweep.run(progress=sys.stderr.isatty())
        except KeyboardInterrupt:
            print(sweep)
            again = "The same command goes on from here." if options.csv else "With --csv it could be resumed."
            print(f"Interrupted: {len(sweep.missing):,} measurements are missing. {again}", file=sys.stderr)
            return 130
    print(sweep)
    if options.png:
        from .views.race import show_sweep

        Path(options.png).write_bytes(show_sweep(sweep).png)
    return 0


def _diff(options: argparse.Namespace) -> int:
    from .servers.difference import Difference

    difference = Difference(options.before, options.after)
    # https://no-color.org: who has set it wants none, whatever its value.
    on_a_terminal = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    in_colour = options.color == "always" or (options.color == "auto" and on_a_terminal)
    print(difference.coloured if in_colour else difference)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from .doctor import examine

    findings = examine()
    for finding in findings:
        print(finding)
    return 0 if all(finding.is_fine or finding.is_optional for finding in findings) else 1


def _grade(options: argparse.Namespace) -> int:
    from .grading.report import Reports
    from .grading.run import How, grade

    how = How(
        exercises=options.exercise, jobs=options.jobs, seed=options.seed, keep_in=options.keep_in, anew=options.anew,
        without_a_box=options.without_a_box, scheduler=options.scheduler,
    )  # fmt: skip
    return grade(options.paths, how, Reports(**{option: getattr(options, option) for option in REPORTS}))


def _update(options: argparse.Namespace) -> int:
    from .grading.update import update_all

    for line in update_all(options.paths):
        print(line)
    return 0


def _init(options: argparse.Namespace) -> int:
    from .lab.course import lay_out

    for line in lay_out(options.folder):
        print(line)
    print(f"Now: zerohttpd lab {shlex.quote(str(options.folder))}")
    return 0


def _lab(options: argparse.Namespace) -> int:
    from .doctor import what_the_lab_lacks
    from .lab.course import copy_chapters, find_course
    from .lab.jupyter import run_jupyterlab

    course = find_course(options.folder)
    for sentence in (*what_the_lab_lacks(), *copy_chapters(course)):
        print(sentence)
    return run_jupyterlab(course, port=options.port, open_browser=not options.no_browser, redis_url=options.redis)
