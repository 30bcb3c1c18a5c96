"""Run a server: the listening socket, the worker processes, the signals.

What a server class need not know. `serve` stays in the foreground until SIGINT or SIGTERM and
leaves no process behind.
"""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..kernel import sockets
from ..trace.attach import record
from ..trace.recorder import what_waits
from . import Pool, RungServer
from .workers import Stopped, has_stopped, run_workers, stop


def serve(
    make_server: Callable[..., RungServer],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    redis_address: sockets.Address,
    workers: int | None = None,
    share: str | None = None,
    trace_file: str | None = None,
    details: bool = False,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve until SIGINT or SIGTERM, then return.

    `make_server` is a server class (see the contract in this package). `announce` is called
    once, with "http://HOST:PORT", when connections are accepted. What `workers` means is for
    the class to say, in its attribute `pool`; None leaves the number to it. How they `share` the
    listening socket is one of the class's `shares`; None leaves that to it, too. Where several
    processes serve, one that dies is replaced, and only the first writes to `trace_file`.
    Raises CannotServe for a number of workers that makes no sense, and CannotListen when the
    port is taken or the address is not ours.
    """
    pool = getattr(make_server, "pool", Pool.PROCESSES)
    _check_workers(pool, workers)
    _check_share(make_server, share)
    sockets.raise_descriptor_limit()
    try:
        listeners = _listen(host, port, (workers or 1) if share == "reuseport" else 1)
    except OSError as error:
        is_elsewhere = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
        port_advice = "Choose another port (0 takes any free one), or stop what uses this one."
        advice = "Choose an address of this machine, such as 127.0.0.1." if is_elsewhere else port_advice
        raise CannotListen(f"Cannot listen on {host} port {port}: {error.strerror}. {advice}") from None

    def new_server(number: int) -> RungServer:
        settings: dict[str, Any] = {}
        if pool is Pool.ITS_OWN and workers is not None:
            settings["workers"] = workers
        if share is not None:
            settings["share"] = share
        server = make_server(listeners[number % len(listeners)], redis_address, **settings)
        if trace_file is not None and number == 0 and what_waits(server) is not None:
            with suppress(FileExistsError):  # the trace of a first worker that this one replaces
                record(server, trace_file, details)
        return server

    address = f"[{host}]" if ":" in host else host
    url = f"http://{address}:{listeners[0].getsockname()[1]}"
    try:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if pool is Pool.PROCESSES and workers is not None and workers > 1:
            announce(url)
            run_workers(lambda number: new_server(number).run(), workers)
        else:
            server = new_server(0)
            announce(url)
            server.run()
    except Stopped:
        has_stopped()  # the sockets go with the process: a thread may still be in accept()


def _listen(host: str, port: int, number: int) -> list[socket.socket]:
    """One listening socket, or several on the same port (SO_REUSEPORT, man 7 socket).

    They are made before the workers: one that is replaced finds its clients where they were.
    """
    if number == 1:
        return [sockets.listen(host, port)]
    first = sockets.listen(host, port, reuse_port=True)
    others = [sockets.listen(host, first.getsockname()[1], reuse_port=True) for _ in range(number - 1)]
    return [first, *others]


class CannotServe(Exception):
    """The server cannot be started like this. The message says why, and what would work."""


class CannotListen(CannotServe):
    """The address and port cannot be had."""


def _check_share(make_server: Callable[..., RungServer], share: str | None) -> None:
    shares: tuple[str, ...] = getattr(make_server, "shares", ())
    if share is not None and share not in shares:
        known = f"choose one of {', '.join(shares)}" if shares else "only the multiprocess server has a choice"
        raise CannotServe(f"share={share!r}: {known}.")


def _check_workers(pool: Pool, workers: int | None) -> None:
    if workers is not None and workers < 1:
        raise CannotServe(f"workers={workers}: at least one worker has to serve.")
    if pool is Pool.NONE and workers not in (None, 1):
        raise CannotServe(
            f"workers={workers}: this server has no pool of workers. Leave the number out, or choose "
            "preforked (a pool of processes), prethreaded (a pool of threads) or an event loop (a process for each)."
        )
