"""zerohttpd load | sweep: one load test, and a table of many."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path

from ..load.plan import THINK_TIMES
from ..servers import RUNGS
from .serving import add_redis


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The commands, with what they take."""
    _add_load(commands)
    _add_sweep(commands)


def _add_load(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    load = commands.add_parser("load", help="put a server under load, and measure")
    load.add_argument("url", metavar="URL")
    load.add_argument("--clients", type=int, default=8, metavar="C", help="clients that ask without pause (default: 8)")
    load.add_argument(
        "--idle", type=int, default=0, metavar="N", help="connections beside them that stay silent (default: 0)"
    )
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
    load.add_argument(
        "--scheduler", metavar="ADDRESS", help="generate it on the workers of the Dask cluster with this scheduler"
    )
    load.add_argument("--i-own-the-target", action="store_true", help="load a server that is not on this machine")
    load.set_defaults(run=_load)


def _add_sweep(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sweep = commands.add_parser("sweep", help="measure a table like the article's")
    sweep.add_argument("--rungs", type=_names, default=None, metavar="A,B", help="servers (default: the article's)")
    sweep.add_argument("--clients", type=_numbers, default=None, metavar="C,D", help="numbers of clients")
    sweep.add_argument(
        "--idle", type=_numbers, default=(0,), metavar="N,M", help="numbers of idle connections (default: 0)"
    )
    sweep.add_argument(
        "--full", action="store_true", help="all the numbers of clients that the article has; half an hour"
    )
    sweep.add_argument("--think", type=float, metavar="S", help="users who think: seconds of silence, on average")
    sweep.add_argument(
        "--seconds", type=float, default=1.0, metavar="S", help="measured for each cell, at least (default: 1)"
    )
    sweep.add_argument(
        "--rounds", type=int, default=2, metavar="R", help="times that each cell is measured (default: 2)"
    )
    sweep.add_argument("--workers", type=_pairs, default={}, metavar="RUNG=N,...", help="processes or threads")
    sweep.add_argument("--csv", metavar="FILE", help="write each measurement here; go on with what is in it")
    sweep.add_argument("--png", metavar="FILE", help="draw the table")
    add_redis(sweep)
    sweep.set_defaults(run=_sweep)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(RUNGS):
        raise argparse.ArgumentTypeError(
            f"there is no rung {', '.join(sorted(unknown))}; choose from {', '.join(RUNGS)}"
        )
    return names


def _numbers(text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part.replace("_", "")) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write numbers with commas between them, 8,100,1000") from None
    if min(numbers) < 0:
        raise argparse.ArgumentTypeError("numbers cannot be negative")
    return numbers


def _pairs(text: str) -> dict[str, int]:
    try:
        pairs = {rung: int(number) for rung, _, number in (pair.partition("=") for pair in text.split(","))}
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write RUNG=N with commas between them, poll=1,epoll=2") from None
    _names(",".join(pairs))
    return pairs


def _load(options: argparse.Namespace) -> int:
    from ..lab.load_run import LoadRun
    from ..load.plan import Plan

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
    show = sys.stderr.isatty()
    if options.scheduler is None:
        result = LoadRun(plan).wait(show)
    else:
        from ..lab.cluster import Cluster
        from ..lab.cluster_load import ClusterRun

        with Cluster(options.scheduler) as cluster:
            result = ClusterRun(plan, cluster).wait(show)
    print(result.to_json() if options.json else result)
    return 0 if result.requests else 1


def _make_sure_they_can_be_written(*files: str | None) -> None:
    """Before anything is measured. Raises LabError."""
    from ..lab.errors import LabError

    for file in (Path(name) for name in files if name is not None):
        with suppress(FileExistsError, NotADirectoryError):
            file.parent.mkdir(parents=True, exist_ok=True)
        if not file.parent.is_dir() or file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
            raise LabError(f"{file} cannot be written: name a file in a folder of yours.")


def _sweep(options: argparse.Namespace) -> int:
    from ..lab.article import LEVELS as ALL_LEVELS
    from ..lab.article import RUNGS as ARTICLE_RUNGS
    from ..lab.redis_server import Redis
    from ..lab.sweep import LEVELS, Sweep

    _make_sure_they_can_be_written(options.csv, options.png)
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
        from ..views.race import show_sweep

        Path(options.png).write_bytes(show_sweep(sweep).png)
    return 0
