"""zerohttpd serve | diff | doctor: the servers, and whether they can run here."""

from __future__ import annotations

import argparse
import os
import sys

from ..servers import DEFAULT_RUNG, RUNGS


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The commands, with what they take."""
    serve = commands.add_parser("serve", help="run a server in the foreground", description=_rungs())
    serve.formatter_class = argparse.RawDescriptionHelpFormatter
    serve.add_argument(
        "rung", nargs="?", default=DEFAULT_RUNG, choices=RUNGS, metavar="RUNG", help=f"(default: {DEFAULT_RUNG})"
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    serve.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000); 0 takes any free one")
    serve.add_argument("--workers", type=int, metavar="N", help="size of the pool, or number of processes")
    serve.add_argument("--share", help="how the processes share the port: listener, exclusive or reuseport")
    add_redis(serve)
    serve.set_defaults(run=_serve)

    diff = commands.add_parser("diff", help="what changes from one rung to another")
    diff.add_argument("before", choices=RUNGS, metavar="RUNG")
    diff.add_argument("after", choices=RUNGS, metavar="RUNG")
    diff.add_argument("--color", default="auto", choices=("auto", "always", "never"), help="(default: auto)")
    diff.set_defaults(run=_diff)

    doctor = commands.add_parser("doctor", help="check that everything works here")
    doctor.set_defaults(run=_doctor)


def _rungs() -> str:
    lines = [f"  {rung.name:<12} {rung.what_is_new}" for rung in RUNGS.values()]
    return "\n".join(["The rungs of the ladder:", *lines])


def add_redis(command: argparse.ArgumentParser) -> None:
    """The option that says whose Redis is used."""
    command.add_argument(
        "--redis",
        default=os.environ.get("REDIS_URL") or None,
        metavar="URL",
        help="a Redis of yours, redis://HOST:PORT (default: REDIS_URL, or else a throw-away one)",
    )


def _serve(options: argparse.Namespace) -> int:
    from ..lab.errors import LabError
    from ..lab.redis_server import Redis
    from ..servers.serve import serve

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


def _diff(options: argparse.Namespace) -> int:
    from ..servers.difference import Difference

    difference = Difference(options.before, options.after)
    # https://no-color.org: who has set it wants none, whatever its value.
    on_a_terminal = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    in_colour = options.color == "always" or (options.color == "auto" and on_a_terminal)
    print(difference.coloured if in_colour else difference)
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from ..doctor import examine

    findings = examine()
    for finding in findings:
        print(finding)
    return 0 if all(finding.is_fine or finding.is_optional for finding in findings) else 1
